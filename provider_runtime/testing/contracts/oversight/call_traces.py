"""What every ``CallTraceProvider`` promises."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.records.oversight.timelines import CallTrace
from provider_runtime.ports.stores.call_traces import CallTraceProvider

_NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
_LIFE: Final = (
    EventKind.CALL_STARTED,
    EventKind.CALL_CLEARED,
    EventKind.ATTEMPT_STARTED,
    EventKind.ATTEMPT_FAILED,
    EventKind.ATTEMPT_STARTED,
    EventKind.CALL_ANSWERED,
)


def a_trace(name: str = "call_1", **changes: Any) -> CallTrace:
    """A call that was sent twice; ``changes`` are made to its last event."""
    events = [
        LifecycleEvent(
            kind=kind,
            runtime_id=RuntimeId("rt_1"),
            call_id=CallId(name),
            at=_NOON + timedelta(milliseconds=40 * place),
            labels=("tenant=é",),
            provider="openai",
            model_asked="gpt-5-mini",
        )
        for place, kind in enumerate(_LIFE)
    ]
    last = LifecycleEvent(
        **{
            "kind": EventKind.CALL_ANSWERED,
            "runtime_id": RuntimeId("rt_1"),
            "call_id": CallId(name),
            "at": _NOON + timedelta(seconds=1),
            "duration_s": 1.0,
            "input_tokens": 0,
            "output_tokens": 12,
            "cost_nano_usd": 4200,
            **changes,
        }
    )
    return CallTrace(events=(*events[:-1], last))


class CallTraceProviderContract:
    """Give the fixture ``traces``: an empty one."""

    @pytest.fixture
    def traces(self) -> CallTraceProvider:
        raise NotImplementedError("the subclass says which provider")

    def test_it_is_a_provider_of_call_traces(self, traces: CallTraceProvider) -> None:
        assert isinstance(traces, CallTraceProvider)

    async def test_an_empty_one_has_nothing(self, traces: CallTraceProvider) -> None:
        assert await traces.get("call_1") is None
        assert await traces.latest(5) == ()

    async def test_what_is_kept_is_found_by_its_call_as_it_was(self, traces: CallTraceProvider) -> None:
        kept = [a_trace(f"call_{number}", output_tokens=number) for number in range(4)]
        for trace in kept:
            await traces.keep(trace)
        for trace in kept:
            assert await traces.get(trace.call_id) == trace
        assert await traces.get("call_9") is None

    async def test_the_latest_are_the_last_in_order(self, traces: CallTraceProvider) -> None:
        kept = [a_trace(f"call_{number}") for number in range(5)]
        for trace in kept:
            await traces.keep(trace)
        assert list(await traces.latest(2)) == kept[-2:]
        assert list(await traces.latest(9)) == kept

    async def test_calls_are_named_by_how_they_begin(self, traces: CallTraceProvider) -> None:
        for name in ("call_b2", "call_a1", "call_b1", "other"):
            await traces.keep(a_trace(name))
        assert await traces.names("call_b") == ("call_b1", "call_b2")
        assert await traces.names(limit=3) == ("call_a1", "call_b1", "call_b2")
        assert await traces.names("nobody") == ()

    async def test_of_one_call_the_last_trace_counts(self, traces: CallTraceProvider) -> None:
        for number in range(3):
            await traces.keep(a_trace("call_1", output_tokens=number))
            await traces.keep(a_trace("call_2"))
        found = await traces.get("call_1")
        assert found is not None
        assert found.last.output_tokens == 2

    async def test_kept_at_once_none_is_lost(self, traces: CallTraceProvider) -> None:
        kept = [a_trace(f"call_{number}") for number in range(20)]
        await asyncio.gather(*(traces.keep(trace) for trace in kept))
        assert [await traces.get(trace.call_id) for trace in kept] == kept
        assert len(await traces.latest(99)) == 20

    async def test_clearing_leaves_nothing(self, traces: CallTraceProvider) -> None:
        await traces.keep(a_trace())
        await traces.clear()
        await traces.clear()
        assert (await traces.get("call_1"), await traces.latest(5)) == (None, ())
        await traces.keep(a_trace())
        assert await traces.get("call_1") == a_trace()

    async def test_a_flushed_one_goes_on_and_a_closed_one_refuses(self, traces: CallTraceProvider) -> None:
        await traces.flush()
        await traces.keep(a_trace())
        await traces.flush()
        assert len(await traces.latest(5)) == 1
        await traces.aclose()
        await traces.aclose()
        for asked in (traces.keep(a_trace()), traces.get("call_1"), traces.latest(1)):
            with pytest.raises(BackendError, match="closed"):
                await asked
