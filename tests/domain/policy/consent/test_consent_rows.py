"""Every row of reliability §3.8 and every check of semantics C.5, each with the reason it is told with."""

import json
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import (
    ConsentExpired,
    ConsentMismatch,
    ConsentRefused,
    ConsentRequired,
    ConsentRevoked,
    ConsentUsed,
    ErrorCode,
    GuardFailed,
    consent_refusal,
)
from provider_runtime.domain.identity import KeyId, ProfileId
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt
from provider_runtime.domain.policy.consent.faults import ConsentFamily, ConsentFault
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.reading import receipt_text
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentScope, ConsentSubject
from provider_runtime.domain.policy.consent.verdicts import (
    Found,
    Granted,
    Moment,
    Revocations,
    Trust,
    Withheld,
    consent_verdict,
    decisions_of,
)
from provider_runtime.domain.seals import Seal, SealVerdict
from provider_runtime.testing.consents import NOON, a_consent, a_question, a_receipt, a_subject

KEY = KeyId("ed25519:0123456789abcdef")
SEAL = Seal(key_id=KEY, value="00" * 64)
ONE_PROFILE, OTHER_PROFILE = ProfileId("team@0123456789abcdef"), ProfileId("team@fedcba9876543210")


def verdict(
    subject: ConsentSubject,
    *consents: Consent,
    seals: dict[SignedReceipt, SealVerdict] | None = None,
    trust: Trust | None = None,
    moment: Moment | None = None,
    **found: Any,
) -> Granted | Withheld:
    usual = {"revocations": Revocations(as_of=NOON)}
    trusted = trust or Trust(unsigned=True)
    return consent_verdict(
        subject,
        Found(consents=consents, **{**usual, **found}),
        decisions_of(consents, seals=seals or {}, trust=trusted),
        trust=trusted,
        moment=moment or Moment(now=NOON),
    )


def fault(subject: ConsentSubject, *consents: Consent, **others: Any) -> ConsentFault:
    withheld = verdict(subject, *consents, **others)
    assert isinstance(withheld, Withheld)
    return withheld.fault


def consented(terms: ConsentTerms | None = None, subject: ConsentSubject | None = None, **receipt: Any) -> Consent:
    question = a_question(subject)
    return a_consent(question, evolve(a_receipt(question, terms=terms), **receipt))


# ── what is let through ─────────────────────────────────────────────────────────────────────


def test_a_consent_to_these_very_bytes_lets_them_through() -> None:
    granted = verdict(a_subject(), consented())
    assert isinstance(granted, Granted)
    assert granted.receipt.consent_id == "consent_1"


def test_a_consent_for_one_conversation_lets_its_next_words_through() -> None:
    consent = consented(ConsentTerms(scope=ConsentScope.SESSION), a_subject(session="chat-7"))
    assert isinstance(verdict(a_subject(session="chat-7", body_sha256="cd" * 32), consent), Granted)


def test_a_consent_for_a_work_profile_lets_any_conversation_under_it_through() -> None:
    consent = consented(ConsentTerms(scope=ConsentScope.PROFILE), a_subject(profile=ONE_PROFILE))
    for session in (None, "chat-7"):
        subject = a_subject(profile=ONE_PROFILE, session=session, body_sha256="cd" * 32)
        assert isinstance(verdict(subject, consent), Granted)


def test_a_broadcast_lets_through_the_conversations_it_lists() -> None:
    consent = consented(ConsentTerms(scope=ConsentScope.BROADCAST, session_ids=("chat-7", "chat-8")))
    for session in ("chat-7", "chat-8"):
        assert isinstance(verdict(a_subject(session=session), consent), Granted)


def test_the_ends_of_its_validity_are_still_inside() -> None:
    consent = consented(ConsentTerms(valid_for_s=60, valid_from=NOON + timedelta(seconds=30)))
    for seconds in (30, 90):
        assert isinstance(verdict(a_subject(), consent, moment=Moment(now=NOON + timedelta(seconds=seconds))), Granted)


# ── none, unreadable, unknown version, unknown field marked critical ────────────────────────


def test_without_any_consent_it_is_required() -> None:
    assert fault(a_subject()) is ConsentFault.NONE


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        "{}",
        '{"kind":"provider_runtime.consent_receipt"}',
        '{"kind":"provider_runtime.consent_receipt","version":1}',
        '{"kind":"provider_runtime.consent_receipt","version":1,"version":1}',
        "[" * 100_000,
        " " * 100_000,
    ],
)
def test_a_decision_that_cannot_be_read_is_no_consent(text: str) -> None:
    broken = evolve(consented(), signed=SignedReceipt(text=text))
    assert fault(a_subject(), broken) in {ConsentFault.UNREADABLE, ConsentFault.UNKNOWN_VERSION}


