"""A model that answers by what is said to it, runtimes to test with, and what is asked of them."""

import asyncio

import pytest

from provider_runtime import CallOptions, ProviderStatusError, RequestInvalid, assistant, system, user
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FrozenClock
from provider_runtime.testing.mock_model import USAGE, MockModel
from provider_runtime.testing.runtimes import a_runtime, expect_answer, expect_error

HELLO = a_request("Hello, mock.", model="mock:any")


async def test_it_answers_by_the_first_piece_that_is_said_anywhere_in_the_conversation() -> None:
    model = MockModel(responses={"weather": "It rains.", "Bonn": "A city."})
    async with a_runtime(model) as runtime:
        await expect_answer(runtime, a_request("The weather in Bonn?", model="mock:any"), "It rains.")
        said = (system("You know Bonn."), user("Say"), assistant("what?"), user("it."))
        await expect_answer(runtime, a_request(*said, model="mock:any"), "A city.")
        await expect_answer(runtime, HELLO, "Mock response")
        model.set_response("mock", "Yes?")
        answer = await expect_answer(runtime, HELLO, "Yes?")
    assert (answer.model, answer.usage, answer.finish_reason) == ("mock-model", USAGE, "stop")
    assert model.call_count == 4
    model.reset()
    assert model.call_count == 0


async def test_a_piece_is_looked_for_in_what_is_said_and_not_in_how_it_is_written() -> None:
    model = MockModel(responses={'"model_id"': "no", "two\nlines": "yes"})
    async with a_runtime(model) as runtime:
        await expect_answer(runtime, a_request("on two\nlines", model="mock:any"), "yes")


async def test_it_fails_after_so_many_calls_and_takes_its_time() -> None:
    clock = FrozenClock()
    async with a_runtime(MockModel(fail_after=1, latency_s=2.0, clock=clock)) as runtime:
        await expect_answer(runtime, HELLO, "Mock response")
        error = await expect_error(runtime, HELLO, ProviderStatusError)
    assert "told to fail" in error.message
    assert set(clock.slept) == {2.0}


async def test_a_runtime_to_test_with_counts_stands_still_and_keeps_what_it_is_told_to() -> None:
    async with a_runtime() as runtime:
        answers = [await runtime.run(HELLO, CallOptions(memo=True)) for _ in range(2)]
        assert [answer.call_id for answer in answers] == ["call_1", "call_2"]
        assert [answer.from_memo for answer in answers] == [False, True]
        assert {answer.duration_s for answer in answers} == {0.0}


async def test_what_was_expected_and_did_not_come_fails_the_test() -> None:
    async with a_runtime() as runtime:
        with pytest.raises(AssertionError, match="expected the answer 'No'"):
            await expect_answer(runtime, HELLO, "No")
        with pytest.raises(AssertionError, match="expected RequestInvalid"):
            await expect_error(runtime, HELLO, RequestInvalid)


async def test_an_event_can_be_waited_for_before_and_after_it_came() -> None:
    events = EventRecorder()
    async with a_runtime(event_sink=events) as runtime:
        waiting = asyncio.create_task(events.wait_for("call_answered"))
        await asyncio.sleep(0)
        await runtime.run(HELLO)
        assert (await waiting).call_id == "call_1"
        assert (await events.wait_for("call_started")).call_id == "call_1"
        with pytest.raises(TimeoutError):
            await events.wait_for("call_failed", timeout_s=0.01)
