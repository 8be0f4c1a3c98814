"""ProviderRuntimeBuilder: a runtime, step by step."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Self

from attrs import evolve, field, frozen

from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.composition.consents.settings import ConsentSettings
from provider_runtime.composition.governance.settings import Governance
from provider_runtime.composition.lifecycle import open_runtime
from provider_runtime.composition.presets import PRESETS, preset
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.composition.settings import (
    FileLedger,
    FileReceipts,
    MemoryLedger,
    RemoteLedger,
    RuntimeSettings,
    SqliteLedger,
)
from provider_runtime.composition.stores.places import StorePlace, StoreSettings
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.policy.budgets.limits import Budget
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.grants.profiles import GovernanceProfile
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.secrets import Secret, secret_in
from provider_runtime.ports.provider_adapter import ProviderAdapter
from provider_runtime.ports.signing import Signer
from provider_runtime.ports.telemetry import EventSink
from provider_runtime.ports.tokens import TokenProvider


@frozen(kw_only=True)
class ProviderRuntimeBuilder:
    """Says what a runtime shall be, one step after another; each step returns a new builder.

    ``async with ProviderRuntime.builder().with_api_key("anthropic", key).build() as runtime: …``
    """

    settings: RuntimeSettings = field(factory=RuntimeSettings)
    parts: Mapping[str, object] = field(factory=dict)

    def with_provider_config(self, config: ProviderConfig | str) -> Self:
        """Know this provider: a record, or the name of a preset. A record of the same id is replaced."""
        record = preset(config) if isinstance(config, str) else config
        kept = tuple(known for known in self.settings.providers if known.provider_id != record.provider_id)
        return self._settings(providers=(*kept, record))

    def with_api_key(self, provider: str, key: str | Secret) -> Self:
        """Use this key for that provider; a preset of that name is added if the provider is not known yet.

        Raises ``InvalidSettings`` for a blank key, or text that can be none.
        """
        provider_id = ProviderId(provider)
        secret = key if isinstance(key, Secret) else secret_in(key)
        del key  # a traceback may show the locals of this frame
        if secret is None:
            raise InvalidSettings(
                field=f"credentials[{provider_id}]",
                message="the key is blank, or holds letters that no key has",
                remedy="Give the key itself, or leave the step out to have it looked for where the record says.",
            )
        known = {config.provider_id for config in self.settings.providers}
        builder = self
        if provider_id not in known and provider_id in {config.provider_id for config in PRESETS}:
            builder = self.with_provider_config(provider)
        return builder._settings(credentials={**self.settings.credentials, provider_id: secret})  # noqa: SLF001 - same class

    def with_env_fallback(self, enabled: bool = True) -> Self:  # noqa: FBT001, FBT002 - the name the specification gives it
        """Know every preset, its key read from its environment variable; ``False``: read no environment at all."""
        if enabled:
            builder = self
            known = {config.provider_id for config in self.settings.providers}
            for config in PRESETS:
                if config.provider_id not in known:
                    builder = builder.with_provider_config(config)
            return builder
        without = tuple(
            evolve(config, credential=None) if isinstance(config.credential, EnvCredential) else config
            for config in self.settings.providers
        )
        return self._settings(providers=without)

    def with_adapter(self, adapter: ProviderAdapter, config: ProviderConfig | None = None) -> Self:
        """Use a ready-made adapter. Without a record it counts as local, on this machine."""
        record = config or ProviderConfig(
            provider_id=adapter.provider_id,
            kind=ProviderKind.OPENAI_COMPATIBLE,
            base_url="http://localhost",
            tier=Tier.LOCAL,
        )
        registered = RegisteredProvider(config=record, adapter=adapter)
        ready = self.parts.get("adapters", ())
        return self._part("adapters", (*ready, registered) if isinstance(ready, tuple) else (registered,))

    def with_default_provider(self, provider: str) -> Self:
        """Ask this provider for models that the catalog does not list."""
        return self._settings(default_provider=ProviderId(provider))

    def with_model_catalog(self, catalog: ModelCatalog) -> Self:
        """Route by this catalog instead of the shipped one."""
        return self._settings(catalog=catalog)

    def with_pricing_table(self, prices: PricingTable) -> Self:
        """Price by this table instead of the shipped one."""
        return self._settings(prices=prices)

    def with_policy(self, policy: GovernancePolicy | str) -> Self:
        """Govern by this policy, or by the preset of that name."""
        return self._settings(policy=GovernancePolicy.preset(policy) if isinstance(policy, str) else policy)

    def with_budgets(
        self, *budgets: Budget, ledger: MemoryLedger | FileLedger | SqliteLedger | RemoteLedger | None = None
    ) -> Self:
        """Spend no more than these; ``ledger``: keep there what was spent, so that others share it."""
        builder = self if ledger is None else self._settings(ledger=ledger)
        return builder._settings(budgets=(*builder.settings.budgets, *budgets))  # noqa: SLF001 - same class

    def with_governance(self, governance: Governance | GovernanceProfile | str) -> Self:
        """Make no call that takes more than this grants: a governance, or a governance profile by its name."""
        return self._settings(governance=governance)

    def with_consents(self, consents: ConsentSettings | None = None, *, signer: Signer | None = None) -> Self:
        """Have people's consents kept, in memory unless ``consents`` says otherwise; ``signer`` signs decisions."""
        builder = self._settings(consents=consents or ConsentSettings())
        return builder if signer is None else builder._part("consent_signer", signer)  # noqa: SLF001 - same class

    def with_name(self, name: str) -> Self:
        """Call the runtime this through every change: budgets of scope ``runtime`` and consents go by it."""
        return self._settings(name=RuntimeId(name))

    def with_labels(self, labels: Mapping[str, str]) -> Self:
        """Label every call so in its receipt, events and trace. What a call says of a label itself goes before."""
        return self._settings(labels={**self.settings.labels, **labels})

    def with_profile(self, profile: WorkProfile, *experts: ExpertRole) -> Self:
        """Have roles played as ``profile`` says, some of them by ``experts`` with words of their own."""
        return self._settings(profile=profile, experts=(*self.settings.experts.values(), *experts))

    def with_token_provider(self, tokens: TokenProvider) -> Self:
        """Ask this for credentials that no other source knows, anew for each attempt."""
        return self._part("tokens", tokens)

    def with_event_sink(self, sink: EventSink) -> Self:
        """Send lifecycle events there."""
        return self._part("event_sink", sink)

    def with_timeout(self, seconds: float) -> Self:
        """Bound a whole call, all attempts and waits included."""
        return self._settings(deadline_s=seconds)

    def with_retry(self, policy: RetryPolicy) -> Self:
        """Try again by this policy."""
        return self._settings(retry=policy)

    def with_receipts(self, path: str) -> Self:
        """Keep receipts in this file."""
        return self._settings(receipts=FileReceipts(path=path))

    def with_stores(self, stores: StoreSettings) -> Self:
        """Keep families of records there, and the answers of calls that want a memo."""
        return self._settings(stores=stores)

    def with_recording(self, place: StorePlace) -> Self:
        """Keep every answer there, so that the whole run can be replayed."""
        return self._settings(record=place)

    def with_replay(self, place: StorePlace) -> Self:
        """Answer from the recording there, and send nothing."""
        return self._settings(replay=place)

    def with_part(self, name: str, part: object) -> Self:
        """Replace any part of the object graph; see ``RuntimeContainer``."""
        return self._part(name, part)

    def build(self) -> AbstractAsyncContextManager[ProviderRuntime]:
        """The runtime, to be entered with ``async with``."""
        return open_runtime(self.settings, **self.parts)

    def _settings(self, **changes: object) -> Self:
        change: Callable[..., RuntimeSettings] = evolve
        return evolve(self, settings=change(self.settings, **changes))

    def _part(self, name: str, part: object) -> Self:
        return evolve(self, parts={**self.parts, name: part})
