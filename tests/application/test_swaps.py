"""A swap: the state verified, a fresh context compiled and cleared; or the job stays on the model it had."""

import asyncio
from typing import Any

import pytest
from attrs import evolve
from working_team import TEAM, Team

from provider_runtime import (
    BackendError,
    CallOptions,
    CallRefused,
    ConsentRule,
    ErrorCode,
    EventKind,
    GovernancePolicy,
    MissingProviderRuntimeError,
    ModelAssignment,
    ModelFootprint,
    ModelSwap,
    ModelSwapRequest,
    ProfileGovernance,
    ProviderRequest,
    ProviderRuntime,
    ProviderRuntimeNormalizationError,
    RecordCorrupt,
    RequestInvalid,
    RuntimeClosed,
    RuntimeRegistry,
    RuntimeSettings,
    State,
    SwapFailed,
    SwapFault,
    SwapPolicy,
    SwapRefused,
    SwapRequester,
    SwapState,
    TierRefused,
    ToolChoiceRequired,
    WorkProfile,
    hash_of_states,
    local_server,
)
from provider_runtime.domain.profiles.swap_records import id_of_job, id_of_swap, job_in
from provider_runtime.ports.context import ContextOrder
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeContextCompiler
from provider_runtime.testing.mocks import MockContextCompiler, MockStateProvider

STATE = State(control="step 3", env={"seen": 7})
HASH = hash_of_states({"job/1": STATE})
WORDS = "the patient is called Wilhelmina"


def a_swap(number: int = 1, **changes: Any) -> ModelSwapRequest:
    fields: dict[str, Any] = {
        "request_id": f"swap-{number}",
        "current": "here:small",
        "target": "there:spare",
        "role": "worker",
        "reason": "context_too_long",
        "state_refs": ["job/1"],
        "state_hash": HASH,
        "context_ref": "resume",
        "requester": SwapRequester(subsystem="orchestrator", job_id="job-1"),
    }
    return ModelSwapRequest(**{**fields, **changes})


class Working:
    """A team that can swap; ``states`` holds what the job has come to."""

    def __init__(
        self,
        profile: WorkProfile | None = TEAM,
        *,
        compiler: FakeContextCompiler | None = None,
        policy: GovernancePolicy | None = None,
        **swaps: Any,
    ) -> None:
        self.states = MockStateProvider()
        self.compiler = compiler or MockContextCompiler()
        self.team = Team(
            profile,
            policy=policy,
            parts={"states": self.states, "context_compiler": self.compiler},
            swaps=SwapPolicy(**swaps),
        )

    async def swap(self, *requests: ModelSwapRequest) -> list[ModelSwap | Exception]:
        """What becomes of each, one after the other, on one runtime."""
        await self.states.save_state("job/1", STATE)
        results: list[ModelSwap | Exception] = []
        async with self.team.opening as runtime:
            for request in requests:
                try:
                    results.append(await runtime.swap_model(request))
                except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
                    results.append(error)
        return results

    async def fault(self, request: ModelSwapRequest) -> SwapFault:
        """Why the swap was refused or failed."""
        (error,) = await self.swap(request)
        assert isinstance(error, SwapRefused | SwapFailed), error
        return error.fault

    async def current(self) -> dict[str, str]:
        """Who plays what by what is kept of the job."""
        job = job_in(await self.states.load_state(id_of_job("job-1")))
        assert job is not None
        return {str(role): str(model) for role, model in job.current.items()}

    async def kept_of(self, request_id: str = "swap-1") -> str:
        """How the record of a swap says that it ended."""
        record = await self.states.load_state(id_of_swap(request_id))
        assert record is not None
        return str(record.env["state"])

    @property
    def told(self) -> list[str]:
        return [event.kind.value for event in self.team.events.events if event.kind.value.startswith("swap_")]


ALL_THE_WAY_BACK = ["swap_requested", "swap_failed", "swap_rolled_back"]


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


# ── what blocks it ──────────────────────────────────────────────────────────────────────────


async def test_a_forged_hash_blocks_the_swap() -> None:
    working = Working()
    assert await working.fault(a_swap(state_hash="f" * 64)) is SwapFault.STATE_CHANGED
    assert working.told == ["swap_failed", "swap_rolled_back"]
    assert working.compiler.orders == []
    assert await working.kept_of() == "rolled_back"
    assert await working.current() == {}


