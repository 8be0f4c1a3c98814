"""Leave to send an attempt, as a runtime gives it: places, circuits and the ends of attempts."""

import asyncio

import pytest

from provider_runtime import (
    BackendError,
    CallOptions,
    CallRefused,
    CircuitOpen,
    CredentialMissing,
    ProviderRuntime,
    ProviderRuntimeError,
    ProviderStatusError,
    RateLimits,
    RateLimitWait,
    RetryDenial,
    RetryPolicy,
    TransportError,
)
from provider_runtime.adapters.system import SystemClock
from provider_runtime.application.resilience.leave import _estimate
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.parts import ImagePart, InlineData
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.resilience.rate_limits import RateLimitHint
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.ports.system import Clock
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import FakeAdapter, FixedRandomness, FrozenClock
from provider_runtime.testing.stages import a_prepared_call

ADA = ProviderId("ada")
QUESTION = a_request(model="ada:m")
ONCE = RetryPolicy(max_attempts=1)


def builder(adapter: FakeAdapter, clock: Clock | None = None, **settings: object) -> ProviderRuntime:
    built = ProviderRuntime.builder().with_adapter(adapter).with_part("randomness", FixedRandomness())
    built = built.with_part("clock", clock or FrozenClock())
    return built._settings(**{"retry": ONCE, **settings}).build()  # type: ignore[return-value]  # entered by the tests


def down() -> ProviderStatusError:
    return ProviderStatusError(provider=ADA, status_code=503, code=ErrorCode.OVERLOADED, retryable=True, message="busy")


def unreachable() -> TransportError:
    return TransportError(
        provider=ADA, code=ErrorCode.CONNECT_FAILED, delivery=Delivery.NOT_SENT, retryable=True, message="refused"
    )


async def test_a_provider_that_fails_again_and_again_is_left_alone_and_then_tried_with_one_call() -> None:
    clock = FrozenClock()
    adapter = FakeAdapter(ADA, [*[unreachable() for _ in range(5)], a_response("back", provider=ADA)])
    async with builder(adapter, clock) as runtime:
        for _ in range(5):
            with pytest.raises(TransportError):
                await runtime.run(QUESTION)
        with pytest.raises(CircuitOpen) as left_alone:
            await runtime.run(QUESTION)
        assert len(adapter.sent) == 5, "nothing is sent to a provider that is left alone"
        assert left_alone.value.retry_after_s == pytest.approx(10)
        assert not left_alone.value.sent
        clock.advance(10)
        assert (await runtime.run(QUESTION)).text == "back"
        receipts = await runtime.receipts.list()
    assert [receipt.record.error_code for receipt in receipts][5] == "circuit_open"


async def test_a_runtime_can_be_told_to_leave_nobody_alone() -> None:
    adapter = FakeAdapter(ADA, [unreachable() for _ in range(9)])
    async with builder(adapter, circuit=False) as runtime:
        for _ in range(9):
            with pytest.raises(TransportError):
                await runtime.run(QUESTION)
    assert len(adapter.sent) == 9


