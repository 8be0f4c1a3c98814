"""Credentials known by how they begin: one search for every beginning, then a look at what follows."""

import re
from collections.abc import Iterator
from typing import Final

from provider_runtime.adapters.leakage.hits import Hit
from provider_runtime.adapters.leakage.shapes.placeholders import is_placeholder
from provider_runtime.adapters.leakage.shapes.vendor_keys import VENDOR_KEYS
from provider_runtime.domain.policy.leakage.findings import FindingKind

# `my-token-goes-in-this-place`, `MY_SECRET_TOKEN`: words, where a key has chance
_SPELLED: Final = re.compile(
    r"(?:[a-z]{1,12}(?:[-_.][a-z]{1,12}){2,}|[A-Z]{1,12}(?:[-_.][A-Z]{1,12}){2,})[-_.]?[0-9]{0,3}\Z"
)
_LONGEST: Final = 1024  # what follows a beginning is looked at no further
_LONG: Final = 512  # in longer texts without a space, only what begins a word is looked at
_SHORT: Final = 4  # a beginning of fewer characters, or of letters alone, has to begin a word


class _Trie(dict[str, "_Trie"]):
    """Beginnings that share their first letters, letter by letter; ``""`` marks an end."""

    def add(self, word: str) -> None:
        node = self
        for letter in word:
            node = node.setdefault(letter, _Trie())
        node[""] = _Trie()

    def pattern(self) -> str:
        """A regular expression of them all, longest first, in which no letter is read twice."""
        branches = [re.escape(letter) + node.pattern() for letter, node in sorted(self.items()) if letter]
        if not branches:
            return ""
        joined = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
        return f"(?:{joined})?" if "" in self else joined


def _pattern() -> re.Pattern[str]:
    trie = _Trie()
    for key in VENDOR_KEYS:
        for start in key.starts.split():
            trie.add(start)
    return re.compile(trie.pattern())


def _followers() -> dict[str, tuple[tuple[int, str, str], ...]]:
    """For each beginning, every row that fits it: those of shorter beginnings of the same letters as well."""
    rows = [(start, key) for key in VENDOR_KEYS for start in key.starts.split()]
    return {
        word: tuple((len(start), key.vendor, key.rest) for start, key in rows if word.startswith(start))
        for word in {start for start, _ in rows}
    }


_BEGINNING: Final = _pattern()
_BEGINNING_OF_WORD: Final = re.compile(rf"(?<![A-Za-z0-9]){_BEGINNING.pattern}")
_FOLLOWERS: Final = _followers()


def beginnings(text: str) -> Iterator[Hit]:
    """Every credential in ``text`` that begins as those of a known service do."""
    if text.isalnum():
        hit = _hit_at_start(text)  # in the middle of letters and digits nothing begins
        if hit is not None:
            yield hit
        return
    search, place = (_BEGINNING if len(text) < _LONG else _BEGINNING_OF_WORD).search, 0
    while (found := search(text, place)) is not None:
        start, word = found.span()[0], found.group()
        end = _end_of_key(text, start, word) if _may_begin(text, start, word) else None
        if end is None:
            place = start + 1
        elif isinstance(end, int):
            place = end
        else:
            yield end
            place = end.end


def is_beginning(text: str) -> bool:
    """Whether a credential begins with the first letter of ``text``."""
    return _hit_at_start(text) is not None


def _hit_at_start(text: str) -> Hit | None:
    found = _BEGINNING.match(text)
    end = None if found is None else _end_of_key(text, 0, found.group())
    return end if isinstance(end, Hit) else None


def _may_begin(text: str, start: int, word: str) -> bool:
    before = text[start - 1] if start else " "
    if not (before.isascii() and before.isalnum()):
        return True
    return len(word) >= _SHORT and not word.isalnum()


def _end_of_key(text: str, start: int, word: str) -> Hit | int | None:
    """The credential that begins at ``start``; where its stand-in ends, if it is one; ``None`` if neither is there."""
    stop = start + _LONGEST
    passed: int | None = None
    for size, vendor, rest in _FOLLOWERS[word]:
        follows = re.compile(rest).match(text, start + size, stop)  # from the cache of `re`; few texts need any
        if follows is None:
            continue
        if _is_stand_in(follows.group()):
            passed = max(passed or 0, follows.end())
            continue
        return Hit(FindingKind.VENDOR_KEY, vendor, start, follows.end())
    return passed


def _is_stand_in(body: str) -> bool:
    return is_placeholder(body) or _SPELLED.match(body) is not None
