"""Consent as rules: nothing is covered that was not consented to, and no receipt says less than it binds."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import assume, given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.providers import ProviderConfig, Tier
from provider_runtime.domain.identity import ProfileId, ProviderId, RuntimeId
from provider_runtime.domain.policy.consent.coverage import fault_of_copy, fault_of_facts
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.plans import ProjectionPlan
from provider_runtime.domain.policy.consent.reading import read_receipt, receipt_text
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentScope, ConsentSubject, edition_of
from provider_runtime.domain.policy.consent.verdicts import (
    Found,
    Granted,
    Moment,
    Revocations,
    Trust,
    consent_verdict,
    decisions_of,
)
from provider_runtime.testing.consents import NOON, a_consent, a_plan, a_question, a_receipt, a_subject
from provider_runtime.testing.strategies.providers import provider_configs

_WORD = st.from_regex(r"[a-z][a-z0-9-]{0,11}", fullmatch=True)
_HEX = st.integers(0, 2**256 - 1)
_PROFILE = st.integers(0, 2**64 - 1).map(lambda number: ProfileId(f"team@{number:016x}"))
FACTS: dict[str, st.SearchStrategy[Any]] = {
    "runtime": _WORD.map(RuntimeId),
    "tenant": st.none() | _WORD,
    "purpose": st.none() | _WORD,
    "provider": _WORD.map(ProviderId),
    "record": st.integers(0, 2**64 - 1).map("{:016x}".format),
    "origin": _WORD.map("https://{}.example.com:443".format),
    "tier": st.sampled_from(Tier),
    "model": _WORD,
    "body_sha256": _HEX.map("{:064x}".format),
    "body_bytes": st.integers(0, 2_000_000),
    "worst_cost_nano_usd": st.none() | st.integers(0, 10**9),
    "session": st.none() | _WORD,
    "profile": st.none() | _PROFILE,
    "data_classes": st.sets(st.sampled_from(["low", "medium", "unclassified"]), min_size=1).map(sorted).map(tuple),
    "policy_version": _WORD,
}
subjects = st.builds(ConsentSubject, **FACTS)


@st.composite
def terms_for(draw: st.DrawFn, subject: ConsentSubject) -> ConsentTerms:
    """Terms that the call can have."""
    scopes = [ConsentScope.SINGLE_CALL, ConsentScope.BROADCAST]
    scopes += [ConsentScope.SESSION] if subject.session else []
    scopes += [ConsentScope.PROFILE] if subject.profile else []
    scope = draw(st.sampled_from(scopes))
    listed = draw(st.lists(_WORD, max_size=2)) if scope in {ConsentScope.BROADCAST, ConsentScope.PROFILE} else []
    return ConsentTerms(
        scope=scope,
        session_ids=tuple(listed),
        uses=draw(st.none() | st.integers(1, 5)),
        max_bytes=draw(st.none() | st.integers(0, 2_000_000)),
        max_cost_nano_usd=draw(st.none() | st.integers(0, 10**9)),
        valid_for_s=draw(st.none() | st.integers(1, 10_000)),
    )


@st.composite
def consents(draw: st.DrawFn) -> tuple[ConsentSubject, Consent, ConsentReceipt]:
    """A call, and a consent to it."""
    subject = draw(subjects)
    question = a_question(subject)
    receipt = a_receipt(question, terms=draw(terms_for(subject)))
    return subject, a_consent(question, receipt), receipt


def covers(subject: ConsentSubject, consent: Consent, now: datetime = NOON) -> bool:
    found = Found(consents=(consent,), revocations=Revocations(as_of=now))
    trust = Trust(unsigned=True)
    decisions = decisions_of(found.consents, seals={}, trust=trust)
    verdict = consent_verdict(subject, found, decisions, trust=trust, moment=Moment(now=now))
    return isinstance(verdict, Granted)


@given(subjects)
def test_a_consent_with_nothing_said_covers_the_call_that_was_asked_about(subject: ConsentSubject) -> None:
    assert covers(subject, a_consent(a_question(subject)))


@given(consents(), st.data())
def test_no_call_that_differs_in_a_fact_a_consent_is_bound_to_is_covered(
    consented: tuple[ConsentSubject, Consent, ConsentReceipt], data: st.DataObject
) -> None:
    subject, consent, receipt = consented
    bound = {"runtime", "tenant", "purpose", "provider", "record", "origin", "tier", "model", "policy_version"}
    if receipt.scope is ConsentScope.SINGLE_CALL:
        bound |= {"body_sha256", "session"}
    if receipt.scope is ConsentScope.SESSION:
        bound |= {"session"}
    if receipt.scope is ConsentScope.PROFILE:
        bound |= {"profile"}
    name = data.draw(st.sampled_from(sorted(bound)))
    other = data.draw(FACTS[name])
    assume(other != getattr(subject, name))
    assert not covers(evolve(subject, **{name: other}), consent)


@given(consents(), subjects)
def test_whatever_is_covered_stays_within_what_was_said(
    consented: tuple[ConsentSubject, Consent, ConsentReceipt], other: ConsentSubject
) -> None:
    subject, consent, receipt = consented
    # The other call, made as much like the first as its own scope leaves open.
    near = evolve(
        other,
        runtime=subject.runtime,
        tenant=subject.tenant,
        purpose=subject.purpose,
        provider=subject.provider,
        record=subject.record,
        origin=subject.origin,
        tier=subject.tier,
        model=subject.model,
        policy_version=subject.policy_version,
    )
    if not covers(near, consent):
        return
    assert near.body_bytes <= receipt.max_bytes
    assert set(near.data_classes) <= set(receipt.data_classes)
    if receipt.max_cost_nano_usd is not None:
        assert near.worst_cost_nano_usd is not None
        assert near.worst_cost_nano_usd <= receipt.max_cost_nano_usd
    if receipt.scope is not ConsentScope.PROFILE:
        assert near.session in receipt.session_ids or (near.session is None and not receipt.session_ids)
    if receipt.scope is ConsentScope.SINGLE_CALL:
        assert near.body_sha256 == receipt.body_sha256


@given(consents(), st.lists(st.sampled_from(sorted(FACTS)), max_size=4), subjects)
def test_of_the_facts_that_differ_the_first_is_told(
    consented: tuple[ConsentSubject, Consent, ConsentReceipt], names: list[str], other: ConsentSubject
) -> None:
    subject, _, receipt = consented
    near = evolve(subject, **{name: getattr(other, name) for name in names})
    alike = ("tenant", "runtime", "provider", "origin", "tier", "record", "purpose", "policy_version")
    differing = [ConsentFault(name) for name in alike if getattr(near, name) != getattr(receipt, name)]
    differing += [ConsentFault.MODEL] if near.model not in receipt.models else []
    differing += [ConsentFault.DATA_CLASS] if not set(near.data_classes) <= set(receipt.data_classes) else []
    if differing:
        assert fault_of_facts(receipt, near) is min(differing, key=list(ConsentFault).index)
    elif (fault := fault_of_facts(receipt, near)) is not None:
        assert list(ConsentFault).index(fault) > list(ConsentFault).index(ConsentFault.POLICY_VERSION)


@given(consents(), st.integers(-100_000, 100_000))
def test_a_consent_covers_nothing_outside_its_time(
    consented: tuple[ConsentSubject, Consent, ConsentReceipt], seconds: int
) -> None:
    subject, consent, receipt = consented
    assume(fault_of_facts(receipt, subject) is None)
    now = NOON + timedelta(seconds=seconds)
    assert covers(subject, consent, now) == (receipt.valid_from <= now <= receipt.valid_until)


@given(subjects, st.data())
def test_a_receipt_copies_its_plan_and_any_other_is_no_answer_to_it(
    subject: ConsentSubject, data: st.DataObject
) -> None:
    question = a_question(subject)
    receipt = a_receipt(question, terms=data.draw(terms_for(subject)))
    assert fault_of_copy(receipt, question) is None
    other = a_question(data.draw(subjects))
    assume(other.plan.subject != subject)
    assert fault_of_copy(receipt, other) is not None


@given(consents())
def test_a_receipt_is_read_back_as_it_was_written(consented: tuple[ConsentSubject, Consent, ConsentReceipt]) -> None:
    receipt = consented[2]
    assert read_receipt(receipt_text(receipt)) == receipt


def test_the_text_that_is_signed_holds_every_field_of_a_receipt() -> None:
    receipt = a_receipt()
    text = receipt_text(receipt)
    for attribute in fields(ConsentReceipt):
        assert f'"{attribute.name}":' in text


@given(consents(), consents())
def test_two_receipts_are_one_text_only_if_they_are_one(
    one: tuple[ConsentSubject, Consent, ConsentReceipt], other: tuple[ConsentSubject, Consent, ConsentReceipt]
) -> None:
    assert (receipt_text(one[2]) == receipt_text(other[2])) == (one[2] == other[2])


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_no_text_whatever_makes_reading_fail(text: str) -> None:
    assert not isinstance(read_receipt(text), ConsentReceipt)


@given(consents(), st.data())
def test_a_receipt_with_a_piece_torn_out_never_covers_more(
    consented: tuple[ConsentSubject, Consent, ConsentReceipt], data: st.DataObject
) -> None:
    subject, consent, _ = consented
    text = consent.signed.text
    start = data.draw(st.integers(0, len(text) - 1))
    torn = text[:start] + text[start + data.draw(st.integers(1, 40)) :]
    read = read_receipt(torn)
    if isinstance(read, ConsentReceipt):  # a note or a name lost some letters; a field with a default its value
        assert fault_of_copy(read, consent.request) is not None or read.body_sha256 == subject.body_sha256


@given(subjects, st.data())
def test_a_plan_has_an_id_of_its_own_for_whatever_it_says(subject: ConsentSubject, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FACTS)))
    other = evolve(subject, **{name: data.draw(FACTS[name])})
    assert (a_plan(subject).plan_id == a_plan(other).plan_id) == (subject == other)
    moved = ProjectionPlan(subject=subject, endpoint="https://elsewhere.example.com/")
    assert moved.plan_id != a_plan(subject).plan_id
    assert evolve(a_plan(subject), warnings=("dropped_control",)).plan_id != a_plan(subject).plan_id


@given(provider_configs(), st.data())
def test_an_edition_is_another_after_each_change_of_who_gets_what(config: ProviderConfig, data: st.DataObject) -> None:
    edition = edition_of(config, "runtime")
    assert edition == edition_of(config, "runtime")
    assert edition != edition_of(config, "call")
    assert edition != edition_of(evolve(config, base_url=f"{config.base_url}/moved"), "runtime")
    assert edition != edition_of(evolve(config, headers={**config.headers, "x-gateway": "other"}), "runtime")
    assert edition != edition_of(evolve(config, options={**config.options, "zero_retention": False}), "runtime")
    assert edition == edition_of(evolve(config, default_model=data.draw(_WORD)), "runtime")


@pytest.mark.parametrize(
    ("name", "value"), [("body_sha256", "ABC"), ("record", "x"), ("body_bytes", -1), ("origin", ""), ("model", "")]
)
def test_a_subject_that_cannot_be_right_names_the_field(name: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError), match=name):
        a_subject(**{name: value})


def test_a_signed_receipt_is_told_apart_by_its_seal() -> None:
    text = receipt_text(a_receipt())
    assert SignedReceipt(text=text) == SignedReceipt(text=text)
    assert hash(SignedReceipt(text=text)) == hash(SignedReceipt(text=text))
