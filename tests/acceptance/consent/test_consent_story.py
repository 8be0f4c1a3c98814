"""The story of the provider registry: local work, a swap to the cloud, consent in between. Source: seed 004."""

from typing import Final

import pytest
from attrs import evolve, fields
from consenting.cloud import CLOUD, opened, settings_in

from provider_runtime import (
    CallOptions,
    ConsentMismatch,
    ConsentRequired,
    ConsentScope,
    ConsentTerms,
    ContextOrder,
    EventKind,
    GovernancePolicy,
    LifecycleEvent,
    ModelAssignment,
    ModelFootprint,
    ModelRef,
    ModelSwapRequest,
    ProfileGovernance,
    ProviderRequest,
    State,
    SwapPolicy,
    SwapRequester,
    WorkProfile,
    hash_of_states,
    system,
    user,
)
from provider_runtime.adapters.backends.families.states import MemoryStateProvider
from provider_runtime.adapters.telemetry.event_json import line_of
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder
from provider_runtime.testing.sandbox import Sandbox

LOCAL: Final = "ollama:llama3.1:8b"
WORDS: Final = "the patient is called Wilhelmina"
REASON: Final = "tests_failed_twice"
JOB: Final = CallOptions(conversation_id="job-1", metadata={"job": "job-1"})
# Semantics C.9: what an event of consent may carry, by our names for it.
ALLOWED: Final = {
    *("kind", "consent_request_id", "consent_reason", "model_asked", "projection_plan_id", "consent_id"),
    *("consent_scope", "conversation_id", "session_ids", "profile_id", "attempt", "error_code", "outcome"),
    # Not in that list, and of every event here: whose it is, when, and whom it is about.
    *("runtime_id", "call_id", "at", "trace_id", "labels", "provider", "provider_kind", "tier", "origin"),
    "request_bytes",
}


class Recipes:
    async def compile(self, order: ContextOrder) -> ProviderRequest:
        done = [str(state.control) for state in order.states.values()]
        return ProviderRequest(model=order.model, messages=[system("Go on."), user(*done)])


def a_swap(request_id: str, state: State) -> ModelSwapRequest:
    return ModelSwapRequest(
        request_id=request_id,
        current=LOCAL,
        target=CLOUD,
        role="worker",
        reason=REASON,
        state_refs=["job/notes"],
        state_hash=hash_of_states({"job/notes": state}),
        context_ref="resume",
        requester=SwapRequester(subsystem="orchestrator", job_id="job-1"),
    )


async def test_a_local_call_then_a_swap_to_the_cloud_that_somebody_has_to_consent_to() -> None:
    states, events, state = MemoryStateProvider(), EventRecorder(), State(control=WORDS)
    await states.save_state("job/notes", state)
    async with Sandbox() as sandbox:
        settings = settings_in(
            sandbox,
            profile=WorkProfile(
                name="team",
                assignments={"worker": ModelAssignment(primary=LOCAL, allowed_models=[CLOUD])},
                governance=ProfileGovernance(allow_cloud_escalation=True),
            ),
            swaps=SwapPolicy(footprints={CLOUD: ModelFootprint(vram_mb=0, ram_mb=0)}),
        )
        parts = {"states": states, "context_compiler": Recipes(), "event_sink": events}
        async with opened(sandbox, settings, **parts) as runtime:
            before = await runtime.run(a_request(WORDS, model="role:worker"), JOB)
            # Policy wants consent, and nobody gave any: the swap is refused, and the job stays where it is.
            with pytest.raises(ConsentRequired):
                await runtime.swap_model(a_swap("swap-1", state), JOB)
            still = await runtime.run(a_request(WORDS, model="role:worker"), JOB)
            # The fresh context is what a person is asked about: these very bytes, and what comes of them.
            fresh = await Recipes().compile(_order(runtime_model=CLOUD, state=state))
            question = await runtime.request_consent(
                fresh, JOB, scope=ConsentScope.SESSION, reason="tests_failed_twice"
            )
            await runtime.consents.approve(question.request_id, user_id="ada", terms=ConsentTerms(uses=1))
            swap = await runtime.swap_model(a_swap("swap-2", state), JOB)
            assert swap.request is not None
            after = await runtime.run(swap.request, JOB)
            with pytest.raises(ConsentMismatch):  # one use, and it is spent
                await runtime.run(swap.request, JOB)
            receipts = [receipt.record for receipt in await runtime.receipts.list()]
            verdict = await runtime.receipts.verify()
            (kept,) = await runtime.consents.consents()
    assert [one.provider for one in (before, still, after)] == ["ollama", "ollama", "openai"]
    assert [request.wire for request in sandbox.requests] == ["ollama", "ollama", "openai"]
    assert swap.state == "completed"
    assert (kept.used, receipts[2].consent_id, receipts[3].error_code) == (1, receipts[3].consent_id, "consent_used")
    assert verdict.valid
    _events_are_told(events)


def _order(*, runtime_model: str, state: State) -> ContextOrder:
    target = ModelRef.for_role("worker", ModelRef.parse(runtime_model))
    return ContextOrder(
        context_ref="resume", model=target, role="worker", states={"job/notes": state}, context_window=None
    )


def _events_are_told(events: EventRecorder) -> None:
    of_consent = [event for event in events.events if event.kind.value.startswith("cloud_")]
    assert [event.kind for event in of_consent] == [
        EventKind.CLOUD_REQUESTED,
        EventKind.CLOUD_APPROVED,
        EventKind.CLOUD_EXECUTED,
        EventKind.CLOUD_DENIED,
    ]
    requested, approved, executed, denied = of_consent
    assert (requested.consent_reason, requested.consent_scope) == (REASON, "session_scoped")
    assert approved.session_ids == executed.session_ids == ("job-1",)
    assert approved.consent_id == executed.consent_id == denied.consent_id
    assert (executed.outcome, denied.outcome, denied.consent_reason) == ("answered", "blocked", "used_up")
    for event in of_consent:
        told = {field.name for field in fields(LifecycleEvent) if getattr(event, field.name) not in (None, ())}
        assert told <= ALLOWED
    kinds = events.kinds
    swaps = [kind.value for kind in kinds if kind.value.startswith("swap_")]
    assert swaps == ["swap_requested", "swap_failed", "swap_rolled_back", "swap_requested", "swap_completed"]
    lines = b"".join(map(line_of, events.events)).decode()
    assert not any(word in lines for word in ("Wilhelmina", "Go on", "sandbox-key"))


async def test_a_cloud_that_policy_does_not_allow_is_not_reached_by_consent() -> None:
    async with Sandbox() as sandbox:
        settings = settings_in(sandbox)
        async with opened(sandbox, settings) as runtime:
            question = await runtime.request_consent(a_request(WORDS, model=CLOUD))
            await runtime.consents.approve(question.request_id, user_id="ada")
            ledger = runtime.consents.ledger
        forbidden = evolve(settings, policy=GovernancePolicy(cloud_allowed=False, consent="cloud"))
        async with opened(sandbox, forbidden, consents=ledger) as runtime:
            with pytest.raises(Exception, match="does not allow cloud"):
                await runtime.run(a_request(WORDS, model=CLOUD))
    assert sandbox.requests == ()
