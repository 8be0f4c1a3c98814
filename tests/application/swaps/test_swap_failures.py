"""A swap that fails on its way leaves the job on the model it had; what follows a failure."""

import asyncio

import pytest
from attrs import evolve
from swapping_job import ALL_THE_WAY_BACK, STATE, WORDS, Working, a_swap
from working_team import TEAM, Team

from provider_runtime import (
    BackendError,
    CallRefused,
    ConsentRule,
    EventKind,
    GovernancePolicy,
    ModelSwap,
    ProviderRequest,
    RequestInvalid,
    State,
    SwapFailed,
    SwapFault,
    SwapState,
    ToolChoiceRequired,
)
from provider_runtime.domain.profiles.swap_records import id_of_job, job_in
from provider_runtime.ports.context import ContextOrder
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeContextCompiler
from provider_runtime.testing.mocks import MockContextCompiler, MockStateProvider

# ── failures on the way ─────────────────────────────────────────────────────────────────────


async def test_a_compiler_that_breaks_leaves_the_old_model_and_none_of_its_words() -> None:
    compiler = MockContextCompiler()
    compiler.fail("compile", RuntimeError(WORDS))
    working = Working(compiler=compiler)
    (error,) = await working.swap(a_swap())
    assert isinstance(error, SwapFailed)
    assert error.fault is SwapFault.COMPILE_FAILED
    assert "RuntimeError" in error.message
    assert WORDS not in f"{error!r}{error}{error.__cause__!r}{error.__context__!r}"
    assert working.told == ALL_THE_WAY_BACK
    assert await working.current() == {}


async def test_a_compiler_that_makes_no_request_has_failed() -> None:
    compiler = MockContextCompiler()
    compiler.answer("compile", "Go on.")
    assert await Working(compiler=compiler).fault(a_swap()) is SwapFault.COMPILE_FAILED


async def test_a_context_that_cannot_be_sent_leaves_the_old_model() -> None:
    compiler = MockContextCompiler()
    compiler.answer("compile", a_request(tool_choice=ToolChoiceRequired()))  # of no tools
    working = Working(compiler=compiler)
    (error,) = await working.swap(a_swap())
    assert isinstance(error, RequestInvalid)
    assert await working.current() == {}


@pytest.mark.parametrize("timeout_ms", [0, 1])
async def test_a_swap_that_takes_too_long_leaves_the_old_model(timeout_ms: int) -> None:
    class Stuck(FakeContextCompiler):
        async def compile(self, order: ContextOrder) -> ProviderRequest:
            await asyncio.Event().wait()
            return await super().compile(order)

    working = Working(compiler=Stuck())
    (error,) = await working.swap(a_swap(timeout_ms=timeout_ms))
    assert isinstance(error, SwapFailed)
    assert error.fault is SwapFault.TIMED_OUT
    assert working.told == ["swap_requested", "swap_timed_out", "swap_rolled_back"]
    assert await working.current() == {}


async def test_the_time_limit_of_the_policy_holds_where_the_request_has_none() -> None:
    assert await Working(swap_timeout_ms=0).fault(a_swap()) is SwapFault.TIMED_OUT
    (swap,) = await Working(swap_timeout_ms=0).swap(a_swap(timeout_ms=60_000))
    assert isinstance(swap, ModelSwap)


async def test_a_swap_that_is_cancelled_leaves_the_old_model_and_the_turn_to_the_next() -> None:
    begun = asyncio.Event()

    class Stuck(FakeContextCompiler):
        async def compile(self, order: ContextOrder) -> ProviderRequest:
            if not begun.is_set():
                begun.set()
                await asyncio.Event().wait()
            return await super().compile(order)

    working = Working(compiler=Stuck())
    await working.states.save_state("job/1", STATE)
    async with working.team.opening as runtime:
        swapping = asyncio.create_task(runtime.swap_model(a_swap()))
        await begun.wait()
        swapping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await swapping
        assert working.told == ALL_THE_WAY_BACK
        assert (await working.kept_of(), await working.current()) == ("rolled_back", {})
        assert (await runtime.swap_model(a_swap(2))).completed
    assert [event.error_code for event in working.team.events.events if event.kind is EventKind.SWAP_FAILED] == [
        "CancelledError"
    ]


async def test_no_time_at_all_is_too_little_even_for_a_compiler_that_never_waits() -> None:
    class Prompt(FakeContextCompiler):
        async def compile(self, order: ContextOrder) -> ProviderRequest:
            self.orders.append(order)
            return a_request("Go on.")

    working = Working(compiler=Prompt())
    assert await working.fault(a_swap(timeout_ms=0)) is SwapFault.TIMED_OUT
    assert working.compiler.orders == []