def test_a_decision_whose_name_stands_twice_is_not_read_either_way() -> None:
    text = consented().signed.text
    twice = evolve(consented(), signed=SignedReceipt(text=f'{{"approved":false,{text[1:]}'))
    assert fault(a_subject(), twice) is ConsentFault.UNREADABLE


@pytest.mark.parametrize("version", [0, 2, 1.0, "1", True, None])
def test_a_decision_of_an_unknown_version_is_no_consent(version: object) -> None:
    contents = {**json.loads(consented().signed.text), "version": version}
    other = evolve(consented(), signed=SignedReceipt(text=json.dumps(contents)))
    assert fault(a_subject(), other) is ConsentFault.UNKNOWN_VERSION


def test_an_unknown_field_that_is_marked_critical_is_no_consent_and_any_other_is_passed_over() -> None:
    contents = {**json.loads(consented().signed.text), "second_person": "grace"}
    passed_over = evolve(consented(), signed=SignedReceipt(text=json.dumps(contents)))
    assert isinstance(verdict(a_subject(), passed_over), Granted)
    critical = SignedReceipt(text=json.dumps({**contents, "critical": ["second_person"]}))
    assert fault(a_subject(), evolve(consented(), signed=critical)) is ConsentFault.UNKNOWN_CRITICAL


def test_a_decision_on_these_bytes_that_cannot_be_read_silences_an_older_consent() -> None:
    older = consented()
    newer = Consent(request=a_question(request_id="req_2"), signed=SignedReceipt(text="{"))
    assert fault(a_subject(), newer, older) is ConsentFault.UNREADABLE
    elsewhere = evolve(newer, request=a_question(a_subject(body_sha256="cd" * 32), request_id="req_2"))
    assert isinstance(verdict(a_subject(), elsewhere, older), Granted)


def test_a_forged_decision_on_these_bytes_silences_an_older_consent() -> None:
    """It might have been a denial before somebody changed it."""
    later = a_question(request_id="req_2")
    older, forged = consented(), signed(a_consent(later, a_receipt(later)))
    seals = {forged.signed: SealVerdict.FORGED}
    assert fault(a_subject(), forged, older, seals=seals) is ConsentFault.FORGED


# ── signature and issuer ────────────────────────────────────────────────────────────────────


def signed(consent: Consent) -> Consent:
    return evolve(consent, signed=evolve(consent.signed, seal=SEAL))


def test_an_unsigned_consent_counts_only_where_that_is_allowed() -> None:
    assert fault(a_subject(), consented(), trust=Trust()) is ConsentFault.UNSIGNED


@pytest.mark.parametrize(
    ("worth", "told"),
    [(SealVerdict.UNKNOWN_KEY, ConsentFault.UNKNOWN_KEY), (SealVerdict.FORGED, ConsentFault.FORGED)],
)
def test_a_seal_that_proves_nothing(worth: SealVerdict, told: ConsentFault) -> None:
    consent = signed(consented())
    trust = Trust(issuers={KEY: frozenset({"desk"})}, unsigned=True)
    assert fault(a_subject(), consent, seals={consent.signed: worth}, trust=trust) is told


def test_a_seal_that_nobody_checked_proves_nothing() -> None:
    trust = Trust(issuers={KEY: frozenset({"desk"})})
    assert fault(a_subject(), signed(consented()), trust=trust) is ConsentFault.UNKNOWN_KEY


def test_a_key_signs_in_its_own_name_only() -> None:
    consent = signed(consented())
    seals = {consent.signed: SealVerdict.GENUINE}
    other = Trust(issuers={KEY: frozenset({"operations"})})
    assert fault(a_subject(), consent, seals=seals, trust=other) is ConsentFault.ISSUER
    own = Trust(issuers={KEY: frozenset({"operations", "desk"})})
    assert isinstance(verdict(a_subject(), consent, seals=seals, trust=own), Granted)


