"""Journal: bytes appended one entry after another. Media keep bytes, so readers share no object."""

from collections.abc import Callable
from typing import Protocol


class Journal(Protocol):
    """An append-only list of entries, each a line of bytes without a line break.

    ``append`` hands the last entry (or ``None``) to ``make`` and keeps what it returns, as one
    step that no other writer can come between. It raises ``BackendError`` when the medium fails;
    then nothing was kept. A caller that is cancelled while waiting leaves a whole entry or none.
    ``drops_oldest``: entries may be missing at the front.
    """

    @property
    def drops_oldest(self) -> bool: ...

    async def append(self, make: Callable[[bytes | None], bytes]) -> bytes:
        """Keep ``make(last entry)`` at the end, and return it."""
        ...

    async def entries(self) -> tuple[bytes, ...]:
        """All entries kept, oldest first."""
        ...

    async def clear(self) -> None:
        """Forget every entry."""
        ...
