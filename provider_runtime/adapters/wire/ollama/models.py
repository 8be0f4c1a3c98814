"""The answer of ``GET /api/tags`` as models."""

from typing import Any, Final

from provider_runtime.adapters.wire.ollama.errors import broken, json_of, told_error
from provider_runtime.adapters.wire.reading import a_count, an_object, filled, objects
from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpReply

MODELS_PATH: Final = "/api/tags"
_MODALITIES: Final = (("vision", "image"), ("audio", "audio"))


def decode_model_list(reply: HttpReply, provider: ProviderId) -> tuple[ModelInfo, ...]:
    """The models, in the order given; entries without a name are passed over.

    Raises ``SerializationError``, ``ProtocolError``, or the typed error of an error under 200.
    """
    body = json_of(reply, provider, None)
    if isinstance(body, dict) and body.get("error"):
        raise told_error(body, reply, provider, None)
    listed = body.get("models") if isinstance(body, dict) else body
    # A server without models says null, and says so under the right name.
    if not isinstance(listed, list) and (listed is not None or "models" not in an_object(body)):
        raise broken("models", "the model list is no list", reply, provider, None)
    found: dict[str, ModelInfo] = {}
    for card in objects(listed):
        model_id = filled(card.get("model")) or filled(card.get("name"))
        if model_id is not None and model_id.strip() and model_id not in found:
            found[model_id] = _model(card, model_id, provider)
    return tuple(found.values())


def _model(card: dict[str, Any], model_id: str, provider: ProviderId) -> ModelInfo:
    """One model. Servers before 0.30 do not tell what a model can do."""
    abilities = card.get("capabilities")
    can = abilities if isinstance(abilities, list) else None
    name = filled(card.get("name"))
    return ModelInfo(
        provider=provider,
        model_id=model_id,
        display_name=name if name != model_id else None,
        context_window=a_count(an_object(card.get("details")).get("context_length")) or None,
        supports_tools=can is None or "tools" in can,
        supports_reasoning=None if can is None else "thinking" in can,
        input_modalities=() if can is None else ("text", *(kind for word, kind in _MODALITIES if word in can)),
    )
