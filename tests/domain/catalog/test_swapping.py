"""Requests for another model, what is kept of them, and the hash that ties them to a state. All pure."""

import hashlib
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    ModelFootprint,
    ModelRef,
    ModelSwapRequest,
    Role,
    State,
    SwapFault,
    SwapPolicy,
    SwapRequester,
    SwapState,
    hash_of_states,
)
from provider_runtime.domain.profiles.swap_records import (
    JobSwaps,
    fault_of_count,
    fault_of_memory,
    job_in,
    record_of_job,
    record_of_swap,
)
from provider_runtime.domain.records.state import digest_of_state
from provider_runtime.testing.strategies.profiles import models_with_provider, roles, states


def a_swap(**changes: Any) -> ModelSwapRequest:
    fields: dict[str, Any] = {
        "request_id": "swap-1",
        "current": "here:small",
        "target": "there:spare",
        "role": "worker",
        "reason": "too slow",
        "state_refs": ["job/1"],
        "state_hash": "0" * 64,
        "context_ref": "resume",
        "requester": SwapRequester(subsystem="orchestrator", job_id="job-1"),
    }
    return ModelSwapRequest(**{**fields, **changes})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("request_id", ""),
        ("request_id", "a/b"),
        ("request_id", "a" * 257),
        ("current", "small"),
        ("target", "spare"),
        ("target", "role:worker"),
        ("target", "there:" + "a" * 256),
        ("target", "here:small"),  # the model that the job has
        ("role", "two words"),
        ("reason", " "),
        ("reason", "a" * 1025),
        ("state_refs", []),
        ("state_refs", "job/1"),
        ("state_refs", ["a" * 513]),
        ("state_refs", ["../secrets"]),
        ("state_refs", ["job/../../secrets"]),
        ("state_refs", ["job/.."]),
        ("state_refs", ["./job"]),
        ("state_refs", ["job//1"]),
        ("state_refs", ["//job"]),
        ("state_refs", ["job 1"]),
        ("state_refs", ["job\n1"]),
        ("state_refs", ["swap:swap-1"]),
        ("state_refs", ["swaps:job-1"]),
        ("state_refs", [7]),
        ("state_refs", [f"job/{number}" for number in range(257)]),
        ("state_hash", "0" * 63),
        ("state_hash", "A" * 64),
        ("state_hash", "0" * 64 + "\n"),
        ("context_ref", ""),
        ("context_ref", "a" * 513),
        ("max_vram_mb", -1),
        ("timeout_ms", -1),
        ("timeout_ms", 0.5),
        ("priority", "urgent"),
        ("strategy", "hope"),
        ("metadata", {"note": "with words"}),
        ("schema_version", "hsk.model_swap@0.3"),
        ("requester", "orchestrator"),
    ],
)
def test_what_cannot_be_a_request_is_none(field: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError), match=rf"(?i){field.split('_', maxsplit=1)[0]}|several values"):
        a_swap(**{field: value})


@pytest.mark.parametrize("job", ["", "two words", "a" * 129])
def test_what_cannot_be_a_job_is_none(job: str) -> None:
    with pytest.raises(ValueError, match="job_id"):
        SwapRequester(subsystem="ui", job_id=job)


def test_references_are_a_set_and_begin_at_one_root() -> None:
    assert a_swap(state_refs=["/b", "a", "b", "artifact:7:x/y"]).state_refs == ("a", "artifact:7:x/y", "b")


def test_without_a_job_swaps_are_counted_for_whoever_asks() -> None:
    assert SwapRequester(subsystem="ui").job == "subsystem:ui"
    assert SwapRequester(subsystem="ui", job_id="job-1").job == "job-1"


# ── the hash ────────────────────────────────────────────────────────────────────────────────


def test_the_hash_covers_each_reference_and_the_digest_of_its_state_in_order() -> None:
    one, two = State(control=1), State(control=2)
    manifest = f"a\n{digest_of_state(two)}\nb\n{digest_of_state(one)}\n"
    assert hash_of_states({"b": one, "/a": two}) == hashlib.sha256(manifest.encode()).hexdigest()


kept = st.dictionaries(st.sampled_from(["a", "b", "c/d"]), states(), min_size=1, max_size=3)


@given(one=kept, other=kept)
def test_other_states_or_other_references_have_another_hash(one: dict[str, State], other: dict[str, State]) -> None:
    digests = [{ref: digest_of_state(state) for ref, state in some.items()} for some in (one, other)]
    assert (hash_of_states(one) == hash_of_states(other)) == (digests[0] == digests[1])


@given(state=states(), changed=states())
def test_a_state_has_the_digest_of_its_contents(state: State, changed: State) -> None:
    assert digest_of_state(evolve(state)) == digest_of_state(state)
    if digest_of_state(state) == digest_of_state(changed):
        assert state == changed


def test_the_digest_of_a_state_stays_the_same_through_releases() -> None:
    state = State(control=["é", 1, 0.5, None], env={"b": 1, "a": {}}, kont=["k"])
    assert digest_of_state(state) == "738998fdbabc0a180f7629aeb07a21bcb444519a3f68b1dddc2539f83493acb0"
    assert digest_of_state(state) == digest_of_state(evolve(state, env={"a": {}, "b": 1}))


