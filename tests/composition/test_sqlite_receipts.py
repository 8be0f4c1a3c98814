"""Receipts in SQLite, as a runtime keeps them."""

import asyncio
import threading
from pathlib import Path

from provider_runtime import SqliteReceipts, open_runtime
from provider_runtime.adapters.backends.receipts import SqliteReceiptProvider
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTransport
from provider_runtime.testing.settings import cloud_settings
from provider_runtime.testing.stages import a_record


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("provider-runtime-sqlite")}


async def test_receipts_in_sqlite_outlive_the_runtime_and_chain_on(tmp_path: Path) -> None:
    path, before = tmp_path / "records" / "receipts.sqlite", _threads()
    for _ in range(2):
        async with open_runtime(
            cloud_settings(receipts=SqliteReceipts(path=path)), transport=FakeTransport()
        ) as runtime:
            calls = (runtime.run(a_request(model="openai:gpt-5-mini")) for _ in range(10))
            await asyncio.gather(*calls, return_exceptions=True)
    for thread in _threads() - before:
        await asyncio.to_thread(thread.join, 10)
    assert _threads() <= before
    assert [found.name for found in path.parent.iterdir() if found.name.endswith(("-wal", "-shm"))] == []
    kept = SqliteReceiptProvider(path=path)
    assert [receipt.seq for receipt in await kept.list()] == list(range(20))
    assert (await kept.verify()).valid
    await kept.aclose()


async def test_a_call_that_outlives_its_runtime_leaves_its_receipt_too(tmp_path: Path) -> None:
    settings = cloud_settings(receipts=SqliteReceipts(path=tmp_path / "receipts.sqlite"))
    async with open_runtime(settings, transport=FakeTransport()) as runtime:
        receipts = runtime.receipts
    late = await receipts.store(a_record())
    assert await receipts.list() == (late,)
    await receipts.aclose()
