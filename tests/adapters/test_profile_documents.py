"""Profiles, experts and requests for swaps as JSON: lossless, and with no field that nobody knows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.serialization import DocumentFault, make_converter, read_json, structure, to_json
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.profiles.swapping import ModelSwapRequest, SwapRequester
from provider_runtime.domain.records.state import State, digest_of_state
from provider_runtime.testing.strategies.profiles import expert_roles, states, work_profiles

CONVERTER = make_converter()
SWAP = ModelSwapRequest(
    request_id="swap-1",
    current="ollama:llama3",
    target="openai:gpt-5-mini",
    role="worker",
    reason="the context is too long",
    state_refs=["job/1"],
    state_hash="0" * 64,
    context_ref="resume",
    requester=SwapRequester(subsystem="orchestrator", job_id="job-1"),
    metadata={"tenant": "acme"},
)


@given(value=work_profiles() | expert_roles() | st.just(SWAP))
def test_what_is_written_reads_back_as_it_was(value: WorkProfile | ExpertRole | ModelSwapRequest) -> None:
    written = to_json(CONVERTER, value)
    again = structure(CONVERTER, type(value), read_json(written))
    assert again == value
    assert to_json(CONVERTER, again) == written
    if isinstance(again, WorkProfile) and isinstance(value, WorkProfile):
        assert again.profile_id == value.profile_id


@given(state=states())
def test_a_state_reads_back_with_its_digest(state: State) -> None:
    again = structure(CONVERTER, State, read_json(to_json(CONVERTER, state)))
    assert (again, digest_of_state(again)) == (state, digest_of_state(state))


def test_a_profile_is_written_by_hand_as_one_would_think() -> None:
    text = b"""{"name": "team", "assignments": {
        "worker": {"primary": "ollama:llama3", "fallback": "anthropic:claude-sonnet-4-5"},
        "validator": {"primary": "ollama:llama3", "local_only": true}
    }, "governance": {"automation": "supervised", "allow_cloud_escalation": true}}"""
    profile = structure(CONVERTER, WorkProfile, read_json(text))
    assert str(profile.assignments["worker"].fallback) == "anthropic:claude-sonnet-4-5"
    assert profile.assignments["validator"].local_only


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b'{"name": "t", "assignments": {}, "profile_id": "t@0000000000000000"}', "profile_id"),
        (b'{"name": "t", "assignments": {"worker": {"primary": "a:b", "model": "c"}}}', "assignments.worker.model"),
        (b'{"name": "t", "assignments": {"worker": {"primary": "b"}}}', "assignments.worker.primary"),
        (b'{"name": "t", "assignments": {"worker": {}}}', "assignments.worker.primary"),
        (b'{"name": "t", "assignments": {}, "governance": {"allow_cloud": true}}', "governance.allow_cloud"),
        (b'{"name": "t"}', "assignments"),
    ],
)
def test_an_unknown_field_or_a_missing_one_is_a_fault_at_its_place(text: bytes, field: str) -> None:
    with pytest.raises(DocumentFault) as fault:
        structure(CONVERTER, WorkProfile, read_json(text))
    assert fault.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schema_version": "hsk.model_swap@0.3"}, "schema_version"),
        ({"state_hash": "F" * 64}, "state_hash"),
        ({"state_refs": ["../../etc/passwd"]}, "state_refs"),
        ({"priority": "urgent"}, "priority"),
        ({"force": True}, "force"),
    ],
)
def test_a_request_for_a_swap_that_is_none_is_a_fault_at_its_place(change: dict[str, Any], field: str) -> None:
    document = {**CONVERTER.unstructure(SWAP), **change}
    with pytest.raises(DocumentFault) as fault:
        structure(CONVERTER, ModelSwapRequest, document)
    assert fault.value.field == field