# ── what is kept ────────────────────────────────────────────────────────────────────────────


def test_the_record_of_a_swap_repeats_the_request_without_its_hash() -> None:
    request = a_swap(state_hash="ab" * 32, metadata={"tenant": "acme"})
    record = record_of_swap(request, SwapState.PERSISTED)
    assert "ab" * 32 not in str(record.control)
    assert record == record_of_swap(evolve(request, state_hash="cd" * 32), SwapState.PERSISTED)
    for field, value in {"target": "cloud:large", "context_ref": "other", "role": "validator", "reason": "x"}.items():
        assert record_of_swap(evolve(request, **{field: value}), SwapState.PERSISTED) != record


@given(
    swaps=st.integers(0, 99), escalations=st.integers(0, 99), current=st.dictionaries(roles(), models_with_provider())
)
def test_what_is_kept_of_a_job_reads_back(swaps: int, escalations: int, current: dict[Role, ModelRef]) -> None:
    job = JobSwaps(swaps=swaps, cloud_escalations=escalations, current=current)
    assert job_in(record_of_job(job)) == job


def test_a_job_that_nobody_heard_of_has_swapped_nothing() -> None:
    assert job_in(None) == JobSwaps()


@pytest.mark.parametrize(
    "control",
    [
        None,
        {},
        {"swaps": -1, "cloud_escalations": 0, "current": {}},
        {"swaps": True, "cloud_escalations": 0, "current": {}},
        {"swaps": 1, "cloud_escalations": "0", "current": {}},
        {"swaps": 1, "cloud_escalations": 0, "current": []},
        {"swaps": 1, "cloud_escalations": 0, "current": {"two words": "a:b"}},
        {"swaps": 1, "cloud_escalations": 0, "current": {"worker": ":"}},
        {"swaps": 1, "cloud_escalations": 0, "current": {}, "more": 1},
    ],
)
def test_what_is_no_record_of_a_job_is_not_taken_for_one(control: Any) -> None:
    assert job_in(State(control=control)) is None


# ── limits ──────────────────────────────────────────────────────────────────────────────────


@given(most=st.integers(0, 5), begun=st.integers(1, 9))
def test_exactly_as_many_swaps_as_policy_allows_may_begin(most: int, begun: int) -> None:
    fault = fault_of_count(JobSwaps(swaps=begun), SwapPolicy(max_swaps_per_job=most))
    assert fault == (None if begun <= most else SwapFault.LIMIT_EXCEEDED)
    assert fault_of_count(JobSwaps(swaps=begun), SwapPolicy(allow_swaps=False)) is SwapFault.DISALLOWED


@pytest.mark.parametrize(
    ("vram", "ram", "needs", "fits"),
    [
        (None, None, None, True),
        (8000, 16000, ModelFootprint(vram_mb=8000, ram_mb=16000), True),
        (7999, 16000, ModelFootprint(vram_mb=8000, ram_mb=16000), False),
        (8000, 15999, ModelFootprint(vram_mb=8000, ram_mb=16000), False),
        (None, 16000, ModelFootprint(vram_mb=8000, ram_mb=16000), True),
        (8000, None, None, False),  # nobody knows what the model needs
        (0, 16000, ModelFootprint(vram_mb=0, ram_mb=0), False),
    ],
)
def test_a_model_fits_if_it_is_known_to_need_no_more_than_the_request_allows(
    vram: int | None, ram: int | None, needs: ModelFootprint | None, *, fits: bool
) -> None:
    fault = fault_of_memory(a_swap(max_vram_mb=vram, max_ram_mb=ram), needs)
    assert fault == (None if fits else SwapFault.BUDGET_EXCEEDED)


def test_a_swap_goes_forward_until_it_is_completed_and_from_a_failure_to_the_old_model() -> None:
    forward = [SwapState.REQUESTED]
    while nexts := [s for s in SwapState if forward[-1].may_become(s) and s not in {"failed", "timed_out"}]:
        assert len(nexts) == 1
        forward += nexts
    assert forward == ["requested", "persisted", "verified", "swapping", "compiling", "completed"]
    assert all(state.may_become(SwapState.FAILED) for state in forward[:-1])
    assert SwapState.FAILED.may_become(SwapState.ROLLED_BACK)
    assert not any(SwapState.COMPLETED.may_become(later) for later in SwapState)
    assert not any(SwapState.ROLLED_BACK.may_become(later) for later in SwapState)


def test_footprints_are_those_of_models_and_cannot_be_changed() -> None:
    given_footprints = {"here:small": ModelFootprint(vram_mb=1, ram_mb=1)}
    policy = SwapPolicy(footprints=given_footprints)
    given_footprints.clear()
    assert policy.footprints[ModelRef.parse("here:small")].vram_mb == 1
    with pytest.raises(TypeError):
        SwapPolicy(footprints={"here:small": 4000})
