"""Strategies for catalogs, price tables, and the usage they price."""

from decimal import Decimal
from typing import Any, Final

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.pricing import PriceRule, PriceTier, PricingTable, TokenRates
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.identity import OPENAI
from provider_runtime.testing.strategies.values import few, names, perhaps, provider_ids, texts

_EXTRA_RATES: Final = (
    "cached_input_cost_per_token",
    "cache_write_cost_per_token",
    "cache_write_1h_cost_per_token",
    "reasoning_cost_per_token",
    "input_audio_cost_per_token",
    "output_audio_cost_per_token",
)


def model_ids() -> SearchStrategy[str]:
    """Model ids that often begin alike, and often are the same."""
    return st.text("ab-5", min_size=1, max_size=5) | names()


def model_infos() -> SearchStrategy[ModelInfo]:
    """Catalog entries, whatever of them is told."""
    limits = perhaps(st.integers(1, 2**32 - 1))
    return st.builds(
        ModelInfo,
        provider=provider_ids(),
        model_id=model_ids(),
        display_name=perhaps(texts()),
        context_window=limits,
        max_output_tokens=limits,
        supports_tools=st.booleans(),
        supports_structured_output=st.booleans(),
        supports_reasoning=perhaps(st.booleans()),
        input_modalities=few(st.sampled_from(("text", "image", "audio"))),
        refused_parameters=few(st.sampled_from(("temperature", "top_k", "seed"))),
    )


def catalogs() -> SearchStrategy[ModelCatalog]:
    """Catalogs in no order, with some models twice."""
    return st.builds(ModelCatalog, models=few(model_infos(), most=8))


def rates() -> SearchStrategy[Decimal]:
    """Prices of a token in dollars: none, tiny, dear, with few digits or many."""
    return st.decimals(0, "0.001", places=12) | st.sampled_from((Decimal(0), Decimal("2.5E-7"), Decimal(1)))


def impossible_rates() -> SearchStrategy[Decimal]:
    """Decimals that cannot be the price of anything."""
    return st.sampled_from(("NaN", "sNaN", "Infinity", "-Infinity", "-1E-9", "1E+999999")).map(Decimal)


@st.composite
def price_rules(draw: DrawFn) -> PriceRule:
    """Sound rules. A tier costs at least what the rates below it do, as with every provider."""
    extras: dict[str, Any] = {name: draw(rates()) for name in draw(st.sets(st.sampled_from(_EXTRA_RATES)))}
    rule = PriceRule(
        provider=OPENAI,
        model_pattern=draw(model_ids().map(lambda text: f"{text}*") | model_ids() | st.just("*")),
        input_cost_per_token=draw(rates()),
        output_cost_per_token=draw(rates()),
        cost_per_request=draw(perhaps(rates())),
        **extras,
    )
    begins = sorted(draw(st.sets(st.integers(1, 10**6), max_size=2)))
    tiers: list[PriceTier] = []
    for above in begins:
        tiers.append(_dearer_tier(tiers[-1] if tiers else rule, above, draw(st.integers(1, 3))))
    return evolve(rule, tiers=tiers)


def _dearer_tier(below: TokenRates, above_input_tokens: int, times: int) -> PriceTier:
    dearer: dict[str, Any] = {}
    for name in ("input_cost_per_token", "output_cost_per_token", *_EXTRA_RATES):
        rate = getattr(below, name)
        dearer[name] = None if rate is None else rate * times
    return PriceTier(above_input_tokens=above_input_tokens, **dearer)


def pricing_tables() -> SearchStrategy[PricingTable]:
    """Price tables in no order, with some patterns twice."""
    return st.builds(PricingTable, rules=few(price_rules(), most=6), version=perhaps(st.just("2026-11-21")))


@st.composite
def honest_usages(draw: DrawFn) -> Usage:
    """Usage in which everything is reported and every part lies inside its whole."""
    tokens = st.integers(0, 10**6)
    plain, cached, written, written_1h, heard = (draw(tokens) for _ in range(5))
    said, thought, spoken = (draw(tokens) for _ in range(3))
    return Usage(
        input_tokens=plain + cached + written + written_1h + heard,
        output_tokens=said + thought + spoken,
        cached_input_tokens=cached,
        cache_write_tokens=written + written_1h,
        cache_write_1h_tokens=written_1h,
        reasoning_tokens=thought,
        input_audio_tokens=heard,
        output_audio_tokens=spoken,
    )
