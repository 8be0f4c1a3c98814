"""Key files: what counts as a key, and what is no file to read."""

import os
from pathlib import Path

import pytest

from provider_runtime.adapters.credentials.key_files import read_key_file
from provider_runtime.domain.secrets import Secret


@pytest.mark.parametrize(
    "content",
    [b"sk-key", b"sk-key\n", b"  sk-key\r\n\n", b"\xef\xbb\xbfsk-key\n"],
    ids=["bare", "line", "space", "bom"],
)
def test_the_key_is_what_stands_in_the_file_without_the_space_around_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    assert read_key_file(str(tmp_path / "key")) == Secret("sk-key")


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"none", b" NONE\n", b"two words", b"two\nlines", b"\xff\xfe", "schlüssel".encode(), b"x" * 70_000],
    ids=["empty", "blank", "none", "None", "words", "lines", "no text", "not ASCII", "endless"],
)
def test_what_is_no_key_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    assert read_key_file(str(tmp_path / "key")) is None


def test_what_is_no_file_is_no_key_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for path in (
        tmp_path,
        tmp_path / "pipe",
        tmp_path / "gone",
        tmp_path / "nowhere",
        "a\x00b",
        "~nobody-of-this-name/k",
    ):
        assert read_key_file(str(path)) is None


def test_home_and_relative_paths_and_links_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("sk-key")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert [read_key_file(path) for path in ("~/key", "key", "./link")] == [Secret("sk-key")] * 3


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-key")
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system does not list open files")
    before = len(list(descriptors.iterdir()))
    for path in (tmp_path / "key", tmp_path, tmp_path / "gone"):
        read_key_file(str(path))
    assert len(list(descriptors.iterdir())) == before
