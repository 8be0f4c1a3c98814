"""CheckpointSink: where the checkpoints of a chain of receipts go."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.records.oversight.checkpoints import Checkpoint


@runtime_checkable
class CheckpointSink(Protocol):
    """Takes checkpoints to keep them where whoever can write the receipts cannot: a file elsewhere, another machine.

    It belongs to its maker, not to the store of the receipts. Raises ``BackendError`` when it
    cannot take one: it is offered the next one then, which covers the same receipts and more.
    """

    async def take(self, checkpoint: Checkpoint) -> None:
        """Keep ``checkpoint``; it is kept once this has returned."""
        ...

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        ...

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using it afterwards is an error."""
        ...
