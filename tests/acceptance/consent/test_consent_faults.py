"""Whatever becomes of the guard of consent, nothing leaves: each of its parts raises, hangs or answers nonsense."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from consenting.breaking import (
    BREAKDOWNS,
    REQUEST,
    consented,
    hangs,
    refusal_of,
)
from consenting.cloud import opened, settings_in

from provider_runtime import (
    Consent,
    ConsentFault,
    ConsentSettings,
    ConsentTerms,
    ErrorCode,
    GuardFailed,
    ProviderStatusError,
    RetryPolicy,
)
from provider_runtime.adapters.governance.consents import MemoryConsentLedger
from provider_runtime.domain.policy.consent.decisions import UseTaken
from provider_runtime.domain.policy.consent.verdicts import Found, Revocations
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockConsentLedger
from provider_runtime.testing.sandbox import Fault, Sandbox

QUICK = ConsentSettings(timeout_s=0.05)


class Failing(MemoryConsentLedger):
    """Behaves until it is told not to: then ``method`` does ``instead``."""

    def break_down(self, method: str, instead: Callable[..., Any]) -> None:
        object.__setattr__(self, method, instead)


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
@pytest.mark.parametrize("method", ["find", "use"])
async def test_a_ledger_that_breaks_down_lets_nothing_through(sandbox: Sandbox, method: str, breakdown: str) -> None:
    instead, fault = BREAKDOWNS[breakdown]
    ledger = Failing()
    async with opened(sandbox, settings_in(sandbox, consents=QUICK), consents=ledger) as runtime:
        await consented(runtime)
        ledger.break_down(method, instead)
        refused = await refusal_of(runtime)
        (receipt,) = await runtime.receipts.list()
    assert sandbox.requests == ()
    assert (refused.code, refused.fault) == (ErrorCode.GUARD_FAILED, fault)
    assert isinstance(refused, GuardFailed)
    assert receipt.record.outcome == "refused"
    assert "consent:refused" in receipt.record.gates


class Junk:
    """Looks like a consent from afar."""

    signed = request = receipt = None


class Likeness:
    """Looks like what a ledger answers."""

    consents = (Junk(),)
    revocations = Revocations(as_of=FrozenClock().now())
    latest = None


@pytest.mark.parametrize(
    "found",
    [
        Found(consents=(Junk(),), revocations=None),  # type: ignore[arg-type]  # that is the point
        Found(consents=None, revocations=None),  # type: ignore[arg-type]  # as above
        Found(consents=(Consent(request=None, signed=None),), revocations=Revocations(as_of=FrozenClock().now())),  # type: ignore[arg-type]  # as above
        Found(consents=[], revocations=Revocations(as_of=FrozenClock().now())),  # type: ignore[arg-type]  # as above
        Likeness(),
    ],
    ids=["no consents", "nothing", "hollow", "no tuple", "a likeness"],
)
async def test_a_ledger_that_answers_nonsense_lets_nothing_through(sandbox: Sandbox, found: object) -> None:
    ledger = MockConsentLedger(clock=FrozenClock())
    async with opened(sandbox, settings_in(sandbox), consents=ledger, clock=FrozenClock()) as runtime:
        await consented(runtime)
        ledger.answer("find", found)
        refused = await refusal_of(runtime)
    assert refused.code is ErrorCode.GUARD_FAILED
    assert sandbox.requests == ()


async def test_a_ledger_that_gives_two_answers_gives_none(sandbox: Sandbox) -> None:
    ledger = MockConsentLedger()
    async with opened(sandbox, consents=ledger) as runtime:
        await consented(runtime)
        (consent,) = await ledger.consents()
        now = Revocations(as_of=runtime.clock.now())
        ledger.answer("find", Found(consents=(consent, consent), revocations=now))
        assert (await refusal_of(runtime)).fault is ConsentFault.TWO_ANSWERS
        ledger.answer("find", Found(consents=(consent,), revocations=None))
        assert (await refusal_of(runtime)).fault is ConsentFault.REVOCATIONS_UNREACHABLE
        old = Revocations(as_of=runtime.clock.now() - timedelta(minutes=6))
        ledger.answer("find", Found(consents=(consent,), revocations=old))
        assert (await refusal_of(runtime)).fault is ConsentFault.REVOCATIONS_STALE
    assert sandbox.requests == ()


async def test_a_ledger_that_says_a_use_of_another_name_was_taken_is_not_believed(sandbox: Sandbox) -> None:
    ledger = MockConsentLedger()
    async with opened(sandbox, consents=ledger) as runtime:
        await consented(runtime)
        ledger.answer("use", UseTaken(use_id="use_1", counted=False))
        assert (await refusal_of(runtime)).fault is ConsentFault.ANSWER_UNREADABLE
    assert sandbox.requests == ()


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
async def test_a_ledger_that_breaks_down_between_attempts_ends_the_call(sandbox: Sandbox, breakdown: str) -> None:
    instead, _ = BREAKDOWNS[breakdown]
    ledger = Failing()

    class Breaking(FrozenClock):
        async def sleep(self, seconds: float) -> None:
            ledger.break_down("find", instead)
            await super().sleep(seconds)

    sandbox.fail_next(1, Fault.status(503))
    settings = settings_in(sandbox, consents=QUICK, retry=RetryPolicy(initial_backoff_ms=1, max_backoff_ms=2))
    clock = Breaking()
    ledger.clock = clock
    async with opened(sandbox, settings, consents=ledger, clock=clock) as runtime:
        await consented(runtime)
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(REQUEST)
    assert failed.value.retry_denied_by == "consent"
    assert len(sandbox.requests) == 1


async def test_a_use_that_was_entered_although_nobody_was_told_is_given_back(sandbox: Sandbox) -> None:
    ledger = Failing()
    honest = ledger.use

    async def enters_and_hangs(*arguments: Any) -> object:
        await honest(*arguments)
        return await hangs()

    async with opened(sandbox, settings_in(sandbox, consents=QUICK), consents=ledger) as runtime:
        await consented(runtime, ConsentTerms(uses=1))
        ledger.break_down("use", enters_and_hangs)
        assert (await refusal_of(runtime)).fault is ConsentFault.LEDGER_TOO_SLOW
        ledger.break_down("use", honest)
        await runtime.run(REQUEST)
    assert len(sandbox.requests) == 1


async def test_a_ledger_that_takes_nothing_back_has_one_use_less_and_never_one_more(sandbox: Sandbox) -> None:
    ledger = Failing()
    async with opened(sandbox, settings_in(sandbox, credentials={}, consents=QUICK), consents=ledger) as runtime:
        await consented(runtime, ConsentTerms(uses=1))
        ledger.break_down("give_back", hangs)
        with pytest.raises(Exception, match="credential"):
            await runtime.run(REQUEST)
        (kept,) = await runtime.consents.consents()
    assert kept.used == 1
    assert sandbox.requests == ()
