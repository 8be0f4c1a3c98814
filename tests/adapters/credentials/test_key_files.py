"""Key files: what counts as a key, and what is no file to read."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provider_runtime.adapters.credentials.key_files import key_made_once, new_key_file, read_key_file
from provider_runtime.domain.errors import BackendError, RecordConflict
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


# ── keys that are made ──────────────────────────────────────────────────────────────────────


def test_a_key_that_was_written_is_read_back_and_is_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.key"
    before = os.umask(0)
    try:
        new_key_file(path, Secret("a-key"))
    finally:
        os.umask(before)
    assert read_key_file(str(path)) == Secret("a-key")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["a.key"]


@pytest.mark.parametrize("there", ["file", "link", "dangling link", "folder"])
def test_no_key_is_written_over_what_is_there(tmp_path: Path, there: str) -> None:
    path, other = tmp_path / "a.key", tmp_path / "other"
    other.write_text("theirs")
    {
        "file": lambda: path.write_text("theirs"),
        "link": lambda: path.symlink_to(other),
        "dangling link": lambda: path.symlink_to(tmp_path / "gone"),
        "folder": path.mkdir,
    }[there]()
    with pytest.raises(RecordConflict) as refused:
        new_key_file(path, Secret("a-key"))
    assert "a-key" not in str(refused.value)
    assert other.read_text() == "theirs"
    assert not (tmp_path / "gone").exists()
    assert not list(tmp_path.glob(".new-*"))


def test_where_no_key_can_be_written_an_error_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackendError) as failed:
        new_key_file(tmp_path / "file" / "a.key", Secret("a-key"))
    assert str(tmp_path) not in str(failed.value)


def test_of_many_who_come_first_one_makes_the_key_and_all_get_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "a.key"
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _: key_made_once(path), range(40)))
    assert len({key.reveal() for key in keys}) == 1
    assert len(keys[0].reveal()) == 64
    assert key_made_once(path) == keys[0]
    assert [one.name for one in path.parent.iterdir()] == ["a.key"]
