"""A record with an id of its own, and the models and prices of a vendor, through a whole runtime."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from provider_runtime import (
    CapabilityMismatch,
    DiscoveryOptions,
    ModelCatalog,
    ModelInfo,
    PriceRule,
    PricingTable,
    ProviderConfig,
    RuntimeSettings,
    Secret,
    Tier,
    open_runtime,
)
from provider_runtime.testing.builders import a_request, a_tool
from provider_runtime.testing.sandbox import Sandbox
from provider_runtime.testing.settings import SANDBOX_KEY

CATALOG = ModelCatalog(
    models=[
        ModelInfo(provider="anthropic", model_id="claude-sonnet-4-5", max_output_tokens=777, supports_tools=False),
        ModelInfo(provider="anthropic", model_id="claude-haiku-4-5", context_window=200_000),
    ]
)
PRICES = PricingTable(
    rules=[
        PriceRule(provider="anthropic", model_pattern="claude*", input_cost_per_token=1, output_cost_per_token=1),
    ],
    version="mine",
)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


def settings(sandbox: Sandbox, catalog_as: str | None = "anthropic") -> RuntimeSettings:
    """A record of this machine, which has nobody's models unless it says so."""
    config = ProviderConfig(
        provider_id="claude-eu", kind="anthropic", base_url=sandbox.url, tier=Tier.LOCAL, catalog_as=catalog_as
    )
    keys = {config.provider_id: Secret(SANDBOX_KEY)}
    return RuntimeSettings(providers=(config,), credentials=keys, catalog=CATALOG, prices=PRICES)


async def test_it_is_routed_limited_and_priced_like_its_vendor(sandbox: Sandbox) -> None:
    async with open_runtime(settings(sandbox)) as runtime:
        plan = await runtime.explain(a_request(model="claude-sonnet-4-5"))
        response = await runtime.run(a_request(model="claude-sonnet-4-5"))
    assert (plan.provider, plan.route_rule) == ("claude-eu", "catalog")
    assert b'"max_tokens":777' in plan.body
    assert plan.worst_case_cost is not None
    assert plan.worst_case_cost.total_cost == plan.body_size + 777
    assert response.cost is not None
    assert response.cost.total_cost == Decimal(response.usage.total)
    assert response.cost.price_version == "mine"


async def test_what_the_vendor_s_model_cannot_do_is_refused_before_sending(sandbox: Sandbox) -> None:
    async with open_runtime(settings(sandbox)) as runtime:
        with pytest.raises(CapabilityMismatch):
            await runtime.run(a_request(model="claude-eu:claude-sonnet-4-5", tools=(a_tool(),)))
        assert sandbox.requests == ()


async def test_without_that_it_has_neither_models_nor_prices(sandbox: Sandbox) -> None:
    async with open_runtime(settings(sandbox, catalog_as=None)) as runtime:
        response = await runtime.run(a_request(model="claude-eu:claude-sonnet-4-5"))
    assert response.cost is None
    assert "pricing.missing_rule" in [warning.code for warning in response.warnings]


async def test_models_that_it_lists_are_told_with_the_facts_of_the_vendor(sandbox: Sandbox) -> None:
    async with open_runtime(settings(sandbox)) as runtime:
        found = await runtime.discover_models(DiscoveryOptions(remote=True, refresh_cache=True))
    listed = {model.model_id: model for model in found.models if model.provider == "claude-eu"}
    assert listed
    assert set(listed) > {"claude-sonnet-4-5", "claude-haiku-4-5"}
    told, untold = listed["claude-sonnet-4-5"], listed["claude-opus-4-6"]
    assert (told.max_output_tokens, told.supports_tools) == (777, False)
    assert (untold.max_output_tokens, untold.supports_tools) == (128_000, True)
