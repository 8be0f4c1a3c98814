"""The one adapter behind every wire: codecs are pure, only this talks."""

import asyncio
from collections.abc import Mapping
from typing import Final, cast

from attrs import evolve, field, frozen

from provider_runtime.adapters.wire.codec import WireCodec
from provider_runtime.adapters.wire.failures import outline_of, request_id_of
from provider_runtime.adapters.wire.rate_limit_headers import rate_limit_hint
from provider_runtime.adapters.wire.reading import NotJson, a_json, is_crowded, parse
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelInfo, ProviderCapabilities
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.exchange import PreparedExchange, asked_and_got, prepared_exchange
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.request import ProviderRequest, ReasoningOff
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import (
    CallRefused,
    CredentialsRejected,
    Delivery,
    ErrorCode,
    InvalidProviderConfig,
    ProtocolError,
    ProviderError,
    ProviderRuntimeError,
    ProviderStatusError,
    RequestInvalid,
    SerializationError,
    TransportError,
)
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import JsonValue, sorted_object
from provider_runtime.domain.origins import Origin, origin_of
from provider_runtime.domain.policy.credentials import FoundCredential, fault_of_binding, missing
from provider_runtime.domain.policy.endpoints import fault_of_base_url
from provider_runtime.ports.http import AuthHeader, HttpFailure, HttpReply, HttpRequest, HttpTransport
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.ports.tokens import CredentialFinder

_MOST_PAGES: Final = 100  # a list that never ends is cut, not followed for ever
_ANSWERS: Final = frozenset({200, 201})  # of the other 2xx, some promise a part, some nothing at all
_EMPTY: Final = frozenset({204, 205})
_UNAUTHORIZED: Final = 401
_LARGE: Final = 256 * 1024  # bytes of an answer; reading it takes some milliseconds at the most


