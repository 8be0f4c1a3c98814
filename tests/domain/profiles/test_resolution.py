"""Who answers a reference: pure, the same for any order of what is known, and explained."""

import random
import re
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    AssignmentInvalid,
    ExpertRole,
    ModelAssignment,
    ModelCatalog,
    ModelInfo,
    ModelNotAllowed,
    ModelRef,
    ProviderConfig,
    ProviderNotRegistered,
    ProviderRuntimeError,
    Role,
    Tier,
    TierRefused,
    WorkProfile,
)
from provider_runtime.domain.catalog.resolving import CatalogIndex, RouteRule, route
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.profiles.assigning import fault_of_assignments
from provider_runtime.domain.profiles.resolution import Resolution, resolve
from provider_runtime.testing.strategies.catalog import catalogs, model_ids
from provider_runtime.testing.strategies.profiles import (
    expert_roles,
    model_assignments,
    models_with_provider,
    roles,
    work_profiles,
)


def record(provider: str, tier: Tier) -> ProviderConfig:
    return ProviderConfig(
        provider_id=provider, kind="openai_compatible", base_url=f"https://{provider}.example/v1", tier=tier
    )


HERE, CLOUD = record("here", Tier.LOCAL), record("cloud", Tier.CLOUD)
BOTH = {config.provider_id: config for config in (HERE, CLOUD)}
PROFILE = WorkProfile(
    name="team",
    assignments={
        "worker": ModelAssignment(primary="here:small", fallback="cloud:large"),
        "validator": ModelAssignment(primary="here:small", local_only=True),
        "orchestrator": ModelAssignment(primary="cloud:large", allowed_models=["cloud:huge", "here:small"]),
        "frontend": ModelAssignment(primary="cloud:large", local_only=True),
    },
)
LISTED = CatalogIndex(ModelCatalog(models=[ModelInfo(provider="cloud", model_id="large")]))


def resolved(asked: str, **known: Any) -> Resolution:
    everything: dict[str, Any] = {"providers": BOTH, "catalog": LISTED, "profile": PROFILE, "experts": {}, **known}
    return resolve(ModelRef.parse(asked), **everything)


def outcome(asked: ModelRef, known: Mapping[str, Any]) -> Resolution | tuple[object, ...]:
    try:
        return resolve(asked, **known)
    except ProviderRuntimeError as error:
        return (type(error), error.code, error.message, error.remedy)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("role:worker", ("here", Tier.LOCAL, "https://here.example/v1", "small", RouteRule.ROLE)),
        ("role:orchestrator", ("cloud", Tier.CLOUD, "https://cloud.example/v1", "large", RouteRule.ROLE)),
        ("role:orchestrator=cloud:huge", ("cloud", Tier.CLOUD, "https://cloud.example/v1", "huge", RouteRule.HINT)),
        ("role:worker=large", ("cloud", Tier.CLOUD, "https://cloud.example/v1", "large", RouteRule.CATALOG)),
        ("here:anything", ("here", Tier.LOCAL, "https://here.example/v1", "anything", RouteRule.HINT)),
        ("large", ("cloud", Tier.CLOUD, "https://cloud.example/v1", "large", RouteRule.CATALOG)),
        ("unheard-of", ("here", Tier.LOCAL, "https://here.example/v1", "unheard-of", RouteRule.DEFAULT)),
    ],
)
def test_a_reference_leads_to_provider_tier_address_and_model(asked: str, expected: tuple[object, ...]) -> None:
    found = resolved(asked, default_provider=ProviderId("here"))
    assert (found.provider_id, found.tier, found.base_url, found.model_id, found.rule) == expected


def test_the_four_roles_route_to_their_assignment() -> None:  # T-PROFILE-003
    kept_local = WorkProfile(
        name="four",
        assignments={
            role: ModelAssignment(primary=f"here:{role}")
            for role in ("frontend", "orchestrator", "worker", "validator")
        },
    )
    for role in kept_local.assignments:
        found = resolved(f"role:{role}", profile=kept_local)
        assert (found.model_id, found.role, found.profile_id) == (role, role, kept_local.profile_id)


