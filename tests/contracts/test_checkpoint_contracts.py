"""Sinks of checkpoints under their contract, and the signer that reads its key from a file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.checkpoints.sinks import (
    CheckpointsTo,
    FilesystemCheckpoints,
    JournalCheckpoints,
    MemoryCheckpoints,
)
from provider_runtime.adapters.signing.ed25519 import Ed25519Signer, Ed25519Verifier, new_signing_key
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.adapters.signing.key_files import KeyFileSigner
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.records.oversight.checkpoints import Checkpoint, SealMethod
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.signing import Signer, Verifier
from provider_runtime.ports.stores.checkpoints import CheckpointSink
from provider_runtime.testing.contracts.oversight.checkpoints import CheckpointSinkContract, Taken
from provider_runtime.testing.contracts.signing import SigningContract
from provider_runtime.testing.mocks import MockCheckpointSink


class TestMemoryCheckpoints(CheckpointSinkContract):
    @pytest.fixture
    async def sink(self, tmp_path: Path) -> AsyncIterator[JournalCheckpoints]:
        sink = self.made(tmp_path)
        yield sink
        await sink.aclose()

    @pytest.fixture
    def taken(self, sink: JournalCheckpoints) -> Taken:
        return sink.list

    def made(self, _folder: Path) -> JournalCheckpoints:
        return MemoryCheckpoints()


class TestFilesystemCheckpoints(TestMemoryCheckpoints):
    def made(self, folder: Path) -> JournalCheckpoints:
        return FilesystemCheckpoints(path=folder / "elsewhere" / "checkpoints.jsonl")


class TestMockCheckpointSink(TestMemoryCheckpoints):
    def made(self, _folder: Path) -> JournalCheckpoints:
        return MockCheckpointSink()


class TestCheckpointsTo(CheckpointSinkContract):
    @pytest.fixture
    def kept(self) -> list[Checkpoint]:
        return []

    @pytest.fixture
    def sink(self, kept: list[Checkpoint]) -> CheckpointSink:
        async def take(checkpoint: Checkpoint) -> None:
            kept.append(checkpoint)

        return CheckpointsTo(take)

    @pytest.fixture
    def taken(self, kept: list[Checkpoint]) -> Taken:
        async def told() -> tuple[Checkpoint, ...]:
            return tuple(kept)

        return told


SEED = new_signing_key(bytes(range(32)))


class TestEd25519KeyFile(SigningContract):
    @pytest.fixture
    def signer(self, tmp_path: Path) -> Signer:
        (tmp_path / "key").write_text(f"{bytes(range(32)).hex()}\n")
        return KeyFileSigner(path=tmp_path / "key")

    @pytest.fixture
    def verifier(self) -> Verifier:
        return Ed25519Verifier(trust=(Ed25519Signer(private_key=SEED).public_key,))

    @pytest.fixture
    def stranger(self) -> Signer:
        return Ed25519Signer(private_key=new_signing_key(bytes(range(1, 33))))


class TestHmacKeyFile(SigningContract):
    @pytest.fixture
    def signer(self, tmp_path: Path) -> Signer:
        (tmp_path / "key").write_text("a-key-that-two-sides-hold\n")
        return KeyFileSigner(path=tmp_path / "key", method=SealMethod.HMAC_SHA256)

    @pytest.fixture
    def verifier(self) -> Verifier:
        return HmacSigner(key=Secret("a-key-that-two-sides-hold"))

    @pytest.fixture
    def stranger(self) -> Signer:
        return HmacSigner(key=Secret("a-key-that-nobody-trusts"))


async def test_a_key_that_is_not_there_is_an_error_that_names_the_file_and_not_the_folder(tmp_path: Path) -> None:
    signer = KeyFileSigner(path=tmp_path / "signing.key")
    with pytest.raises(BackendError, match=r"signing\.key") as failed:
        await signer.sign(b"", purpose="receipt_checkpoint/1")
    assert str(tmp_path) not in str(failed.value)
    (tmp_path / "signing.key").write_text("not-hexadecimal")
    with pytest.raises(BackendError, match="64 hexadecimal digits") as failed:
        await signer.sign(b"", purpose="receipt_checkpoint/1")
    assert "not-hexa" not in str(failed.value)