# ── the answer to what was asked ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"request_id": "req_2"}, ConsentFault.REQUEST),
        ({"plan_id": "plan_2"}, ConsentFault.PLAN),
        ({"body_sha256": "cd" * 32}, ConsentFault.PLAN_DIGEST),
        ({"models": ("gpt-5",)}, ConsentFault.NOT_COPIED),
        ({"origin": "https://api.example.com:443"}, ConsentFault.NOT_COPIED),
        ({"data_classes": ("high",)}, ConsentFault.NOT_COPIED),
        ({"tenant": "acme"}, ConsentFault.NOT_COPIED),
        ({"tier": Tier.LOCAL}, ConsentFault.NOT_COPIED),
    ],
)
def test_a_receipt_is_the_answer_to_the_plan_it_is_kept_with(changes: dict[str, Any], told: ConsentFault) -> None:
    assert fault(a_subject(), consented(**changes)) is told


# ── tenant, runtime, provider, origin, tier, record, model, purpose, class, policy ──────────

_FACTS: list[tuple[dict[str, Any], ConsentFault]] = [
    ({"tenant": "acme"}, ConsentFault.TENANT),
    ({"runtime": "other"}, ConsentFault.RUNTIME),
    ({"provider": "anthropic"}, ConsentFault.PROVIDER),
    ({"origin": "https://api.openai.com:8443"}, ConsentFault.ORIGIN),
    ({"origin": "http://api.openai.com:443"}, ConsentFault.ORIGIN),
    ({"tier": Tier.LOCAL}, ConsentFault.TIER),
    ({"record": "fedcba9876543210"}, ConsentFault.RECORD),
    ({"model": "gpt-5"}, ConsentFault.MODEL),
    ({"purpose": "training"}, ConsentFault.PURPOSE),
    ({"data_classes": ("medium", "unclassified")}, ConsentFault.DATA_CLASS),
    ({"policy_version": "2"}, ConsentFault.POLICY_VERSION),
    ({"session": "chat-7"}, ConsentFault.SESSION_MISSING),
    ({"body_sha256": "cd" * 32}, ConsentFault.BODY),
    ({"body_bytes": 101}, ConsentFault.BYTES),
]


@pytest.mark.parametrize(("facts", "told"), _FACTS, ids=[fault.value for _, fault in _FACTS])
def test_a_consent_is_for_nothing_else(facts: dict[str, Any], told: ConsentFault) -> None:
    withheld = verdict(a_subject(**facts), consented())
    assert withheld == Withheld(fault=told, consent_id="consent_1")


def test_less_sensitive_content_is_covered_by_a_consent_to_more() -> None:
    consent = consented(subject=a_subject(data_classes=("low", "medium")))
    assert isinstance(verdict(a_subject(data_classes=("low",)), consent), Granted)


def test_the_ceilings_bound_each_call() -> None:
    wide = ConsentTerms(scope=ConsentScope.BROADCAST, max_bytes=200, max_cost_nano_usd=6000)
    assert isinstance(verdict(a_subject(body_bytes=200, worst_cost_nano_usd=6000), consented(wide)), Granted)
    assert fault(a_subject(body_bytes=201), consented(wide)) is ConsentFault.BYTES
    assert fault(a_subject(worst_cost_nano_usd=6001), consented(wide)) is ConsentFault.COST
    assert fault(a_subject(worst_cost_nano_usd=None), consented(wide)) is ConsentFault.COST


# ── scopes ──────────────────────────────────────────────────────────────────────────────────


def test_a_session_scoped_consent_names_exactly_the_session_of_the_call() -> None:
    consent = consented(ConsentTerms(scope=ConsentScope.SESSION), a_subject(session="chat-7"))
    assert fault(a_subject(session="chat-8"), consent) is ConsentFault.SESSION_NOT_LISTED
    assert fault(a_subject(), consent) is ConsentFault.SESSION_MISSING


def test_a_session_scoped_consent_that_names_two_or_none_is_for_nobody() -> None:
    seven = a_subject(session="chat-7")
    terms = ConsentTerms(scope=ConsentScope.SESSION)
    two = consented(terms, seven, session_ids=("chat-7", "chat-8"))
    assert fault(seven, two) is ConsentFault.SEVERAL_SESSIONS
    assert fault(seven, consented(terms, seven, session_ids=())) is ConsentFault.SESSION_MISSING


def test_a_broadcast_is_not_for_a_session_it_does_not_list() -> None:
    terms = ConsentTerms(scope=ConsentScope.BROADCAST, session_ids=("chat-7",))
    assert fault(a_subject(session="chat-8"), consented(terms)) is ConsentFault.SESSION_NOT_LISTED
    assert fault(a_subject(), consented(terms)) is ConsentFault.SESSION_MISSING
    assert fault(a_subject(session="chat-8"), consented(evolve(terms, session_ids=()))) is ConsentFault.SESSION_MISSING


