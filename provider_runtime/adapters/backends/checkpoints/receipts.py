"""CheckpointedReceipts: any store of receipts, of which a notary hears."""

from collections.abc import Iterable

from attrs import define, field

from provider_runtime.adapters.backends.checkpoints.notary import Notary
from provider_runtime.adapters.backends.checkpoints.sinks import FilesystemCheckpoints
from provider_runtime.adapters.signing.key_files import KeyFileSigner
from provider_runtime.domain.records.oversight.checkpoints import Checkpoints, NotedHead
from provider_runtime.domain.records.receipts import CallReceipt, CallRecord, ChainVerdict
from provider_runtime.ports.stores.journals import ReceiptPage, ReceiptProvider
from provider_runtime.ports.system import Clock


def checkpointed(receipts: ReceiptProvider, wanted: Checkpoints, clock: Clock) -> "CheckpointedReceipts":
    """``receipts``, with checkpoints as ``wanted``."""
    notary = Notary(
        signer=KeyFileSigner(path=wanted.key_file, method=wanted.method),
        sink=FilesystemCheckpoints(path=wanted.path),
        clock=clock,
        every=wanted.every,
        within_s=wanted.within_s,
    )
    return CheckpointedReceipts(receipts=receipts, notary=notary)


@define(kw_only=True, eq=False)
class CheckpointedReceipts:
    """``receipts``, with checkpoints of them. See ``ReceiptProvider``.

    ``flush`` and ``aclose`` make the last checkpoint, and raise when it fails; the receipts are kept
    all the same. Clearing the receipts is what checkpoints are there to show: begin another file of
    them, too.
    """

    receipts: ReceiptProvider = field(repr=False)
    notary: Notary = field(repr=False)

    async def store(self, record: CallRecord) -> CallReceipt:
        receipt = await self.receipts.store(record)
        self.notary.note(receipt)
        return receipt

    async def list(self) -> tuple[CallReceipt, ...]:
        return await self.receipts.list()

    async def page(self, *, after: str | None = None, limit: int = 100) -> ReceiptPage:
        return await self.receipts.page(after=after, limit=limit)

    async def latest(self, limit: int) -> tuple[CallReceipt, ...]:
        return await self.receipts.latest(limit)

    async def before(self, seq: int, limit: int = 100) -> tuple[CallReceipt, ...]:
        return await self.receipts.before(seq, limit)

    async def get(self, receipt_id: str) -> CallReceipt | None:
        return await self.receipts.get(receipt_id)

    async def verify(
        self, *, head: str | None = None, since: str | None = None, noted: Iterable[NotedHead] = ()
    ) -> ChainVerdict:
        return await self.receipts.verify(head=head, since=since, noted=noted)

    async def clear(self) -> None:
        await self.receipts.clear()

    async def flush(self) -> None:
        try:
            await self.notary.flush()
        finally:
            await self.receipts.flush()

    async def aclose(self) -> None:
        try:
            await self.notary.aclose()
        finally:
            await self.receipts.aclose()
