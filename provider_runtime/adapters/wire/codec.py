"""WireCodec: one protocol, as a pair of pure functions."""

from typing import Protocol

from provider_runtime.domain.catalog.models import ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import CallWarning, ProviderResponse
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.values import sealed
from provider_runtime.ports.http import HttpReply


@sealed
class Encoded:
    """A request on one wire: the path under the base URL, the body as bytes, extra headers."""

    path: str
    body: bytes
    warnings: tuple[CallWarning, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class WireCodec(Protocol):
    """One protocol. Touches no network, clock or environment; equal input gives equal output.

    ``wire`` names the protocol in signatures. ``api_version`` dates the codec. ``auth_header``
    and ``auth_prefix`` say how the credential is sent; ``models_path`` lists models.
    """

    @property
    def wire(self) -> str: ...

    @property
    def api_version(self) -> str: ...

    @property
    def capabilities(self) -> ProviderCapabilities: ...

    @property
    def auth_header(self) -> str: ...

    @property
    def auth_prefix(self) -> str: ...

    @property
    def models_path(self) -> str: ...

    @property
    def fixed_headers(self) -> tuple[tuple[str, str], ...]:
        """Headers of every request of this wire, without a credential."""
        ...

    def handoff_target(self, provider: ProviderId, model_id: str) -> HandoffTarget:
        """What a conversation must look like to be encoded for this model; see ``hand_off``."""
        ...

    def encode(self, request: ProviderRequest, provider: ProviderId) -> Encoded:
        """The request as bytes; see ``ProviderAdapter.prepare``. Raises ``IntentUnsupported`` or ``RequestInvalid``."""
        ...

    def decode(self, reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
        """A 2xx answer as a response.

        Raises ``ProtocolError``, ``SerializationError``, or what ``decode_error`` returns.
        """
        ...

    def decode_error(self, reply: HttpReply, provider: ProviderId, model: str | None) -> ProviderError:
        """Any other answer as an error; returned, not raised. Total: any bytes, any status."""
        ...

    def decode_models(self, reply: HttpReply, provider: ProviderId) -> tuple[ModelInfo, ...]:
        """The answer of ``models_path``, or of one of the pages after it. Raises like ``decode``."""
        ...

    def next_models_path(self, reply: HttpReply) -> str | None:
        """Where the list goes on after this page; ``None`` where it ends, or is not in pages at all."""
        ...
