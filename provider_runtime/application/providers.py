"""The providers this runtime knows: each record with the adapter that speaks for it."""

from collections.abc import Mapping

from attrs import field, frozen

from provider_runtime.domain.catalog.models import ProviderCapabilities
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.origins import Origin, origin_of
from provider_runtime.domain.policy.grants.needs import caps_of_any_call
from provider_runtime.ports.provider_adapter import ProviderAdapter


@frozen(kw_only=True)
class RegisteredProvider:
    """One provider: what an operator wrote about it, and the adapter built from that."""

    config: ProviderConfig
    adapter: ProviderAdapter
    origin: Origin | None = field(init=False)
    """Where the base URL leads; ``None`` for what is no URL."""
    origin_text: str | None = field(init=False)
    """The same as text, which receipts and events name."""
    name_text: str = field(init=False)
    kind_text: str = field(init=False)
    tier_text: str = field(init=False)
    """What receipts and events say of the record, as plain texts."""
    catalog_names: tuple[ProviderId, ...] = field(init=False)
    """Under whose names its models and prices stand."""
    caps: tuple[str, ...] = field(init=False)
    """The capabilities that every call to it takes."""

    @origin.default
    def _make_origin(self) -> Origin | None:
        return origin_of(self.config.base_url)

    @origin_text.default
    def _make_origin_text(self) -> str | None:
        return None if self.origin is None else str(self.origin)

    @name_text.default
    def _make_name_text(self) -> str:
        return str(self.config.provider_id)

    @kind_text.default
    def _make_kind_text(self) -> str:
        return str(self.config.kind)

    @tier_text.default
    def _make_tier_text(self) -> str:
        return str(self.config.tier)

    @catalog_names.default
    def _make_catalog_names(self) -> tuple[ProviderId, ...]:
        return self.config.catalog_names

    @caps.default
    def _make_caps(self) -> tuple[str, ...]:
        return caps_of_any_call(self.config.provider_id, self.config.tier)

    @property
    def capabilities(self) -> ProviderCapabilities:
        """What the adapter can express."""
        return self.adapter.capabilities


@frozen
class Providers:
    """Providers by id. Registering an id twice keeps the later one."""

    by_id: Mapping[ProviderId, RegisteredProvider] = field(factory=dict)
    ids: frozenset[ProviderId] = field(init=False, repr=False, eq=False)
    """The ids of all providers."""

    @ids.default
    def _make_ids(self) -> frozenset[ProviderId]:
        return frozenset(self.by_id)

    def get(self, provider_id: ProviderId) -> RegisteredProvider:
        """The provider that routing found; routing names registered ones only."""
        return self.by_id[provider_id]