def test_a_resolution_says_what_each_rule_says_and_which_one_decided() -> None:
    found = resolved("role:worker", default_provider=ProviderId("cloud"))
    assert [(str(one.rule), str(one.model), one.decides) for one in found.findings] == [
        ("role", "here:small", True),
        ("hint", "None", False),
        ("catalog", "None", False),
        ("default", "cloud:small", False),
    ]
    assert found.findings[0].reason == (
        f"the profile {PROFILE.profile_id} assigns the role worker to here:small, "
        "and to cloud:large when that cannot be had"
    )


def test_a_role_of_nobody_is_an_invalid_config_that_names_the_roles_there_are() -> None:
    with pytest.raises(AssignmentInvalid, match="frontend, orchestrator, validator, worker") as unknown:
        resolved("role:critic")
    assert (unknown.value.role, unknown.value.hsk_code) == ("critic", "HSK-400-INVALID-CONFIG")
    with pytest.raises(AssignmentInvalid, match="no work profile"):
        resolved("role:worker", profile=None)


def test_an_assignment_to_an_unknown_provider_is_an_invalid_config() -> None:
    with pytest.raises(AssignmentInvalid) as invalid:
        resolved("role:worker", providers={CLOUD.provider_id: CLOUD})
    assert invalid.value.role == "worker"
    assert "here" in invalid.value.message


def test_a_stranger_that_the_request_names_itself_is_the_requests_fault() -> None:
    with pytest.raises(ProviderNotRegistered):
        resolved("role:worker=nobody:large")


@pytest.mark.parametrize("asked", ["role:frontend", "role:validator=cloud:large", "role:validator=large"])
def test_a_role_that_is_kept_local_is_not_played_from_the_cloud(asked: str) -> None:  # T-PROFILE-004
    with pytest.raises(TierRefused) as refused:
        resolved(asked)
    assert (refused.value.provider, refused.value.gate) == ("cloud", "tier")


def test_a_model_that_the_role_does_not_allow_is_refused_and_those_that_it_does_are_named() -> None:
    with pytest.raises(ModelNotAllowed, match="cloud:huge, cloud:large, here:small") as refused:
        resolved("role:orchestrator=here:other")
    assert (refused.value.role, refused.value.profile_id) == ("orchestrator", PROFILE.profile_id)


def test_an_expert_brings_its_own_model_and_the_profile_beats_it() -> None:
    expert = ExpertRole(role="critic", assignment=ModelAssignment(primary="here:sharp"))
    own = resolved("role:critic", experts={expert.role: expert})
    assert (own.model_id, own.profile_id) == ("sharp", None)
    assert own.findings[0].reason.startswith("the expert critic assigns")
    also = WorkProfile(name="t", assignments={"critic": ModelAssignment(primary="cloud:large")})
    assert resolved("role:critic", experts={expert.role: expert}, profile=also).model_id == "large"


@pytest.mark.parametrize("primary", ["here:small", "nobody:small"])
@pytest.mark.parametrize("fallback", [None, "cloud:large", "nobody:large"])
def test_assignments_that_lead_nowhere_are_found_before_anybody_calls(primary: str, fallback: str | None) -> None:
    assignment = ModelAssignment(primary=primary, fallback=fallback)
    profile = WorkProfile(name="t", assignments={"a": PROFILE.assignments[Role("worker")], "b": assignment})
    expert = ExpertRole(role="b", assignment=assignment)
    by_profile = fault_of_assignments(profile, {}, BOTH.keys())
    by_expert = fault_of_assignments(None, {expert.role: expert}, BOTH.keys())
    lost = "nobody" in f"{primary} {fallback}"
    for fault in (by_profile, by_expert):
        assert (fault is not None) == lost
        assert fault is None or fault.role == "b"


