"""Stores of receipts under their contract."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from provider_runtime.adapters.backends.checkpoints.notary import Notary
from provider_runtime.adapters.backends.checkpoints.receipts import CheckpointedReceipts
from provider_runtime.adapters.backends.checkpoints.sinks import MemoryCheckpoints
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.receipts import (
    FilesystemReceiptProvider,
    InMemoryReceiptProvider,
    JournalReceipts,
    SqliteReceiptProvider,
)
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.testing.contracts.stores.journals import Edit, ReceiptProviderContract, Rewrite
from provider_runtime.testing.mocks import MockReceiptProvider
from provider_runtime.testing.stages import a_record


def _read(entry: bytes) -> dict[str, Any]:
    value = msgspec.json.decode(entry)
    return {**value["receipt"], "receipt_hash": value["receipt_hash"]}


def _written(stored: dict[str, Any]) -> bytes:
    content = {name: value for name, value in stored.items() if name != "receipt_hash"}
    return msgspec.json.encode({"receipt": content, "receipt_hash": stored["receipt_hash"]}, order="sorted")


async def _rewrite_journal(receipts: JournalReceipts, edit: Edit) -> None:
    entries = [_written(stored) for stored in edit([_read(entry) for entry in (await receipts.journal.read()).entries])]
    await receipts.journal.clear()
    for entry in entries:
        await receipts.journal.append(partial(_as_it_is, entry))


def _as_it_is(entry: bytes, _last: bytes | None) -> bytes:
    return entry


class TestInMemoryReceiptProvider(ReceiptProviderContract):
    @pytest.fixture
    def receipts(self) -> ReceiptProvider:
        return InMemoryReceiptProvider()

    @pytest.fixture
    def rewrite(self, receipts: ReceiptProvider) -> Rewrite:
        assert isinstance(receipts, JournalReceipts)
        return lambda edit: _rewrite_journal(receipts, edit)


class TestMockReceiptProvider(TestInMemoryReceiptProvider):
    @pytest.fixture
    def receipts(self) -> ReceiptProvider:
        return MockReceiptProvider()


class TestFilesystemReceiptProvider(TestInMemoryReceiptProvider):
    @pytest.fixture
    def receipts(self, tmp_path: Path) -> ReceiptProvider:
        return FilesystemReceiptProvider(path=tmp_path / "records" / "receipts.jsonl")


class TestSqliteReceiptProvider(TestInMemoryReceiptProvider):
    @pytest.fixture
    async def receipts(self, tmp_path: Path) -> AsyncIterator[ReceiptProvider]:  # type: ignore[override]  # it ends, too
        provider = SqliteReceiptProvider(path=tmp_path / "records" / "receipts.sqlite")
        yield provider
        await provider.aclose()


class TestCheckpointedReceipts(ReceiptProviderContract):
    """Receipts stay what they are, whether a notary hears of them or not."""

    @pytest.fixture
    async def receipts(self, tmp_path: Path) -> AsyncIterator[CheckpointedReceipts]:  # type: ignore[override]  # it ends, too
        notary = Notary(
            signer=HmacSigner(key=Secret("a-key")), sink=MemoryCheckpoints(), clock=SystemClock(), every=3, within_s=5
        )
        provider = CheckpointedReceipts(receipts=SqliteReceiptProvider(path=tmp_path / "r.sqlite"), notary=notary)
        yield provider
        await provider.aclose()

    @pytest.fixture
    def rewrite(self, receipts: CheckpointedReceipts) -> Rewrite:  # type: ignore[override]  # of that one
        journal = receipts.receipts
        assert isinstance(journal, JournalReceipts)
        return lambda edit: _rewrite_journal(journal, edit)


async def test_memory_keeps_the_last_ones_and_they_still_verify() -> None:
    receipts = InMemoryReceiptProvider(journal=MemoryJournal(keep=3))
    stored = [await receipts.store(a_record(number)) for number in range(5)]
    assert list(await receipts.list()) == stored[-3:]
    assert (await receipts.verify()).valid
    assert not (await receipts.verify(head=stored[0].receipt_hash)).valid
