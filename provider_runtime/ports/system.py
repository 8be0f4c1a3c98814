"""Clock, IdSource, Randomness, HostResolver: what the machine supplies, so that tests can supply it instead."""

from datetime import datetime
from typing import Protocol, runtime_checkable

from provider_runtime.domain.identity import CallId, RuntimeId


@runtime_checkable
class Clock(Protocol):
    """Time. Wall time is a label; every duration and deadline is monotonic."""

    def now(self) -> datetime:
        """The time of day, in UTC, with its time zone."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait. Returns at once for zero; cancellable."""
        ...


@runtime_checkable
class IdSource(Protocol):
    """Makes names that have not been used before."""

    def next_call_id(self) -> CallId: ...

    def next_runtime_id(self) -> RuntimeId: ...


@runtime_checkable
class Randomness(Protocol):
    """Chance, for spreading retries out and for keys."""

    def fraction(self) -> float:
        """A number in [0, 1)."""
        ...

    def token(self, size: int) -> bytes:
        """``size`` bytes that nobody can guess."""
        ...


@runtime_checkable
class HostResolver(Protocol):
    """Finds the addresses of a host name. Judges none of them: whoever dials does."""

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Every address of ``host`` as text, best first. Raises ``OSError`` when there is none."""
        ...
