"""PatternLeakScanner: the scanner that ships, in plain Python."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import define, field

from provider_runtime.domain.policy.leakage.findings import Finding, FindingKind, Place
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.leakage import MaskedText, OutboundContent

if TYPE_CHECKING:
    from provider_runtime.adapters.leakage.hits import Hit
    from provider_runtime.adapters.leakage.own_rules import OwnRule
    from provider_runtime.adapters.leakage.text_search import TextSearch

_MOST_URLS: Final = 256  # addresses that a runtime remembers to be clean: one for each model, as a rule


@define(kw_only=True)
class PatternLeakScanner:
    """Looks for secrets by value, by shape and by name, through what hides them.

    ``secrets`` are the values to look for, ``markers`` the phrases, and
    ``rules_at`` a file of rules besides those that ship. A body of more than
    ``most_inline`` bytes is looked at in a thread, so that the event loop goes on. At most
    ``most_findings`` are told of. What it needs is made at the first look: a runtime that calls
    nobody outside never pays for it.
    """

    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    markers: tuple[str, ...] = ()
    rules_at: Path | None = None
    most_inline: int = 64 * 1024
    most_findings: int = 50
    _rules: "tuple[OwnRule, ...]" = field(init=False, repr=False, eq=False)
    _clean_urls: set[str] = field(factory=set, init=False, repr=False, eq=False)
    _ready: "TextSearch | None" = field(default=None, init=False, repr=False, eq=False)

    @_rules.default
    def _read_rules(self) -> "tuple[OwnRule, ...]":
        """At once, so that a file that cannot be used is told of before the first call."""
        if self.rules_at is None:
            return ()
        from provider_runtime.adapters.leakage.own_rules import read_rules  # noqa: PLC0415 - few have rules

        return read_rules(self.rules_at)

    async def scan(self, content: OutboundContent) -> tuple[Finding, ...]:
        """See ``LeakScanner``."""
        search = self._ready if self._ready is not None and not content.secrets else self._search(content.secrets)
        beside = tuple(content.headers.values())  # always: half of a secret may stand there, and half in the body
        if content.secrets or content.url not in self._clean_urls:
            beside += (content.url,)
        if len(content.body) <= self.most_inline:
            found = findings(search, content, beside, self.most_findings)
        else:
            found = await asyncio.to_thread(findings, search, content, beside, self.most_findings)
        if not found and not content.secrets and len(self._clean_urls) < _MOST_URLS:
            self._clean_urls.add(content.url)
        return found

    def masked(self, text: str, kinds: frozenset[FindingKind], secrets: tuple[Secret, ...] = ()) -> MaskedText:
        """See ``LeakScanner``."""
        from provider_runtime.adapters.leakage.masking import masked  # noqa: PLC0415 - few runtimes mask

        return masked(self._search(secrets), text, kinds)

    def _search(self, more: tuple[Secret, ...]) -> "TextSearch":
        from provider_runtime.adapters.leakage.known_secrets import KnownSecrets  # noqa: PLC0415 - see the class
        from provider_runtime.adapters.leakage.text_search import TextSearch, marker_form  # noqa: PLC0415 - as above

        markers = tuple(marker_form(marker) for marker in self.markers)
        if self._ready is None:
            self._ready = TextSearch(known=KnownSecrets.of(self.secrets), markers=markers, rules=self._rules)
        if not more:
            return self._ready
        return TextSearch(known=KnownSecrets.of((*self.secrets, *more)), markers=markers, rules=self._rules)


def findings(search: "TextSearch", content: OutboundContent, beside: tuple[str, ...], most: int) -> tuple[Finding, ...]:
    """Everything ``search`` finds in the body, and beside it. A clean call is read once, in one piece.

    ``beside`` are what the headers say, and the address unless it is known to be clean.
    """
    text = search.text_of(content.body)
    hits = search.hits("\n".join((text, *beside)) if beside else text, most)
    if not hits:
        return ()
    found: dict[Finding, None] = dict.fromkeys(_in_body(search, content.body, most))
    if beside:
        found.update(dict.fromkeys(_beside_body(search, {"": content.url, **content.headers})))
    seen = {(one.kind, one.source) for one in found}
    whole = Place(path="body", start=0, end=len(content.body))
    for hit in hits:  # what only the body as a whole shows: a name in one text, and its value in another
        if (hit.kind, hit.source) not in seen:
            found[_finding(hit, whole)] = None
    return tuple(found)[:most]


def _in_body(search: "TextSearch", body: bytes, most: int) -> Iterator[Finding]:
    from provider_runtime.adapters.leakage.places import leaves, place_of  # noqa: PLC0415 - only where something was found

    told = 0
    for path, name, text in leaves(body):
        hits = search.hits(text, most) or (search.hits(f'"{name}": "{text}"', most) if name else [])
        if hits:
            where = place_of(body, path, text)
            yield from (_finding(hit, where) for hit in hits)
            told += len(hits)
            if told >= most:
                return


def _beside_body(search: "TextSearch", beside: Mapping[str, str]) -> Iterator[Finding]:
    for name, text in beside.items():
        path = f"headers.{name}" if name else "url"
        for hit in search.hits(f"{name}: {text}" if name else text):
            yield _finding(hit, Place(path=path, start=0, end=len(text.encode())))


def _finding(hit: "Hit", where: Place) -> Finding:
    return Finding(kind=hit.kind, where=where, source=hit.source, hidden_by=hit.hidden_by)
