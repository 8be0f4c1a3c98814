"""The static catalog, enriched by the remote one."""

from collections.abc import Iterable
from typing import Final

from attrs import evolve

from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, OPENROUTER, ProviderId

_FIRST: Final = (OPENAI, ANTHROPIC, OPENROUTER)


def provider_order(provider: ProviderId) -> tuple[int, str]:
    """Where a provider stands in every list: OpenAI, Anthropic, OpenRouter, then the others by name."""
    return (_FIRST.index(provider) if provider in _FIRST else len(_FIRST), provider)


def catalog_order(model: ModelInfo) -> tuple[int, str, str]:
    """Where a model stands in a catalog: by its provider, then by its id."""
    return (*provider_order(model.provider), model.model_id)


def merge_static_and_remote(static: ModelCatalog, remote: ModelCatalog) -> ModelCatalog:
    """One catalog out of two, in catalog order, with one entry for each provider and model id.

    The static entry counts: the remote one only fills in what nobody had said. Flags that say
    what a model supports are always said, so they stay as they are. Models that only the remote
    catalog lists are added. Within either catalog the first entry counts.
    """
    merged = {(model.provider, model.model_id): model for model in reversed(remote.models)}
    for model in reversed(static.models):
        key = (model.provider, model.model_id)
        known = remote.find(*key)
        merged[key] = model if known is None else _filled_in(model, known)
    models = sorted(merged.values(), key=catalog_order)
    return ModelCatalog(models=models)


def told_by_vendor(found: Iterable[ModelInfo], static: ModelCatalog, names: tuple[ProviderId, ...]) -> list[ModelInfo]:
    """What a provider lists, with the facts that ``static`` has of the same models under the first of ``names``.

    Lists of providers mostly name their models and say little of them; the vendor's entry says more.
    """
    return [_under_name_of(model, _known(static, names, model.model_id)) for model in found]


def _known(static: ModelCatalog, names: tuple[ProviderId, ...], model_id: str) -> ModelInfo | None:
    return next((model for name in names if (model := static.find(name, model_id))), None)


def _under_name_of(found: ModelInfo, known: ModelInfo | None) -> ModelInfo:
    return found if known is None else _filled_in(evolve(known, provider=found.provider), found)


def _filled_in(static: ModelInfo, remote: ModelInfo) -> ModelInfo:
    return evolve(
        static,
        display_name=remote.display_name if static.display_name is None else static.display_name,
        context_window=remote.context_window if static.context_window is None else static.context_window,
        max_output_tokens=remote.max_output_tokens if static.max_output_tokens is None else static.max_output_tokens,
        supports_reasoning=(
            remote.supports_reasoning if static.supports_reasoning is None else static.supports_reasoning
        ),
        input_modalities=static.input_modalities or remote.input_modalities,
        refused_parameters=static.refused_parameters or remote.refused_parameters,
    )
