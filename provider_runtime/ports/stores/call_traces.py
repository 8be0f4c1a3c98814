"""CallTraceProvider: how each call went, step by step."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.records.oversight.timelines import CallTrace


@runtime_checkable
class CallTraceProvider(Protocol):
    """Keeps the lives of calls in the order in which they ended. Ids, codes, counts and durations, never text.

    Looking one up costs the same however many there are. Raises ``BackendError`` when the medium
    fails, and ``RecordCorrupt``, naming the place, when what is kept does not read back.
    """

    async def keep(self, trace: CallTrace) -> None:
        """Keep ``trace`` behind the others. One of the same call goes before an earlier one."""
        ...

    async def get(self, call_id: str) -> CallTrace | None:
        """The life of this call, or ``None``."""
        ...

    async def names(self, prefix: str = "", limit: int | None = None) -> tuple[str, ...]:
        """The calls that are kept and whose ids begin with ``prefix``, sorted; at most ``limit``."""
        ...

    async def latest(self, limit: int) -> tuple[CallTrace, ...]:
        """The last ``limit``, the one that ended first first."""
        ...

    async def clear(self) -> None:
        """Forget every one."""
        ...

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        ...

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using it afterwards is an error."""
        ...
