"""A swap that comes about: the state verified, a fresh context compiled and cleared, one at a time."""

import asyncio
from typing import Any

import pytest
from attrs import evolve
from swapping_job import HASH, STATE, WORDS, Working, a_swap
from working_team import TEAM, Team

from provider_runtime import (
    CallOptions,
    EventKind,
    MissingProviderRuntimeError,
    ModelAssignment,
    ModelFootprint,
    ModelSwap,
    ModelSwapRequest,
    ProviderRequest,
    ProviderRuntime,
    ProviderRuntimeNormalizationError,
    RuntimeClosed,
    RuntimeRegistry,
    RuntimeSettings,
    SwapRequester,
    SwapState,
    WorkProfile,
    local_server,
)
from provider_runtime.ports.context import ContextOrder
from provider_runtime.testing.fakes import FakeContextCompiler
from provider_runtime.testing.mocks import MockContextCompiler, MockStateProvider

# ── a swap that comes about ─────────────────────────────────────────────────────────────────


async def test_the_target_takes_over_with_a_fresh_context_in_its_role() -> None:
    working = Working()
    await working.states.save_state("job/1", STATE)
    async with working.team.opening as runtime:
        swap = await runtime.swap_model(a_swap())
        assert swap.request is not None
        response = await runtime.run(swap.request)
        (receipt,) = await runtime.receipts.list()
    assert (swap.completed, swap.state, str(swap.model)) == (True, SwapState.COMPLETED, "role:worker=there:spare")
    assert swap.request.model == swap.model
    assert (response.provider, response.model) == ("there", "spare")
    assert (receipt.record.role, receipt.record.profile_id) == ("worker", TEAM.profile_id)
    assert await working.current() == {"worker": "there:spare"}
    assert await working.kept_of() == "completed"
    assert working.told == ["swap_requested", "swap_completed"]


async def test_the_compiler_gets_the_verified_states_and_nothing_of_the_conversation_before() -> None:
    working = Working()
    await working.swap(a_swap())
    (order,) = working.compiler.orders
    assert (order.context_ref, str(order.model), order.role) == ("resume", "there:spare", "worker")
    assert dict(order.states) == {"job/1": STATE}


async def test_swapping_asks_no_model_and_writes_no_receipt() -> None:
    working = Working()
    await working.states.save_state("job/1", STATE)
    async with working.team.opening as runtime:
        await runtime.swap_model(a_swap())
        assert await runtime.receipts.list() == ()
    assert working.team.asked == []


async def test_a_job_swaps_on_from_the_model_that_the_last_swap_led_to() -> None:
    working = Working()
    back = a_swap(2, current="there:spare", target="here:small")
    one, two = await working.swap(a_swap(), back)
    assert isinstance(one, ModelSwap)
    assert isinstance(two, ModelSwap)
    assert await working.current() == {"worker": "here:small"}


async def test_without_a_profile_the_target_is_asked_by_its_own_name() -> None:
    working = Working(None, footprints={"there:spare": ModelFootprint(vram_mb=1, ram_mb=1)})
    (swap,) = await working.swap(a_swap())
    assert isinstance(swap, ModelSwap)
    assert str(swap.model) == "there:spare"


async def test_the_context_is_judged_as_a_call_with_the_options_of_the_job() -> None:
    working = Working()
    await working.states.save_state("job/1", STATE)
    pinned = CallOptions(profile_id=evolve(TEAM, description="another").profile_id)
    async with working.team.opening as runtime:
        with pytest.raises(ProviderRuntimeNormalizationError):
            await runtime.swap_model(a_swap(), pinned)
    assert await working.current() == {}


async def test_a_registered_runtime_swaps_as_any_other() -> None:
    states = MockStateProvider()
    await states.save_state("job/1", STATE)
    settings = RuntimeSettings(
        providers=[local_server("http://localhost:8000/v1", provider_id=name) for name in ("here", "there")],
        profile=WorkProfile(
            name="t", assignments={"worker": ModelAssignment(primary="here:small", fallback="there:spare")}
        ),
    )
    async with RuntimeRegistry() as registry:
        handle = await registry.register("acme", settings, states=states, context_compiler=FakeContextCompiler())
        swap = await handle.swap_model(a_swap())
    assert str(swap.model) == "role:worker=there:spare"


async def test_events_of_a_swap_name_ids_and_models_and_no_words() -> None:
    working = Working()
    await working.swap(a_swap(reason=WORDS, metadata={"tenant": "acme"}))
    requested, completed = (event for event in working.team.events.events if event.swap_id)
    assert (requested.swap_id, requested.swap_from, requested.swap_to) == ("swap-1", "here:small", "there:spare")
    assert (requested.role, requested.job_id, requested.state_hash) == ("worker", "job-1", HASH)
    assert (requested.swap_reason, requested.labels) == ("?", ("tenant=acme",))
    assert (completed.kind, completed.duration_s, completed.error_code) == (EventKind.SWAP_COMPLETED, 0.0, None)


# ── one at a time ───────────────────────────────────────────────────────────────────────────


async def both_at_once(runtime: ProviderRuntime, one: ModelSwapRequest, other: ModelSwapRequest) -> list[Any]:
    return await asyncio.gather(runtime.swap_model(one), runtime.swap_model(other), return_exceptions=True)


async def test_two_swaps_of_one_job_take_their_turns() -> None:
    class Watching(FakeContextCompiler):
        at_once = most = 0

        async def compile(self, order: ContextOrder) -> ProviderRequest:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            try:
                for _ in range(5):
                    await asyncio.sleep(0)
                return await super().compile(order)
            finally:
                self.at_once -= 1

    watching = Watching()
    working = Working(compiler=watching)
    await working.states.save_state("job/1", STATE)
    async with working.team.opening as runtime:
        first, second = await both_at_once(runtime, a_swap(), a_swap(2, current="there:spare", target="here:small"))
        assert (first.completed, second.completed, watching.most) == (True, True, 1)
        other_job = SwapRequester(subsystem="orchestrator", job_id="job-2")
        await both_at_once(runtime, a_swap(3), a_swap(4, requester=other_job))
        assert watching.most == 2
        assert runtime.swaps._turns._turns == {}


# ── what a runtime needs for it ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("parts", [{}, {"states": MockStateProvider()}, {"context_compiler": MockContextCompiler()}])
async def test_a_runtime_without_store_or_compiler_says_what_it_lacks(parts: dict[str, object]) -> None:
    async with Team(parts=parts).opening as runtime:
        with pytest.raises(MissingProviderRuntimeError) as missing:
            await runtime.swap_model(a_swap())
    assert set(missing.value.missing_fields) == {"states", "context_compiler"} - set(parts)


async def test_a_closed_runtime_swaps_nothing() -> None:
    async with Working().team.opening as runtime:
        pass
    with pytest.raises(RuntimeClosed):
        await runtime.swap_model(a_swap())
