"""Models and prices as tables for a person, as wide as the terminal lets them be."""

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from provider_runtime.adapters.price_files import rates_per_million
from provider_runtime.cli.rendering import console
from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.catalog.pricing import PriceRule, PricingTable

_UNKNOWN: Final = "?"
_NARROW: Final = 72  # columns: below that, a table keeps what people look for first


def show_models(found: tuple[ModelInfo, ...], prices: PricingTable) -> None:
    """A line for each model: its size, what it costs, what it can do."""
    page = console()
    narrow = page.width < _NARROW
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column("model", overflow="fold")
    for name in ("ctx", "$ in", "$ out") if narrow else ("ctx", "out", "$ in", "$ out"):
        table.add_column(name, justify="right", no_wrap=True)
    if not narrow:
        table.add_column("can", no_wrap=True)
    for model in found:
        named, costs = Text(model_name(model)), _rates(prices.rule_for(model.provider, model.model_id))
        if narrow:
            table.add_row(named, size(model.context_window), *costs)
        else:
            limits = (size(model.context_window), size(model.max_output_tokens))
            table.add_row(named, *limits, *costs, " ".join(_abilities(model)))
    page.print(table)
    page.print(f"{counted(len(found))}. Context and output in tokens; US dollars per million.", style="dim")


def show_model(model: ModelInfo, rule: PriceRule | None, prices: PricingTable) -> None:
    """Everything that is known of one model, and what it costs."""
    page = console()
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    rows = {
        "model": model_name(model),
        "name": model.display_name or _UNKNOWN,
        "context": _tokens(model.context_window),
        "output": _tokens(model.max_output_tokens),
        "takes": ", ".join(model.input_modalities) or _UNKNOWN,
        "can": ", ".join(_abilities(model)) or "none of tools, json, think",
        "not taken": ", ".join(model.refused_parameters) or "nothing that is known",
        "reasoning": {None: "nobody said", True: "yes", False: "no"}[model.supports_reasoning],
    }
    for label, value in rows.items():
        facts.add_row(label, Text(value))
    page.print(facts)
    if rule is None:
        page.print("No price is known for it; a call would have no cost, and say so.", style="yellow")
        return
    _show_prices(page, rule, prices)


def _show_prices(page: Console, rule: PriceRule, prices: PricingTable) -> None:
    table = Table(box=None, padding=(0, 2), pad_edge=False, header_style="dim")
    table.add_column("$ per million")
    steps = (rule, *rule.tiers)
    table.add_column("any size" if not rule.tiers else f"to {size(rule.tiers[0].above_input_tokens)}", justify="right")
    for tier in rule.tiers:
        table.add_column(f"above {size(tier.above_input_tokens)}", justify="right")
    columns = [rates_per_million(step) for step in steps]
    for kind in dict.fromkeys(kind for column in columns for kind in column):
        table.add_row(kind.replace("_", " "), *(column.get(kind, "as its whole") for column in columns))
    page.print()
    page.print(table)
    if rule.cost_per_request is not None:
        page.print(f"and {rule.cost_per_request:f} dollars for each request")
    page.print(f"Prices of {prices.version or 'no date'}, from {prices.source or 'nobody named'}.", style="dim")


def model_name(model: ModelInfo) -> str:
    """What --model of ``run`` takes."""
    return f"{model.provider}:{model.model_id}"


def counted(number: int) -> str:
    """``1 model``, ``2 models``."""
    return "1 model" if number == 1 else f"{number} models"


def size(tokens: int | None) -> str:
    """A number of tokens in few letters: ``200k``, ``1.5M``."""
    if tokens is None:
        return _UNKNOWN
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.1f}".removesuffix(".0") + "M"
    return f"{tokens // 1000}k" if tokens >= 1000 else str(tokens)


def _tokens(limit: int | None) -> str:
    return _UNKNOWN if limit is None else f"{limit:,} tokens"


def _rates(rule: PriceRule | None) -> tuple[str, str]:
    if rule is None:
        return _UNKNOWN, _UNKNOWN
    return _rate(rule.input_cost_per_token * 1_000_000), _rate(rule.output_cost_per_token * 1_000_000)


def _rate(dollars: object) -> str:
    return f"{dollars:.4f}".rstrip("0").rstrip(".")


def _abilities(model: ModelInfo) -> list[str]:
    named = (
        ("tools", model.supports_tools),
        ("json", model.supports_structured_output),
        ("think", model.supports_reasoning),
    )
    return [name for name, able in named if able]
