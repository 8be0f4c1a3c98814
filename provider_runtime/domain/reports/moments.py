"""Steps of time: equal spans, as long as it takes for them to be few."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Protocol, Self, TypeVar

from attrs import define, field

_MOST: Final = 60
# Each is a whole number of the one before, so that steps can be joined. Weeks begin on Mondays.
_SPANS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400, 364 * 86_400)
)
_MONDAY: Final = datetime(1969, 12, 29, tzinfo=UTC)


class Joinable(Protocol):
    """What can be added to another of its kind."""

    def merge(self, other: Self, /) -> None: ...


T = TypeVar("T", bound=Joinable)


@define(kw_only=True)
class Steps(Generic[T]):
    """What happened in each span of time. When there are too many spans, they are joined to longer ones."""

    make: Callable[[], T]
    _rung: int = field(default=0, init=False)
    _spans: dict[int, T] = field(factory=dict, init=False)

    @property
    def span(self) -> timedelta:
        """How long each is."""
        return _SPANS[self._rung]

    def at(self, moment: datetime) -> T:
        """The one that ``moment`` lies in."""
        number = self._number(moment)
        if (found := self._spans.get(number)) is not None:
            return found
        found = self._spans[number] = self.make()
        while self._rung + 1 < len(_SPANS) and max(self._spans) - min(self._spans) >= _MOST:
            self._join()
            found = self._spans[self._number(moment)]
        return found

    def __iter__(self) -> Iterator[tuple[datetime, T]]:
        """Each from the first to the last with the moment it begins at, those in which nothing happened included."""
        if self._spans:
            for number in range(min(self._spans), max(self._spans) + 1):
                yield _MONDAY + number * self.span, self._spans.get(number) or self.make()

    def _number(self, moment: datetime) -> int:
        return (moment - _MONDAY) // self.span

    def _join(self) -> None:
        factor = _SPANS[self._rung + 1] // self.span
        self._rung += 1
        fine, self._spans = self._spans, {}
        for number, found in fine.items():
            coarse = self._spans.setdefault(number // factor, self.make())
            coarse.merge(found)
