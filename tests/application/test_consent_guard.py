"""What a guard remembers of consents changes nothing of what it says."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from provider_runtime.adapters.governance.consents import MemoryConsentLedger
from provider_runtime.adapters.system import SystemRandomness
from provider_runtime.application.consents.guard import ConsentGuard
from provider_runtime.domain.errors import RecordConflict, RecordMissing
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.decisions import SignedReceipt
from provider_runtime.domain.policy.consent.reading import receipt_text
from provider_runtime.domain.policy.consent.subject import ConsentScope, ConsentSubject
from provider_runtime.domain.policy.consent.verdicts import (
    ConsentVerdict,
    Granted,
    Moment,
    Trust,
    consent_verdict,
    decisions_of,
)
from provider_runtime.testing.consents import a_question, a_receipt, a_subject
from provider_runtime.testing.fakes import FrozenClock

TRUST = Trust(unsigned=True)
CALLS = tuple(
    a_subject(tenant=tenant, session=session, body_sha256=body * 32, model=model)
    for tenant in (None, "acme")
    for session in (None, "chat-7")
    for body in ("ab", "cd")
    for model in ("gpt-5-mini", "gpt-5")
)
_CALL = st.integers(0, len(CALLS) - 1)
_STEP = st.one_of(
    st.tuples(
        st.just("consent"),
        st.fixed_dictionaries(
            {
                "call": _CALL,
                "scope": st.sampled_from([ConsentScope.SINGLE_CALL, ConsentScope.BROADCAST]),
                "uses": st.none() | st.integers(1, 2),
                "approved": st.booleans(),
            }
        ),
    ),
    st.tuples(st.just("ask_only"), st.fixed_dictionaries({"call": _CALL})),
    st.tuples(st.just("forge"), st.fixed_dictionaries({"call": _CALL})),
    st.tuples(st.just("use"), st.fixed_dictionaries({"call": _CALL})),
    st.tuples(st.just("revoke"), st.fixed_dictionaries({"number": st.integers(0, 9)})),
    st.tuples(st.just("pass_time"), st.fixed_dictionaries({"seconds": st.integers(-10, 50_000)})),
)


class Desk:
    """A ledger in memory, and a guard that sees it all the while."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.ledger = MemoryConsentLedger(clock=self.clock)
        self.guard = ConsentGuard(ledger=self.ledger, trust=TRUST, clock=self.clock, randomness=SystemRandomness())
        self.asked: list[str] = []

    async def ask_only(self, call: int) -> None:
        question = a_question(CALLS[call], request_id=f"req_{len(self.asked)}", at=self.clock.now())
        self.asked.append((await self.ledger.ask(question)).request_id)

    async def consent(self, call: int, scope: ConsentScope, uses: int | None, approved: bool) -> None:  # noqa: FBT001 - drawn by name
        await self.ask_only(call)
        try:
            question = await self.ledger.question(self.asked[-1])
            terms = ConsentTerms(scope=scope, uses=uses)
            receipt = a_receipt(question, terms=terms, approved=approved, at=self.clock.now())
            await self.ledger.decide(question.request_id, SignedReceipt(text=receipt_text(receipt)))
        except (RecordConflict, RecordMissing):
            return  # the clock was set back

    async def forge(self, call: int) -> None:
        """A decision that is not the answer to its question, past the ledger's own look at it."""
        await self.consent(call, ConsentScope.BROADCAST, None, approved=True)
        books = self.ledger._folded.state  # type: ignore[attr-defined]
        for kept in list(books.decided.values())[-1:]:
            other = a_receipt(a_question(CALLS[call], request_id="req_other"), at=self.clock.now())
            kept.signed = SignedReceipt(text=receipt_text(other))
            books.keep(kept)

    async def judged(self, call: ConsentSubject) -> ConsentVerdict:
        verdict = self.guard.judge(call)
        return await verdict if isinstance(verdict, Coroutine) else verdict

    async def use(self, call: int) -> None:
        verdict = await self.judged(CALLS[call])
        if isinstance(verdict, Granted):
            await self.guard.use(verdict)

    async def revoke(self, number: int) -> None:
        await self.ledger.revoke(self.asked[number : number + 1], user_id="ada")

    async def pass_time(self, seconds: int) -> None:
        self.clock.advance(seconds)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(_STEP, max_size=8))
def test_whatever_a_guard_has_seen_it_judges_as_if_it_saw_it_for_the_first_time(
    steps: list[tuple[str, dict[str, Any]]],
) -> None:
    async def compared() -> None:
        desk = Desk()
        for step, facts in steps:
            await getattr(desk, step)(**facts)
            for call in (*CALLS, *CALLS):
                found = await desk.ledger.find(call)
                anew = decisions_of(found.consents, seals={}, trust=TRUST)
                plain = consent_verdict(call, found, anew, trust=TRUST, moment=Moment(now=desk.clock.now()))
                assert await desk.judged(call) == plain

    asyncio.run(compared())