async def test_a_deadline_that_passes_counts_against_the_provider() -> None:
    clock = FrozenClock()

    class Silent(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            clock.advance(60)
            await asyncio.sleep(3600)
            return await super().send(prepared, context)

    async with builder(Silent(ADA), clock) as runtime:
        for _ in range(5):
            with pytest.raises(TransportError, match="timed_out"):
                await runtime.run(QUESTION, CallOptions(deadline_s=0.02))
        with pytest.raises(CircuitOpen):
            await runtime.run(QUESTION)


async def test_a_provider_that_is_down_is_hardly_asked_more_often_than_there_are_calls() -> None:
    adapter = FakeAdapter(ADA, lambda _prepared: down())
    retry = RetryPolicy(max_attempts=3, initial_backoff_ms=1)
    async with builder(adapter, circuit=False, retry=retry) as runtime:
        for _ in range(200):
            with pytest.raises(ProviderStatusError) as failed:
                await runtime.run(QUESTION)
    assert failed.value.retry_denied_by is RetryDenial.RETRY_BUDGET
    assert len(adapter.sent) <= 200 + 5


async def test_a_retry_that_the_limits_leave_no_room_for_fails_with_what_the_call_failed_with() -> None:
    adapter = FakeAdapter(ADA, [down(), a_response(provider=ADA)])
    limits = {"ada": RateLimits(requests_per_minute=1)}
    retry = RetryPolicy(max_attempts=3, initial_backoff_ms=1)
    async with builder(adapter, limits=limits, retry=retry) as runtime:
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(QUESTION, CallOptions(deadline_s=30))
    assert failed.value.retry_denied_by is RetryDenial.RATE_LIMITS


async def test_a_call_that_cannot_start_in_its_time_says_so_at_once() -> None:
    adapter = FakeAdapter(ADA, [a_response(provider=ADA)])
    async with builder(adapter, limits={"ada": RateLimits(requests_per_minute=1)}) as runtime:
        await runtime.run(QUESTION)
        with pytest.raises(RateLimitWait) as refused:
            await runtime.run(QUESTION, CallOptions(deadline_s=30))
    assert refused.value.retry_after_s == pytest.approx(60)
    assert len(adapter.sent) == 1


async def test_what_the_provider_says_of_its_limits_is_believed_where_it_is_stricter() -> None:
    class Strict(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            assert context.hear is not None
            context.hear(RateLimitHint(requests_limit=100, requests_remaining=0, requests_reset_s=40))
            return await super().send(prepared, context)

    async with builder(Strict(ADA), limits={"ada": RateLimits(requests_per_minute=100)}) as runtime:
        await runtime.run(QUESTION)
        with pytest.raises(RateLimitWait):
            await runtime.run(QUESTION, CallOptions(deadline_s=0.1))


async def test_no_more_calls_than_allowed_are_under_way_and_every_one_gets_its_turn() -> None:
    under_way, most = 0, 0

    class Counting(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            for _ in range(3):
                await asyncio.sleep(0)
            under_way -= 1
            return await super().send(prepared, context)

    async with builder(Counting(ADA), SystemClock(), limits={"ada": RateLimits(concurrent_calls=2)}) as runtime:
        answers = await asyncio.gather(*(runtime.run(QUESTION) for _ in range(20)))
    assert (len(answers), most) == (20, 2)


@pytest.mark.parametrize("ending", ["credential missing", "cancelled"])
async def test_a_place_is_given_back_however_the_attempt_ends(ending: str) -> None:
    class Ending(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            if ending == "cancelled":
                await asyncio.sleep(3600)
            raise CredentialMissing(provider=ADA, message="none")

    async with builder(Ending(ADA), limits={"ada": RateLimits(concurrent_calls=1)}) as runtime:
        for _ in range(3):
            call = asyncio.create_task(runtime.run(QUESTION))
            for _ in range(5):
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises((asyncio.CancelledError, ProviderRuntimeError)):
                await call
        pacing = runtime.sending.resilience.pacings.of(ADA)
        assert pacing is not None
        assert (pacing.under_way, pacing.waiting) == (0, 0)


@pytest.mark.parametrize(
    "failure",
    [
        CredentialMissing(provider=ADA, message="none"),
        CallRefused(gate="endpoint", provider=ADA, message="none for this address"),
        BackendError(kind="secrets", message="the vault is closed"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_what_ends_before_anything_is_sent_takes_no_tokens(failure: ProviderRuntimeError) -> None:
    class Keyless(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            raise failure

    limits = {"ada": RateLimits(tokens_per_minute=1000)}
    async with builder(Keyless(ADA), limits=limits) as runtime:
        for _ in range(5):
            with pytest.raises(type(failure)):
                await runtime.run(a_request(model="ada:m", max_output_tokens=900), CallOptions(deadline_s=30))


def test_pictures_count_little_for_an_estimate_of_tokens() -> None:
    picture = ImagePart(source=InlineData(media_type="image/png", data=bytes(300_000)))
    plain = _estimate(a_prepared_call(a_request("What is this?")))
    shown = _estimate(a_prepared_call(a_request(user("What is this?", picture))))
    assert shown < plain + 1000
