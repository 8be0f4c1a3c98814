"""The catalog and the prices that ship."""

import runpy
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices, catalog_json
from provider_runtime.adapters.catalog_files import read_catalog
from provider_runtime.domain.catalog.merging import catalog_order
from provider_runtime.domain.catalog.pricing import TokenRates, estimate_cost
from provider_runtime.domain.catalog.resolving import CatalogIndex, RouteRule, route
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, OPENROUTER, ProviderId


@pytest.mark.parametrize(
    ("provider", "model_id", "display_name"),
    [
        (OPENAI, "gpt-5-mini", "GPT-5 Mini"),
        (ANTHROPIC, "claude-3-7-sonnet", "Claude 3.7 Sonnet"),
        (OPENROUTER, "openrouter/auto", "OpenRouter Auto"),
    ],
)
def test_the_first_three_models_are_there_under_their_names(
    provider: ProviderId, model_id: str, display_name: str
) -> None:
    model = builtin_catalog().find(provider, model_id)
    assert model is not None
    assert model.display_name == display_name
    assert model.supports_tools
    assert model.supports_structured_output


def test_every_shipped_model_can_be_routed_by_its_bare_id() -> None:
    catalog = builtin_catalog()
    everybody = {model.provider for model in catalog.models}
    for model in catalog.models:
        found = route(ModelRef(model_id=model.model_id), everybody, CatalogIndex(catalog))
        assert (found.provider_id, found.rule) == (model.provider, RouteRule.CATALOG)


def test_the_shipped_catalog_is_sorted_and_knows_current_models_of_each_kind() -> None:
    models = builtin_catalog().models
    assert list(models) == sorted(models, key=catalog_order)
    counted = {provider: sum(model.provider == provider for model in models) for provider in (OPENAI, ANTHROPIC)}
    assert min(counted.values()) >= 15
    known = [model for model in models if model.provider in {OPENAI, ANTHROPIC} and model.context_window]
    assert len(known) > 0.9 * sum(counted.values())
    assert all((model.max_output_tokens or 0) <= (model.context_window or 0) for model in known)


def test_nearly_every_shipped_model_has_a_price() -> None:
    catalog, prices = builtin_catalog(), builtin_prices()
    unpriced = {model.model_id for model in catalog.models if prices.rule_for(model.provider, model.model_id) is None}
    assert unpriced == {"claude-3-7-sonnet", "openrouter/auto"}  # one is retired, one costs what it chooses


def test_every_shipped_rule_is_sound_and_no_discount_is_a_surcharge() -> None:
    for rule in builtin_prices().rules:
        assert rule.is_sound
        for rates in (rule, *rule.tiers):
            assert _ordered(rates), rule


def _ordered(rates: TokenRates) -> bool:
    cached, written = rates.cached_input_cost_per_token, rates.cache_write_cost_per_token
    written_1h = rates.cache_write_1h_cost_per_token
    return (
        (cached is None or cached <= rates.input_cost_per_token)
        and (written is None or written >= rates.input_cost_per_token)
        and (written_1h is None or written is None or written_1h >= written)
        and rates.input_cost_per_token < Decimal("0.001")
    )


def test_a_dated_snapshot_costs_what_its_model_costs_and_a_sibling_does_not_inherit_the_price() -> None:
    prices = builtin_prices()
    model, snapshot, unheard_of = (
        prices.rule_for(OPENAI, name) for name in ("gpt-5-mini", "gpt-5-mini-2025-08-07", "gpt-5-ultra")
    )
    assert model is not None
    assert snapshot is not None
    assert snapshot.input_cost_per_token == model.input_cost_per_token == Decimal("0.00000025")
    assert unheard_of is None


def test_a_long_prompt_is_priced_by_the_step_it_reaches() -> None:
    short, long = (
        estimate_cost(builtin_prices(), OPENAI, "gpt-5.4", Usage(input_tokens=count, output_tokens=1000))[0]
        for count in (272_000, 272_001)
    )
    assert short is not None
    assert long is not None
    assert (short.input_cost, short.output_cost) == (Decimal("0.68"), Decimal("0.015"))
    assert (long.input_cost, long.output_cost) == (Decimal("1.360005"), Decimal("0.0225"))


def test_cache_writes_cost_more_the_longer_they_are_kept() -> None:
    usage = Usage(input_tokens=300, output_tokens=0, cache_write_tokens=200, cache_write_1h_tokens=100)
    cost, warnings = estimate_cost(builtin_prices(), ANTHROPIC, "claude-sonnet-4-5-20250929", usage)
    assert cost is not None
    assert warnings == ()
    assert cost.cache_write_cost == Decimal("0.000975")  # 100 at 3.75 and 100 at 6 dollars a million
    assert cost.price_version == builtin_prices().version


def test_reasoning_on_shipped_models_is_priced_without_a_warning() -> None:
    usage = Usage(input_tokens=0, output_tokens=10, reasoning_tokens=4)
    for provider, model in ((OPENAI, "gpt-5-mini"), (ANTHROPIC, "claude-opus-4-6")):
        assert estimate_cost(builtin_prices(), provider, model, usage)[1] == ()


def test_the_shipped_catalog_says_which_controls_do_not_reach_a_model_as_the_codecs_do() -> None:
    by_model = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "model_restrictions.py"))["by_model"]
    models = {(str(model.provider), model.model_id): model.refused_parameters for model in builtin_catalog().models}
    asked = by_model(models)
    assert asked == models
    assert "temperature" in models["openai", "gpt-5-mini"]
    assert "temperature" not in models["openai", "gpt-4.1"]


def test_runtimes_share_the_shipped_values() -> None:
    assert builtin_catalog() is builtin_catalog()
    assert builtin_prices() is builtin_prices()


def test_importing_the_package_reads_no_shipped_data() -> None:
    program = (
        "import sys, provider_runtime, provider_runtime.adapters.catalog as catalog\n"
        "read = [name for name in sys.modules if name.startswith('provider_runtime.adapters.data')]\n"
        "assert not read, read\n"
        "catalog.builtin_catalog()\n"
        "assert 'provider_runtime.adapters.data.prices' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_shipped_catalog_survives_being_written_and_read() -> None:
    catalog = builtin_catalog()
    assert read_catalog(catalog_json(catalog)) == catalog
