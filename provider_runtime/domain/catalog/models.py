"""Models and what they can do, as a catalog lists them."""

from typing import Final

from attrs import field, frozen
from attrs.validators import deep_iterable, instance_of, optional

from provider_runtime.domain.checks import FILLED, FLAG, OPTIONAL_TEXT, whole
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import tuple_of

_TOKENS: Final = optional(whole(1, 2**32 - 1))


@frozen(kw_only=True)
class ModelInfo:
    """One model of one provider. Limits are in tokens; ``None`` means that nobody said."""

    provider: ProviderId = field(converter=ProviderId)
    model_id: str = field(validator=FILLED)
    display_name: str | None = field(default=None, validator=OPTIONAL_TEXT)
    context_window: int | None = field(default=None, validator=_TOKENS)
    max_output_tokens: int | None = field(default=None, validator=_TOKENS)
    supports_tools: bool = field(default=True, validator=FLAG)
    supports_structured_output: bool = field(default=True, validator=FLAG)
    supports_reasoning: bool | None = field(default=None, validator=optional(FLAG))
    input_modalities: tuple[str, ...] = field(default=(), converter=tuple_of, validator=deep_iterable(instance_of(str)))


@frozen(kw_only=True)
class ModelCatalog:
    """Models in a stated order. The first entry for a (provider, model id) pair counts."""

    models: tuple[ModelInfo, ...] = field(
        default=(), converter=tuple_of, validator=deep_iterable(instance_of(ModelInfo))
    )

    def find(self, provider: ProviderId, model_id: str) -> ModelInfo | None:
        """The entry for exactly this provider and model id, or ``None``."""
        return next((model for model in self.models if model.model_id == model_id and model.provider == provider), None)


@frozen(kw_only=True)
class DiscoveryOptions:
    """What to ask of ``discover_models``: by default the catalog in hand, without any network."""

    remote: bool = field(default=False, validator=FLAG)
    include_provider: tuple[ProviderId, ...] = field(default=(), converter=tuple_of)
    refresh_cache: bool = field(default=False, validator=FLAG)


@frozen(kw_only=True)
class ProviderCapabilities:
    """What an adapter can express at all, whatever the model."""

    supports_tools: bool = True
    supports_structured_output: bool = True
    supports_thinking: bool = False
    supports_remote_discovery: bool = True
