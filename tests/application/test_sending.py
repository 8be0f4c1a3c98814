"""Sending: attempts, waits and the deadline, by a clock that stands still."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    CallOptions,
    CredentialMissing,
    ErrorCode,
    ProviderRuntime,
    ProviderRuntimeError,
    ProviderStatusError,
    RetryPolicy,
    TransportError,
)
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import Delivery, ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.retrying import Retry, Tried, decide
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FixedRandomness, FrozenClock

ADA = ProviderId("ada")
POLICY = RetryPolicy(max_attempts=4, initial_backoff_ms=100, max_backoff_ms=1000)
CHANCE = 0.25


def status(code: int, *, retryable: bool = True, after: float | None = None, **others: str) -> ProviderStatusError:
    return ProviderStatusError(
        provider=ADA, status_code=code, code=ErrorCode.OVERLOADED, retryable=retryable, retry_after_s=after, **others
    )


def lost(*, reused: bool = False) -> TransportError:
    return TransportError(provider=ADA, delivery=Delivery.NOT_SENT, retryable=True, reused=reused)


class SlowAdapter(FakeAdapter):
    """Takes ``seconds`` of a frozen clock for each attempt."""

    clock = FrozenClock()
    seconds = 0.0

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        self.clock.advance(self.seconds)
        return await super().send(prepared, context)


async def sent(
    answers: Sequence[ProviderResponse | ProviderError], *, clock: FrozenClock, **options: float
) -> tuple[FakeAdapter, EventRecorder, ProviderResponse | ProviderError]:
    adapter, events = FakeAdapter(ADA, answers), EventRecorder()
    builder = ProviderRuntime.builder().with_adapter(adapter).with_event_sink(events).with_retry(POLICY)
    builder = builder.with_part("clock", clock).with_part("randomness", FixedRandomness(CHANCE))
    async with builder.build() as runtime:
        try:
            outcome: ProviderResponse | ProviderError = await runtime.run(
                a_request(model="ada:x"), CallOptions(**options)
            )
        except ProviderError as error:
            outcome = error
    return adapter, events, outcome


failures = st.lists(
    st.builds(status, st.sampled_from((429, 500, 503, 504, 529, 400)), after=st.sampled_from((None, 0.0, 3.0, 90.0)))
    | st.builds(lost, reused=st.booleans()),
    max_size=5,
)


@given(errors=failures, time_limit_s=st.sampled_from((0.3, 5.0, 600.0)))
async def test_attempts_and_waits_are_what_the_retry_rule_decides(
    errors: list[ProviderError], time_limit_s: float
) -> None:
    waits: list[float] = []
    tried = Tried()
    for error in errors:
        left, tried = time_limit_s - sum(waits), tried.and_then(error)
        decision = decide(error, POLICY, tried=tried, time_left_s=left, chance=CHANCE)
        if not isinstance(decision, Retry):
            break
        waits.append(decision.wait_s)
    answered = len(waits) == len(errors)
    clock = FrozenClock()
    adapter, events, outcome = await sent([*errors, a_response(provider=ADA)], clock=clock, deadline_s=time_limit_s)
    assert clock.slept == pytest.approx(waits)
    assert len(adapter.sent) == len(waits) + 1
    assert len({id(prepared) for prepared, _ in adapter.sent}) == 1, "the frozen exchange itself is sent again"
    assert [attempt.number for attempt in outcome.attempts] == list(range(1, len(waits) + 2))
    assert [attempt.wait_s for attempt in outcome.attempts] == pytest.approx([0.0, *waits])
    expected = [error.code.value for error in errors[: len(waits) + 1]] + ["answered"] * answered
    assert [attempt.outcome for attempt in outcome.attempts] == expected
    assert isinstance(outcome, ProviderResponse) is answered
    if isinstance(outcome, ProviderError):
        assert outcome is errors[len(waits)], "the error of the last attempt itself"
        assert outcome.retry_denied_by
    told = [event for event in events.events if event.kind == "attempt_failed"]
    assert [event.attempt for event in told] == list(range(1, len(waits) + (not answered) + 1))


async def test_an_attempt_tells_its_duration_status_and_the_provider_s_own_id() -> None:
    clock = FrozenClock()
    adapter = SlowAdapter(ADA, [status(503, request_id="req_1"), a_response(provider=ADA, provider_request_id="req_2")])
    adapter.clock, adapter.seconds = clock, 1.5
    async with ProviderRuntime.builder().with_adapter(adapter).with_part("clock", clock).build() as runtime:
        response = await runtime.run(a_request(model="ada:x"))
    first, second = response.attempts
    assert (first.duration_s, first.status_code, first.provider_request_id) == (1.5, 503, "req_1")
    assert (second.duration_s, second.outcome, second.provider_request_id) == (1.5, "answered", "req_2")
    assert response.duration_s == pytest.approx(3.0 + second.wait_s)


async def test_time_used_up_by_attempts_counts_against_the_deadline() -> None:
    clock = FrozenClock()
    adapter = SlowAdapter(ADA, [status(503), status(503), a_response(provider=ADA)])
    adapter.clock, adapter.seconds = clock, 4.9
    async with ProviderRuntime.builder().with_adapter(adapter).with_part("clock", clock).build() as runtime:
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(a_request(model="ada:x"), CallOptions(deadline_s=5))
    assert failed.value.retry_denied_by == "deadline"
    assert (len(adapter.sent), clock.slept) == (1, [])


async def test_a_deadline_that_passed_before_sending_sends_nothing_twice_and_is_told_as_timed_out() -> None:
    class Waiting(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            self.sent.append((prepared, context))
            await asyncio.Event().wait()
            raise AssertionError

    adapter = Waiting(ADA)
    async with ProviderRuntime.builder().with_adapter(adapter).with_timeout(0.01).build() as runtime:
        with pytest.raises(TransportError) as failed:
            await runtime.run(a_request(model="ada:x"))
        (receipt,) = await runtime.receipts.list()
    assert failed.value.code is ErrorCode.TIMED_OUT
    assert [attempt.outcome for attempt in failed.value.attempts] == ["timed_out"]
    assert [attempt.outcome for attempt in receipt.record.attempts] == ["timed_out"]
    assert failed.value.billed == "maybe"
    assert failed.value.__context__ is None, "no frame that held a credential may stay in the traceback"
    assert len(adapter.sent) == 1


async def test_a_caller_s_own_time_limit_stays_the_caller_s() -> None:
    class Waiting(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            await asyncio.Event().wait()
            raise AssertionError

    async with ProviderRuntime.builder().with_adapter(Waiting(ADA)).build() as runtime:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await runtime.run(a_request(model="ada:x"))
        (receipt,) = await runtime.receipts.list()
    assert receipt.record.outcome == "cancelled"


async def test_an_error_that_repeats_the_conversation_is_told_without_it() -> None:
    said = "my account number is four-seven-eleven-oh-eight"
    adapter = FakeAdapter(ADA, [status(400, retryable=False, message=f"cannot parse: {said} (field x)")])
    async with ProviderRuntime.builder().with_adapter(adapter).build() as runtime:
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(a_request(said, model="ada:x"))
    assert "four-seven" not in str(failed.value)
    assert "cannot parse" in failed.value.message
    assert "field x" in failed.value.message


async def test_a_missing_credential_is_not_tried_again_and_counts_as_no_attempt() -> None:
    class Keyless(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            raise CredentialMissing(provider=ADA, message="no key", remedy="Give one.")

    async with ProviderRuntime.builder().with_adapter(Keyless(ADA)).build() as runtime:
        with pytest.raises(ProviderRuntimeError) as failed:
            await runtime.run(a_request(model="ada:x"))
    assert isinstance(failed.value, CredentialMissing)
    assert failed.value.attempts == ()
    assert not failed.value.sent


@pytest.mark.parametrize("raw", [True, False])
async def test_what_the_call_asks_of_the_adapter_reaches_it_at_every_attempt(*, raw: bool) -> None:
    adapter = FakeAdapter(ADA, [status(503), a_response(provider=ADA)])
    builder = ProviderRuntime.builder().with_adapter(adapter).with_part("clock", FrozenClock())
    async with builder.build() as runtime:
        response = await runtime.run(a_request(model="ada:x"), CallOptions(include_raw_response=raw))
    assert [context.include_raw_response for _, context in adapter.sent] == [raw, raw]
    assert (response.raw_provider_response is not None) is raw
