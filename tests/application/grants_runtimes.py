"""Runtimes that are governed, over a provider that tests make up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from provider_runtime import (
    ModelCatalog,
    PricingTable,
    ProviderConfig,
    ProviderRuntime,
    RetryPolicy,
    Tier,
)
from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.domain.identity import ProviderId
from provider_runtime.testing.fakes import FakeAdapter, FixedRandomness, FrozenClock

ADA = ProviderId("ada")


@asynccontextmanager
async def governed(
    settings: Any, *, adapter: FakeAdapter | None = None, tier: Tier = Tier.LOCAL, **parts: Any
) -> AsyncIterator[ProviderRuntime]:
    speaking = adapter or FakeAdapter(ADA)
    url = "http://localhost" if tier is Tier.LOCAL else "https://api.example.com"
    config = ProviderConfig(provider_id=ADA, kind=ProviderKind.OPENAI_COMPATIBLE, base_url=url, tier=tier)
    builder = ProviderRuntime.builder().with_adapter(speaking, config).with_adapter(FakeAdapter("bea"))
    builder = builder.with_retry(RetryPolicy(max_attempts=2, initial_backoff_ms=1))
    budgets = parts.pop("budgets", ())
    if settings is not None:
        builder = builder.with_governance(settings)
    builder = builder.with_budgets(*budgets).with_model_catalog(ModelCatalog()).with_pricing_table(PricingTable())
    for name, part in {"clock": FrozenClock(), "randomness": FixedRandomness(0.5), **parts}.items():
        builder = builder.with_part(name, part)
    async with builder.build() as runtime:
        yield runtime
