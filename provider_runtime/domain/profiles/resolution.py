"""Resolution: who would answer a reference, by which rule, and what the other rules would have said."""

from collections.abc import Collection, Mapping

from attrs import evolve, frozen

from provider_runtime.domain.catalog.providers import ProviderConfig, Tier
from provider_runtime.domain.catalog.resolving import CatalogIndex, Route, RouteRule, route
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import AssignmentInvalid, ModelNotAllowed, ProviderNotRegistered
from provider_runtime.domain.identity import ProfileId, ProviderId, Role
from provider_runtime.domain.policy.tiers import fault_of_role
from provider_runtime.domain.profiles.assigning import PlayedRole, play
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile


@frozen(kw_only=True)
class RuleFinding:
    """What one rule says: the model it names, if it names one. ``decides``: this was the rule that counted."""

    rule: RouteRule
    model: ModelRef | None
    reason: str
    decides: bool


@frozen(kw_only=True)
class Resolution:
    """Who answers: equal settings and an equal reference give an equal one. Nothing was asked of anybody.

    ``findings`` are what each rule says, in the order of precedence.
    """

    provider_id: ProviderId
    tier: Tier
    base_url: str
    model_id: str
    rule: RouteRule
    findings: tuple[RuleFinding, ...]
    role: Role | None = None
    profile_id: ProfileId | None = None


def resolve(
    asked: ModelRef,
    *,
    providers: Mapping[ProviderId, ProviderConfig],
    catalog: CatalogIndex,
    default_provider: ProviderId | None = None,
    profile: WorkProfile | None = None,
    experts: Mapping[Role, ExpertRole],
) -> Resolution:
    """Who answers ``asked``: a role, a model with its provider, or a model alone. Pure.

    Raises ``AssignmentInvalid`` for a role that leads nowhere, ``ModelNotAllowed`` for a model that
    may not play it, ``TierRefused`` for a cloud model in a role that is kept local, and a
    ``RoutingError`` where no single provider can be named.
    """
    role = asked.role
    played = None if role is None else play(asked, role, profile=profile, experts=experts)
    model = asked if played is None else played.model
    found = route_in_role(model, played, providers.keys(), catalog, default_provider=default_provider)
    config = providers[found.provider_id]
    if played is not None and (fault := fault_of_role(config.tier, played)) is not None:
        fault.provider, fault.model = found.provider_id, found.model_id
        raise fault
    return Resolution(
        provider_id=found.provider_id,
        tier=config.tier,
        base_url=config.base_url,
        model_id=found.model_id,
        rule=found.rule,
        findings=findings(model, played, found, catalog, default_provider=default_provider),
        role=role,
        profile_id=None if played is None else played.profile_id,
    )


def route_in_role(
    model: ModelRef,
    played: PlayedRole | None,
    registered: Collection[ProviderId],
    catalog: CatalogIndex,
    *,
    default_provider: ProviderId | None = None,
) -> Route:
    """The route to ``model`` as ``route`` finds it, if it may play the role.

    Raises like ``route``; ``AssignmentInvalid`` where the assignment itself names a provider that is
    not registered, and ``ModelNotAllowed``.
    """
    if played is None:
        return route(model, registered, catalog, default_provider=default_provider)
    assigned = played.is_assigned(model)
    try:
        found = route(model, registered, catalog, default_provider=default_provider)
    except ProviderNotRegistered as stranger:
        if not assigned:
            raise
        invalid = AssignmentInvalid(
            role=played.role,
            profile_id=played.profile_id,
            message=f"{played.source} assigns the role {played.role} to {model}, a provider this runtime does not know",
            remedy=stranger.remedy,
        )
    else:
        if not played.assignment.allows(found.provider_id, found.model_id):
            raise _not_allowed(played, found)
        ruled = evolve(found, rule=RouteRule.ROLE) if assigned else found
        said = findings(model, played, ruled, catalog, default_provider=default_provider)
        return evolve(ruled, told="; ".join(finding.reason for finding in said))
    raise invalid


def findings(
    model: ModelRef,
    played: PlayedRole | None,
    found: Route,
    catalog: CatalogIndex,
    *,
    default_provider: ProviderId | None = None,
) -> tuple[RuleFinding, ...]:
    """What each rule says of ``model``, in the order of precedence, with the one that led to ``found`` marked."""
    listed = catalog.providers_of(model.model_id)
    hinted = model if model.provider_hint is not None and (played is None or not played.is_assigned(model)) else None
    said: tuple[tuple[RouteRule, ModelRef | None, str], ...] = (
        (
            RouteRule.ROLE,
            None if played is None else played.assignment.primary,
            "the request names no role" if played is None else _of_role(played),
        ),
        (
            RouteRule.HINT,
            hinted,
            "the request names no provider" if hinted is None else f"the request names {hinted.provider_hint}",
        ),
        (
            RouteRule.CATALOG,
            ModelRef(model_id=model.model_id, provider_hint=listed[0]) if len(listed) == 1 else None,
            f"the catalog lists the model for {', '.join(listed) or 'no provider'}"
            + (", and does not say which to ask" if len(listed) > 1 else ""),
        ),
        (
            RouteRule.DEFAULT,
            None if default_provider is None else ModelRef(model_id=model.model_id, provider_hint=default_provider),
            f"the default provider is {default_provider or 'not set'}",
        ),
    )
    return tuple(
        RuleFinding(rule=rule, model=named, reason=reason, decides=rule is found.rule) for rule, named, reason in said
    )


def _of_role(played: PlayedRole) -> str:
    fallback = played.assignment.fallback
    instead = "" if fallback is None else f", and to {fallback} when that cannot be had"
    return f"{played.source} assigns the role {played.role} to {played.assignment.primary}{instead}"


def _not_allowed(played: PlayedRole, found: Route) -> ModelNotAllowed:
    allowed = sorted({*played.assignment.own, *played.assignment.allowed_models}, key=str)
    return ModelNotAllowed(
        role=played.role,
        profile_id=played.profile_id,
        provider=found.provider_id,
        model=found.model_id,
        message=f"{played.source} does not let this model play the role {played.role}",
        remedy=f"Ask for one of {', '.join(map(str, allowed))}, or have the profile allow the model.",
    )
