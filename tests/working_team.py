"""A runtime with three providers, two on this machine and one in the cloud, and a work profile over them."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from attrs import evolve

from provider_runtime import (
    ExpertRole,
    GovernancePolicy,
    ModelAssignment,
    ProfileGovernance,
    ProviderConfig,
    ProviderKind,
    ProviderResponse,
    ProviderRuntime,
    RetryPolicy,
    Tier,
    WorkProfile,
)
from provider_runtime.domain.errors import ErrorCode, ProviderError, ProviderStatusError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FrozenClock

HERE, THERE, CLOUD = ProviderId("here"), ProviderId("there"), ProviderId("cloud")
TIERS: Final = {HERE: Tier.LOCAL, THERE: Tier.LOCAL, CLOUD: Tier.CLOUD}
TEAM: Final = WorkProfile(
    name="team",
    assignments={
        "frontend": ModelAssignment(primary="there:chat"),
        "orchestrator": ModelAssignment(primary="cloud:large", allowed_models=["cloud:huge"]),
        "worker": ModelAssignment(primary="here:small", fallback="there:spare"),
        "validator": ModelAssignment(primary="here:strict", fallback="cloud:large", local_only=True),
    },
    governance=ProfileGovernance(allow_cloud_escalation=True),
)


def record(provider: ProviderId) -> ProviderConfig:
    cloud = TIERS[provider] is Tier.CLOUD
    return ProviderConfig(
        provider_id=provider,
        kind=ProviderKind.OPENAI_COMPATIBLE,
        base_url="https://api.vendor.com" if cloud else "http://localhost",
        tier=TIERS[provider],
    )


def down(provider: ProviderId, code: ErrorCode = ErrorCode.OVERLOADED) -> ProviderStatusError:
    return ProviderStatusError(provider=provider, status_code=503, code=code, message="busy")


class Team:
    """``opening`` opens the runtime; ``adapters`` and ``events`` tell what happened in it."""

    def __init__(
        self,
        profile: WorkProfile | None = TEAM,
        *experts: ExpertRole,
        answers: dict[ProviderId, Iterable[ProviderResponse | ProviderError]] | None = None,
        policy: GovernancePolicy | None = None,
        parts: dict[str, object] | None = None,
        **settings: Any,
    ) -> None:
        self.events = EventRecorder()
        said = answers or {}
        self.adapters = {one: FakeAdapter(one, said[one]) if one in said else FakeAdapter(one) for one in TIERS}
        builder = ProviderRuntime.builder().with_event_sink(self.events).with_policy(policy or GovernancePolicy())
        builder = builder.with_retry(RetryPolicy(max_attempts=1)).with_part("clock", FrozenClock())
        for one, adapter in self.adapters.items():
            builder = builder.with_adapter(adapter, record(one))
        for name, part in (parts or {}).items():
            builder = builder.with_part(name, part)
        if profile is not None:
            builder = builder.with_profile(profile, *experts)
        self.builder = evolve(builder, settings=evolve(builder.settings, **settings))

    @property
    def opening(self) -> AbstractAsyncContextManager[ProviderRuntime]:
        return self.builder.build()

    @property
    def asked(self) -> list[str]:
        """Who was asked, for which model, in the order of providers."""
        return [f"{one}:{prepared.model_id}" for one, a in self.adapters.items() for prepared, _ in a.sent]
