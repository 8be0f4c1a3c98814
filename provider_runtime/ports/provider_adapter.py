"""ProviderAdapter: a provider, in our words."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from attrs import frozen

from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.resilience.rate_limits import RateLimitHint
from provider_runtime.domain.secrets import Secret


@frozen(kw_only=True)
class AdapterContext:
    """What belongs to one call and reaches the adapter: nothing of it is kept.

    ``credential`` is the call's own and beats every other source. ``fresh_connection``: not over
    one that was used before. ``hear`` is told what the provider says of its own limits.
    """

    credential: Secret | None = None
    include_raw_response: bool = False
    fresh_connection: bool = False
    hear: Callable[[RateLimitHint], None] | None = None


@runtime_checkable
class ProviderAdapter(Protocol):
    """Speaks with one provider. May be used by several calls at once; keeps nothing of any.

    ``wire`` names the protocol: signatures made on it go back on it and on no other.
    """

    @property
    def provider_id(self) -> ProviderId: ...

    @property
    def wire(self) -> str: ...

    @property
    def capabilities(self) -> ProviderCapabilities: ...

    def handoff_target(self, model_id: str) -> HandoffTarget:
        """What a conversation must look like before ``prepare``."""
        ...

    def prepare(self, request: ProviderRequest) -> PreparedExchange:
        """The exact bytes of the call. Pure: equal requests give equal bytes.

        Raises ``IntentUnsupported`` when leaving something out would change the meaning, and
        ``RequestInvalid`` when the request contradicts itself. What is only a hint is dropped
        with a warning.
        """
        ...

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        """One attempt: credential, exchange, decoding. Never sends twice.

        Raises ``CredentialMissing`` before anything is sent, else a ``ProviderError``.
        """
        ...

    async def discover_models(self, options: DiscoveryOptions, context: AdapterContext) -> tuple[ModelInfo, ...]:
        """The models the provider lists now. Raises like ``send``."""
        ...
