"""A price table as a text to keep: the form that ``read_prices`` reads back."""

import json
from decimal import Context, Decimal
from typing import Final

from provider_runtime.domain.catalog.pricing import PriceRule, PricingTable, TokenRates

KINDS: Final = (
    "input",
    "output",
    "cached_input",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "input_audio",
    "output_audio",
)
"""The kinds of tokens that can have a rate, as price files name them."""
_DIGITS: Final = 1000  # more than any price has, so that moving the point never rounds


def prices_json(table: PricingTable) -> str:
    """The table as JSON, a rule a line, in the order that counts; ``read_prices`` makes an equal one of it."""
    header: dict[str, object] = {} if table.version is None else {"as_of": table.version}
    if table.source is not None:
        header["sources"] = {name: {} for name in table.source.split(", ")}
    head = json.dumps(header)[:-1] + ("," if header else "")
    lines = ",\n".join(json.dumps(price_line(rule)) for rule in table.rules)
    return f'{head}"prices": [\n{lines}\n]}}\n'


def price_line(rule: PriceRule) -> dict[str, object]:
    """One rule as price files write it: dollars for a million tokens, as text."""
    line: dict[str, object] = {
        "provider": rule.provider,
        "models": [rule.model_pattern],
        "usd_per_million": rates_per_million(rule),
    }
    if rule.cost_per_request is not None:
        line["usd_per_request"] = _plain(rule.cost_per_request)
    if rule.tiers:
        line["tiers"] = [
            {"above_input_tokens": tier.above_input_tokens, "usd_per_million": rates_per_million(tier)}
            for tier in rule.tiers
        ]
    return line


def rates_per_million(rates: TokenRates) -> dict[str, str]:
    """What is charged for a million tokens of each kind that has a rate, in dollars, exactly."""
    exact = Context(prec=_DIGITS)
    per_token = ((kind, getattr(rates, f"{kind}_cost_per_token")) for kind in KINDS)
    return {kind: _plain(rate.scaleb(6, exact)) for kind, rate in per_token if rate is not None}


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
