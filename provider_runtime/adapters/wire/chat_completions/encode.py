"""A canonical request as the body of a Chat Completions call."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from provider_runtime.adapters.wire.chat_completions.dialect import Dialect, ReasoningControl, SchemaForm
from provider_runtime.adapters.wire.chat_completions.families import family_for
from provider_runtime.adapters.wire.chat_completions.messages import wire_messages
from provider_runtime.adapters.wire.chat_completions.reasoning import thinks, write_reasoning
from provider_runtime.adapters.wire.chat_completions.request_parts import Encoding
from provider_runtime.adapters.wire.chat_completions.tools import NAME, write_tools
from provider_runtime.adapters.wire.codec import Encoded
from provider_runtime.adapters.wire.writing import body_bytes
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, ProviderRequest, TextFormat
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.identity import ProviderId

_MAX_STOPS: Final = 4
_MAX_LABELS: Final = 16
_MAX_LABEL_NAME: Final = 64
_MAX_LABEL_VALUE: Final = 512
# The value that models accept even where they refuse the control.
_HARMLESS: Final[Mapping[str, float]] = MappingProxyType(
    {"temperature": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}
)
# What canonical fields are called on the wire, whoever speaks it: options may not say it again.
_CANONICAL: Final = frozenset(
    {
        "model",
        "models",
        "messages",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "seed",
        "random_seed",
        "frequency_penalty",
        "presence_penalty",
        "reasoning_effort",
        "metadata",
        "stream",
        "store",
    }
)


def encode_request(request: ProviderRequest, provider: ProviderId, dialect: Dialect) -> Encoded:
    """The request as bytes. Raises ``IntentUnsupported`` or ``RequestInvalid`` naming the field."""
    model_id = request.model.model_id
    encoding = Encoding(provider, model_id, dialect, family_for(model_id, dialect.families))
    if not model_id.strip():
        raise encoding.wrong("model.model_id", "the model id is blank", "Name a model.")
    body: dict[str, Any] = {}
    if dialect.fallback_models:
        body["models"] = [model_id, *dialect.fallback_models]
    else:
        body["model"] = model_id
    body["messages"] = wire_messages(request, encoding)
    write_tools(body, request, encoding)
    if not isinstance(request.response_format, TextFormat):
        body["response_format"] = _response_format(request.response_format, encoding)
    if request.reasoning is not None or encoding.family.must_say_no_thinking:
        write_reasoning(body, request, encoding)
    _write_controls(body, request, encoding)
    if request.metadata:
        _write_metadata(body, request, encoding)
    _write_extras(body, request, encoding)
    return Encoded(dialect.chat_path, body_bytes(body), tuple(encoding.warnings))


def _response_format(wanted: JsonObjectFormat | JsonSchemaFormat, encoding: Encoding) -> dict[str, Any]:
    form = encoding.dialect.json_schema
    if isinstance(wanted, JsonObjectFormat):
        if encoding.dialect.json_object:
            return {"type": "json_object"}
        raise encoding.cannot("response_format", "this server takes no JSON mode without a schema", "Give a schema.")
    if form is SchemaForm.NOT:
        raise encoding.cannot("response_format", "this provider enforces no schema", "Ask for a JSON object instead.")
    if not NAME.fullmatch(wanted.name):
        raise encoding.wrong(
            "response_format.name",
            "a schema name has 1 to 64 letters, digits, underscores and hyphens on this wire",
            "Rename the schema.",
        )
    schema: dict[str, Any] = {"name": wanted.name, "schema": wanted.schema}
    if form is SchemaForm.OPENAI:
        schema["strict"] = wanted.strict
    return {"type": "json_schema", form.value: schema}


def _write_controls(body: dict[str, Any], request: ProviderRequest, encoding: Encoding) -> None:
    names, family = encoding.dialect.controls, encoding.family
    free = family.sampling and (family.sampling_while_thinking or not thinks(body, family))
    # One by one: most requests say two of them, and a loop over all would take several times as long.
    if request.temperature is not None:
        _write_control(body, "temperature", names.temperature, request.temperature, encoding, free=free)
    if request.top_p is not None:
        _write_control(body, "top_p", names.top_p, request.top_p, encoding, free=free)
    if request.top_k is not None:
        _write_control(body, "top_k", names.top_k, request.top_k, encoding)
    if request.max_output_tokens is not None:
        _write_control(body, "max_output_tokens", names.max_output_tokens, request.max_output_tokens, encoding)
    if request.seed is not None:
        _write_control(body, "seed", names.seed, request.seed, encoding)
    if request.frequency_penalty is not None:
        _write_control(
            body, "frequency_penalty", names.frequency_penalty, request.frequency_penalty, encoding, free=free
        )
    if request.presence_penalty is not None:
        _write_control(body, "presence_penalty", names.presence_penalty, request.presence_penalty, encoding, free=free)
    if request.temperature is not None and request.top_p is not None:
        encoding.remark(
            WarningCode.BOTH_TEMPERATURE_AND_TOP_P_SET, "temperature and top_p are both set; vendors advise against it"
        )
    if request.stop:
        if len(request.stop) > _MAX_STOPS:
            raise encoding.wrong("stop", "this wire takes at most 4 stop sequences", "Drop some.")
        if not family.stop:
            raise encoding.cannot("stop", "this model takes no stop sequences", "Cut the text yourself.")
        body["stop"] = request.stop


def _write_control(
    body: dict[str, Any], control: str, name: str | None, value: float, encoding: Encoding, *, free: bool = True
) -> None:
    """One sampling control; ``free``: the model takes another value of it than the one it would choose itself."""
    if name is None or (not free and value != _HARMLESS[control]):
        encoding.dropped(control)
    else:
        body[name] = _within_bounds(control, value, encoding) if encoding.dialect.bounds else value


def _within_bounds(control: str, value: float, encoding: Encoding) -> float:
    """The value, or the nearest one that the server takes."""
    for bounded, least, most in encoding.dialect.bounds:
        if bounded == control and not least <= value <= most:
            nearest = least if value < least else most
            encoding.remark(
                WarningCode.CLAMPED_CONTROL, f"{control} was set to {nearest}, the nearest this server takes"
            )
            return nearest
    return value


def _write_metadata(body: dict[str, Any], request: ProviderRequest, encoding: Encoding) -> None:
    labels = request.metadata
    if not encoding.dialect.metadata:
        encoding.remark(
            WarningCode.DROPPED_UNSUPPORTED_METADATA_KEYS,
            "this provider takes no metadata with calls it must not store",
        )
        return
    too_long = any(
        len(name) > _MAX_LABEL_NAME or (isinstance(value, str) and len(value) > _MAX_LABEL_VALUE)
        for name, value in labels.items()
    )
    if len(labels) > _MAX_LABELS or too_long:
        raise encoding.wrong(
            "metadata", "at most 16 pairs, names of 64 and values of 512 characters", "Shorten the metadata."
        )
    body["metadata"] = labels


def _write_extras(body: dict[str, Any], request: ProviderRequest, encoding: Encoding) -> None:
    """What the dialect sends always, the caller's verbatim options, and what the record sets besides."""
    dialect = encoding.dialect
    if dialect.constants:
        body.update(dialect.constants)
    body["stream"] = False
    if not request.provider_options and not dialect.defaults:
        return
    for name, value in request.options_for(encoding.provider).items():
        if name in _CANONICAL or name in body or name in {dialect.controls.top_k, _reasoning_field(dialect)}:
            raise encoding.wrong(
                f"provider_options.{name:.80}",
                "this option would override a field of the request",
                "Set the field of the request instead.",
            )
        body[name] = value
    for name, value in dialect.defaults.items():
        if name == "max_tokens" and request.max_output_tokens is not None:
            continue
        if name != "parallel_tool_calls" or "tools" in body:
            body.setdefault(name, value)


def _reasoning_field(dialect: Dialect) -> str | None:
    return dialect.reasoning.value if dialect.reasoning is not ReasoningControl.TEMPLATE else None
