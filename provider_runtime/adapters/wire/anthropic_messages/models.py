"""An answer of ``GET /v1/models`` as model records."""

from typing import Any, Final
from urllib.parse import quote

from provider_runtime.adapters.wire.anthropic_messages.errors import answered_error, answered_object, request_id
from provider_runtime.adapters.wire.reading import NotJson, a_count, an_object, filled, objects, parse
from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.errors import ProtocolError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

MODELS_PATH: Final = "/v1/models?limit=1000"  # the largest page: the default one ends after twenty models


def decode_model_list(reply: HttpReply, provider: ProviderId) -> tuple[ModelInfo, ...]:
    """The models, in the order given; entries without an id are passed over.

    Raises ``SerializationError``, ``ProtocolError``, or the typed error of an error under 200.
    """
    body = answered_object(reply, provider, None)
    data = body.get("data")
    if not isinstance(data, list):
        if body.get("error") is not None:
            raise answered_error(body, reply, provider, None)
        raise ProtocolError(
            message="the answer has no list of models",
            field="data",
            provider=provider,
            request_id=request_id(reply, body),
            status_code=reply.status,
        )
    return tuple(_model(entry, provider) for entry in objects(data) if filled(entry.get("id")))


def next_path(reply: HttpReply) -> str | None:
    """The page after this one, where the answer says that there is one."""
    try:
        body = an_object(parse(reply.body))
    except NotJson:
        return None
    last = filled(body.get("last_id"))
    return f"{MODELS_PATH}&after_id={quote(last, safe='')}" if last and body.get("has_more") is True else None


def _model(entry: dict[str, Any], provider: ProviderId) -> ModelInfo:
    can = an_object(entry.get("capabilities"))
    structured = _supports(can, "structured_outputs")
    inputs = (("image", _supports(can, "image_input")), ("pdf", _supports(can, "pdf_input")))
    return ModelInfo(
        provider=provider,
        model_id=entry["id"],
        display_name=filled(entry.get("display_name")),
        context_window=a_count(entry.get("max_input_tokens")) or None,
        max_output_tokens=a_count(entry.get("max_tokens")) or None,
        supports_structured_output=structured is not False,
        supports_reasoning=_supports(can, "thinking"),
        input_modalities=("text", *(name for name, supported in inputs if supported)) if can else (),
    )


def _supports(capabilities: dict[str, Any], name: str) -> bool | None:
    supported = an_object(capabilities.get(name)).get("supported")
    return supported if isinstance(supported, bool) else None
