"""The events of a work profile: chosen, changed, and what becomes of each of its roles."""

from datetime import datetime

from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.identity import ProfileId, Role, RuntimeId
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.records.events import EventKind, LifecycleEvent


def profile_selected(runtime_id: RuntimeId, profile: WorkProfile, at: datetime) -> LifecycleEvent:
    """A runtime works under ``profile`` from now on."""
    return LifecycleEvent(
        kind=EventKind.PROFILE_SELECTED,
        runtime_id=runtime_id,
        at=at,
        profile_id=profile.profile_id,
        automation=profile.governance.automation.value,
        cloud_escalation=profile.governance.allow_cloud_escalation,
    )


def profile_changed(
    runtime_id: RuntimeId, profile: WorkProfile | None, previous: ProfileId | None, at: datetime
) -> LifecycleEvent:
    """Calls that begin from now on are made under ``profile``, or under none; those under way keep ``previous``."""
    return LifecycleEvent(
        kind=EventKind.PROFILE_CHANGED,
        runtime_id=runtime_id,
        at=at,
        profile_id=None if profile is None else profile.profile_id,
        previous_profile_id=previous,
        automation=None if profile is None else profile.governance.automation.value,
        cloud_escalation=None if profile is None else profile.governance.allow_cloud_escalation,
    )


def profile_resolved(
    runtime_id: RuntimeId, profile: WorkProfile, role: Role, config: ProviderConfig, at: datetime
) -> LifecycleEvent:
    """The model that plays ``role``, at the provider that ``config`` describes."""
    return LifecycleEvent(
        kind=EventKind.PROFILE_RESOLVED,
        runtime_id=runtime_id,
        at=at,
        profile_id=profile.profile_id,
        role=role,
        provider=config.provider_id,
        provider_kind=config.kind.value,
        tier=config.tier.value,
        model_asked=profile.assignments[role].primary.model_id,
    )
