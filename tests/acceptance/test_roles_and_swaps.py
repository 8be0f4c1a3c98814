"""A job over real connections: a role is played, its fallback steps in, another provider takes the work over."""

import json
import socket

from attrs import evolve

from provider_runtime import (
    ContextOrder,
    ModelAssignment,
    ModelFootprint,
    ModelSwapRequest,
    ProviderRequest,
    RetryPolicy,
    RuntimeSettings,
    State,
    SwapPolicy,
    SwapRequester,
    WorkProfile,
    hash_of_states,
    local_server,
    open_runtime,
    system,
    user,
)
from provider_runtime.adapters.backends.families.states import MemoryStateProvider
from provider_runtime.adapters.telemetry.event_json import line_of
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder
from provider_runtime.testing.sandbox.server import Sandbox
from provider_runtime.testing.settings import sandbox_settings

WORDS = "the patient is called Wilhelmina"


class Recipes:
    async def compile(self, order: ContextOrder) -> ProviderRequest:
        done = [str(state.control) for state in order.states.values()]
        return ProviderRequest(model=order.model, messages=[system("Go on."), user(*done)])


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def settings_at(sandbox: Sandbox) -> RuntimeSettings:
    compatible = local_server(sandbox.compatible_url)
    nobody_there = local_server(f"http://127.0.0.1:{a_free_port()}/v1", provider_id="gone")
    base = sandbox_settings(sandbox)
    return evolve(
        base,
        retry=RetryPolicy(max_attempts=1),
        providers=(*base.providers, compatible, nobody_there),
        profile=WorkProfile(
            name="team",
            assignments={
                "worker": ModelAssignment(primary="local:small", allowed_models=["anthropic:claude-sonnet-4-5"]),
                "frontend": ModelAssignment(primary="gone:small", fallback="openai:gpt-5-mini"),
            },
        ),
        swaps=SwapPolicy(footprints={"anthropic:claude-sonnet-4-5": ModelFootprint(vram_mb=0, ram_mb=0)}),
    )


async def test_a_job_begins_with_one_provider_and_goes_on_with_another() -> None:
    states, events = MemoryStateProvider(), EventRecorder()
    state = State(control=WORDS)
    await states.save_state("job/notes", state)
    swap_request = ModelSwapRequest(
        request_id="swap-1",
        current="local:small",
        target="anthropic:claude-sonnet-4-5",
        role="worker",
        reason="needs a larger model",
        state_refs=["job/notes"],
        state_hash=hash_of_states({"job/notes": state}),
        context_ref="resume",
        requester=SwapRequester(subsystem="orchestrator", job_id="job-1"),
    )
    async with (
        Sandbox() as sandbox,
        open_runtime(settings_at(sandbox), states=states, context_compiler=Recipes(), event_sink=events) as runtime,
    ):
        before = await runtime.run(a_request(WORDS, model="role:worker"))
        swap = await runtime.swap_model(swap_request)
        assert swap.request is not None
        after = await runtime.run(swap.request)
        verdict = await runtime.receipts.verify()
        first, second = (receipt.record for receipt in await runtime.receipts.list())
    assert (before.provider, after.provider) == ("local", "anthropic")
    assert after.text
    assert [(one.role, one.profile_id) for one in (first, second)] == [("worker", first.profile_id)] * 2
    assert verdict.valid
    told = b"".join(map(line_of, events.events)).decode()
    assert "swap_completed" in told
    assert not any(word in told for word in ("Wilhelmina", "larger model", "sandbox-key"))
    assert all(json.loads(line) for line in told.splitlines())


async def test_the_fallback_of_a_role_steps_in_when_nobody_listens_at_its_model() -> None:
    async with Sandbox() as sandbox:
        settings = settings_at(sandbox)
        async with open_runtime(settings) as runtime:
            response = await runtime.run(a_request(model="role:frontend"))
            (receipt,) = await runtime.receipts.list()
    assert response.provider == "openai"
    assert [one.code for one in response.passed_over] == ["connect_failed"]
    assert (receipt.record.role, receipt.record.passed_over) == ("frontend", ("gone:small connect_failed",))