async def test_a_state_that_was_changed_after_the_hash_was_made_blocks_the_swap() -> None:
    working = Working()
    await working.states.save_state("job/1", STATE)
    async with working.team.opening as runtime:
        await working.states.save_state("job/1", evolve(STATE, control="step 4"))
        with pytest.raises(SwapRefused) as refused:
            await runtime.swap_model(a_swap())
    assert refused.value.fault is SwapFault.STATE_CHANGED


async def test_a_state_that_is_not_there_blocks_the_swap() -> None:
    assert await Working().fault(a_swap(state_refs=["job/1", "job/2"])) is SwapFault.STATE_MISSING


async def test_a_record_that_does_not_read_back_as_what_was_asked_blocks_the_swap() -> None:
    working = Working()
    working.states.answer("load_state", None)  # no swap of this id
    working.states.answer("load_state", State(control="forged"))
    assert await working.fault(a_swap()) is SwapFault.RECORD_CHANGED


async def test_a_request_is_used_once_and_what_is_kept_of_it_is_not_overwritten() -> None:
    working = Working()
    _, again = await working.swap(a_swap(), a_swap(target="there:chat"))
    assert isinstance(again, SwapRefused)
    assert again.fault is SwapFault.ALREADY_REQUESTED
    assert await working.kept_of() == "completed"
    assert await working.current() == {"worker": "there:spare"}
    assert working.told == ["swap_requested", "swap_completed", "swap_failed"]


async def test_a_swap_away_from_a_model_that_the_job_is_not_on_is_blocked() -> None:
    working = Working()
    _, stale = await working.swap(a_swap(), a_swap(2, target="there:chat"))
    assert isinstance(stale, SwapRefused)
    assert stale.fault is SwapFault.NOT_CURRENT
    assert await working.current() == {"worker": "there:spare"}


async def test_at_first_the_job_is_on_a_model_that_its_role_allows() -> None:
    spoofed = a_swap(role="orchestrator", current="here:small", target="cloud:huge")
    assert await Working().fault(spoofed) is SwapFault.NOT_CURRENT


async def test_the_eleventh_swap_is_one_too_many() -> None:
    working = Working()
    models = ["here:small", "there:spare"] * 6
    swaps = [a_swap(n, current=models[n], target=models[n + 1]) for n in range(11)]
    *ten, eleventh = await working.swap(*swaps)
    assert all(isinstance(swap, ModelSwap) for swap in ten)
    assert isinstance(eleventh, SwapRefused)
    assert eleventh.fault is SwapFault.LIMIT_EXCEEDED
    assert await working.current() == {"worker": "here:small"}


async def test_swaps_that_fail_count_as_well_so_that_thrashing_ends() -> None:
    working = Working(max_swaps_per_job=2)
    faults = await working.swap(*(a_swap(n, target="there:unknown") for n in range(4)))
    assert [error.fault for error in faults if isinstance(error, SwapRefused)] == [
        SwapFault.TARGET_UNKNOWN,
        SwapFault.TARGET_UNKNOWN,
        SwapFault.LIMIT_EXCEEDED,
        SwapFault.LIMIT_EXCEEDED,
    ]


async def test_the_count_is_that_of_the_job_and_outlives_the_runtime() -> None:
    working = Working(max_swaps_per_job=1)
    other = SwapRequester(subsystem="orchestrator", job_id="job-2")
    await working.swap(a_swap())
    again, elsewhere = await working.swap(
        a_swap(2, current="there:spare", target="here:small"), a_swap(3, requester=other)
    )
    assert isinstance(again, SwapRefused)
    assert isinstance(elsewhere, ModelSwap)


@pytest.mark.parametrize(
    ("swaps", "fault"),
    [({"allow_swaps": False}, SwapFault.DISALLOWED), ({"max_swaps_per_job": 0}, SwapFault.LIMIT_EXCEEDED)],
)
async def test_policy_blocks_swaps_whatever_follows_a_failure(swaps: dict[str, Any], fault: SwapFault) -> None:
    working = Working(on_failure="continue_with_current", **swaps)
    assert await working.fault(a_swap()) is fault
    assert working.compiler.orders == []


