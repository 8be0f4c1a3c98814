"""Does every request carry what belongs to its tenant, and nothing of anybody else?"""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from attrs import define

from provider_runtime.testing.isolation.checks.check import Check
from provider_runtime.testing.isolation.evidence import Evidence, Finding, ReceivedRequest
from provider_runtime.testing.isolation.marks import Mark, MarkKind


@define(kw_only=True)
class OwnRequests(Check):
    """Key, headers, path, prompt, model, metadata, cookies: of the tenant whose address it is, and up to date."""

    name: ClassVar[str] = "requests"

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        for request in list(evidence.received):
            found = [(mark, where) for where, text in request.parts() for mark, _ in evidence.marks.search.found(text)]
            yield from self._foreign(evidence, request, found)
            yield from self._missing(evidence, request, {mark for mark, _ in found})

    def _foreign(
        self, evidence: Evidence, request: ReceivedRequest, found: list[tuple[Mark, str]]
    ) -> Iterator[Finding]:
        for mark, where in found:
            if evidence.marks.is_stale(mark, request.number):
                yield self.finding(f"{request.shown} carries {mark.shown} from before its settings changed, in {where}")
            elif mark.kind is MarkKind.BAIT or request.owner not in {None, mark.tenant}:
                yield self.finding(f"{request.shown} carries {mark.shown} in {where}")
        if request.owner is None:
            whose = sorted({mark.tenant for mark, _ in found if mark.tenant})
            told = f", with what belongs to {', '.join(whose)}" if whose else ""
            yield self.finding(f"{request.shown} went where no tenant's requests go{told}")

    def _missing(self, evidence: Evidence, request: ReceivedRequest, found: set[Mark]) -> Iterator[Finding]:
        if request.owner is None or request.owner in evidence.keyless or not evidence.needs_key:
            return
        if not any(mark.kind is MarkKind.KEY and mark.tenant == request.owner for mark in found):
            yield self.finding(f"{request.shown} does not carry the key of {request.owner}")