async def test_a_swap_that_is_cancelled_while_it_is_written_down_leaves_the_old_model() -> None:
    begun = asyncio.Event()

    class LandsAndWaits(MockStateProvider):
        async def save_state(self, state_id: str, state: State) -> None:
            await super().save_state(state_id, state)
            job = job_in(state) if state_id == id_of_job("job-1") else None
            if job is not None and job.current:
                begun.set()
                await asyncio.Event().wait()

    working = Working()
    working.states = LandsAndWaits()
    working.team = Team(parts={"states": working.states, "context_compiler": working.compiler})
    await working.states.save_state("job/1", STATE)
    async with working.team.opening as runtime:
        swapping = asyncio.create_task(runtime.swap_model(a_swap()))
        await begun.wait()
        assert await working.current() == {"worker": "there:spare"}  # it had landed
        swapping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await swapping
    assert (await working.kept_of(), await working.current()) == ("rolled_back", {})


@pytest.mark.parametrize("failing", range(1, 5))
async def test_a_store_that_fails_at_any_step_leaves_the_old_model(failing: int) -> None:
    working = Working()
    await working.states.save_state("job/1", STATE)
    async with working.team.opening as runtime:
        saves = 0

        class Failing(MockStateProvider):
            async def save_state(self, state_id: str, state: State) -> None:
                nonlocal saves
                saves += 1
                if saves == failing:
                    raise BackendError(kind="state", message="no room")
                await working.states.save_state(state_id, state)

            async def load_state(self, state_id: str) -> State | None:
                return await working.states.load_state(state_id)

        swaps = evolve(runtime.swaps, states=Failing())
        with pytest.raises(BackendError):
            await swaps.swap(a_swap(), lambda fresh: runtime._rehearse(fresh, None))
    assert await working.current() == {}
    assert "swap_completed" not in working.told


async def test_a_part_that_breaks_in_a_way_of_its_own_leaves_the_old_model() -> None:
    working = Working()
    await working.states.save_state("job/1", STATE)
    working.states.fail("load_state", ZeroDivisionError("broken"))
    async with working.team.opening as runtime:
        with pytest.raises(ZeroDivisionError):
            await runtime.swap_model(a_swap())
        assert (await runtime.swap_model(a_swap(2))).completed


# ── what follows a failure ──────────────────────────────────────────────────────────────────


async def test_the_work_goes_on_with_the_model_it_had_where_policy_says_so() -> None:
    compiler = MockContextCompiler()
    compiler.fail("compile", RuntimeError("broken"))
    working = Working(compiler=compiler, on_failure="continue_with_current")
    (swap,) = await working.swap(a_swap())
    assert isinstance(swap, ModelSwap)
    assert (swap.completed, swap.state, swap.fault) == (False, SwapState.ROLLED_BACK, SwapFault.COMPILE_FAILED)
    assert str(swap.model) == "role:worker=here:small"


ESCALATING = evolve(
    TEAM,
    assignments={
        "worker": evolve(TEAM.assignments["worker"], fallback="cloud:large", allowed_models=["there:spare"]),  # type: ignore[index]  # a name is a text
    },
)


async def test_a_failure_escalates_to_the_cloud_fallback_of_the_role_where_policy_says_so() -> None:
    compiler = MockContextCompiler()
    compiler.fail("compile", RuntimeError("broken"))
    working = Working(ESCALATING, compiler=compiler, on_failure="escalate_to_cloud")
    (swap,) = await working.swap(a_swap())
    assert isinstance(swap, ModelSwap)
    assert str(swap.model) == "role:worker=cloud:large"
    assert working.told == ["swap_requested", "swap_failed", "swap_requested", "swap_completed"]
    job = job_in(await working.states.load_state(id_of_job("job-1")))
    assert job is not None
    assert (job.swaps, job.cloud_escalations) == (1, 1)


@pytest.mark.parametrize("policy", [GovernancePolicy.preset("locked"), GovernancePolicy(consent=ConsentRule.CLOUD)])
async def test_an_escalation_passes_every_gate_or_does_not_take_place(policy: GovernancePolicy) -> None:
    compiler = MockContextCompiler()
    compiler.fail("compile", RuntimeError("broken"))
    working = Working(ESCALATING, compiler=compiler, policy=policy, on_failure="escalate_to_cloud")
    (error,) = await working.swap(a_swap())
    assert isinstance(error, CallRefused)
    assert error.gate in {"tier", "consent"}
    assert working.told == ["swap_requested", "swap_failed", "swap_requested", "swap_failed", "swap_rolled_back"]
    assert await working.current() == {}


async def test_without_a_cloud_fallback_there_is_nothing_to_escalate_to() -> None:
    compiler = MockContextCompiler()
    compiler.fail("compile", RuntimeError("broken"))
    working = Working(compiler=compiler, on_failure="escalate_to_cloud")  # the worker's fallback is on this machine
    assert await working.fault(a_swap(target="there:chat")) is SwapFault.COMPILE_FAILED
