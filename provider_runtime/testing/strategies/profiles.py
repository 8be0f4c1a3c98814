"""Strategies for work profiles, experts and states."""

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.calls.parameters import ModelParameters
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.identity import ProviderId, Role
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import AutomationLevel, ProfileGovernance, WorkProfile
from provider_runtime.domain.profiles.roles import DEFAULT_ROLES, ModelAssignment
from provider_runtime.domain.records.state import State
from provider_runtime.testing.strategies.catalog import model_ids
from provider_runtime.testing.strategies.values import few, json_objects, json_values, perhaps, provider_ids, texts

_OTHER_ROLES: Final = (Role("coder"), Role("critic"), Role("a.b-c_1"))


def roles() -> SearchStrategy[Role]:
    """The four that everybody knows, and a few others."""
    return st.sampled_from((*DEFAULT_ROLES, *_OTHER_ROLES))


def models_with_provider(providers: SearchStrategy[ProviderId] | None = None) -> SearchStrategy[ModelRef]:
    """References that name their provider."""
    return st.builds(ModelRef, model_id=model_ids(), provider_hint=provider_ids() if providers is None else providers)


def model_assignments(providers: SearchStrategy[ProviderId] | None = None) -> SearchStrategy[ModelAssignment]:
    """Assignments of any kind, to models of ``providers``."""
    models = models_with_provider(providers)
    return st.builds(
        ModelAssignment,
        primary=models,
        fallback=perhaps(models),
        local_only=st.booleans(),
        allowed_models=few(models),
    )


def work_profiles(providers: SearchStrategy[ProviderId] | None = None) -> SearchStrategy[WorkProfile]:
    """Profiles with some roles or none."""
    governance = st.builds(
        ProfileGovernance,
        automation=st.sampled_from(AutomationLevel),
        allow_cloud_escalation=st.booleans(),
        max_cloud_escalations_per_job=perhaps(st.integers(0, 3)),
    )
    return st.builds(
        WorkProfile,
        name=st.sampled_from(("team", "nightly.v2")),
        assignments=st.dictionaries(roles(), model_assignments(providers), max_size=4),
        governance=governance,
        description=texts(),
    )


def expert_roles(providers: SearchStrategy[ProviderId] | None = None) -> SearchStrategy[ExpertRole]:
    """Experts, with a prompt and a model or without."""
    words: dict[str, Any] = dict.fromkeys(("name", "meta_expertise", "reasoning_style", "system_prompt"), texts())
    return st.builds(
        ExpertRole,
        role=roles(),
        expertise=few(texts().filter(bool)),
        parameters=st.builds(ModelParameters, temperature=perhaps(st.integers(0, 2)), seed=perhaps(st.integers(0, 9))),
        assignment=perhaps(model_assignments(providers)),
        **words,
    )


def states() -> SearchStrategy[State]:
    """States of any contents."""
    return st.builds(
        State,
        control=json_values(),
        env=json_objects(),
        store=json_objects(),
        kont=few(json_values()),
        handlers=few(json_values()),
        budget=json_objects(),
    )
