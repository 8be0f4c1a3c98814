"""Model patterns and the best match among them."""

from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.patterns import PatternIndex

TEXTS = st.text("ab*", max_size=6)


def naive(patterns: list[str], text: str) -> int | None:
    """The rule as it is written down: exact, then the longest wildcard, then the first in order."""
    for place, pattern in enumerate(patterns):
        if pattern == text and not pattern.endswith("*"):
            return place
    best: int | None = None
    for place, pattern in enumerate(patterns):
        if not pattern.endswith("*") or not text.startswith(pattern[:-1]):
            continue
        if best is None or len(pattern) > len(patterns[best]):
            best = place
    return best


@given(patterns=st.lists(TEXTS, max_size=12), text=TEXTS)
def test_the_index_finds_what_a_search_through_all_patterns_finds(patterns: list[str], text: str) -> None:
    index = PatternIndex.of((pattern, place) for place, pattern in enumerate(patterns))
    assert index.match(text) == naive(patterns, text)


def test_a_text_between_two_long_wildcards_finds_the_short_one_around_them() -> None:
    index = PatternIndex.of([("gpt*", 1), ("gpt-4*", 2), ("gpt-4o-a*", 3), ("gpt-4o-z*", 4)])
    assert [index.match(text) for text in ("gpt-4o-m", "gpt-3", "gpt-4o-abc", "gpz", "gp")] == [2, 1, 3, None, None]


class Watched(str):
    """A text that counts how often somebody asks for its beginning."""

    __slots__ = ("asked",)
    asked: int

    def startswith(self, *arguments: object) -> bool:
        self.asked = getattr(self, "asked", 0) + 1
        return super().startswith(*arguments)  # type: ignore[arg-type]  # handed on as they came


def test_a_match_tries_few_patterns_however_many_there_are() -> None:
    index = PatternIndex.of([("m*", 0), *((f"m-{number}*", number) for number in range(1, 10_000))])
    for name, found in (("m-x", 0), ("m-77-x", 77), ("z", None)):
        text = Watched(name)
        assert index.match(text) == found
        assert text.asked <= 5  # as deep as these patterns lie in each other


def test_a_star_before_the_end_is_an_ordinary_letter() -> None:
    index = PatternIndex.of([("gpt-*-mini", 1)])
    assert index.match("gpt-5-mini") is None
    assert index.match("gpt-*-mini") == 1
