"""A use is taken when a call is really sent, looked at again before each retry, and a fallback needs its own."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from consenting.asking import PATIENT, WORDS, consented
from consenting.cloud import CLOUD, LOCAL, opened, settings_in

from provider_runtime import (
    Amount,
    Budget,
    CallRefused,
    ConsentExpired,
    ConsentFault,
    ConsentTerms,
    ConsentUsed,
    CredentialMissing,
    FallbackPolicy,
    ProviderStatusError,
    RetryPolicy,
)
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FrozenClock
from provider_runtime.testing.sandbox import Fault, Sandbox

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


class _SlowToSettle(MemoryBudgetLedger):
    """Says that it is settling, and settles when it may."""

    settling: asyncio.Event
    may: asyncio.Event

    async def settle(self, *args: Any, **facts: Any) -> Any:
        self.settling.set()
        await self.may.wait()
        return await super().settle(*args, **facts)


async def test_a_caller_who_leaves_while_a_hold_is_settled_has_the_use_given_back(sandbox: Sandbox) -> None:
    request, ledger = a_request(WORDS, model=CLOUD, max_output_tokens=50), _SlowToSettle()
    ledger.settling, ledger.may = asyncio.Event(), asyncio.Event()
    keyless = settings_in(sandbox, credentials={}, budgets=(Budget(name="calls", limit=Amount.calls(3)),))
    async with opened(sandbox, keyless, ledger=ledger) as runtime:
        await consented(runtime, request)
        call = asyncio.ensure_future(runtime.run(request))
        await ledger.settling.wait()
        call.cancel()
        await asyncio.sleep(0)
        ledger.may.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        (kept,) = await runtime.consents.consents()
    assert kept.used == 0


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
