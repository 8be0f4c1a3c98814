"""The red team's cases: replay, changes after the fact, locked governance; and no sink holds what was said."""

import json
from hashlib import sha256

import pytest
from attrs import evolve
from consenting.asking import TALK, WORDS, consented
from consenting.cloud import CLOUD, opened, settings_in

from provider_runtime import (
    ConsentFault,
    ConsentMismatch,
    ConsentRequired,
    ConsentScope,
    ConsentTerms,
    ConsentUsed,
    ErrorCode,
    GovernanceLocked,
    GovernancePolicy,
    LeakageRefused,
)
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder
from provider_runtime.testing.sandbox import Sandbox

# ── the red team: semantics C.10 ────────────────────────────────────────────────────────────


async def test_rt_cloud_001_a_cloud_call_without_a_consent_receipt_is_blocked_hard(sandbox: Sandbox) -> None:
    events = EventRecorder()
    async with opened(sandbox, event_sink=events) as runtime:
        with pytest.raises(ConsentRequired) as refused:
            await runtime.run(a_request(WORDS, model=CLOUD))
        plan = await runtime.explain(a_request(WORDS, model=CLOUD))
        (receipt,) = await runtime.receipts.list()
    assert sandbox.requests == ()
    assert refused.value.code is ErrorCode.CONSENT_REQUIRED
    assert refused.value.hsk_code == "HSK-403-CLOUD-CONSENT-REQUIRED"
    assert (refused.value.fault, refused.value.provider) == (ConsentFault.NONE, "openai")
    assert not plan.allowed
    assert (receipt.record.outcome, receipt.record.gates) == ("refused", ("consent:refused",))
    assert events.kinds == ("call_started", "cloud_denied", "call_refused")


async def test_rt_cloud_002_a_secret_is_blocked_although_somebody_consented(sandbox: Sandbox) -> None:
    secret = "ghp_Zk4Vw7Yq8Rt2xLm9Bn3Cd5Fg6Hj1KpQs0Tu"
    async with opened(sandbox) as runtime:
        wide = ConsentTerms(scope=ConsentScope.BROADCAST)
        await consented(runtime, a_request(WORDS, model=CLOUD), terms=wide)
        with pytest.raises(LeakageRefused) as refused:
            await runtime.run(a_request(f"remember {secret}", model=CLOUD))
        with pytest.raises(LeakageRefused):  # nobody is even asked
            await runtime.request_consent(a_request(f"remember {secret}", model=CLOUD))
        await runtime.run(a_request(WORDS, model=CLOUD))
        consents = await runtime.consents.consents()
    assert len(sandbox.requests) == 1
    assert secret not in f"{refused.value} {consents}"


async def test_rt_ssr_001_a_base_url_that_was_edited_after_the_consent_voids_it(sandbox: Sandbox) -> None:
    request, ledger = a_request(WORDS, model=CLOUD), None
    async with opened(sandbox) as runtime:
        await consented(runtime, request, terms=ConsentTerms(uses=9))
        await runtime.run(request)
        ledger = runtime.consents.ledger
    before = settings_in(sandbox)
    edited = tuple(
        evolve(record, base_url="https://attacker.example.org") if record.provider_id == "openai" else record
        for record in before.providers
    )
    async with opened(sandbox, evolve(before, providers=edited), consents=ledger) as runtime:
        with pytest.raises(ConsentMismatch) as refused:
            await runtime.run(request)
    assert refused.value.fault is ConsentFault.ORIGIN
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    "policy",
    [GovernancePolicy(mode="locked", consent="cloud"), GovernancePolicy.preset("locked")],
    ids=["locked", "preset"],
)
async def test_locked_governance_beats_every_consent(sandbox: Sandbox, policy: GovernancePolicy) -> None:
    request, events = a_request(WORDS, model=CLOUD), EventRecorder()
    async with opened(sandbox) as runtime:
        await consented(runtime, request)
        ledger = runtime.consents.ledger
    settings = settings_in(sandbox, policy=policy)
    async with opened(sandbox, settings, consents=ledger, event_sink=events) as runtime:
        with pytest.raises(GovernanceLocked):
            await runtime.run(request)
        with pytest.raises(GovernanceLocked):
            await runtime.request_consent(request)
        assert await runtime.consents.waiting() == ()
    assert sandbox.requests == ()
    (denied,) = (event for event in events.events if event.kind == "cloud_denied")
    assert (denied.error_code, denied.outcome) == ("governance_locked", "blocked")


async def test_a_consent_is_not_replayed_once_it_is_used(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox) as runtime:
        consent_id = await consented(runtime, request)
        await runtime.run(request)
        with pytest.raises(ConsentUsed) as refused:
            await runtime.run(request)
        first, second = (receipt.record for receipt in await runtime.receipts.list())
    assert (refused.value.code, refused.value.consent_id) == (ErrorCode.CONSENT_USED, consent_id)
    assert (first.consent_id, second.consent_id) == (consent_id, consent_id)
    assert (first.gates[4], second.gates) == ("consent:pass", ("consent:refused",))
    assert len(sandbox.requests) == 1


async def test_what_was_changed_after_the_consent_is_not_sent(sandbox: Sandbox) -> None:
    async with opened(sandbox) as runtime:
        await consented(runtime, a_request(WORDS, model=CLOUD))
        for changed in (
            a_request(f"{WORDS}.", model=CLOUD),
            a_request(WORDS, model=CLOUD, max_output_tokens=60),
            a_request(WORDS, model="openai:gpt-5"),
            a_request(WORDS, model="anthropic:claude-sonnet-4-5"),
        ):
            with pytest.raises(ConsentMismatch) as refused:
                await runtime.run(changed)
            assert refused.value.fault in {ConsentFault.BODY, ConsentFault.MODEL, ConsentFault.PROVIDER}
    assert sandbox.requests == ()


async def test_the_digest_that_is_shown_is_that_of_the_bytes_that_are_sent(sandbox: Sandbox) -> None:
    """T-CLOUD-002."""
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox) as runtime:
        plan = await runtime.explain(request)
        question = await runtime.request_consent(request)
        await runtime.consents.approve(question.request_id, user_id="ada")
        await runtime.run(request)
    (sent,) = sandbox.requests
    assert question.plan == plan.projection
    assert question.plan.subject.body_sha256 == sha256(sent.body).hexdigest() == plan.body_sha256
    assert question.plan.subject.body_bytes == len(sent.body)


# ── nothing of what was said ────────────────────────────────────────────────────────────────


async def test_no_sink_of_consent_holds_what_was_said(sandbox: Sandbox) -> None:
    events = EventRecorder()
    async with opened(sandbox, event_sink=events) as runtime:
        question = await runtime.request_consent(a_request(WORDS, model=CLOUD), TALK)
        plan = await runtime.explain(a_request(WORDS, model=CLOUD))
        receipt = await runtime.consents.approve(question.request_id, user_id="ada")
        await runtime.run(a_request(WORDS, model=CLOUD), TALK)
        told = [question, plan, plan.projection, receipt, *await runtime.consents.consents(), *events.events]
        texts = [consent.signed.text for consent in await runtime.consents.consents()]
    shown = f"{told} {texts} {json.dumps([event.kind for event in events.events])}"
    assert "Wilhelmina" not in shown
    assert "sandbox-key" not in shown
