"""What a call would need consent for: said when somebody asks, and the same whenever that is."""

import copy
import pickle
from collections.abc import Coroutine
from decimal import Decimal
from hashlib import sha256
from typing import Final

import pytest
from attrs import evolve

from provider_runtime.adapters.governance.consents import MemoryConsentLedger
from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.consents.guard import ConsentGuard
from provider_runtime.application.consents.subjects import Subjects
from provider_runtime.application.gates.consent import ConsentGate
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.pricing import PriceRule, PricingTable
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.decisions import SignedReceipt
from provider_runtime.domain.policy.consent.reading import receipt_text
from provider_runtime.domain.policy.consent.subject import ConsentScope, ConsentSubject, standing_of
from provider_runtime.domain.policy.consent.verdicts import Trust
from provider_runtime.domain.policy.governance import ConsentRule
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.consents import a_question, a_receipt
from provider_runtime.testing.fakes import FixedRandomness, FrozenClock
from provider_runtime.testing.stages import a_prepared_call

SAID: Final = "Where does the canary live?"


@pytest.fixture
def prepared() -> PreparedCall:
    return a_prepared_call(a_request(SAID, max_output_tokens=100))


@pytest.fixture
def subjects(prepared: PreparedCall) -> Subjects:
    route = prepared.routed.route
    price = PriceRule(
        provider=route.provider_id,
        model_pattern="*",
        input_cost_per_token=Decimal("0.000001"),
        output_cost_per_token=Decimal("0.000002"),
    )
    prices = PricingTable(rules=(price,))
    worst = WorstCases(catalog=ActiveCatalog(ModelCatalog()), prices=prices)
    return Subjects(runtime=RuntimeId("desk"), policy_version="1", worst_cases=worst)


async def a_gate(subjects: Subjects, prepared: PreparedCall, terms: ConsentTerms) -> ConsentGate:
    """A gate over a ledger with one consent, to that call, on these terms."""
    ledger, clock = MemoryConsentLedger(clock=FrozenClock()), FrozenClock()
    question = await ledger.ask(a_question(subjects.of(prepared).kept(), scope=terms.scope))
    await ledger.decide(question.request_id, SignedReceipt(text=receipt_text(a_receipt(question, terms=terms))))
    guard = ConsentGuard(ledger=ledger, trust=Trust(unsigned=True), clock=clock, randomness=FixedRandomness())
    return ConsentGate(guard=guard, subjects=subjects, rule=ConsentRule.ALWAYS)


async def judged(gate: ConsentGate, prepared: PreparedCall) -> Verdict:
    verdict = gate.judge(prepared, rehearsal=False)
    return await verdict if isinstance(verdict, Coroutine) else verdict


def test_the_facts_of_a_call_are_those_of_its_bytes(subjects: Subjects, prepared: PreparedCall) -> None:
    subject = subjects.of(prepared)
    kept = subject.kept()
    assert type(kept) is ConsentSubject
    for facts in (subject, kept):
        assert facts.body_sha256 == sha256(prepared.exchange.body).hexdigest()
        assert facts.body_bytes == len(prepared.exchange.body)
        assert facts.worst_cost_nano_usd == subjects.worst_cases.nano_usd(prepared)
        assert facts.worst_cost_nano_usd
    assert subjects.plan(prepared).subject == kept


@pytest.mark.parametrize("labels", [{}, {"tenant": "acme"}, {"purpose": "billing"}, {"tenant": "bolt", "other": "x"}])
def test_what_a_consent_is_bound_to_are_the_facts_of_this_very_call(
    subjects: Subjects, prepared: PreparedCall, labels: dict[str, str]
) -> None:
    subjects.of(prepared)  # what is the same for other calls of the model is known by now
    call = prepared.routed.call
    options = evolve(call.terms.options, metadata=labels)
    labelled = evolve(call, terms=evolve(call.terms, options=options))
    subject = subjects.of(evolve(prepared, routed=evolve(prepared.routed, call=labelled)))
    assert (subject.tenant, subject.purpose) == (labels.get("tenant"), labels.get("purpose"))
    assert subject.standing == subject.kept().standing == standing_of(subject)


async def test_a_cost_that_cannot_be_worked_out_is_covered_by_no_ceiling(
    subjects: Subjects, prepared: PreparedCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceiling = ConsentTerms(scope=ConsentScope.BROADCAST, max_cost_nano_usd=10**12)
    gate = await a_gate(subjects, prepared, ceiling)
    assert isinstance(await judged(gate, prepared), Pass)

    def no_price(_worst: WorstCases, _prepared: PreparedCall) -> int:
        raise LookupError("no such price")

    monkeypatch.setattr(WorstCases, "nano_usd", no_price)
    verdict = await judged(gate, prepared)
    assert isinstance(verdict, Refusal)
    assert verdict.error.code == "guard_failed"


def test_what_a_call_says_does_not_go_with_its_facts(subjects: Subjects, prepared: PreparedCall) -> None:
    subject = subjects.of(prepared)
    packed = pickle.dumps(subject)
    assert SAID.encode() not in packed
    assert SAID not in repr(subject)
    assert pickle.loads(packed) == copy.deepcopy(subject) == copy.copy(subject) == subject.kept()  # noqa: S301 - our own bytes


@pytest.mark.parametrize("scope", [ConsentScope.SINGLE_CALL, ConsentScope.BROADCAST])
async def test_bytes_are_hashed_where_a_consent_is_for_them(
    subjects: Subjects, prepared: PreparedCall, scope: ConsentScope
) -> None:
    gate = await a_gate(subjects, prepared, ConsentTerms(scope=scope))
    again = a_prepared_call(a_request(SAID, max_output_tokens=100))
    passed = await judged(gate, again)
    assert isinstance(passed, Pass)
    assert passed.consented is not None
    assert ("body_sha256" in vars(passed.consented.subject)) == (scope is ConsentScope.SINGLE_CALL)