async def test_a_record_of_a_job_that_somebody_else_wrote_is_no_leave_to_begin_anew() -> None:
    working = Working()
    await working.states.save_state(id_of_job("job-1"), State(control={"swaps": -5}))
    (error,) = await working.swap(a_swap())
    assert isinstance(error, RecordCorrupt)


# ── who may take over ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("target", ["nobody:spare", "there:invented", "cloud:invented"])
async def test_a_target_that_nobody_vouches_for_does_not_take_over(target: str) -> None:
    working = Working()
    assert await working.fault(a_swap(target=target)) is SwapFault.TARGET_UNKNOWN
    assert working.told == ALL_THE_WAY_BACK


async def test_a_target_that_the_role_does_not_allow_does_not_take_over() -> None:
    working = Working()
    swap = a_swap(role="orchestrator", current="cloud:large", target="there:spare")
    (error,) = await working.swap(swap)
    assert isinstance(error, CallRefused)
    assert error.code is ErrorCode.MODEL_NOT_ALLOWED
    assert await working.current() == {}


@pytest.mark.parametrize("policy", ["locked", "strict"])
async def test_a_cloud_target_needs_all_that_a_cloud_call_needs(policy: str) -> None:
    working = Working(policy=GovernancePolicy.preset(policy))
    (error,) = await working.swap(a_swap(target="cloud:large"))
    assert isinstance(error, CallRefused)
    assert error.gate == ("tier" if policy == "locked" else "consent")
    assert working.told == ALL_THE_WAY_BACK
    assert await working.current() == {}
    assert await working.kept_of() == "rolled_back"
    assert working.team.asked == []


async def test_a_cloud_target_without_consent_is_refused_and_the_job_stays_where_it_was() -> None:
    working = Working(policy=GovernancePolicy(consent=ConsentRule.CLOUD), on_failure="continue_with_current")
    (swap,) = await working.swap(a_swap(target="cloud:large"))
    assert isinstance(swap, ModelSwap)
    assert (swap.state, str(swap.model), swap.request) == (SwapState.ROLLED_BACK, "role:worker=here:small", None)
    assert swap.error_code == "gate_refused"


async def test_a_role_that_is_kept_local_is_not_swapped_to_the_cloud() -> None:
    (error,) = await Working().swap(a_swap(role="validator", current="here:strict", target="cloud:large"))
    assert isinstance(error, TierRefused)


async def test_a_profile_without_escalation_swaps_nobody_to_the_cloud() -> None:
    (error,) = await Working(evolve(TEAM, governance=ProfileGovernance())).swap(a_swap(target="cloud:large"))
    assert isinstance(error, TierRefused)


async def test_a_job_escalates_to_the_cloud_as_often_as_its_profile_says() -> None:
    governance = ProfileGovernance(allow_cloud_escalation=True, max_cloud_escalations_per_job=1)
    working = Working(evolve(TEAM, governance=governance))
    up, along, down, up_again = await working.swap(
        a_swap(1, target="cloud:large"),
        a_swap(2, current="cloud:large", target="cloud:huge"),  # from the cloud to the cloud is no escalation
        a_swap(3, current="cloud:huge", target="here:small"),
        a_swap(4, target="cloud:large"),
    )
    assert all(isinstance(swap, ModelSwap) for swap in (up, along, down))
    assert isinstance(up_again, SwapRefused)
    assert up_again.fault is SwapFault.ESCALATIONS_EXCEEDED


async def test_a_target_that_needs_more_memory_than_allowed_does_not_take_over() -> None:
    needs = {"there:spare": ModelFootprint(vram_mb=8000, ram_mb=16000)}
    enough, too_little = a_swap(max_vram_mb=8000, max_ram_mb=16000), a_swap(max_vram_mb=4000, max_ram_mb=16000)
    assert await Working(footprints=needs).fault(too_little) is SwapFault.BUDGET_EXCEEDED
    assert await Working().fault(enough) is SwapFault.BUDGET_EXCEEDED  # nobody knows what it needs
    (swap,) = await Working(footprints=needs).swap(enough)
    assert isinstance(swap, ModelSwap)


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