@frozen(kw_only=True)
class WireAdapter:
    """Speaks with one provider over one wire.

    ``credential_required`` is ``False`` for servers that answer without a key: then a credential
    is sent if there is one; ``public_model_list``: the list of models is, though calls need a key.
    The credential goes to the origin of the record's base URL alone, and only if it is bound to it.
    """

    config: ProviderConfig
    codec: WireCodec
    transport: HttpTransport
    credentials: CredentialFinder
    credential_required: bool = True
    public_model_list: bool = False
    _headers: Mapping[str, str] = field(init=False, repr=False)
    _base: str = field(init=False, repr=False)
    _origin: Origin | None = field(init=False, repr=False)

    @_headers.default
    def _make_headers(self) -> Mapping[str, str]:
        own = _headers(dict.fromkeys(("content-type", "accept"), "application/json"), self.codec.fixed_headers)
        taken = sorted(self.config.headers.keys() & {*own, self.codec.auth_header.lower()})
        if taken:
            raise InvalidProviderConfig(
                provider=self.config.provider_id,
                field=f"headers[{taken[0]!r}]",
                message=f"this wire sets the header {taken[0]} itself",
                remedy="Take it out of the record.",
            )
        return _headers({**own, **cast("Mapping[str, str]", self.config.headers)}, ())

    @_base.default
    def _make_base(self) -> str:
        return self.config.base_url.rstrip("/")

    @_origin.default
    def _make_origin(self) -> Origin | None:
        """Whom a credential may be sent to; nobody, where the address is none or is not the one it was given for."""
        return None if fault_of_binding(self.config) else origin_of(self.config.base_url)

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
        return prepared_exchange(
            provider=self.config.provider_id,
            model_id=request.model.model_id,
            method="POST",
            url=self._base + encoded.path,
            headers=_headers(self._headers, encoded.headers) if encoded.headers else self._headers,
            body=encoded.body,
            wanted=request.response_format,
            warnings=encoded.warnings,
            reasoning_asked=request.reasoning is not None and not isinstance(request.reasoning, ReasoningOff),
            caching_asked=_asks_for_caching(request),
        )

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        """One attempt. Raises ``CredentialMissing`` before anything is sent, else a ``ProviderError``."""
        auth = await self._auth(context, required=self.credential_required)
        outcome = await self._answer(prepared, context, auth)
        if isinstance(outcome, ProviderResponse):
            return outcome
        if isinstance(outcome, CredentialsRejected) and outcome.status_code == _UNAUTHORIZED:
            outcome.another_at_hand = await self._knows_another(auth, context)
        raise outcome  # from a frame that knows no answer

    async def _answer(
        self, prepared: PreparedExchange, context: AdapterContext, auth: AuthHeader | None
    ) -> ProviderResponse | ProviderError:
        """The answer, or what went wrong, without the frames and the causes that hold what was answered."""
        request = self._request(prepared.method, prepared.url, auth, prepared, fresh=context.fresh_connection)
        try:
            reply = self._whole(await self.transport.exchange(request), prepared.model_id)
            if context.hear is not None and (hint := rate_limit_hint(reply.headers)) is not None:
                context.hear(hint)
            if len(reply.body) < _LARGE:
                response = self._read(reply, prepared)
            else:
                response = await asyncio.to_thread(self._read, reply, prepared)  # others go on meanwhile
            response = _named_without_key(response, auth, reply)
        except ProviderError as error:
            return _bare(_without_key(error, auth))
        remarks = asked_and_got(prepared, response)
        if not remarks and not context.include_raw_response:
            return response
        raw = _raw(reply) if context.include_raw_response else None
        return evolve(response, warnings=response.warnings + remarks, raw_provider_response=raw)

    def _read(self, reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse:
        if is_crowded(reply.body):
            raise self._too_many_values(reply, prepared.model_id)
        if reply.status not in _ANSWERS:
            raise self._not_answered(reply, prepared)
        try:
            return self.codec.decode(reply, prepared)
        except (ProtocolError, SerializationError) as error:
            error.message = f"{error.message} ({outline_of(reply)})"
            raise

    async def discover_models(self, options: DiscoveryOptions, context: AdapterContext) -> tuple[ModelInfo, ...]:  # noqa: ARG002 - the whole list is asked for; callers filter
        """The models the provider lists now, page after page. Raises like ``send``."""
        found: list[ModelInfo] = []
        path: str | None = self.codec.models_path
        for _ in range(_MOST_PAGES):
            page = await self._page(path, context)
            if isinstance(page, ProviderError):
                raise page  # from a frame that knows no answer
            found.extend(page[0])
            path = page[1]
            if path is None:
                break
        return tuple(found)

    async def _page(
        self, path: str | None, context: AdapterContext
    ) -> tuple[tuple[ModelInfo, ...], str | None] | ProviderError:
        """One page of the list and the path of the next, or what went wrong, without its traceback."""
        auth = await self._auth(context, required=self.credential_required and not self.public_model_list)
        try:
            reply = self._whole(await self.transport.exchange(self._request("GET", f"{self._base}{path}", auth)), None)
            if await asyncio.to_thread(is_crowded, reply.body):
                raise self._too_many_values(reply, None)
            if not 200 <= reply.status < 300:
                return _without_key(self.codec.decode_error(reply, self.config.provider_id, None), auth)
            return self.codec.decode_models(reply, self.config.provider_id), self.codec.next_models_path(reply)
        except ProviderError as error:
            return _bare(_without_key(error, auth))

    def _request(
        self,
        method: str,
        url: str,
        auth: AuthHeader | None,
        prepared: PreparedExchange | None = None,
        *,
        fresh: bool = False,
    ) -> HttpRequest:
        config = self.config
        headers, body = (prepared.headers, prepared.body) if prepared else (self._headers, None)
        return HttpRequest(method, url, config.tier, headers, body, auth, config.allowed_networks, fresh)

    def _whole(self, outcome: HttpReply | HttpFailure, model: str | None) -> HttpReply:
        if isinstance(outcome, HttpReply):
            return outcome
        raise TransportError(
            code=outcome.code,
            delivery=outcome.delivery,
            retryable=outcome.may_heal,
            reused=outcome.reused,
            provider=self.config.provider_id,
            model=model,
            message=outcome.detail or "no whole answer came",
            remedy=outcome.remedy,
        )

    async def _auth(self, context: AdapterContext, *, required: bool) -> AuthHeader | None:
        origin = self._origin
        if origin is None:
            raise self._misplaced()  # before any secret is read
        found = await self.credentials.find(self.config, call=context.credential)
        if isinstance(found, FoundCredential):
            return AuthHeader(self.codec.auth_header, found.secret, origin, self.codec.auth_prefix)
        if required:
            raise missing(self.config, found)
        return None

    async def _knows_another(self, refused: AuthHeader | None, context: AdapterContext) -> bool:
        """Whether another attempt would go out with a different credential than the one that was refused."""
        try:
            found = await self.credentials.find(self.config, call=context.credential)
        except ProviderRuntimeError:
            return False  # what the caller is told is the refusal
        return isinstance(found, FoundCredential) and (refused is None or found.secret != refused.secret)

    def _misplaced(self) -> CallRefused:
        config = self.config
        fault: CallRefused | None = fault_of_binding(config) or fault_of_base_url(config.base_url, config.tier)
        return fault or CallRefused(gate="endpoint", provider=config.provider_id)

    def _not_answered(self, reply: HttpReply, prepared: PreparedExchange) -> ProviderError:
        if not 200 <= reply.status < 300:
            return self.codec.decode_error(reply, prepared.provider, prepared.model_id)
        return ProtocolError(
            message=f"the answer has HTTP status {reply.status}, which promises no whole answer",
            field="status",
            delivery=Delivery.REJECTED if reply.status in _EMPTY else Delivery.ANSWERED_BAD,
            provider=prepared.provider,
            model=prepared.model_id,
            status_code=reply.status,
            request_id=request_id_of(reply.headers),
        )

    def _too_many_values(self, reply: HttpReply, model: str | None) -> ProtocolError:
        return ProtocolError(
            code=ErrorCode.RESPONSE_TOO_LARGE,
            message="the answer holds so many values that reading it would take many times its size in memory",
            remedy="Ask for less: log probabilities of many tokens, for example, are such an answer.",
            provider=self.config.provider_id,
            model=model,
            status_code=reply.status,
            request_id=request_id_of(reply.headers),
        )


def _headers(some: Mapping[str, str], more: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return cast("Mapping[str, str]", sorted_object({**some, **dict(more)}))


def _bare(error: ProviderError) -> ProviderError:
    """The error alone: frames and causes may hold the answer, and what a tool prints of them is not ours to choose."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _named_without_key(response: ProviderResponse, auth: AuthHeader | None, reply: HttpReply) -> ProviderResponse:
    """Ids and names of an answer go into records: one that is the key, sent back, is masked."""
    if auth is None or not auth.secret.stands_in(reply.body, response.provider_request_id or ""):
        return response
    masked = auth.secret.masked_in
    return evolve(
        response,
        model=masked(response.model),
        response_id=response.response_id and masked(response.response_id),
        provider_request_id=response.provider_request_id and masked(response.provider_request_id),
    )


def _without_key(error: ProviderError, auth: AuthHeader | None) -> ProviderError:
    """What a server quotes of the key, whatever a key looks like, goes no further."""
    if auth is not None:
        masked = auth.secret.masked_in
        error.message = masked(error.message)
        error.request_id = error.request_id and masked(error.request_id)
        if isinstance(error, ProviderStatusError):
            error.provider_code = error.provider_code and masked(error.provider_code)
            error.provider_type = error.provider_type and masked(error.provider_type)
    return error


def _asks_for_caching(request: ProviderRequest) -> bool:
    if request.tools and any(tool.cache is not None for tool in request.tools):
        return True
    return not request.texts_alone and any(
        getattr(part, "cache", None) is not None
        for message in request.messages
        if message.plain_text is None
        for part in message.content
    )


def _raw(reply: HttpReply) -> JsonValue:
    try:
        return a_json(parse(reply.body))
    except NotJson:
        return None
