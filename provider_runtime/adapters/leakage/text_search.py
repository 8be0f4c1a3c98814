"""TextSearch: every secret in one text, however it is hidden."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

from provider_runtime.adapters.leakage.hits import Hit, TooMany
from provider_runtime.adapters.leakage.known_secrets import KnownSecrets
from provider_runtime.adapters.leakage.layers import TooLarge, decoded, rewritten, turned
from provider_runtime.adapters.leakage.runs import Runs, runs
from provider_runtime.adapters.leakage.shapes.announcing import may_be_assigned
from provider_runtime.adapters.leakage.shapes.assignments import (
    assignments,
)
from provider_runtime.adapters.leakage.shapes.beginnings import beginnings, is_beginning
from provider_runtime.adapters.leakage.shapes.structures import (
    addresses,
    blocks,
    built,
    marks_in,
    may_be_a_block,
)
from provider_runtime.adapters.leakage.views import View, unescaped, view_of
from provider_runtime.domain.policy.leakage.findings import FindingKind

if TYPE_CHECKING:
    from provider_runtime.adapters.leakage.own_rules import OwnRule

_MOST: Final = 1000  # hits in one text; nobody asks where the next ones are
_DEEPEST: Final = 3
_ROOM: Final = 4  # what is decoded may be so many times the size of the text
_LEAST_ROOM: Final = 64 * 1024
_TURNED: Final = 20  # shorter runs are not read backwards,
_MOST_TURNED: Final = 512  # nor are longer ones: by chance, any beginning stands somewhere in a recording

_WHOLE: Final = frozenset({"percent", "html", "escapes", "character codes"})
_BY_SURROUNDINGS: Final = frozenset({FindingKind.ASSIGNMENT, FindingKind.AUTH_HEADER})


@define
class _Room:
    """How much may still be decoded."""

    left: int

    def take(self, text: str) -> str:
        self.left -= len(text)
        if self.left < 0:
            raise TooLarge
        return text


@frozen(kw_only=True)
class TextSearch:
    """Looks for secrets by value, by shape and by name, in a text and in what it hides.

    Depth and size are bounded, so the time is linear in the text. What goes beyond the bounds is a
    hit of its own: ``unreadable``. ``markers`` are phrases in the form ``marker_form`` gives
    them, ``rules`` the operator's own.
    """

    known: KnownSecrets
    markers: tuple[str, ...] = field(default=())
    rules: "tuple[OwnRule, ...]" = field(default=())

    def hits(self, text: str, most: int = _MOST) -> list[Hit]:
        """What is found in ``text``, at most ``most`` hits; the places are those of ``view_of(text)``."""
        view = view_of(text)
        said, found, texts = self._said(view), runs(view), rewritten(view)
        if not (said or found or texts):
            return []  # so it is with most texts
        room = _Room(max(_LEAST_ROOM, _ROOM * len(text)))
        hits: list[Hit] = []
        try:
            for hit in islice(self._searched(view, said, found, texts, 0, room, frozenset()), most):
                hits.append(hit)  # noqa: PERF402 - what was found before the bounds were reached counts, too
        except (TooLarge, TooMany):
            hits.append(Hit(FindingKind.UNREADABLE, "", 0, len(text)))
        return _told_once(hits) if hits else hits

    @staticmethod
    def text_of(body: bytes) -> str:
        """The text of a JSON body as it is searched."""
        return unescaped(body.decode())

    def _search(self, view: View, depth: int, room: _Room, undone: frozenset[str]) -> Iterator[Hit]:
        """Hits in ``view`` and in what it hides; ``undone`` are the ways of writing it that were undone above."""
        texts = rewritten(view) if depth < _DEEPEST else []
        return self._searched(view, self._said(view), runs(view), texts, depth, room, undone)

    def _searched(
        self,
        view: View,
        said: list[Iterable[Hit]],
        found: Runs,
        texts: list[tuple[str, str]],
        depth: int,
        room: _Room,
        undone: frozenset[str],
    ) -> Iterator[Hit]:
        """Hits in ``view``, of which was asked what it says, which runs are in it, and how it can be read otherwise."""
        seen: dict[str, tuple[Hit, ...]] = {}
        shaped = self._shaped(found, depth, room, seen)
        return chain(*said, shaped, self._undone(view, texts, depth, room, undone, seen))

    def _undone(
        self,
        view: View,
        texts: list[tuple[str, str]],
        depth: int,
        room: _Room,
        undone: frozenset[str],
        seen: dict[str, tuple[Hit, ...]],
    ) -> Iterator[Hit]:
        """Hits in what ``view`` reads when it is written otherwise."""
        texts = [(name, text) for name, text in texts if name not in undone]
        undone = undone.union(name for name, _ in texts)
        for name, text in texts:
            inner = view_of(text)
            # Joined texts put names beside values that are not theirs: there, only shapes count.
            if name in _WHOLE:
                hits = self._search(inner, depth + 1, room, undone)
            else:
                fresh: dict[str, tuple[Hit, ...]] = dict.fromkeys(seen, ())  # the hits in these were told of
                hits = self._shaped(runs(inner), depth + 1, room, fresh)
            yield from _covered(hits, 0, len(view.text), name)

    def _said(self, view: View) -> list[Iterable[Hit]]:
        """The searches that are worth making for what is known by value, by a name beside it, or by its place."""
        worth: list[Iterable[Hit]] = []
        if known := self.known.hits(view):
            worth.append(known)
        if self.markers:
            worth.append(self._marked(view))
        if self.rules:
            worth += [rule.hits(view) for rule in self.rules]
        if "@" in view.text:
            worth.append(addresses(view.text))
        if "K" in view.text and may_be_a_block(view.text):
            worth.append(blocks(view.text))
        if may_be_assigned(view):
            worth.append(assignments(view))
        return worth

    def _shaped(self, found: Runs, depth: int, room: _Room, seen: dict[str, tuple[Hit, ...]]) -> Iterator[Hit]:
        """Hits in the runs that were ``found``; ``seen`` knows, and learns, what stands in which run."""
        marks = marks_in("\n".join(run for _, run in found))
        for place, run in found:
            if run not in seen:
                seen[run] = self._in_run(run, depth, room, marks=marks)
            for hit in seen[run]:
                yield hit._replace(start=place + hit.start, end=place + hit.end)

    def _in_run(self, run: str, depth: int, room: _Room, *, marks: bool) -> tuple[Hit, ...]:
        hits = tuple(islice(chain(beginnings(run), built(run, marks=marks)), _MOST))
        return hits or (tuple(self._hidden(run, depth, room)) if depth < _DEEPEST else ())

    def _hidden(self, run: str, depth: int, room: _Room) -> Iterator[Hit]:
        for name, text in decoded(run):
            inner = view_of(room.take(text))
            yield from _covered(self._search(inner, depth + 1, room, frozenset()), 0, len(run), name)
        if _TURNED <= len(run) <= _MOST_TURNED:
            for name, text in turned(run):
                if is_beginning(text):
                    yield Hit(FindingKind.VENDOR_KEY, "", 0, len(run), (name,))

    def _marked(self, view: View) -> Iterator[Hit]:
        text = marker_form(view.text)
        if any(marker in text for marker in self.markers):
            yield Hit(FindingKind.MARKER, "", 0, len(view.text))


def marker_form(text: str) -> str:
    """A phrase as it is compared: case folded, every space the same."""
    return " ".join(view_of(text).text.casefold().split())


def _covered(hits: Iterable[Hit], start: int, end: int, name: str) -> Iterator[Hit]:
    for hit in hits:
        yield Hit(hit.kind, hit.source, start, end, (name, *hit.hidden_by))


def _told_once(hits: list[Hit]) -> list[Hit]:
    """``hits`` without repetitions, and without a name's value that is known for what it is."""
    once = list(dict.fromkeys(hits))
    known = [hit for hit in once if hit.kind not in _BY_SURROUNDINGS]
    if not known or len(known) == len(once):
        return once
    return [
        hit
        for hit in once
        if hit.kind not in _BY_SURROUNDINGS or not any(hit.start < one.end and one.start < hit.end for one in known)
    ]
