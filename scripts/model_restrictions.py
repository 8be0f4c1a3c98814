"""Which controls of a request do not reach a model: asked of the codecs, whose data know the models."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve

from provider_runtime.adapters.wire.codec import WireCodec
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.wires import codec_for
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.errors import CallRefused, ConfigError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import freeze_object

CONTROLS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "temperature": 0.5,
        "top_p": 0.5,
        "top_k": 5,
        "stop": ("END",),
        "seed": 1,
        "frequency_penalty": 0.5,
        "presence_penalty": 0.5,
    }
)
"""Each control, with a value that every wire that has it takes."""
VENDORS: Final = ("deepseek", "groq", "mistral", "xai")  # those of the catalog that speak a dialect


def codecs() -> Mapping[str, WireCodec]:
    """The codec that speaks with each provider of the catalog."""
    dialects = (
        ProviderConfig(
            provider_id=vendor,
            kind=ProviderKind.OPENAI_COMPATIBLE,
            base_url="https://vendor.example",
            options=freeze_object({"vendor": vendor}),
        )
        for vendor in VENDORS
    )
    nothing = ModelCatalog()
    return {str(config.provider_id): codec_for(config, nothing) for config in (*PRESETS, *dialects)}


def refused_parameters(codec: WireCodec, provider: str, model_id: str) -> tuple[str, ...]:
    """The controls that the codec leaves out for this model, or refuses."""
    plain = ProviderRequest(model=ModelRef(model_id=model_id), messages=(user("Hello."),), max_output_tokens=1000)
    without = codec.encode(plain, ProviderId(provider)).body
    tried = ((name, evolve(plain, **{name: value})) for name, value in CONTROLS.items())
    return tuple(name for name, request in tried if without == _body(codec, request, provider, without))


def _body(codec: WireCodec, request: ProviderRequest, provider: str, without: bytes) -> bytes:
    try:
        return codec.encode(request, ProviderId(provider)).body
    except (CallRefused, ConfigError):
        return without


def by_model(models: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, ...]]:
    """``refused_parameters`` of each (provider, model id) whose provider has a codec here."""
    known = codecs()
    return {
        (provider, model_id): refused_parameters(known[provider], provider, model_id)
        for provider, model_id in models
        if provider in known
    }
