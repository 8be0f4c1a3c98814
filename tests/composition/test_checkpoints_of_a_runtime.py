"""Checkpoints as a runtime keeps them: by its settings, at its end, and by whoever hands it receipts of his own."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from provider_runtime import Checkpoints, FileReceipts, InvalidSettings, MemoryReceipts, SqliteReceipts, open_runtime
from provider_runtime.adapters.backends.checkpoints.seals import noted_heads
from provider_runtime.adapters.backends.checkpoints.sinks import FilesystemCheckpoints
from provider_runtime.adapters.backends.receipts import SqliteReceiptProvider
from provider_runtime.adapters.signing.ed25519 import Ed25519Signer, Ed25519Verifier, new_signing_key
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.signing import Verifier
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTransport
from provider_runtime.testing.settings import cloud_settings

SEED = bytes(range(32))
VERIFIERS: dict[str, Verifier] = {
    "ed25519": Ed25519Verifier(trust=(Ed25519Signer(private_key=new_signing_key(SEED)).public_key,)),
    "hmac-sha256": HmacSigner(key=Secret(SEED.hex())),
}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(SEED.hex())
    return file


async def _called(times: int, **settings: Any) -> None:
    async with open_runtime(cloud_settings(**settings), transport=FakeTransport()) as runtime:
        calls = (runtime.run(a_request(model="openai:gpt-5-mini")) for _ in range(times))
        await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize("method", ["ed25519", "hmac-sha256"])
async def test_every_runtime_on_one_chain_adds_its_checkpoints_and_the_last_covers_all(
    tmp_path: Path, key: Path, method: str
) -> None:
    receipts = SqliteReceipts(path=tmp_path / "receipts.sqlite")
    checkpoints = Checkpoints(path=tmp_path / "elsewhere.jsonl", key_file=key, method=method, every=4)  # type: ignore[arg-type]  # converted
    for _ in range(2):
        await _called(10, receipts=receipts, checkpoints=checkpoints)
    kept = SqliteReceiptProvider(path=receipts.path)
    sealed = await FilesystemCheckpoints(path=checkpoints.path).list()
    verdict = await kept.verify(noted=await noted_heads(sealed, VERIFIERS[method]))
    assert (verdict.valid, verdict.count, verdict.covered) == (True, 20, 20)
    assert verdict.checkpoints == len(sealed) >= 2
    await kept.aclose()


async def test_a_runtime_without_checkpoints_makes_none(tmp_path: Path) -> None:
    await _called(3, receipts=FileReceipts(path=tmp_path / "receipts.jsonl"))
    assert {path.name for path in tmp_path.iterdir()} == {"receipts.jsonl", "receipts.jsonl.lock"}


async def test_a_key_that_is_missing_fails_no_call_and_is_told_when_the_runtime_closes(tmp_path: Path) -> None:
    receipts = FileReceipts(path=tmp_path / "receipts.jsonl")
    checkpoints = Checkpoints(path=tmp_path / "elsewhere.jsonl", key_file=tmp_path / "nowhere")
    with pytest.raises(BackendError, match="no key to sign with"):
        await _called(3, receipts=receipts, checkpoints=checkpoints)
    assert len(receipts.path.read_bytes().splitlines()) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"receipts": MemoryReceipts()},
        {"receipts": FileReceipts(path="checkpoints.jsonl")},
        {"receipts": FileReceipts(path="the-key")},
    ],
)
def test_settings_that_would_keep_nothing_apart_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings) as refused:
        cloud_settings(**wrong, checkpoints=Checkpoints(path="checkpoints.jsonl", key_file="the-key"))
    assert refused.value.field == "checkpoints"
    assert refused.value.remedy


@pytest.mark.parametrize("wrong", [{"every": 0}, {"within_s": 0}, {"method": "rot13"}, {"every": True}])
def test_checkpoints_that_make_no_sense_cannot_be_asked_for(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Checkpoints(path="checkpoints.jsonl", key_file="the-key", **wrong)
