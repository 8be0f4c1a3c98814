"""Labels of a runtime: they stand in the records of every call, below those that a call has itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    Amount,
    Budget,
    BudgetExceeded,
    CallOptions,
    CallTraceSink,
    InvalidSettings,
    ProviderRuntime,
    RequestInvalid,
    RetryPolicy,
    RuntimeSettings,
)
from provider_runtime.application.terms import CallTerms
from provider_runtime.domain.calls.labels import MAX_LABELS
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder
from provider_runtime.testing.mocks import MockCallTraceProvider
from provider_runtime.testing.runtimes import a_runtime

DESK = {"tenant": "acme", "team": "desk"}
REQUEST = a_request(model="mock:any")
names = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
values = st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True)
labels = st.dictionaries(names, values, max_size=MAX_LABELS)


async def test_they_stand_in_the_receipt_the_events_and_the_trace_of_every_call() -> None:
    events, traces = EventRecorder(), MockCallTraceProvider()
    sink = CallTraceSink(traces)
    for heard in (events, sink):
        async with a_runtime(settings=RuntimeSettings(labels=DESK), event_sink=heard) as runtime:
            response = await runtime.run(REQUEST)
            (receipt,) = await runtime.receipts.list()
        assert receipt.record.labels == ("team=desk", "tenant=acme")
    await sink.aclose()
    of_the_call = [event for event in events.events if event.call_id is not None]
    assert {event.labels for event in of_the_call} == {("team=desk", "tenant=acme")}
    kept = await traces.get(response.call_id)
    assert kept is not None
    assert {event.labels for event in kept.events} == {("team=desk", "tenant=acme")}


async def test_a_label_of_the_call_goes_before_that_of_its_runtime_and_for_that_call_alone() -> None:
    async with a_runtime(settings=RuntimeSettings(labels={"tenant": "acme", "job": "night"})) as runtime:
        await runtime.run(REQUEST, CallOptions(metadata={"job": "day", "step": "1"}))
        await runtime.run(REQUEST, CallOptions(deadline_s=5))
        told = [receipt.record.labels for receipt in await runtime.receipts.list()]
    assert told == [("job=day", "step=1", "tenant=acme"), ("job=night", "tenant=acme")]


@given(of_runtime=labels, of_call=labels)
def test_the_labels_of_a_call_are_those_of_both_the_call_s_own_on_top(
    of_runtime: dict[str, str], of_call: dict[str, str]
) -> None:
    terms = CallTerms.of_runtime(labels=RuntimeSettings(labels=of_runtime).labels, deadline_s=5, retry=RetryPolicy())
    both, options = {**of_runtime, **of_call}, CallOptions(metadata=of_call, deadline_s=1)
    if len(both) > MAX_LABELS:
        with pytest.raises(RequestInvalid, match=f"{len(both)} labels"):
            terms.for_call(options)
        return
    told = terms.for_call(options)
    assert dict(told.options.metadata) == both
    assert told.labels == tuple(f"{name}={value}" for name, value in sorted(both.items()))
    assert told.options.deadline_s == 1


async def test_a_budget_by_label_takes_that_of_the_runtime() -> None:
    calls = Budget(name="daily", limit=Amount.calls(1), scope="tenant")
    async with a_runtime(settings=RuntimeSettings(labels=DESK, budgets=[calls])) as runtime:
        await runtime.run(REQUEST)
        with pytest.raises(BudgetExceeded):
            await runtime.run(REQUEST)
        await runtime.run(REQUEST, CallOptions(metadata={"tenant": "bolt"}))


@pytest.mark.parametrize(
    "wrong",
    [{"Tenant": "acme"}, {"tenant": "two words"}, {"tenant": 7}, {f"l{n}": "x" for n in range(17)}, ["tenant"], None],
)
def test_what_is_no_label_of_a_call_is_none_of_a_runtime(wrong: Any) -> None:
    with pytest.raises(InvalidSettings, match="labels") as refused:
        RuntimeSettings(labels=wrong)
    assert refused.value.field == "labels"
    assert "two words" not in str(refused.value)


def test_the_builder_and_a_file_say_them_too() -> None:
    said = {"team": "desk", "tenant": "acme"}
    built = ProviderRuntime.builder().with_labels({"tenant": "acme"}).with_labels({"team": "desk"})
    assert dict(built.settings.labels) == said
    assert dict(RuntimeSettings.from_mapping({"labels": said}).labels) == said
