"""ReceiptProvider: the chain of receipts."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from attrs import frozen

from provider_runtime.domain.records.oversight.checkpoints import NotedHead
from provider_runtime.domain.records.receipts import CallReceipt, CallRecord, ChainVerdict


@frozen(kw_only=True)
class ReceiptPage:
    """Some receipts, oldest first. ``next``: what to ask for the page behind it with, if there may be one."""

    receipts: tuple[CallReceipt, ...]
    next: str | None = None


@runtime_checkable
class ReceiptProvider(Protocol):
    """Keeps receipts in one chain, in the order they were stored.

    Finding the last receipt and appending the next is one step, whoever else appends. Once
    ``store`` has returned, the receipt is kept as firmly as the medium promises; a cancelled
    ``store`` leaves a whole receipt or none. Raises ``BackendError`` when the medium fails and
    ``RecordCorrupt``, naming the place, when it does not read back.
    """

    async def store(self, record: CallRecord) -> CallReceipt:
        """Link ``record`` to the chain and keep it."""
        ...

    async def list(self) -> tuple[CallReceipt, ...]:
        """All receipts kept, oldest first."""
        ...

    async def page(self, *, after: str | None = None, limit: int = 100) -> ReceiptPage:
        """The first ``limit`` receipts, or those behind ``after``, which is ``next`` of an earlier page.

        Costs the same however many there are. ``RecordCorrupt`` when ``after`` is no longer there.
        """
        ...

    async def latest(self, limit: int) -> tuple[CallReceipt, ...]:
        """The last ``limit`` receipts, oldest first. Costs the same however many there are."""
        ...

    async def before(self, seq: int, limit: int = 100) -> tuple[CallReceipt, ...]:
        """The last ``limit`` receipts in front of number ``seq``, oldest first; the cost as that of ``get``.

        ``before(seq + 1, 1)`` is the receipt of that number, if it is kept.
        """
        ...

    async def get(self, receipt_id: str) -> CallReceipt | None:
        """The receipt with this id, or ``None``. Costs hardly more however many there are."""
        ...

    async def verify(
        self, *, head: str | None = None, since: str | None = None, noted: Iterable[NotedHead] = ()
    ) -> ChainVerdict:
        """Recompute the chain. ``head``: a hash noted earlier that must still be in it.

        ``since``: ``mark`` of an earlier verdict; only what came later is recomputed, and must follow
        from there. ``noted``: heads from checkpoints of this chain, each of which must stand in its
        place: so a cut tail shows, and a chain that was written anew. Those from before ``since`` are
        passed over. ``RecordCorrupt`` for a text that never was a mark.
        """
        ...

    async def clear(self) -> None:
        """Forget every receipt and begin a new chain."""
        ...

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        ...

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using it afterwards is an error."""
        ...
