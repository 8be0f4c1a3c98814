"""Poison values: texts that belong to one tenant alone, so that whoever holds one is known to know that tenant."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Final

from attrs import define, field, frozen

from provider_runtime.testing.isolation.searching import PIECE, Search

_CONSONANTS: Final = "bdfgklmnprstvz"
_VOWELS: Final = "aeiou"


class MarkKind(StrEnum):
    """What a poison value stands for."""

    KEY = "key"
    HEADER = "header value"
    ADDRESS = "address"
    MODEL = "model"
    PROMPT = "prompt"
    METADATA = "metadata"
    COOKIE = "cookie"
    BAIT = "bait"


@frozen(kw_only=True)
class Mark:
    """One poison value. ``shown`` says whose it is and what; ``tenant`` is ``None`` for what belongs to nobody."""

    tenant: str | None
    kind: MarkKind
    shown: str
    value: str = field(repr=False)


@frozen(kw_only=True)
class Tenant:
    """A tenant of the service under test: everything about it is found nowhere else.

    ``key`` is its credential, ``None`` for one that has none and must be refused. ``base_url`` is
    an address of its own at the recording upstream; append what the client of your choice expects
    (``/v1``, ``/compatible/v1``). ``headers``, ``model`` and ``metadata`` may be used or left.
    ``name`` is no secret.
    """

    name: str
    key: str | None = field(repr=False)
    base_url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    model: str = field(repr=False)
    metadata: Mapping[str, str] = field(repr=False)
    _prompt_mark: str = field(repr=False)

    def prompt(self, number: int) -> str:
        """What this tenant asks in its call ``number``, counted from 0; short enough for models to repeat it."""
        return f"Say again: {self._prompt_mark}-n{number:04d}"

    def holds_prompt(self, content: str, number: int) -> bool:
        """Whether ``content`` repeats what this tenant asked in its call ``number``."""
        return f"{self._prompt_mark}-n{number:04d}" in content


@define
class Marks:
    """All poison of one trial. It follows from ``seed``: the same seed gives the same values.

    All values contain ``token``, which nothing else in the process does.
    """

    seed: str
    token: str = field(init=False, repr=False)
    _made: list[Mark] = field(factory=list, init=False, repr=False)
    _retired: dict[Mark, int] = field(factory=dict, init=False, repr=False)
    _searches: dict[tuple[object, ...], Search[Mark]] = field(factory=dict, init=False, repr=False)

    @token.default
    def _token(self) -> str:
        return self._letters("token", syllables=6)

    def make(self, tenant: str | None, kind: MarkKind, *, shown: str | None = None, variant: object = 0) -> Mark:
        """A new poison value; ``variant`` tells apart values of one kind and tenant."""
        letters = self._letters(tenant, kind, shown, variant, syllables=9)
        prefix = "sk-" if kind in {MarkKind.KEY, MarkKind.BAIT} else ""
        mark = Mark(
            tenant=tenant,
            kind=kind,
            shown=shown or f"the {kind} of {tenant}",
            value=f"{prefix}{self.token}{letters}" if prefix else f"{self.token}-{letters}",
        )
        self._made.append(mark)
        self._searches.clear()
        return mark

    def retire(self, tenant: str, *, after_request: int) -> None:
        """From here on the values of ``tenant`` are out of date; those made later are not."""
        for mark in self._made:
            if mark.tenant == tenant:
                self._retired.setdefault(mark, after_request)

    def is_stale(self, mark: Mark, request_number: int) -> bool:
        """Whether ``mark`` was out of date when that request came in."""
        return mark in self._retired and request_number > self._retired[mark]

    def of(self, *kinds: MarkKind) -> tuple[Mark, ...]:
        """The marks of these kinds; all of them when none is named."""
        return tuple(mark for mark in self._made if not kinds or mark.kind in kinds)

    @property
    def search(self) -> Search[Mark]:
        """Finds every mark in every form, whole."""
        return self.search_for()

    def search_for(self, *kinds: MarkKind, pieces: bool = False) -> Search[Mark]:
        """Finds marks of these kinds, or of all; with ``pieces`` parts of them, too."""
        what = (*kinds, pieces)
        if what not in self._searches:  # making one takes a thousand times as long as using it
            values = {mark: mark.value for mark in self.of(*kinds)}
            self._searches[what] = Search(values, sharing=self.token, piece=PIECE if pieces else None)
        return self._searches[what]

    def calls_in(self, content: bytes) -> Iterator[tuple[str, int]]:
        """The calls whose prompts stand in ``content``, as tenant and number."""
        for mark in self.of(MarkKind.PROMPT):
            for found in re.finditer(re.escape(mark.value.encode()) + rb"-n(\d{4,})", content):
                yield mark.tenant or "", int(found[1])

    def conceal(self, text: str) -> str:
        """``text`` with every poison value in it replaced by what it is."""
        if self.token in text:
            for mark in self._made:
                text = text.replace(mark.value, f"<{mark.shown}>")
        return text

    def _letters(self, *about: object, syllables: int) -> str:
        # Pronounceable, lower case: nothing that a service may do to text on its way changes it, and no
        # detector of credentials takes it for one.
        digest = sha256(repr((self.seed, *about)).encode()).digest()
        return "".join(_CONSONANTS[byte % 14] + _VOWELS[byte // 14 % 5] for byte in digest[:syllables])
