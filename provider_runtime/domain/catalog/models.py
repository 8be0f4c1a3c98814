"""Models and what they can do, as a catalog lists them."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final

from attrs import field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED, FLAG, OPTIONAL_TEXT, all_are, whole
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, freeze_object, tuple_of

_TOKENS: Final = optional(whole(1, 2**32 - 1))


@frozen(kw_only=True)
class ModelInfo:
    """One model of one provider. Limits are in tokens; ``None`` means that nobody said.

    ``refused_parameters`` are the controls of a request (``temperature``, ``top_k`` …) that do not
    reach the model: leaving them out is announced by a warning when it happens.
    """

    provider: ProviderId = field(converter=ProviderId)
    model_id: str = field(validator=FILLED)
    display_name: str | None = field(default=None, validator=OPTIONAL_TEXT)
    context_window: int | None = field(default=None, validator=_TOKENS)
    max_output_tokens: int | None = field(default=None, validator=_TOKENS)
    supports_tools: bool = field(default=True, validator=FLAG)
    supports_structured_output: bool = field(default=True, validator=FLAG)
    supports_reasoning: bool | None = field(default=None, validator=optional(FLAG))
    input_modalities: tuple[str, ...] = field(default=(), converter=tuple_of, validator=all_are(str))
    refused_parameters: tuple[str, ...] = field(default=(), converter=tuple_of, validator=all_are(str))


@frozen(kw_only=True)
class ModelCatalog:
    """Models in a stated order. The first entry for a (provider, model id) pair counts."""

    models: tuple[ModelInfo, ...] = field(
        default=(), converter=tuple_of, validator=all_are(ModelInfo), repr=lambda models: f"<{len(models)}>"
    )

    @cached_property
    def by_model_id(self) -> Mapping[str, tuple[ModelInfo, ...]]:
        """The entries that count, by model id: one for each provider, in the order of the catalog.

        Made on first use and kept with the catalog, so that runtimes which share one share this.
        """
        entries: dict[str, tuple[ModelInfo, ...]] = {}
        for model in self.models:
            known = entries.get(model.model_id, ())
            if all(entry.provider != model.provider for entry in known):
                entries[model.model_id] = (*known, model)
        return MappingProxyType(entries)

    @cached_property
    def output_limits(self) -> Mapping[ProviderId, JsonObject]:
        """What each model can write at most, in tokens, by provider and model id, where somebody said.

        Made on first use and kept, like ``by_model_id``.
        """
        limits: dict[ProviderId, dict[str, int]] = {}
        for entries in self.by_model_id.values():
            for model in entries:
                if model.max_output_tokens is not None:
                    limits.setdefault(model.provider, {})[model.model_id] = model.max_output_tokens
        return MappingProxyType({provider: freeze_object(known) for provider, known in limits.items()})

    def output_limits_of(self, names: Iterable[ProviderId]) -> JsonObject:
        """The limits under all of these names; of two for one model, that of the earlier name."""
        known = [limits for name in names if (limits := self.output_limits.get(name)) is not None]
        if len(known) <= 1:
            return known[0] if known else EMPTY_OBJECT
        return freeze_object({model: limit for limits in reversed(known) for model, limit in limits.items()})

    def find(self, provider: ProviderId, model_id: str) -> ModelInfo | None:
        """The entry for exactly this provider and model id, or ``None``."""
        for model in self.by_model_id.get(model_id, ()):
            if model.provider == provider:
                return model
        return None


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
