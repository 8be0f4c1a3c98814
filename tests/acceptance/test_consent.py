"""Consent over whole calls, against a real server: nothing leaves without it, and it goes no further than it says."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from attrs import evolve
from consenting.cloud import CLOUD, LOCAL, opened, settings_in

from provider_runtime import (
    Amount,
    Budget,
    CallOptions,
    CallRefused,
    ConsentExpired,
    ConsentFault,
    ConsentMismatch,
    ConsentRefused,
    ConsentRequired,
    ConsentRevoked,
    ConsentScope,
    ConsentTerms,
    ConsentUsed,
    CredentialMissing,
    ErrorCode,
    FallbackPolicy,
    GovernanceLocked,
    GovernancePolicy,
    LeakageRefused,
    MissingProviderRuntimeError,
    ProviderRuntime,
    ProviderStatusError,
    RecordConflict,
    RecordMissing,
    RequestInvalid,
    RetryPolicy,
    Secret,
    Tier,
    local_server,
)
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FrozenClock
from provider_runtime.testing.sandbox import Fault, Sandbox

WORDS = "the patient is called Wilhelmina"
TALK = CallOptions(conversation_id="chat-7")
PATIENT = RetryPolicy(initial_backoff_ms=1, max_backoff_ms=2)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


async def consented(
    runtime: ProviderRuntime, request: Any, options: CallOptions | None = None, terms: ConsentTerms | None = None
) -> str:
    question = await runtime.request_consent(request, options)
    receipt = await runtime.consents.approve(question.request_id, user_id="ada", terms=terms or ConsentTerms())
    return receipt.consent_id


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


# ── who needs consent ───────────────────────────────────────────────────────────────────────


async def test_a_call_on_this_machine_needs_no_consent_unless_policy_always_wants_it(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=LOCAL)
    async with opened(sandbox) as runtime:
        await runtime.run(request)
    always = settings_in(sandbox, policy=GovernancePolicy(consent="always"))
    async with opened(sandbox, always) as runtime:
        with pytest.raises(ConsentRequired):
            await runtime.run(request)
        await consented(runtime, request)
        await runtime.run(request)
    assert len(sandbox.requests) == 2


async def test_a_host_of_one_s_own_network_is_not_this_machine(sandbox: Sandbox) -> None:
    elsewhere = evolve(local_server("http://10.1.2.3:8000/v1"), allowed_networks=("10.0.0.0/8",))
    async with opened(sandbox, settings_in(sandbox, providers=(elsewhere,), credentials={})) as runtime:
        with pytest.raises(ConsentRequired):
            await runtime.run(a_request(WORDS, model="local:small"))
    assert elsewhere.tier is Tier.LOCAL


async def test_where_policy_never_wants_consent_the_ledger_is_not_asked(sandbox: Sandbox) -> None:
    async with opened(sandbox, settings_in(sandbox, policy=GovernancePolicy())) as runtime:
        await runtime.run(a_request(WORDS, model=CLOUD))
        assert await runtime.consents.consents() == ()
        (receipt,) = await runtime.receipts.list()
    assert receipt.record.consent_id is None


async def test_a_runtime_without_a_ledger_says_what_it_lacks(sandbox: Sandbox) -> None:
    async with opened(sandbox, settings_in(sandbox, consents=None)) as runtime:
        with pytest.raises(CallRefused, match="consent ledger"):
            await runtime.run(a_request(WORDS, model=CLOUD))
        with pytest.raises(MissingProviderRuntimeError) as missing:
            await runtime.request_consent(a_request(WORDS, model=CLOUD))
    assert missing.value.missing_fields == ("consents",)


# ── asking and deciding ─────────────────────────────────────────────────────────────────────


async def test_each_question_is_answered_once_whatever_the_answer(sandbox: Sandbox) -> None:
    async with opened(sandbox) as runtime:
        question = await runtime.request_consent(a_request(WORDS, model=CLOUD))
        await runtime.consents.deny(question.request_id, user_id="ada")
        with pytest.raises(RecordConflict):
            await runtime.consents.approve(question.request_id, user_id="mallory")
        with pytest.raises(RecordMissing):
            await runtime.consents.approve("req_unheard_of", user_id="mallory")
        with pytest.raises(ConsentMismatch) as refused:
            await runtime.run(a_request(WORDS, model=CLOUD))
    assert refused.value.fault is ConsentFault.DENIED
    assert sandbox.requests == ()


async def test_after_a_denial_one_may_ask_anew_and_be_told_yes(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox) as runtime:
        first = await runtime.request_consent(request)
        await runtime.consents.deny(first.request_id, user_id="ada")
        again = await runtime.request_consent(request, reason="tests_failed_twice")
        assert again.request_id != first.request_id
        await runtime.consents.approve(again.request_id, user_id="ada")
        await runtime.run(request)
    assert len(sandbox.requests) == 1


async def test_the_same_question_is_put_once_and_a_changed_one_replaces_it(sandbox: Sandbox) -> None:
    events = EventRecorder()
    async with opened(sandbox, event_sink=events) as runtime:
        first = await runtime.request_consent(a_request(WORDS, model=CLOUD), TALK)
        assert await runtime.request_consent(a_request(WORDS, model=CLOUD), TALK) == first
        changed = await runtime.request_consent(a_request(f"{WORDS}.", model=CLOUD), TALK)
        assert await runtime.consents.waiting() == (changed,)
        with pytest.raises(RecordMissing):
            await runtime.consents.approve(first.request_id, user_id="ada")
    assert events.kinds == ("cloud_requested", "cloud_requested")


@pytest.mark.parametrize("asked", [{"reason": f"because {WORDS}"}, {"scope": "everything"}, {"reason": ""}])
async def test_a_question_that_is_none_names_the_field_and_quotes_nothing(
    sandbox: Sandbox, asked: dict[str, Any]
) -> None:
    async with opened(sandbox) as runtime:
        with pytest.raises(RequestInvalid) as refused:
            await runtime.request_consent(a_request(WORDS, model=CLOUD), **asked)
        assert await runtime.consents.waiting() == ()
    assert refused.value.field == next(iter(asked))
    assert "Wilhelmina" not in str(refused.value)


async def test_a_revoked_consent_is_none(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox) as runtime:
        consent_id = await consented(runtime, request)
        revoked = await runtime.consents.revoke(consent_id, user_id="ada", reason="mistake")
        assert revoked.revoked_at is not None
        with pytest.raises(ConsentRevoked):
            await runtime.run(request)
        with pytest.raises(RecordMissing):
            await runtime.consents.revoke("consent_unheard_of", user_id="ada")
    assert sandbox.requests == ()


async def test_a_consent_for_the_conversation_holds_for_it_and_for_no_other(sandbox: Sandbox) -> None:
    async with opened(sandbox) as runtime:
        terms = ConsentTerms(scope=ConsentScope.SESSION)
        await consented(runtime, a_request(WORDS, model=CLOUD), TALK, terms)
        for words in (WORDS, "And how old is she?"):
            await runtime.run(a_request(words, model=CLOUD), TALK)
        for options in (CallOptions(conversation_id="chat-8"), None):
            with pytest.raises(ConsentRefused):
                await runtime.run(a_request("And how old is she?", model=CLOUD), options)
    assert len(sandbox.requests) == 2


async def test_one_tenant_s_consent_is_not_even_seen_by_another(sandbox: Sandbox) -> None:
    acme, bolt = (CallOptions(metadata={"tenant": name}) for name in ("acme", "bolt"))
    async with opened(sandbox) as runtime:
        wide = ConsentTerms(scope=ConsentScope.BROADCAST)
        await consented(runtime, a_request(WORDS, model=CLOUD), acme, wide)
        await runtime.run(a_request(WORDS, model=CLOUD), acme)
        with pytest.raises(ConsentRequired) as refused:
            await runtime.run(a_request(WORDS, model=CLOUD), bolt)
    assert refused.value.consent_id is None
    assert len(sandbox.requests) == 1


async def test_another_key_is_another_account_and_not_consented_to(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox) as runtime:
        await consented(runtime, request, terms=ConsentTerms(uses=9))
        with pytest.raises(ConsentMismatch) as refused:
            await runtime.run(request, CallOptions(credential=Secret("sk-of-somebody-else")))
        assert refused.value.fault is ConsentFault.RECORD
        await runtime.run(request)
    assert len(sandbox.requests) == 1


# ── uses ────────────────────────────────────────────────────────────────────────────────────


async def test_of_two_hundred_callers_with_ten_uses_ten_are_let_through(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox) as runtime:
        await consented(runtime, request, terms=ConsentTerms(uses=10))
        answers = await asyncio.gather(*(runtime.run(request) for _ in range(200)), return_exceptions=True)
        (kept,) = await runtime.consents.consents()
    assert len(sandbox.requests) == 10
    assert sum(isinstance(answer, ConsentUsed) for answer in answers) == 190
    assert kept.used == 10


async def test_a_call_that_a_later_gate_refuses_uses_nothing_up(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD, max_output_tokens=50)
    budgets = (Budget(name="calls", limit=Amount.calls(1)),)
    async with opened(sandbox, settings_in(sandbox, budgets=budgets)) as runtime:
        await consented(runtime, request, terms=ConsentTerms(uses=2))
        await runtime.run(request)
        for _ in range(5):
            with pytest.raises(CallRefused) as refused:
                await runtime.run(request)
            assert refused.value.gate == "budget"
        (kept,) = await runtime.consents.consents()
    assert kept.used == 1
    assert len(sandbox.requests) == 1


async def test_a_consent_that_is_used_up_leaves_no_hold_in_the_budgets(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD, max_output_tokens=50)
    budgets = (Budget(name="calls", limit=Amount.calls(3)),)
    async with opened(sandbox, settings_in(sandbox, budgets=budgets)) as runtime:
        await consented(runtime, request, terms=ConsentTerms(uses=1))
        answers = await asyncio.gather(*(runtime.run(request) for _ in range(3)), return_exceptions=True)
        assert sum(isinstance(answer, ConsentUsed) for answer in answers) == 2
        await consented(runtime, request, terms=ConsentTerms(uses=2))
        await runtime.run(request)
        await runtime.run(request)
    assert len(sandbox.requests) == 3


async def test_a_call_of_which_nothing_was_sent_gives_its_use_back(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    keyless = settings_in(sandbox, credentials={})
    async with opened(sandbox, keyless) as runtime:
        await consented(runtime, request)
        for _ in range(2):
            with pytest.raises(CredentialMissing):
                await runtime.run(request)
        (kept,) = await runtime.consents.consents()
    assert kept.used == 0
    assert sandbox.requests == ()


async def test_a_provider_that_cannot_be_reached_uses_nothing_up_and_one_that_answers_badly_does(
    sandbox: Sandbox,
) -> None:
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox, settings_in(sandbox, retry=RetryPolicy(max_attempts=1))) as runtime:
        await consented(runtime, request)
        sandbox.fail_next(1, Fault.status(500))
        with pytest.raises(ProviderStatusError):
            await runtime.run(request)
        (kept,) = await runtime.consents.consents()
        assert kept.used == 1
        with pytest.raises(ConsentUsed):
            await runtime.run(request)
    settings = settings_in(sandbox, retry=RetryPolicy(max_attempts=1))
    async with Sandbox() as gone:
        pass
    async with opened(gone, settings) as runtime:
        await consented(runtime, request)
        with pytest.raises(Exception, match="connect"):
            await runtime.run(request)
        (kept,) = await runtime.consents.consents()
    assert kept.used == 0


async def test_a_caller_who_leaves_while_the_provider_thinks_has_used_the_consent(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    sandbox.fail_next(1, Fault.slow(30))
    async with opened(sandbox) as runtime:
        await consented(runtime, request)
        call = asyncio.ensure_future(runtime.run(request))
        while not sandbox.requests:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        (kept,) = await runtime.consents.consents()
    assert kept.used == 1


# ── before each retry ───────────────────────────────────────────────────────────────────────


async def test_a_retry_sends_the_same_bytes_on_the_same_use(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    sandbox.fail_next(1, Fault.status(503))
    async with opened(sandbox, settings_in(sandbox, retry=PATIENT)) as runtime:
        await consented(runtime, request)
        response = await runtime.run(request)
        (kept,) = await runtime.consents.consents()
    assert [attempt.outcome for attempt in response.attempts][-1] == "answered"
    assert len({one.body for one in sandbox.requests}) == 1
    assert (len(sandbox.requests), kept.used) == (2, 1)


async def test_a_consent_that_expires_between_attempts_ends_the_call_with_what_went_wrong_before(
    sandbox: Sandbox,
) -> None:
    clock, request = FrozenClock(), a_request(WORDS, model=CLOUD)
    sandbox.fail_next(3, Fault.status(503, retry_after_s=30))
    settings = settings_in(sandbox, retry=RetryPolicy(max_attempts=3))
    async with opened(sandbox, settings, clock=clock) as runtime:
        await consented(runtime, request, terms=ConsentTerms(valid_for_s=10))
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(request)
    assert failed.value.status_code == 503
    assert failed.value.retry_denied_by == "consent"
    assert len(sandbox.requests) == 1


async def test_a_consent_that_is_revoked_between_attempts_is_asked_for_in_vain(sandbox: Sandbox) -> None:
    request, waiting, go_on = a_request(WORDS, model=CLOUD), asyncio.Event(), asyncio.Event()

    class Halting(FrozenClock):
        async def sleep(self, seconds: float) -> None:
            waiting.set()
            await go_on.wait()
            self.advance(seconds)

    sandbox.fail_next(1, Fault.status(503))
    async with opened(sandbox, settings_in(sandbox, retry=PATIENT), clock=Halting()) as runtime:
        consent_id = await consented(runtime, request)
        call = asyncio.ensure_future(runtime.run(request))
        await waiting.wait()
        await runtime.consents.revoke(consent_id, user_id="ada")
        go_on.set()
        with pytest.raises(ProviderStatusError) as failed:
            await call
    assert failed.value.retry_denied_by == "consent"
    assert len(sandbox.requests) == 1


async def test_a_clock_that_is_set_back_between_attempts_ends_the_call(sandbox: Sandbox) -> None:
    class Unsteady(FrozenClock):
        back_s = 0.0

        def now(self) -> datetime:
            return super().now() - timedelta(seconds=self.back_s)

        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            self.back_s = 3600.0

    request = a_request(WORDS, model=CLOUD)
    sandbox.fail_next(1, Fault.status(503))
    async with opened(sandbox, settings_in(sandbox, retry=PATIENT), clock=Unsteady()) as runtime:
        await consented(runtime, request)
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(request)
        with pytest.raises(ConsentExpired) as refused:
            await runtime.run(request)
    assert failed.value.retry_denied_by == "consent"
    assert refused.value.fault is ConsentFault.CLOCK_RAN_BACK
    assert len(sandbox.requests) == 1


# ── fallback ────────────────────────────────────────────────────────────────────────────────


async def test_a_fallback_to_the_cloud_needs_a_consent_of_its_own(sandbox: Sandbox) -> None:
    fallback = FallbackPolicy(alternatives=(CLOUD,))
    request, events = a_request(WORDS, model=LOCAL), EventRecorder()
    settings = settings_in(sandbox, fallback=fallback, retry=RetryPolicy(max_attempts=1))
    async with opened(sandbox, settings, event_sink=events) as runtime:
        sandbox.fail_next(1, Fault.status(500), where="ollama")
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(request)
        assert [one.code for one in failed.value.passed_over] == ["server_error", "consent_required"]
        await consented(runtime, a_request(WORDS, model=CLOUD))
        sandbox.fail_next(1, Fault.status(500), where="ollama")
        response = await runtime.run(request)
    assert response.provider == "openai"
    assert [one.wire for one in sandbox.requests] == ["ollama", "ollama", "openai"]
    assert events.kinds.count("cloud_executed") == 1
    (denied,) = (event for event in events.events if event.kind == "cloud_denied")
    assert (denied.provider, denied.error_code, denied.attempt) == ("openai", "consent_required", 1)


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
