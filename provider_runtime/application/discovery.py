"""The active catalog: static first, enriched from the providers on request."""

from attrs import frozen

from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.providers import Providers, RegisteredProvider
from provider_runtime.domain.catalog.merging import merge_static_and_remote, provider_order, told_by_vendor
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import CallRefused
from provider_runtime.domain.policy.endpoints import fault_of_base_url
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.tiers import fault_of_tier
from provider_runtime.domain.profiles.profile import ProfileGovernance
from provider_runtime.ports.provider_adapter import AdapterContext


@frozen(kw_only=True)
class Discovery:
    """Asks providers for their models, and only when told to both look outside and refresh."""

    providers: Providers
    catalog: ActiveCatalog
    policy: GovernancePolicy
    governance: ProfileGovernance | None = None

    async def discover(self, options: DiscoveryOptions) -> ModelCatalog:
        """The catalog in use, after a refresh if one was asked for.

        The first provider that fails ends the refresh and leaves the catalog as it was. Raises a
        ``ProviderError``, or a ``CallRefused`` where policy keeps a provider from being contacted.
        """
        if not (options.remote and options.refresh_cache):
            return self.catalog.current
        found: list[ModelInfo] = []
        for provider in self._asked(options):
            self._refuse_forbidden(provider)
            listed = await provider.adapter.discover_models(options, AdapterContext())
            found.extend(told_by_vendor(listed, self.catalog.static, provider.catalog_names))
        merged = merge_static_and_remote(self.catalog.static, ModelCatalog(models=tuple(found)))
        self.catalog.use(merged)
        return merged

    def _asked(self, options: DiscoveryOptions) -> list[RegisteredProvider]:
        wanted = options.include_provider
        return [
            self.providers.get(provider_id)
            for provider_id in sorted(self.providers.ids, key=provider_order)
            if (not wanted or provider_id in wanted)
            and self.providers.get(provider_id).capabilities.supports_remote_discovery
        ]

    def _refuse_forbidden(self, provider: RegisteredProvider) -> None:
        fault = fault_of_contact(provider.config, self.policy, self.governance)
        if fault is not None:
            raise fault


def fault_of_contact(
    config: ProviderConfig, policy: GovernancePolicy, governance: ProfileGovernance | None
) -> CallRefused | None:
    """Why a provider may not be asked for its models, or ``None``: the same rules as for a call."""
    fault = fault_of_tier(config.tier, policy, governance=governance) or fault_of_base_url(
        config.base_url, config.tier, config.allowed_networks
    )
    if fault is not None:
        fault.provider = config.provider_id
    return fault
