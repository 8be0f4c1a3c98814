"""A catalog as JSON text that is the same for any order of entry."""

import json

from provider_runtime.domain.catalog.merging import catalog_order
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo


def sorted_catalog(catalog: ModelCatalog) -> ModelCatalog:
    """The same entries in catalog order; entries with the same id are told apart by the rest of them."""
    models = sorted(catalog.models, key=lambda model: (catalog_order(model), _as_line(model)))
    return ModelCatalog(models=models)


def catalog_as_json(catalog: ModelCatalog) -> str:
    """The catalog as indented JSON, sorted, with what nobody said left out.

    ASCII only, so that the text survives any terminal and any file.
    """
    return json.dumps({"models": [_as_object(model) for model in sorted_catalog(catalog).models]}, indent=2)


def _as_line(model: ModelInfo) -> str:
    return json.dumps(_as_object(model))


def _as_object(model: ModelInfo) -> dict[str, object]:
    told: dict[str, object] = {
        "provider": model.provider,
        "model_id": model.model_id,
        "display_name": model.display_name,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "supports_tools": model.supports_tools,
        "supports_structured_output": model.supports_structured_output,
        "supports_reasoning": model.supports_reasoning,
        "input_modalities": list(model.input_modalities) or None,
        "refused_parameters": list(model.refused_parameters) or None,
    }
    return {name: value for name, value in told.items() if value is not None}
