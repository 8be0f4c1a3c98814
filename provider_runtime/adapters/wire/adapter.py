"""The one adapter behind every wire: codecs are pure, only this talks."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, cast

from attrs import evolve, field, frozen

from provider_runtime.adapters.wire.codec import WireCodec
from provider_runtime.adapters.wire.reading import NotJson, a_json, parse
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelInfo, ProviderCapabilities
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.exchange import PreparedExchange, asked_and_got
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.request import ProviderRequest, ReasoningBudget, ReasoningEffort
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import CredentialMissing, RequestInvalid, TransportError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import JsonValue, sorted_object
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import AuthHeader, HttpFailure, HttpReply, HttpRequest, HttpTransport
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.ports.tokens import TokenProvider

_MOST_PAGES: Final = 100  # a list that never ends is cut, not followed for ever


@frozen(kw_only=True)
class WireAdapter:
    """Speaks with one provider over one wire.

    ``credential_required`` is ``False`` for servers that answer without a key: then a credential
    is sent if there is one; ``public_model_list``: the list of models is, though calls need a key.
    The credential goes to the origin of the record's base URL only.
    """

    config: ProviderConfig
    codec: WireCodec
    transport: HttpTransport
    tokens: TokenProvider
    credential_required: bool = True
    public_model_list: bool = False
    _headers: Mapping[str, str] = field(init=False, repr=False)
    _base: str = field(init=False, repr=False)

    @_headers.default
    def _make_headers(self) -> Mapping[str, str]:
        return _headers({"content-type": "application/json", "accept": "application/json"}, self.codec.fixed_headers)

    @_base.default
    def _make_base(self) -> str:
        return self.config.base_url.rstrip("/")

    @property
    def provider_id(self) -> ProviderId:
        return self.config.provider_id

    @property
    def wire(self) -> str:
        return self.codec.wire

    @property
    def capabilities(self) -> ProviderCapabilities:
        return self.codec.capabilities

    def handoff_target(self, model_id: str) -> HandoffTarget:
        return self.codec.handoff_target(self.config.provider_id, model_id)

    def prepare(self, request: ProviderRequest) -> PreparedExchange:
        """The exact bytes of the call. Pure; what is judged is what is sent."""
        hint = request.model.provider_hint
        if hint is not None and hint != self.config.provider_id:
            raise RequestInvalid(
                field="model",
                provider=self.config.provider_id,
                message=f"the request names {hint}, and this adapter speaks for {self.config.provider_id}",
                remedy="Send it through a runtime, which finds the right provider.",
            )
        encoded = self.codec.encode(request, self.config.provider_id)
        return PreparedExchange(
            provider=self.config.provider_id,
            model_id=request.model.model_id,
            method="POST",
            url=self._base + encoded.path,
            headers=_headers(self._headers, encoded.headers) if encoded.headers else self._headers,
            body=encoded.body,
            body_sha256=sha256(encoded.body).hexdigest(),
            wanted=request.response_format,
            warnings=encoded.warnings,
            reasoning_asked=isinstance(request.reasoning, ReasoningEffort | ReasoningBudget),
            caching_asked=_asks_for_caching(request),
        )

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        """One attempt. Raises ``CredentialMissing`` before anything is sent, else a ``ProviderError``."""
        reply = await self._exchange(prepared.method, prepared.url, prepared, context)
        if not 200 <= reply.status < 300:
            raise self.codec.decode_error(reply, prepared.provider, prepared.model_id)
        response = self.codec.decode(reply, prepared)
        remarks = asked_and_got(prepared, response)
        if not remarks and not context.include_raw_response:
            return response
        raw = _raw(reply) if context.include_raw_response else None
        return evolve(response, warnings=response.warnings + remarks, raw_provider_response=raw)

    async def discover_models(self, options: DiscoveryOptions, context: AdapterContext) -> tuple[ModelInfo, ...]:  # noqa: ARG002 - the whole list is asked for; callers filter
        """The models the provider lists now, page after page. Raises like ``send``."""
        found: list[ModelInfo] = []
        path: str | None = self.codec.models_path
        for _ in range(_MOST_PAGES):
            reply = await self._exchange("GET", f"{self._base}{path}", None, context)
            if not 200 <= reply.status < 300:
                raise self.codec.decode_error(reply, self.config.provider_id, None)
            found.extend(self.codec.decode_models(reply, self.config.provider_id))
            path = self.codec.next_models_path(reply)
            if path is None:
                break
        return tuple(found)

    async def _exchange(
        self, method: str, url: str, prepared: PreparedExchange | None, context: AdapterContext
    ) -> HttpReply:
        listing = prepared is None
        request = HttpRequest(
            method=method,
            url=url,
            tier=self.config.tier,
            headers=prepared.headers if prepared else self._headers,
            body=prepared.body if prepared else None,
            auth=await self._auth(
                context, required=self.credential_required and not (listing and self.public_model_list)
            ),
            allowed_networks=self.config.allowed_networks,
        )
        outcome = await self.transport.exchange(request)
        if isinstance(outcome, HttpFailure):
            raise self._failure(outcome, prepared.model_id if prepared else None)
        return outcome

    async def _auth(self, context: AdapterContext, *, required: bool) -> AuthHeader | None:
        secret = context.credential or await self._token(required=required)
        if secret is None:
            return None
        return AuthHeader(name=self.codec.auth_header, prefix=self.codec.auth_prefix, secret=secret)

    async def _token(self, *, required: bool) -> Secret | None:
        try:
            return await self.tokens.get_token(self.config.provider_id)
        except CredentialMissing:
            if required:
                raise
            return None

    def _failure(self, failure: HttpFailure, model: str | None) -> TransportError:
        return TransportError(
            code=failure.code,
            delivery=failure.delivery,
            retryable=failure.may_heal,
            reused=failure.reused,
            provider=self.config.provider_id,
            model=model,
            message=failure.detail or "no whole answer came",
            remedy=failure.remedy,
        )


def _headers(some: Mapping[str, str], more: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return cast("Mapping[str, str]", sorted_object({**some, **dict(more)}))


def _asks_for_caching(request: ProviderRequest) -> bool:
    if any(tool.cache is not None for tool in request.tools):
        return True
    return any(getattr(part, "cache", None) is not None for message in request.messages for part in message.content)


def _raw(reply: HttpReply) -> JsonValue:
    try:
        return a_json(parse(reply.body))
    except NotJson:
        return None
