"""HealthChecks: each provider asked for its list of models, which costs nothing, and what came of it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from attrs import frozen

from provider_runtime.application.discovery import fault_of_contact
from provider_runtime.application.providers import Providers, RegisteredProvider
from provider_runtime.domain.catalog.health import HealthStatus, ProviderHealth, health_of_failure, health_of_list
from provider_runtime.domain.catalog.models import DiscoveryOptions
from provider_runtime.domain.errors import Delivery, ErrorCode, ProviderRuntimeError, TransportError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.profiles.profile import ProfileGovernance
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.ports.system import Clock
from provider_runtime.ports.tokens import CredentialFinder

_WHOLE_LIST: Final = DiscoveryOptions(remote=True, refresh_cache=True)


@frozen(kw_only=True)
class HealthChecks:
    """Checks providers. Leaves no trace: no receipt, no change of the catalog, nothing kept for the next check."""

    providers: Providers
    policy: GovernancePolicy
    clock: Clock
    credential_finder: CredentialFinder
    governance: ProfileGovernance | None = None

    async def check_all(
        self, wanted: Iterable[ProviderId], timeout_s: float, heard: Callable[[ProviderHealth], None] | None = None
    ) -> tuple[ProviderHealth, ...]:
        """The health of each of ``wanted``, sorted by id. All are asked at once; ``heard`` is told as they answer."""

        async def checked(provider_id: ProviderId) -> ProviderHealth:
            health = await self.check(provider_id, timeout_s)
            if heard is not None:
                heard(health)
            return health

        return tuple(await asyncio.gather(*(checked(provider_id) for provider_id in sorted(set(wanted)))))

    async def check(self, provider_id: ProviderId, timeout_s: float) -> ProviderHealth:
        """The health of one provider, told within ``timeout_s``. Never raises, whatever its adapter does."""
        provider = self.providers.get(provider_id)
        config = provider.config
        fault = fault_of_contact(config, self.policy, self.governance)
        if fault is not None:
            return health_of_failure(config, fault, latency_ms=None)
        if not provider.capabilities.supports_remote_discovery:
            return ProviderHealth(
                provider_id=provider_id,
                status=HealthStatus.DEGRADED,
                tier=config.tier,
                reason="it cannot list its models, so nothing short of a call shows whether it works",
            )
        started = self.clock.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._asked(provider, started)
        except ProviderRuntimeError as error:
            sent = error.sent or isinstance(error, TransportError)
            return health_of_failure(config, error, latency_ms=self._since(started) if sent else None)
        except TimeoutError:
            return health_of_failure(config, _too_slow(provider_id, timeout_s), latency_ms=self._since(started))
        except Exception as surprise:  # noqa: BLE001 - an adapter of somebody else's must not end the other checks
            return ProviderHealth(
                provider_id=provider_id,
                status=HealthStatus.DEGRADED,
                tier=config.tier,
                latency_ms=self._since(started),
                reason=f"its adapter failed with {type(surprise).__name__}",  # its text may hold anything
                remedy="See to the adapter.",
            )

    async def _asked(self, provider: RegisteredProvider, started: float) -> ProviderHealth:
        models = await provider.adapter.discover_models(_WHOLE_LIST, AdapterContext())
        latency_ms = self._since(started)
        report = await self.credential_finder.report(provider.config)
        return health_of_list(
            provider.config,
            tuple(model.model_id for model in models),
            has_credential=report.source is not None and not report.problem,
            latency_ms=latency_ms,
        )

    def _since(self, started: float) -> float:
        return round((self.clock.monotonic() - started) * 1000, 1)


def _too_slow(provider_id: ProviderId, timeout_s: float) -> TransportError:
    return TransportError(
        code=ErrorCode.TIMED_OUT,
        provider=provider_id,
        delivery=Delivery.AMBIGUOUS,
        message=f"no whole answer came within {timeout_s:g} s",
    )
