"""Work profiles are values: an edit is another profile, under another id."""

import pickle
import random
from typing import Any

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    DEFAULT_EXPERTS,
    DEFAULT_ROLES,
    AutomationLevel,
    ExpertRole,
    ModelAssignment,
    ModelRef,
    ProfileGovernance,
    ProfileId,
    ProviderConfig,
    Role,
    WorkProfile,
)
from provider_runtime.testing.strategies.profiles import model_assignments, work_profiles


def a_profile(**changes: Any) -> WorkProfile:
    fields: dict[str, Any] = {
        "name": "team",
        "assignments": {"worker": ModelAssignment(primary="ollama:llama3", fallback="openai:gpt-5-mini")},
    }
    return WorkProfile(**{**fields, **changes})


EDITS = {
    "another name": {"name": "crew"},
    "another text": {"description": "for the night"},
    "no roles": {"assignments": {}},
    "another role": {"assignments": {"validator": a_profile().assignments[Role("worker")]}},
    "another model": {"assignments": {"worker": ModelAssignment(primary="ollama:qwen3", fallback="openai:gpt-5-mini")}},
    "no fallback": {"assignments": {"worker": ModelAssignment(primary="ollama:llama3")}},
    "kept local": {
        "assignments": {
            "worker": ModelAssignment(primary="ollama:llama3", fallback="openai:gpt-5-mini", local_only=True)
        }
    },
    "a model allowed": {
        "assignments": {
            "worker": ModelAssignment(
                primary="ollama:llama3", fallback="openai:gpt-5-mini", allowed_models=["ollama:qwen3"]
            )
        }
    },
    "less automation": {"governance": ProfileGovernance(automation="full_human")},
    "cloud allowed": {"governance": ProfileGovernance(allow_cloud_escalation=True)},
    "no escalation": {"governance": ProfileGovernance(max_cloud_escalations_per_job=0)},
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_every_edit_makes_another_id_and_leaves_the_profile_as_it_was(edit: dict[str, Any]) -> None:
    before, kept = a_profile(), a_profile().profile_id
    after = evolve(before, **edit)
    assert after.profile_id != kept == before.profile_id
    assert after != before
    assert evolve(after, **{name: getattr(before, name) for name in edit}).profile_id == kept


@given(one=work_profiles(), other=work_profiles())
def test_equal_profiles_have_equal_ids_and_no_others_do(one: WorkProfile, other: WorkProfile) -> None:
    assert (one.profile_id == other.profile_id) == (one == other)


@given(profile=work_profiles(), seed=st.integers())
def test_the_order_in_which_a_profile_was_written_does_not_count(profile: WorkProfile, seed: int) -> None:
    shuffled = random.Random(seed)  # noqa: S311 - an order, no secret
    items = list(profile.assignments.items())
    shuffled.shuffle(items)
    allowed = {role: list(one.allowed_models) for role, one in items}
    for models in allowed.values():
        shuffled.shuffle(models)
    again = evolve(profile, assignments={role: evolve(one, allowed_models=allowed[role]) for role, one in items})
    assert (again, again.profile_id, hash(again)) == (profile, profile.profile_id, hash(profile))


def test_an_id_names_the_profile_and_is_an_id_of_its_own_kind() -> None:
    profile = a_profile()
    assert profile.profile_id.startswith("team@")
    assert ProfileId(str(profile.profile_id)) == profile.profile_id
    with pytest.raises(ValueError, match="ProfileId"):
        ProfileId("team")


def test_the_id_of_a_profile_stays_the_same_through_releases() -> None:
    assert a_profile().profile_id == "team@81195d31d12b2821"


def test_nothing_of_a_profile_can_be_changed() -> None:
    given_assignments = {"worker": ModelAssignment(primary="ollama:llama3")}
    profile = a_profile(assignments=given_assignments)
    given_assignments["validator"] = given_assignments["worker"]
    assert list(profile.assignments) == ["worker"]
    with pytest.raises(TypeError):
        profile.assignments[Role("worker")] = given_assignments["worker"]  # type: ignore[index]  # what nobody may do
    with pytest.raises(FrozenInstanceError):
        profile.description = "edited"  # type: ignore[misc]  # as above


@given(assignment=model_assignments())
def test_an_assignment_allows_its_own_models_and_without_a_list_every_other(assignment: ModelAssignment) -> None:
    stranger = ModelRef(model_id="nobody/listed-it", provider_hint="stranger")
    for model in (*assignment.own, *assignment.allowed_models):
        assert model.provider_hint is not None
        assert assignment.allows(model.provider_hint, model.model_id)
    assert stranger.provider_hint is not None
    assert assignment.allows(stranger.provider_hint, stranger.model_id) == (not assignment.allowed_models)


@pytest.mark.parametrize("model", ["llama3", "role:worker", "", 7])
@pytest.mark.parametrize("place", ["primary", "fallback", "allowed_models"])
def test_an_assignment_names_provider_and_model(place: str, model: object) -> None:
    given_fields: dict[str, Any] = {"primary": "ollama:llama3", place: [model] if place == "allowed_models" else model}
    with pytest.raises((ValueError, TypeError)):
        ModelAssignment(**given_fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "two words"),
        ("name", ""),
        ("assignments", {"two words": ModelAssignment(primary="a:b")}),
        ("assignments", {"worker": "ollama:llama3"}),
        ("assignments", [("worker", ModelAssignment(primary="a:b"))]),
        ("governance", "locked"),
        ("description", None),
    ],
)
def test_what_cannot_be_a_profile_is_none(field: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        a_profile(**{field: value})


def test_automation_levels_of_other_systems_are_understood() -> None:
    assert ProfileGovernance(automation="assisted").automation is AutomationLevel.HYBRID
    assert ProfileGovernance(automation="supervised").automation is AutomationLevel.HYBRID
    with pytest.raises(ValueError, match="nonsense"):
        ProfileGovernance(automation="nonsense")


def test_a_profile_says_no_to_the_cloud_unless_it_says_yes() -> None:
    assert not a_profile().governance.allow_cloud_escalation


def test_four_roles_are_known_and_any_other_name_is_one_too() -> None:
    assert DEFAULT_ROLES == ("frontend", "orchestrator", "worker", "validator")
    assert a_profile(assignments={"night-shift": ModelAssignment(primary="a:b")}).assignments.keys() == {"night-shift"}


# ── roles in references to models ───────────────────────────────────────────────────────────


def test_a_reference_can_name_a_role_and_a_model_in_it() -> None:
    asked = ModelRef.parse("role:worker")
    assert (asked.role, asked.model_in_role) == ("worker", None)
    chosen = ModelRef.parse("role:worker=openai:gpt-5:free=1")
    assert (chosen.role, str(chosen.model_in_role)) == ("worker", "openai:gpt-5:free=1")
    assert ModelRef.for_role("worker", ModelRef.parse("openai:gpt-5:free=1")) == chosen
    assert str(chosen) == "role:worker=openai:gpt-5:free=1"


@pytest.mark.parametrize(
    "asked",
    [
        ModelRef.parse("openai:gpt-5"),
        ModelRef(model_id="role:worker"),  # a model id, since nobody split it
        ModelRef(model_id="worker=openai:gpt-5", provider_hint="openai"),
    ],
    ids=str,
)
def test_any_other_reference_names_none(asked: ModelRef) -> None:
    assert (asked.role, asked.model_in_role) == (None, None)


@pytest.mark.parametrize("model", ["role:two words", "role:worker=", "role:worker=role:validator", "role:=a:b"])
def test_half_a_role_is_no_reference(model: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ModelRef.parse(model)


def test_no_provider_can_be_called_role() -> None:
    with pytest.raises(ValueError, match="role"):
        ProviderConfig(provider_id="role", kind="ollama", base_url="http://localhost")


# ── experts ─────────────────────────────────────────────────────────────────────────────────


def test_the_default_experts_are_seven_and_name_no_model() -> None:
    temperatures = {str(expert.role): expert.parameters.temperature for expert in DEFAULT_EXPERTS}
    assert temperatures == {
        "mathematician": 0.3,
        "coder": 0.2,
        "writer": 1.0,
        "analyst": 0.4,
        "critic": 0.3,
        "security": 0.2,
        "refactoring": 0.2,
    }
    assert all(expert.assignment is None and expert.system_prompt and expert.expertise for expert in DEFAULT_EXPERTS)


def test_the_prompt_of_an_expert_is_not_printed() -> None:
    assert "Wilhelmina" not in repr(ExpertRole(role="nurse", system_prompt="The patient is called Wilhelmina."))


@given(profile=work_profiles())
def test_a_profile_prints_and_can_be_looked_up_by(profile: WorkProfile) -> None:
    assert str(profile.profile_id) in repr(profile)
    assert {profile: 1}[evolve(profile)] == 1
    assert pickle.loads(pickle.dumps(profile.profile_id)) == profile.profile_id  # noqa: S301 - our own bytes
