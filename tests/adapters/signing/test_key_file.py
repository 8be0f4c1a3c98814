"""The file of a signing key: made once, private, and refused where it may have been read."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provider_runtime.adapters.signing.key_file import SigningKeyFile
from provider_runtime.domain.errors import BackendError, RecordCorrupt, StoreUnsafe


def test_a_key_is_made_on_first_use_and_kept(tmp_path: Path) -> None:
    file = SigningKeyFile(path=tmp_path / "data" / "key")
    assert file.signer() is None
    made = file.signer_or_new(bytes(32))
    again = file.signer_or_new(bytes(range(32)))
    assert made.public_key == again.public_key
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert [found.name for found in file.path.parent.iterdir()] == ["key"]


def test_of_many_who_make_one_at_once_all_have_the_same(tmp_path: Path) -> None:
    file = SigningKeyFile(path=tmp_path / "key")
    with ThreadPoolExecutor(8) as pool:
        signers = list(pool.map(lambda number: file.signer_or_new(bytes([number]) * 32), range(16)))
    assert len({signer.public_key for signer in signers}) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = SigningKeyFile(path=tmp_path / "key")
    file.signer_or_new(bytes(32))
    file.path.chmod(0o640)
    with pytest.raises(StoreUnsafe, match="read by others"):
        file.signer()


def test_a_link_and_an_open_folder_are_refused(tmp_path: Path) -> None:
    SigningKeyFile(path=tmp_path / "real").signer_or_new(bytes(32))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(StoreUnsafe, match="link"):
        SigningKeyFile(path=tmp_path / "link").signer()
    tmp_path.chmod(0o777)
    with pytest.raises(StoreUnsafe, match="folder"):
        SigningKeyFile(path=tmp_path / "real").signer()
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("content", ["", " \n", "two words"])
def test_a_file_without_a_key_is_an_error_that_quotes_nothing(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(RecordCorrupt) as corrupt:
        SigningKeyFile(path=path).signer()
    assert "two words" not in str(corrupt.value)


def test_a_folder_that_cannot_be_written_to_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackendError, match="cannot be used"):
        SigningKeyFile(path=tmp_path / "file" / "key").signer_or_new(bytes(32))
