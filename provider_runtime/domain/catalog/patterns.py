"""Model patterns: exact ids and ``prefix*`` wildcards, and the best match among many of them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Generic, Self, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen(kw_only=True)
class PatternIndex(Generic[T]):
    """Values by model pattern, arranged so that a match does not search through them.

    A pattern that ends in ``*`` matches every text that begins with the rest of it; a ``*``
    elsewhere is an ordinary letter. Letters are compared exactly.
    ``prefixes`` are the wildcards without their ``*``, sorted; ``shorter[i]`` is the place of the
    longest other prefix that ``prefixes[i]`` begins with, or -1. The longest prefix of a text
    either stands right before the text in sorted order, or is reached by ``shorter`` from there.
    """

    exact: Mapping[str, T]
    prefixes: tuple[str, ...]
    prefixed: tuple[T, ...]
    shorter: tuple[int, ...]

    @classmethod
    def of(cls, patterns: Iterable[tuple[str, T]]) -> Self:
        """An index of these patterns and their values; of equal patterns the first counts."""
        exact: dict[str, T] = {}
        wildcards: dict[str, T] = {}
        for pattern, value in patterns:
            if pattern.endswith("*"):
                wildcards.setdefault(pattern[:-1], value)
            else:
                exact.setdefault(pattern, value)
        prefixes = tuple(sorted(wildcards))
        return cls(
            exact=MappingProxyType(exact),
            prefixes=prefixes,
            prefixed=tuple(wildcards[prefix] for prefix in prefixes),
            shorter=tuple(_places_of_shorter(prefixes)),
        )

    def match(self, text: str) -> T | None:
        """The value of the best pattern that matches: the exact one, else the longest wildcard."""
        value = self.exact.get(text)
        if value is not None:
            return value
        place = bisect_right(self.prefixes, text) - 1
        while place >= 0 and not text.startswith(self.prefixes[place]):
            place = self.shorter[place]
        return self.prefixed[place] if place >= 0 else None


def _places_of_shorter(prefixes: tuple[str, ...]) -> Iterator[int]:
    enclosing: list[int] = []  # the places of the prefixes that the current one begins with
    for place, prefix in enumerate(prefixes):
        while enclosing and not prefix.startswith(prefixes[enclosing[-1]]):
            enclosing.pop()
        yield enclosing[-1] if enclosing else -1
        enclosing.append(place)