def test_a_consent_for_a_profile_is_for_that_edition_of_it_alone() -> None:
    consent = consented(ConsentTerms(scope=ConsentScope.PROFILE), a_subject(profile=ONE_PROFILE))
    assert fault(a_subject(profile=OTHER_PROFILE), consent) is ConsentFault.PROFILE
    assert fault(a_subject(), consent) is ConsentFault.PROFILE
    listed = ConsentTerms(scope=ConsentScope.PROFILE, session_ids=("chat-7",))
    confined = consented(listed, a_subject(profile=ONE_PROFILE))
    told = fault(a_subject(profile=ONE_PROFILE, session="chat-8"), confined)
    assert told is ConsentFault.SESSION_NOT_LISTED


# ── approved, revoked, not yet valid, expired, clock, used ──────────────────────────────────


def test_a_denial_is_an_answer() -> None:
    denied = a_consent(a_question(), a_receipt(approved=False))
    assert verdict(a_subject(), denied) == Withheld(fault=ConsentFault.DENIED, consent_id="consent_1")


def test_the_newest_of_consent_and_denial_decides() -> None:
    later = a_question(request_id="req_2")
    yes, no = consented(), a_consent(later, a_receipt(later, approved=False))
    assert fault(a_subject(), no, yes) is ConsentFault.DENIED
    first_no = a_consent(a_question(), a_receipt(approved=False))
    assert isinstance(verdict(a_subject(), a_consent(later, a_receipt(later)), first_no), Granted)


def test_a_denial_of_these_bytes_beats_an_older_consent_for_the_conversation() -> None:
    seven = a_subject(session="chat-7")
    wide = consented(ConsentTerms(scope=ConsentScope.SESSION), seven)
    later = a_question(evolve(seven, body_sha256="cd" * 32), request_id="req_2")
    no = a_consent(later, a_receipt(later, approved=False))
    assert fault(later.plan.subject, no, wide) is ConsentFault.DENIED
    assert isinstance(verdict(seven, no, wide), Granted)


def test_a_denial_of_something_else_or_of_long_ago_is_nobody_s_consent() -> None:
    no = a_consent(a_question(), a_receipt(approved=False))
    assert fault(a_subject(body_sha256="cd" * 32), no) is ConsentFault.NONE
    assert (
        fault(
            a_subject(),
            no,
            moment=Moment(now=NOON + timedelta(days=9)),
            revocations=Revocations(as_of=NOON + timedelta(days=9)),
        )
        is ConsentFault.NONE
    )


def test_what_was_revoked_in_the_ledger_or_on_a_list_is_no_consent() -> None:
    assert fault(a_subject(), evolve(consented(), revoked_at=NOON)) is ConsentFault.REVOKED
    listed = Revocations(as_of=NOON, consent_ids=frozenset({"consent_1"}))
    assert fault(a_subject(), consented(), revocations=listed) is ConsentFault.REVOKED


def test_a_list_of_revocations_that_is_unreachable_or_too_old_lets_nothing_through() -> None:
    assert fault(a_subject(), consented(), revocations=None) is ConsentFault.REVOCATIONS_UNREACHABLE
    old = Revocations(as_of=NOON - timedelta(minutes=5, seconds=1))
    assert fault(a_subject(), consented(), revocations=old) is ConsentFault.REVOCATIONS_STALE
    young = Revocations(as_of=NOON - timedelta(minutes=5))
    assert isinstance(verdict(a_subject(), consented(), revocations=young), Granted)


def test_a_consent_that_is_not_valid_yet_or_no_more() -> None:
    consent = consented(ConsentTerms(valid_from=NOON + timedelta(seconds=1), valid_for_s=60))
    assert fault(a_subject(), consent) is ConsentFault.NOT_YET_VALID
    assert fault(a_subject(), consent, moment=Moment(now=NOON + timedelta(seconds=61.001))) is ConsentFault.EXPIRED


def test_a_clock_that_ran_back_behind_the_ledger_or_the_call_itself() -> None:
    assert fault(a_subject(), consented(), latest=NOON + timedelta(seconds=3)) is ConsentFault.CLOCK_RAN_BACK
    since = Moment(now=NOON, since=NOON + timedelta(seconds=3))
    assert fault(a_subject(), consented(), moment=since) is ConsentFault.CLOCK_RAN_BACK
    assert isinstance(verdict(a_subject(), consented(), latest=NOON + timedelta(seconds=2)), Granted)


