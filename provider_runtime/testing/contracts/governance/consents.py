"""What every ConsentLedger keeps to."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from provider_runtime.domain.errors import RecordConflict, RecordMissing
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt, UseTaken
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.reading import receipt_text
from provider_runtime.domain.policy.consent.subject import ConsentScope
from provider_runtime.ports.governance.consent import ConsentLedger
from provider_runtime.testing.consents import a_question, a_receipt, a_subject
from provider_runtime.testing.fakes import FrozenClock


async def answered(
    ledger: ConsentLedger, question: ConsentRequest, terms: ConsentTerms | None = None, *, approved: bool = True
) -> Consent:
    """The consent, once ``question`` was asked and answered."""
    asked = await ledger.ask(question)
    receipt = a_receipt(asked, terms=terms, approved=approved, at=asked.created_at)
    return await ledger.decide(asked.request_id, SignedReceipt(text=receipt_text(receipt)))


class ConsentLedgerContract:
    """Give the fixture ``ledger``: an empty one, by the clock of the fixture ``clock``."""

    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()

    @pytest.fixture
    def ledger(self, clock: FrozenClock) -> ConsentLedger:
        raise NotImplementedError("the subclass says which ledger")

    def test_it_is_a_consent_ledger(self, ledger: ConsentLedger) -> None:
        assert isinstance(ledger, ConsentLedger)

    async def test_an_empty_ledger_finds_nothing_and_says_so_of_now(
        self, ledger: ConsentLedger, clock: FrozenClock
    ) -> None:
        found = await ledger.find(a_subject())
        assert found.consents == ()
        assert found.revocations is not None
        assert found.revocations.as_of >= clock.now()
        assert await ledger.waiting() == ()
        assert await ledger.consents() == ()

    async def test_a_question_waits_as_it_was_asked(self, ledger: ConsentLedger) -> None:
        question = await ledger.ask(a_question())
        assert question == a_question()
        assert await ledger.waiting() == (question,)
        kept = await ledger.question("req_1")
        assert kept == question
        assert kept.plan.plan_id == question.plan.plan_id

    async def test_the_same_question_waits_once(self, ledger: ConsentLedger) -> None:
        first = await ledger.ask(a_question())
        assert await ledger.ask(a_question(request_id="req_2")) == first
        assert await ledger.waiting() == (first,)

    async def test_a_changed_payload_in_one_conversation_drops_the_older_question(self, ledger: ConsentLedger) -> None:
        await ledger.ask(a_question(a_subject(session="chat-7")))
        changed = await ledger.ask(a_question(a_subject(session="chat-7", body_sha256="cd" * 32), request_id="req_2"))
        other = await ledger.ask(a_question(a_subject(session="chat-8"), request_id="req_3"))
        assert await ledger.waiting() == (changed, other)
        with pytest.raises(RecordMissing):
            await ledger.question("req_1")

    async def test_a_question_that_has_waited_too_long_is_gone(self, ledger: ConsentLedger, clock: FrozenClock) -> None:
        question = await ledger.ask(a_question())
        clock.advance(timedelta(days=1, seconds=1).total_seconds())
        assert await ledger.waiting() == ()
        signed = SignedReceipt(text=receipt_text(a_receipt(question)))
        with pytest.raises(RecordMissing, match="waited too long"):
            await ledger.decide("req_1", signed)

    async def test_an_answer_is_found_for_its_call(self, ledger: ConsentLedger) -> None:
        consent = await answered(ledger, a_question())
        assert (await ledger.find(a_subject())).consents == (consent,)
        assert await ledger.waiting() == ()
        assert await ledger.consents() == (consent,)

    async def test_a_denial_is_found_as_well(self, ledger: ConsentLedger) -> None:
        denial = await answered(ledger, a_question(), approved=False)
        assert (await ledger.find(a_subject())).consents == (denial,)
        assert await ledger.use(denial, "use_1") is ConsentFault.DENIED

    async def test_the_newest_decision_is_found_first(self, ledger: ConsentLedger) -> None:
        older = await answered(ledger, a_question())
        newer = await answered(ledger, a_question(request_id="req_2"))
        assert (await ledger.find(a_subject())).consents == (newer, older)

    async def test_each_question_is_answered_once(self, ledger: ConsentLedger) -> None:
        await answered(ledger, a_question())
        again = SignedReceipt(text=receipt_text(a_receipt(a_question(), approved=False)))
        with pytest.raises(RecordConflict, match="answered before"):
            await ledger.decide("req_1", again)
        with pytest.raises(RecordConflict):
            await ledger.question("req_1")
        assert len(await ledger.consents()) == 1

    async def test_of_many_who_answer_at_once_one_does(self, ledger: ConsentLedger) -> None:
        question = await ledger.ask(a_question())
        signed = [
            SignedReceipt(text=receipt_text(a_receipt(question, consent_id=f"consent_{number}"))) for number in range(8)
        ]
        answers = await asyncio.gather(*(ledger.decide("req_1", one) for one in signed), return_exceptions=True)
        assert sum(isinstance(answer, Consent) for answer in answers) == 1
        assert sum(isinstance(answer, RecordConflict) for answer in answers) == 7

    async def test_a_question_that_nobody_asked_has_no_answer(self, ledger: ConsentLedger) -> None:
        with pytest.raises(RecordMissing):
            await ledger.decide("req_1", SignedReceipt(text=receipt_text(a_receipt())))

    @pytest.mark.parametrize(
        "changes",
        [
            {"request_id": "req_2"},
            {"plan_id": "plan_2"},
            {"body_sha256": "cd" * 32},
            {"models": ("gpt-5",)},
            {"origin": "https://elsewhere.example.com:443"},
            {"tenant": "other"},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    async def test_an_answer_to_something_else_is_not_kept(
        self, ledger: ConsentLedger, changes: dict[str, Any]
    ) -> None:
        await ledger.ask(a_question())
        other = evolve(a_receipt(), **changes)
        with pytest.raises(RecordConflict, match="not an answer"):
            await ledger.decide("req_1", SignedReceipt(text=receipt_text(other)))
        with pytest.raises(RecordConflict, match="not an answer"):
            await ledger.decide("req_1", SignedReceipt(text="{}"))
        assert await ledger.consents() == ()

    async def test_nobody_s_consent_is_found_for_another_tenant_or_runtime(self, ledger: ConsentLedger) -> None:
        wide = ConsentTerms(scope=ConsentScope.BROADCAST)
        await answered(ledger, a_question(a_subject(tenant="acme")), wide)
        assert (await ledger.find(a_subject(tenant="bolt"))).consents == ()
        assert (await ledger.find(a_subject())).consents == ()
        assert (await ledger.find(a_subject(tenant="acme", runtime="other"))).consents == ()
        assert len((await ledger.find(a_subject(tenant="acme", body_sha256="cd" * 32))).consents) == 1

    async def test_a_consent_for_a_conversation_is_found_for_all_that_is_said_in_it(
        self, ledger: ConsentLedger
    ) -> None:
        question = a_question(a_subject(session="chat-7"), scope=ConsentScope.SESSION)
        consent = await answered(ledger, question)
        for number in range(20):  # none of the last few any more
            await answered(ledger, a_question(a_subject(body_sha256=f"{number:064x}"), request_id=f"req_{number + 2}"))
        said = a_subject(session="chat-7", body_sha256="ef" * 32)
        assert consent in (await ledger.find(said)).consents
        elsewhere = evolve(said, session="chat-8")
        assert consent not in (await ledger.find(elsewhere)).consents

    async def test_a_use_is_taken_as_often_as_there_are_uses_and_given_back_to_others(
        self, ledger: ConsentLedger
    ) -> None:
        consent = await answered(ledger, a_question(), ConsentTerms(uses=2))
        assert await ledger.use(consent, "use_1") == UseTaken(use_id="use_1", counted=True)
        assert await ledger.use(consent, "use_2") == UseTaken(use_id="use_2", counted=True)
        assert await ledger.use(consent, "use_3") is ConsentFault.USED_UP
        assert (await ledger.consents())[0].used == 2
        await ledger.give_back(consent, "use_1")
        await ledger.give_back(consent, "use_1")  # nothing is given back twice
        assert await ledger.use(consent, "use_4") == UseTaken(use_id="use_4", counted=True)
        assert await ledger.use(consent, "use_5") is ConsentFault.USED_UP

    async def test_giving_back_what_was_never_taken_is_nothing(self, ledger: ConsentLedger) -> None:
        consent = await answered(ledger, a_question())
        await ledger.give_back(consent, "use_9")
        await ledger.give_back(Consent(request=a_question(request_id="req_9"), signed=consent.signed), "use_9")
        assert (await ledger.consents())[0].used == 0

    async def test_where_uses_are_not_bounded_they_are_not_counted(self, ledger: ConsentLedger) -> None:
        consent = await answered(ledger, a_question(), ConsentTerms(scope=ConsentScope.BROADCAST))
        for number in range(3):
            assert await ledger.use(consent, f"use_{number}") == UseTaken(use_id=f"use_{number}", counted=False)

    async def test_two_hundred_callers_and_ten_uses(self, ledger: ConsentLedger) -> None:
        consent = await answered(ledger, a_question(), ConsentTerms(uses=10))
        answers = await asyncio.gather(*(ledger.use(consent, f"use_{number}") for number in range(200)))
        assert sum(isinstance(answer, UseTaken) for answer in answers) == 10
        assert answers.count(ConsentFault.USED_UP) == 190

    async def test_what_was_revoked_is_used_no_more_and_says_since_when(
        self, ledger: ConsentLedger, clock: FrozenClock
    ) -> None:
        consent = await answered(ledger, a_question())
        assert await ledger.revoke(["req_1", "req_9"], user_id="ada", reason="mistake") == ("req_1",)
        assert await ledger.revoke(["req_1"], user_id="ada") == ()
        assert await ledger.use(consent, "use_1") is ConsentFault.REVOKED
        (kept,) = (await ledger.find(a_subject())).consents
        assert kept.revoked_at == clock.now()

    async def test_what_has_expired_is_used_no_more(self, ledger: ConsentLedger, clock: FrozenClock) -> None:
        consent = await answered(ledger, a_question(), ConsentTerms(valid_for_s=60))
        clock.advance(60)
        assert isinstance(await ledger.use(consent, "use_1"), UseTaken)
        await ledger.give_back(consent, "use_1")
        clock.advance(0.001)
        assert await ledger.use(consent, "use_2") is ConsentFault.EXPIRED

    async def test_a_clock_that_is_set_back_makes_nothing_valid_again(
        self, ledger: ConsentLedger, clock: FrozenClock
    ) -> None:
        consent = await answered(ledger, a_question(), ConsentTerms(valid_for_s=60))
        clock.advance(61)
        await ledger.ask(a_question(a_subject(body_sha256="cd" * 32), request_id="req_2"))
        clock.moment -= timedelta(hours=1)
        assert await ledger.use(consent, "use_1") is not None
        assert not isinstance(await ledger.use(consent, "use_1"), UseTaken)
        latest = (await ledger.find(a_subject())).latest
        assert latest is not None
        assert latest > clock.now()

    async def test_another_decision_than_the_one_that_was_judged_is_not_used(self, ledger: ConsentLedger) -> None:
        consent = await answered(ledger, a_question())
        other = evolve(consent, signed=SignedReceipt(text=receipt_text(a_receipt(consent_id="consent_9"))))
        assert await ledger.use(other, "use_1") is ConsentFault.NONE
        assert await ledger.use(evolve(consent, request=a_question(request_id="req_9")), "use_1") is ConsentFault.NONE

    async def test_it_can_be_closed_twice(self, ledger: ConsentLedger) -> None:
        await ledger.ask(a_question())
        await ledger.flush()
        assert len(await ledger.waiting()) == 1
        await ledger.aclose()
        await ledger.aclose()
