"""The static catalog, enriched by the remote one."""

from hypothesis import given

from provider_runtime.domain.catalog.merging import catalog_order, merge_static_and_remote, provider_order
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, OPENROUTER, ProviderId
from provider_runtime.testing.strategies.catalog import catalogs

EMPTY = ModelCatalog()


@given(static=catalogs(), remote=catalogs())
def test_every_model_of_either_catalog_is_there_once_and_in_order(static: ModelCatalog, remote: ModelCatalog) -> None:
    merged = merge_static_and_remote(static, remote).models
    keys = [(model.provider, model.model_id) for model in merged]
    assert set(keys) == {(model.provider, model.model_id) for model in (*static.models, *remote.models)}
    assert len(set(keys)) == len(keys)
    assert list(merged) == sorted(merged, key=catalog_order)


@given(static=catalogs(), remote=catalogs())
def test_what_the_static_catalog_says_is_never_changed(static: ModelCatalog, remote: ModelCatalog) -> None:
    merged = merge_static_and_remote(static, remote)
    for model in static.models:
        said = static.find(model.provider, model.model_id)
        kept = merged.find(model.provider, model.model_id)
        assert said is not None
        assert kept is not None
        assert kept.supports_tools == said.supports_tools
        assert kept.supports_structured_output == said.supports_structured_output
        for name in ("display_name", "context_window", "max_output_tokens", "supports_reasoning"):
            assert getattr(said, name) in {None, getattr(kept, name)}
        assert said.input_modalities in {(), kept.input_modalities}


@given(static=catalogs(), remote=catalogs())
def test_merging_the_same_again_changes_nothing(static: ModelCatalog, remote: ModelCatalog) -> None:
    once = merge_static_and_remote(static, remote)
    assert merge_static_and_remote(once, remote) == once
    assert merge_static_and_remote(once, EMPTY) == once


def test_the_remote_catalog_fills_in_what_nobody_had_said() -> None:
    static = ModelInfo(provider=OPENAI, model_id="m", display_name="Ours", supports_tools=False)
    remote = ModelInfo(
        provider=OPENAI,
        model_id="m",
        display_name="Theirs",
        context_window=8192,
        max_output_tokens=1024,
        supports_structured_output=False,
        supports_reasoning=True,
        input_modalities=("text",),
        refused_parameters=("seed",),
    )
    assert merge_static_and_remote(ModelCatalog(models=[static]), ModelCatalog(models=[remote])).models == (
        ModelInfo(
            provider=OPENAI,
            model_id="m",
            display_name="Ours",
            context_window=8192,
            max_output_tokens=1024,
            supports_tools=False,
            supports_structured_output=True,
            supports_reasoning=True,
            input_modalities=("text",),
            refused_parameters=("seed",),
        ),
    )


def test_of_two_entries_for_one_model_the_first_counts_in_either_catalog() -> None:
    first = ModelInfo(provider=OPENAI, model_id="m", display_name="first")
    second = ModelInfo(provider=OPENAI, model_id="m", display_name="second", context_window=1)
    twice = ModelCatalog(models=[first, second])
    assert merge_static_and_remote(twice, EMPTY).models == (first,)
    assert merge_static_and_remote(EMPTY, twice).models == (first,)


def test_providers_stand_in_the_same_order_everywhere() -> None:
    others = [ProviderId("acme"), OPENROUTER, ProviderId("zeta"), ANTHROPIC, OPENAI]
    assert sorted(others, key=provider_order) == [OPENAI, ANTHROPIC, OPENROUTER, "acme", "zeta"]
