"""Does every answer belong to whoever asked, and does nobody get one who must not?"""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from attrs import define

from provider_runtime.testing.isolation.checks.check import Check
from provider_runtime.testing.isolation.evidence import CallOutcome, Evidence, Finding
from provider_runtime.testing.isolation.sinks import texts_of_exception
from provider_runtime.testing.isolation.walking import Walk


@define(kw_only=True)
class OwnAnswers(Check):
    """An answer holds what its own call asked and nothing of another tenant; an exception holds no key either.

    A call that fails though its requests were answered is a finding: interference may look like that.
    """

    name: ClassVar[str] = "answers"

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        disturbed = {call for request in evidence.received if request.fault for call in _calls(evidence, request.body)}
        anonymous = any(request.fault and not any(_calls(evidence, request.body)) for request in evidence.received)
        for outcome in evidence.outcomes:
            yield from self._foreign(evidence, outcome)
            if outcome.error is not None:
                yield from self._told(evidence, outcome, outcome.error)
                excused = anonymous or (outcome.tenant, outcome.number) in disturbed or outcome.to_be_refused
                if not excused:
                    yield self.finding(f"{outcome.shown} was not answered: it raised {type(outcome.error).__name__}")
            elif evidence.echoes and not outcome.echoed and not outcome.to_be_refused:
                yield self.finding(f"{outcome.shown} got an answer that does not repeat what it asked")

    def _foreign(self, evidence: Evidence, outcome: CallOutcome) -> Iterator[Finding]:
        for where, text in Walk(max_depth=12).texts([("the answer", [outcome.answer])], evidence.marks.search.may_hold):
            for mark, _ in evidence.marks.search.found(text):
                if mark.tenant not in {outcome.tenant, None}:
                    yield self.finding(f"{outcome.shown} got an answer that holds {mark.shown} ({where})")

    def _told(self, evidence: Evidence, outcome: CallOutcome, error: BaseException) -> Iterator[Finding]:
        for where, text in texts_of_exception(error):
            for mark, form in evidence.marks.search.found(text):
                if mark.tenant != outcome.tenant or mark.kind in evidence.secret_kinds:
                    yield self.finding(f"{outcome.shown} raised an exception that holds {mark.shown} ({where}; {form})")


@define(kw_only=True)
class Refusals(Check):
    """Who has no key, and who calls after the end, gets no answer, and nothing is sent."""

    name: ClassVar[str] = "refusals"

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        to_be_refused = [outcome for outcome in evidence.outcomes if outcome.to_be_refused]
        for outcome in to_be_refused:
            if outcome.error is None:
                yield self.finding(f"{outcome.shown} was answered, though {outcome.to_be_refused}")
        calls = {(outcome.tenant, outcome.number): outcome.to_be_refused for outcome in to_be_refused}
        for request in evidence.received:
            for call in _calls(evidence, request.body):
                if call in calls:
                    yield self.finding(f"call {call[1]} of {call[0]} was sent, though {calls[call]}")


@define(kw_only=True)
class Vacuity(Check):
    """Was there anything to see? Tenants that never called, or never at the same time, prove nothing."""

    name: ClassVar[str] = "vacuity"

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        heard = {request.owner for request in evidence.received}
        expected = [name for name in evidence.tenants if name not in evidence.keyless]
        silent = [name for name in expected if name not in heard]
        if silent:
            yield self.finding(f"no request of {', '.join(silent)} reached the upstream: is its base_url used?")
        elif len(expected) > 1 and all(len(request.in_flight) < 2 for request in evidence.received):
            yield self.finding("requests of two tenants were never in flight together: nothing was interleaved")


def _calls(evidence: Evidence, body: bytes) -> Iterator[tuple[str, int]]:
    return evidence.marks.calls_in(body)
