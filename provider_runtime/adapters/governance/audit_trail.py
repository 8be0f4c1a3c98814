"""MemoryAuditTrail: the audit of this process, as values; nothing is made into an entry before somebody looks."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Self

from attrs import define, field

from provider_runtime.adapters.backends.names import closed
from provider_runtime.domain.policy.grants.audit import AuditEntry

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def one_less(used: Mapping[str, int], counted: Iterable[str]) -> Counter[str]:
    """The counts without one use of each grant that is ``counted``; none falls below 0."""
    left = Counter(used)
    for grant in counted:
        left[grant] = max(0, left[grant] - 1)
    return left


@define(kw_only=True, eq=False)
class MemoryAuditTrail:
    """The last ``keep`` entries, the uses of each grant by its id, and the time of the last entry.

    To be used by one event loop.
    """

    keep: int = 1000
    used: Counter[str] = field(factory=Counter, init=False)
    latest: datetime = field(default=_EPOCH, init=False)
    closed: bool = field(default=False, init=False)
    _entries: deque[Callable[[], AuditEntry]] = field(init=False, repr=False)

    @_entries.default
    def _the_last_few(self) -> deque[Callable[[], AuditEntry]]:
        return deque(maxlen=self.keep)

    def opened(self) -> Self:
        """The trail itself. Raises ``BackendError`` once it was closed."""
        if self.closed:
            raise closed("memory")
        return self

    def note(self, at: datetime, entry: Callable[[], AuditEntry]) -> None:
        """Keep what ``entry`` makes, as the last."""
        self.latest = at
        self._entries.append(entry)

    def last(self, limit: int) -> tuple[AuditEntry, ...]:
        """The last ``limit`` entries, oldest first."""
        if limit < 0:
            raise ValueError("limit must be a whole number from 0")
        return tuple([make() for make in reversed(tuple(islice(reversed(self._entries), limit)))])
