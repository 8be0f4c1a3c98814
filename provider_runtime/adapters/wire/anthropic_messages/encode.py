"""A canonical request as the body of ``POST /v1/messages``."""

from typing import Any, Final

from provider_runtime.adapters.wire.anthropic_messages.encoding import Block, Encoding
from provider_runtime.adapters.wire.anthropic_messages.families import VERSIONS, Sampling, family_of_model
from provider_runtime.adapters.wire.anthropic_messages.messages import system_and_turns
from provider_runtime.adapters.wire.anthropic_messages.reasoning import Plan, plan
from provider_runtime.adapters.wire.anthropic_messages.tools import enforceable, tool_blocks, tool_choice
from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.adapters.wire.writing import body_bytes
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, ProviderRequest, TextFormat
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import JsonObject

PATH: Final = "/v1/messages"
_MAX_USER_ID: Final = 512
_JSON_ONLY: Final = "Answer with one JSON object and nothing else: no explanation, no code fence."


def encode_request(
    request: ProviderRequest, provider: ProviderId, *, api_version: str, output_limits: JsonObject
) -> Encoded:
    """The request as bytes. ``output_limits``: what each model can write at most, in tokens.

    Raises ``IntentUnsupported`` or ``RequestInvalid``.
    """
    model = request.model.model_id
    encoding = Encoding(provider=provider, model=model, family=family_of_model(model))
    if request.temperature is not None and request.top_p is not None:
        encoding.warn(WarningCode.BOTH_TEMPERATURE_AND_TOP_P_SET, "temperature and top_p work against each other")
    tools = tool_blocks(request.tools, encoding)
    system, turns = system_and_turns(request.messages, encoding)
    _check_ending(request, turns, encoding)
    limit = output_limits.get(model)
    planned = plan(request, turns, limit if isinstance(limit, int) else None, encoding)

    body: dict[str, Any] = {"model": model, "max_tokens": planned.max_tokens}
    if isinstance(request.response_format, JsonObjectFormat):
        encoding.warn(WarningCode.JSON_OBJECT_BY_INSTRUCTION, "any JSON object: asked for in the system prompt")
        system.append({"type": "text", "text": _JSON_ONLY})
    if system:
        body["system"] = system
    body["messages"] = turns
    if tools:
        body["tools"] = tools
        body["tool_choice"] = tool_choice(request, encoding)
    if planned.thinking is not None:
        body["thinking"] = planned.thinking
    _add_output_config(request, planned, body, encoding)
    _add_controls(request, planned, api_version, body, encoding)
    _add_stop(request, body, encoding)
    _add_metadata(request.metadata, body, encoding)
    body["stream"] = False
    if encoding.marked:
        encoding.settle_marks()
    if request.provider_options:
        _add_options(request.options_for(provider), body, encoding)
    return Encoded(PATH, body_bytes(body), tuple(encoding.warnings))


def _check_ending(request: ProviderRequest, turns: list[dict[str, Any]], encoding: Encoding) -> None:
    if not turns or turns[-1]["role"] != "assistant":
        return
    if not isinstance(request.response_format, TextFormat):
        raise encoding.invalid(
            "messages", "JSON cannot be asked for in the middle of an answer", "End with a user or tool message."
        )
    if not encoding.family.prefill:
        raise encoding.unsupported(
            "messages", "this model does not continue an assistant message", "End with a user or tool message."
        )


def _add_output_config(request: ProviderRequest, planned: Plan, body: dict[str, Any], encoding: Encoding) -> None:
    config: Block = {}
    if planned.effort is not None:
        config["effort"] = planned.effort
    wanted = request.response_format
    if isinstance(wanted, JsonSchemaFormat):
        config["format"] = {"type": "json_schema", "schema": _answer_schema(wanted, encoding)}
    if config:
        body["output_config"] = config


def _answer_schema(wanted: JsonSchemaFormat, encoding: Encoding) -> dict[str, Any]:
    if not encoding.family.structured:
        raise encoding.unsupported(
            "response_format",
            "this model does not answer by a schema",
            "Use a newer model, or a tool with that schema.",
        )
    held = enforceable(wanted.schema)
    if held.open_object:
        raise encoding.unsupported(
            "response_format.schema",
            "the API answers with closed objects only",
            "Set additionalProperties to false, and list name-value pairs as an array.",
        )
    if held.loosened:
        encoding.warn(
            WarningCode.SCHEMA_CONSTRAINTS_NOT_ENFORCED, "limits on numbers, lengths and counts were not sent"
        )
    return held.schema


def _add_controls(
    request: ProviderRequest, planned: Plan, api_version: str, body: dict[str, Any], encoding: Encoding
) -> None:
    controls = (
        ("seed", request.seed),
        ("frequency_penalty", request.frequency_penalty),
        ("presence_penalty", request.presence_penalty),
    )
    for name, value in controls:
        if value is not None:
            encoding.dropped(name, "the wire has no such control")
    sampling = (("temperature", request.temperature), ("top_p", request.top_p), ("top_k", request.top_k))
    for name, value in sampling:
        if value is None:
            continue
        reason = _no_sampling(planned, api_version, encoding)
        if reason is not None:
            encoding.dropped(name, reason)
        elif name == "temperature" and value > 1:
            encoding.warn(WarningCode.CLAMPED_CONTROL, "temperature was lowered to 1, the highest on this wire")
            body[name] = 1.0
        elif name == "top_p" and "temperature" in body and encoding.family.sampling is Sampling.ONE:
            encoding.dropped(name, "this model takes temperature or top_p, not both")
        else:
            body[name] = value


def _no_sampling(planned: Plan, api_version: str, encoding: Encoding) -> str | None:
    if not VERSIONS[api_version].sampling:
        return f"version {api_version} of the API refuses it"
    if encoding.family.sampling is Sampling.REFUSED:
        return "this model refuses it"
    return "it does not go together with thinking" if planned.thinks else None


def _add_stop(request: ProviderRequest, body: dict[str, Any], encoding: Encoding) -> None:
    if not request.stop:
        return
    for number, stop in enumerate(request.stop):
        if stop.isspace():
            raise encoding.unsupported(
                f"stop[{number}]", "a stop sequence of white space alone is refused", "Add a visible character."
            )
    body["stop_sequences"] = request.stop


def _add_metadata(metadata: JsonObject, body: dict[str, Any], encoding: Encoding) -> None:
    if not metadata:
        return
    user_id = metadata.get("user_id")
    if isinstance(user_id, str) and len(user_id) <= _MAX_USER_ID:
        body["metadata"] = {"user_id": user_id}
    if len(metadata) > ("metadata" in body):
        encoding.warn(
            WarningCode.DROPPED_UNSUPPORTED_METADATA_KEYS,
            f"of the metadata only user_id is sent, if it has {_MAX_USER_ID} characters at most",
        )


def _add_options(options: JsonObject, body: dict[str, Any], encoding: Encoding) -> None:
    for name, value in options.items():
        if name in body:
            raise encoding.invalid(
                f"provider_options.{encoding.provider}.{name:.40}",
                "the request itself says this; an option may not say otherwise",
                "Use the canonical field, or leave it unset.",
            )
        body[name] = value