def test_a_clock_that_ran_back_a_little_does_not_prolong_a_consent() -> None:
    consent = consented(ConsentTerms(valid_for_s=60))
    moment = Moment(now=NOON + timedelta(seconds=59), since=NOON + timedelta(seconds=60.5))
    assert fault(a_subject(), consent, moment=moment) is ConsentFault.EXPIRED


def test_a_consent_whose_uses_are_spent() -> None:
    assert fault(a_subject(), evolve(consented(), used=1)) is ConsentFault.USED_UP
    assert isinstance(verdict(a_subject(), evolve(consented(ConsentTerms(uses=2)), used=1)), Granted)


def test_two_answers_are_no_answer() -> None:
    yes = consented()
    assert fault(a_subject(), yes, yes) is ConsentFault.TWO_ANSWERS
    same_question = a_consent(a_question(), a_receipt(consent_id="consent_9"))
    assert fault(a_subject(), yes, same_question) is ConsentFault.TWO_ANSWERS
    later = a_question(request_id="req_2")
    same_name = a_consent(later, a_receipt(later, consent_id="consent_1"))
    assert fault(a_subject(), same_name, yes) is ConsentFault.TWO_ANSWERS


def test_of_several_consents_the_one_that_came_furthest_is_told_of() -> None:
    other_model = consented(subject=a_subject(model="gpt-5"))
    later = a_question(request_id="req_2")
    expired = a_consent(later, a_receipt(later, terms=ConsentTerms(valid_for_s=1)))
    moment = Moment(now=NOON + timedelta(seconds=2))
    for order in ((other_model, expired), (expired, other_model)):
        assert verdict(a_subject(), *order, moment=moment) == Withheld(
            fault=ConsentFault.EXPIRED, consent_id="consent_2"
        )


def test_a_spent_consent_does_not_hide_another_one_that_holds() -> None:
    later = a_question(request_id="req_2")
    spent = a_consent(later, a_receipt(later), used=1)
    granted = verdict(a_subject(), spent, consented())
    assert isinstance(granted, Granted)
    assert granted.receipt.consent_id == "consent_1"


# ── how they are told ───────────────────────────────────────────────────────────────────────

_CLASSES = {
    ConsentFamily.REQUIRED: (ConsentRequired, ErrorCode.CONSENT_REQUIRED, "HSK-403-CLOUD-CONSENT-REQUIRED"),
    ConsentFamily.MISMATCH: (ConsentMismatch, ErrorCode.CONSENT_MISMATCH, "HSK-403-CLOUD-CONSENT-MISMATCH"),
    ConsentFamily.EXPIRED: (ConsentExpired, ErrorCode.CONSENT_EXPIRED, "HSK-403-CLOUD-CONSENT-MISMATCH"),
    ConsentFamily.USED: (ConsentUsed, ErrorCode.CONSENT_USED, "HSK-403-CLOUD-CONSENT-MISMATCH"),
    ConsentFamily.REVOKED: (ConsentRevoked, ErrorCode.CONSENT_REVOKED, "HSK-403-CLOUD-CONSENT-MISMATCH"),
    ConsentFamily.GUARD_FAILED: (GuardFailed, ErrorCode.GUARD_FAILED, None),
}


@pytest.mark.parametrize("told", ConsentFault)
def test_each_reason_has_its_class_its_code_and_words_of_its_own(told: ConsentFault) -> None:
    refused = consent_refusal(told, "consent_1")
    kind, code, hsk_code = _CLASSES[told.family]
    assert type(refused) is kind
    assert (refused.code, refused.hsk_code, refused.fault, refused.gate) == (code, hsk_code, told, "consent")
    assert refused.consent_id == "consent_1"
    assert refused.remedy
    assert not refused.sent
    assert f"fault={told}" in str(refused)
    others = [consent_refusal(other).message for other in ConsentFault if other is not told]
    assert refused.message not in others


def test_all_refusals_for_want_of_consent_can_be_caught_as_one() -> None:
    assert all(isinstance(consent_refusal(told), ConsentRefused) for told in ConsentFault)


def test_the_receipt_and_the_request_print_no_text_that_was_sealed() -> None:
    assert "approved" not in repr(consented().signed)
    assert isinstance(a_receipt(), ConsentReceipt)
    assert isinstance(a_question(), ConsentRequest)
    assert receipt_text(a_receipt()) == receipt_text(a_receipt())
