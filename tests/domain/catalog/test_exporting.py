"""A catalog as JSON text."""

import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.exporting import catalog_as_json, sorted_catalog
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, ProviderId
from provider_runtime.testing.strategies.catalog import catalogs


@given(catalog=catalogs(), chance=st.randoms(use_true_random=False))
def test_two_shuffles_of_one_catalog_give_the_same_text(catalog: ModelCatalog, chance: Random) -> None:
    shuffled = list(catalog.models)
    chance.shuffle(shuffled)
    assert catalog_as_json(ModelCatalog(models=shuffled)) == catalog_as_json(catalog)


@given(catalog=catalogs())
def test_sorting_keeps_every_entry_and_leaves_the_catalog_alone(catalog: ModelCatalog) -> None:
    before = catalog.models
    assert sorted(map(repr, sorted_catalog(catalog).models)) == sorted(map(repr, before))
    assert catalog.models is before


@given(catalog=catalogs())
def test_the_text_is_ascii_and_says_everything_that_is_known(catalog: ModelCatalog) -> None:
    text = catalog_as_json(catalog)
    assert text.isascii()
    told = json.loads(text)["models"]
    assert [ModelInfo(**entry) for entry in told] == list(sorted_catalog(catalog).models)
    assert all(value not in (None, []) for entry in told for value in entry.values())


def test_a_small_catalog_reads_well() -> None:
    catalog = ModelCatalog(
        models=[
            ModelInfo(provider=ProviderId("acme"), model_id="m"),
            ModelInfo(provider=ANTHROPIC, model_id="claude", context_window=200_000, input_modalities=("text",)),
            ModelInfo(provider=OPENAI, model_id="gpt", display_name="GPT", supports_tools=False),
        ]
    )
    assert catalog_as_json(catalog) == (
        "{\n"
        '  "models": [\n'
        "    {\n"
        '      "provider": "openai",\n'
        '      "model_id": "gpt",\n'
        '      "display_name": "GPT",\n'
        '      "supports_tools": false,\n'
        '      "supports_structured_output": true\n'
        "    },\n"
        "    {\n"
        '      "provider": "anthropic",\n'
        '      "model_id": "claude",\n'
        '      "context_window": 200000,\n'
        '      "supports_tools": true,\n'
        '      "supports_structured_output": true,\n'
        '      "input_modalities": [\n'
        '        "text"\n'
        "      ]\n"
        "    },\n"
        "    {\n"
        '      "provider": "acme",\n'
        '      "model_id": "m",\n'
        '      "supports_tools": true,\n'
        '      "supports_structured_output": true\n'
        "    }\n"
        "  ]\n"
        "}"
    )
