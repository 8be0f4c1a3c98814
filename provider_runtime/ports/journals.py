"""ReceiptProvider: the chain of receipts."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.records.receipts import CallReceipt, CallRecord, ChainVerdict


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

    async def get(self, receipt_id: str) -> CallReceipt | None:
        """The receipt with this id, or ``None``."""
        ...

    async def verify(self, *, head: str | None = None) -> ChainVerdict:
        """Recompute the whole chain. ``head``: a hash noted earlier that must still be in it."""
        ...

    async def clear(self) -> None:
        """Forget every receipt and begin a new chain."""
        ...
