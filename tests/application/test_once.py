"""A call with a name of its own is made once, however often it is asked for."""

import asyncio

import pytest

from provider_runtime import (
    BackendError,
    CallOptions,
    CallRefused,
    ErrorCode,
    ProviderError,
    ProviderNotRegistered,
    ProviderRuntime,
    ProviderStatusError,
    RetryPolicy,
    TransportError,
)
from provider_runtime.adapters.outcomes import MemoryOutcomes
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import Delivery
from provider_runtime.domain.identity import CallId, ProviderId
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.ports.stores.outcomes import Claim, Outcome
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import FakeAdapter
from provider_runtime.testing.mocks import MockOutcomeStore

ADA = ProviderId("ada")
NAMED = CallOptions(call_id="order-17")
QUESTION = a_request("How much?", model="ada:m")


def opening(adapter: FakeAdapter, store: MemoryOutcomes | None) -> ProviderRuntime:
    builder = ProviderRuntime.builder().with_adapter(adapter).with_retry(RetryPolicy(max_attempts=1))
    return builder.with_part("outcomes", store).build() if store else builder.build()  # type: ignore[return-value]  # entered by the tests


async def test_the_second_asking_is_answered_without_sending_and_without_a_second_receipt() -> None:
    adapter = FakeAdapter(ADA, [a_response("17 euros", provider=ADA)])
    async with opening(adapter, MemoryOutcomes()) as runtime:
        first, again = [await runtime.run(QUESTION, NAMED) for _ in range(2)]
        receipts = await runtime.receipts.list()
    assert (first.text, again.text) == ("17 euros", "17 euros")
    assert (first.call_id, again.call_id) == ("order-17", "order-17")
    assert [warning.code for warning in again.warnings if warning.code == "outcome_replayed"]
    assert len(adapter.sent) == len(receipts) == 1


async def test_another_request_under_the_same_name_is_refused() -> None:
    adapter = FakeAdapter(ADA, [a_response(provider=ADA)])
    async with opening(adapter, MemoryOutcomes()) as runtime:
        await runtime.run(QUESTION, NAMED)
        with pytest.raises(CallRefused) as refused:
            await runtime.run(a_request("How many?", model="ada:m"), NAMED)
    assert refused.value.code is ErrorCode.IDEMPOTENCY_CONFLICT
    assert len(adapter.sent) == 1


async def test_a_call_under_way_is_not_made_a_second_time() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    class Waiting(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            asked.set()
            await go_on.wait()
            return await super().send(prepared, context)

    async with opening(Waiting(ADA, [a_response(provider=ADA)]), MemoryOutcomes()) as runtime:
        first = asyncio.create_task(runtime.run(QUESTION, NAMED))
        await asked.wait()
        with pytest.raises(CallRefused, match="under way"):
            await runtime.run(QUESTION, NAMED)
        go_on.set()
        assert (await first).text


@pytest.mark.parametrize(
    ("failure", "asked"),
    [
        (ProviderStatusError(provider=ADA, status_code=400, message="no"), 2),
        (TransportError(provider=ADA, delivery=Delivery.AMBIGUOUS, message="lost"), 1),
    ],
    ids=["that cost nothing may be made again", "that may be billed is told again, not made again"],
)
async def test_a_failed_call(failure: ProviderError, asked: int) -> None:
    adapter = FakeAdapter(ADA, [failure, failure])
    async with opening(adapter, MemoryOutcomes()) as runtime:
        for _ in range(2):
            with pytest.raises(type(failure)) as told:
                await runtime.run(QUESTION, NAMED)
            assert told.value.call_id == "order-17"
    assert len(adapter.sent) == asked


async def test_a_call_that_was_given_up_may_be_made_again() -> None:
    asked = asyncio.Event()

    class Waiting(FakeAdapter):
        async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
            asked.set()
            await asyncio.sleep(3600)
            return await super().send(prepared, context)

    store = MemoryOutcomes()
    async with opening(Waiting(ADA), store) as runtime:
        task = asyncio.create_task(runtime.run(QUESTION, NAMED))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with opening(FakeAdapter(ADA, [a_response(provider=ADA)]), store) as runtime:
        assert (await runtime.run(QUESTION, NAMED)).text


class DistantOutcomes(MemoryOutcomes):
    """A store that answers only after others have had their turn, as one in a database does."""

    async def claim(self, call_id: CallId, digest: str) -> Claim:
        claim = await super().claim(call_id, digest)
        await asyncio.sleep(0)
        return claim

    async def keep_outcome(self, call_id: CallId, outcome: Outcome) -> None:
        await asyncio.sleep(0)
        await super().keep_outcome(call_id, outcome)

    async def release(self, call_id: CallId) -> None:
        await asyncio.sleep(0)
        await super().release(call_id)


@pytest.mark.parametrize("again", [0, 1, 2], ids=["once", "and again at once", "and again a moment later"])
@pytest.mark.parametrize("turns", range(1, 9))
async def test_whenever_the_caller_leaves_the_name_is_free_or_has_its_outcome(turns: int, again: int) -> None:
    store = DistantOutcomes()
    async with opening(FakeAdapter(ADA, [a_response(provider=ADA)] * 2), store) as runtime:
        call = asyncio.create_task(runtime.run(QUESTION, NAMED))
        for wait in (turns, again):
            for _ in range(wait):
                await asyncio.sleep(0)
            call.cancel()
        await asyncio.wait([call])
        assert len(asyncio.all_tasks()) == 1
        assert (await runtime.run(QUESTION, NAMED)).text


async def test_an_answer_outlives_a_store_that_cannot_keep_it_and_is_not_paid_for_twice() -> None:
    store = MockOutcomeStore()
    store.fail("keep_outcome", BackendError(kind="outcomes", message="the disk is full"))
    adapter = FakeAdapter(ADA, [a_response("17 euros", provider=ADA)])
    async with opening(adapter, store) as runtime:
        answer = await runtime.run(QUESTION, NAMED)
        with pytest.raises(CallRefused, match="under way"):
            await runtime.run(QUESTION, NAMED)
    assert answer.text == "17 euros"
    assert "outcome_not_kept" in {warning.code for warning in answer.warnings}


async def test_a_failed_call_keeps_its_own_error_when_its_store_fails_too() -> None:
    store = MockOutcomeStore()
    store.fail("release", BackendError(kind="outcomes", message="the disk is full"))
    failure = ProviderStatusError(provider=ADA, status_code=400, message="no")
    async with opening(FakeAdapter(ADA, [failure]), store) as runtime:
        with pytest.raises(ProviderStatusError):
            await runtime.run(QUESTION, NAMED)


async def test_a_named_call_that_has_no_route_fails_as_any_other_with_its_receipt() -> None:
    async with opening(FakeAdapter(ADA), MemoryOutcomes()) as runtime:
        with pytest.raises(ProviderNotRegistered):
            await runtime.run(a_request(model="bea:m"), NAMED)
        assert [receipt.record.call_id for receipt in await runtime.receipts.list()] == ["order-17"]


async def test_without_a_store_a_name_is_only_a_name() -> None:
    adapter = FakeAdapter(ADA, [a_response(provider=ADA)] * 2)
    async with opening(adapter, None) as runtime:
        assert [(await runtime.run(QUESTION, NAMED)).call_id for _ in range(2)] == ["order-17"] * 2
    assert len(adapter.sent) == 2
