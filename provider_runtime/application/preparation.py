"""Handoff and encoding: the exact bytes of a call."""

from collections.abc import Mapping
from typing import Final, cast

from attrs import evolve, frozen

from provider_runtime.application.call import PreparedCall, RoutedCall
from provider_runtime.application.redaction import Redaction
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.request import JsonSchemaFormat, ProviderRequest, TextFormat
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.validity import fault_of_request
from provider_runtime.domain.errors import (
    CallRefused,
    ErrorCode,
    ProviderRuntimeNormalizationError,
    RequestInvalid,
)
from provider_runtime.domain.json_values import JsonObject, sorted_object
from provider_runtime.domain.policy.governance import GovernancePolicy, OnLossy
from provider_runtime.ports.schemas import SchemaValidator

# Warnings that tell of a choice made, not of anything lost.
_HARMLESS: Final = frozenset(
    {
        "both_temperature_and_top_p_set",
        "default_max_tokens_applied",
        "handoff_tool_id_rewritten",
        "secret_redacted",
        "tool_result_coerced",
        "tool_schema_not_strict_compatible_strict_disabled",
    }
)


@frozen(kw_only=True)
class Preparation:
    """Checks the request, makes its conversation fit for the provider, and freezes the bytes."""

    policy: GovernancePolicy
    schemas: SchemaValidator
    redaction: Redaction | None = None

    def prepare(self, routed: RoutedCall) -> PreparedCall:
        """The call as it would be sent. Pure.

        Raises ``RequestInvalid`` or ``IntentUnsupported``, ``ProviderRuntimeNormalizationError``
        for a header that the wire sets itself, and ``CallRefused`` when something is lost on the
        way and policy does not accept that.
        """
        terms = routed.call.terms
        request = terms.parameters.applied_to(routed.call.request)
        fault = fault_of_request(request)
        if fault is None and (request.tools or type(request.response_format) is not TextFormat):
            fault = self._fault_of_schemas(request)
        if fault is not None:
            raise fault
        redacted: tuple[CallWarning, ...] = ()
        if self.redaction is not None:
            request, redacted = self.redaction.applied(request, routed)
        adapter = routed.provider.adapter
        losses: tuple[CallWarning, ...] = ()
        messages = request.messages
        if not request.texts_alone:
            handed = hand_off(messages, adapter.handoff_target(routed.route.model_id))
            messages, losses = handed.messages, handed.losses
        exchange = adapter.prepare(_for_route(request, routed, messages))
        headers = _own_headers(routed)
        if headers:
            exchange = _with_headers(exchange, headers)
        warnings = redacted + losses + exchange.warnings
        if warnings and self.policy.on_lossy is not OnLossy.WARN:
            self._refuse_losses(routed, warnings)
        return PreparedCall(routed, exchange, warnings)

    def _fault_of_schemas(self, request: ProviderRequest) -> RequestInvalid | None:
        wanted = request.response_format
        if isinstance(wanted, JsonSchemaFormat):
            fault = self.schemas.fault_of_schema(wanted.schema)
            if fault is not None:
                return _no_schema("response_format.schema", fault)
        for number, tool in enumerate(request.tools):
            fault = self.schemas.fault_of_schema(tool.parameters_schema)
            if fault is not None:
                return _no_schema(f"tools[{number}].parameters_schema", fault)
        return None

    def _refuse_losses(self, routed: RoutedCall, warnings: tuple[CallWarning, ...]) -> None:
        lost = sorted({warning.code for warning in warnings if warning.code not in _HARMLESS})
        if lost:
            raise CallRefused(
                gate="preparation",
                code=ErrorCode.LOSSY_CONVERSION,
                provider=routed.route.provider_id,
                model=routed.route.model_id,
                message=f"something would be lost on the way: {', '.join(lost)}",
                remedy="Take out what the provider cannot carry, or set policy.on_lossy to warn.",
            )


def _for_route(request: ProviderRequest, routed: RoutedCall, messages: tuple[object, ...]) -> ProviderRequest:
    if messages == request.messages and request.model.model_id == routed.route.model_id:
        return request
    return evolve(request, messages=messages, model=evolve(request.model, model_id=routed.route.model_id))


def _own_headers(routed: RoutedCall) -> JsonObject:
    """The headers of this call alone: those it brought, and its name where the provider takes one."""
    headers, named_in = routed.call.terms.options.headers, routed.provider.config.idempotency_header
    if named_in is None:
        return headers
    return sorted_object({**headers, named_in: routed.call.call_id})


def _with_headers(exchange: PreparedExchange, headers: JsonObject) -> PreparedExchange:
    taken = sorted(set(headers) & {name.lower() for name in exchange.headers})
    if taken:
        raise ProviderRuntimeNormalizationError(
            provider_key=exchange.provider,
            field=f"headers[{taken[0]!r}]",
            message=f"the wire of {exchange.provider} sets the header {taken[0]} itself",
            remedy="Take that header out of the call's options.",
        )
    return evolve(exchange, headers=cast("Mapping[str, str]", sorted_object({**exchange.headers, **headers})))


def _no_schema(field: str, fault: str) -> RequestInvalid:
    return RequestInvalid(
        field=field, message=f"this is no JSON schema: {fault}", remedy="Correct the schema (JSON Schema 2020-12)."
    )
