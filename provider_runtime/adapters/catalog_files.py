"""Catalogs and price tables as JSON files: the shipped ones, and an operator's own in the same form.

To extend what ships, put the own entries first: the first entry for a model counts, in a catalog
as in a price table.
"""

from decimal import Context, Decimal
from typing import Any, Final

import msgspec

from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.pricing import PriceRule, PriceTier, PricingTable
from provider_runtime.domain.errors import InvalidPricingConfig, InvalidSettings


class _ModelShape(msgspec.Struct, forbid_unknown_fields=True):
    provider: str
    model_id: str
    display_name: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    supports_tools: bool = True
    supports_structured_output: bool = True
    supports_reasoning: bool | None = None
    input_modalities: tuple[str, ...] = ()
    refused_parameters: tuple[str, ...] = ()
    source: tuple[str, ...] = ()


class _CatalogShape(msgspec.Struct, forbid_unknown_fields=True):
    models: list[_ModelShape]
    as_of: str | None = None
    sources: dict[str, dict[str, str]] = {}


class _RatesShape(msgspec.Struct, forbid_unknown_fields=True):
    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    reasoning: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None


class _TierShape(msgspec.Struct, forbid_unknown_fields=True):
    above_input_tokens: int
    usd_per_million: _RatesShape


class _PriceShape(msgspec.Struct, forbid_unknown_fields=True):
    provider: str
    models: list[str]
    usd_per_million: _RatesShape
    usd_per_request: Decimal | None = None
    tiers: list[_TierShape] = []
    source: tuple[str, ...] = ()


class _PricesShape(msgspec.Struct, forbid_unknown_fields=True):
    prices: list[_PriceShape]
    as_of: str | None = None
    sources: dict[str, dict[str, str]] = {}


_CATALOG: Final = msgspec.json.Decoder(_CatalogShape)
_PRICES: Final = msgspec.json.Decoder(_PricesShape)
_RATE_NAMES: Final = tuple((kind, f"{kind}_cost_per_token") for kind in _RatesShape.__struct_fields__)
_DIGITS: Final = 1000  # of a price: more than anybody writes, so that moving the point never rounds


def read_catalog(text: bytes | str) -> ModelCatalog:
    """The catalog of a JSON file: ``data/models.json`` shows the form, and ``catalog_as_json`` writes it.

    A field that nobody knows is an error: it may be a misspelt one. Raises ``InvalidSettings``
    that says where.
    """
    try:
        shapes = _CATALOG.decode(text).models
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise _unreadable_catalog("catalog", error) from error
    models: list[ModelInfo] = []
    for place, shape in enumerate(shapes):
        try:
            models.append(_model(shape))
        except (TypeError, ValueError) as error:
            raise _unreadable_catalog(f"models[{place}]", error) from error
    return ModelCatalog(models=models)


def read_prices(text: bytes | str) -> PricingTable:
    """The price table of a JSON file: ``data/prices.json`` shows the form.

    Prices are US dollars for a million tokens, as numbers or as text, and are taken exactly as
    they are written. ``as_of`` becomes the version of the table. A field that nobody knows is an
    error. Raises ``InvalidPricingConfig`` that says where.
    """
    try:
        shape = _PRICES.decode(text)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise _unreadable_prices("prices", error) from error
    rules: list[PriceRule] = []
    for place, price in enumerate(shape.prices):
        try:
            rules.extend(_rules(price))
        except (TypeError, ValueError, ArithmeticError) as error:
            raise _unreadable_prices(f"prices[{place}]", error) from error
    return PricingTable(rules=rules, version=shape.as_of, source=", ".join(sorted(shape.sources)) or None)


def _model(shape: _ModelShape) -> ModelInfo:
    return ModelInfo(
        provider=shape.provider,
        model_id=shape.model_id,
        display_name=shape.display_name,
        context_window=shape.context_window,
        max_output_tokens=shape.max_output_tokens,
        supports_tools=shape.supports_tools,
        supports_structured_output=shape.supports_structured_output,
        supports_reasoning=shape.supports_reasoning,
        input_modalities=shape.input_modalities,
        refused_parameters=shape.refused_parameters,
    )


def _rules(shape: _PriceShape) -> list[PriceRule]:
    rates = _rates_per_token(shape.usd_per_million)
    tiers = tuple(
        PriceTier(above_input_tokens=tier.above_input_tokens, **_rates_per_token(tier.usd_per_million))
        for tier in shape.tiers
    )
    rules = [
        PriceRule(
            provider=shape.provider,
            model_pattern=pattern,
            cost_per_request=shape.usd_per_request,
            tiers=tiers,
            **rates,
        )
        for pattern in shape.models
    ]
    if rules and not rules[0].is_sound:  # the others have the same amounts
        raise ValueError("an amount is negative, endless or beyond belief")
    return rules


def _rates_per_token(shape: _RatesShape) -> dict[str, Any]:
    exact = Context(prec=_DIGITS)
    return {name: rate.scaleb(-6, exact) for kind, name in _RATE_NAMES if (rate := getattr(shape, kind)) is not None}


def _unreadable_catalog(place: str, error: Exception) -> InvalidSettings:
    return InvalidSettings(
        field=place, message=f"the catalog cannot be read: {error}", remedy="Correct the file; see `models.json`."
    )


def _unreadable_prices(place: str, error: Exception) -> InvalidPricingConfig:
    return InvalidPricingConfig(
        field=place, message=f"the prices cannot be read: {error}", remedy="Correct the file; see `prices.json`."
    )