class TestProperties:
    ids = st.sampled_from([ProviderId("here"), ProviderId("cloud"), ProviderId("other")])
    references = (
        models_with_provider(ids)
        | st.builds(ModelRef, model_id=model_ids())
        | st.builds(ModelRef.for_role, roles(), st.none() | models_with_provider(ids))
    )
    known = st.fixed_dictionaries(
        {
            "providers": st.lists(ids, unique=True).map(
                lambda names: {name: record(name, Tier.LOCAL if name == "here" else Tier.CLOUD) for name in names}
            ),
            "catalog": st.builds(CatalogIndex, catalogs()),
            "default_provider": st.none() | ids,
            "profile": st.none() | work_profiles(ids),
            "experts": st.lists(expert_roles(ids), max_size=2).map(lambda all_: {one.role: one for one in all_}),
        }
    )

    @given(asked=references, known=known, seed=st.integers())
    def test_the_order_of_what_is_known_does_not_count(self, asked: ModelRef, known: dict[str, Any], seed: int) -> None:
        shuffled = random.Random(seed)  # noqa: S311 - an order, no secret

        def another_order(items: Mapping[Any, Any]) -> dict[Any, Any]:
            pairs = list(items.items())
            shuffled.shuffle(pairs)
            return dict(pairs)

        again = {**known, "providers": another_order(known["providers"]), "experts": another_order(known["experts"])}
        if known["profile"] is not None:
            profile: WorkProfile = known["profile"]
            again["profile"] = evolve(profile, assignments=another_order(profile.assignments))
        first_of_each: dict[object, ModelInfo] = {}
        for model in known["catalog"].catalog.models:
            first_of_each.setdefault((model.provider, model.model_id), model)
        models = list(first_of_each.values())
        shuffled.shuffle(models)
        again["catalog"] = CatalogIndex(ModelCatalog(models=models))
        assert outcome(asked, again) == outcome(asked, known)

    @given(asked=references, known=known)
    def test_exactly_one_rule_decides_and_names_what_was_found(self, asked: ModelRef, known: dict[str, Any]) -> None:
        found = outcome(asked, known)
        if not isinstance(found, Resolution):
            return
        (decided,) = [finding for finding in found.findings if finding.decides]
        assert decided.rule is found.rule
        assert decided.model == ModelRef(model_id=found.model_id, provider_hint=found.provider_id)
        assert found.base_url == known["providers"][found.provider_id].base_url

    @given(assignment=model_assignments(ids), chosen=st.none() | models_with_provider(ids))
    def test_a_role_is_played_by_a_model_it_allows_on_a_tier_it_allows_or_not_at_all(
        self, assignment: ModelAssignment, chosen: ModelRef | None
    ) -> None:
        tiers = {name: Tier.LOCAL if name == "here" else Tier.CLOUD for name in ("here", "cloud", "other")}
        known = {
            "providers": {ProviderId(name): record(name, tier) for name, tier in tiers.items()},
            "catalog": LISTED,
            "profile": WorkProfile(name="t", assignments={"worker": assignment}),
            "experts": {},
        }
        found = outcome(ModelRef.for_role("worker", chosen), known)
        model = assignment.primary if chosen is None else chosen
        assert model.provider_hint is not None
        if not assignment.allows(model.provider_hint, model.model_id):
            assert isinstance(found, tuple)
            assert found[0] is ModelNotAllowed
        elif assignment.local_only and tiers[model.provider_hint] is Tier.CLOUD:
            assert isinstance(found, tuple)
            assert found[0] is TierRefused
        else:
            assert isinstance(found, Resolution)
            assert (found.provider_id, found.model_id) == (model.provider_hint, model.model_id)
            assert found.rule is (RouteRule.ROLE if chosen is None else RouteRule.HINT)

    @given(asked=models_with_provider(ids) | st.builds(ModelRef, model_id=model_ids()), known=known)
    def test_without_a_role_it_is_the_route_as_ever(self, asked: ModelRef, known: dict[str, Any]) -> None:
        found = outcome(asked, known)
        if isinstance(found, tuple):
            with pytest.raises(found[0], match=re.escape(str(found[2]))):  # type: ignore[arg-type]  # an error class
                route(asked, known["providers"].keys(), known["catalog"], default_provider=known["default_provider"])
            return
        plain = route(asked, known["providers"].keys(), known["catalog"], default_provider=known["default_provider"])
        assert (found.provider_id, found.model_id, found.rule) == (plain.provider_id, plain.model_id, plain.rule)
        reasons = "; ".join(finding.reason for finding in found.findings[1:])
        assert reasons.replace(", and does not say which to ask", "") == plain.explanation
