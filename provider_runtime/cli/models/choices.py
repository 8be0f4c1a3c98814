"""Which models of a catalog are meant: by their provider, their abilities, their size and their price."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import reduce
from pathlib import Path
from typing import Any, Final

import click

from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices
from provider_runtime.adapters.catalog_files import read_catalog, read_prices
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.pricing import PricingTable

_SIZE: Final = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,3})?)(?P<unit>[kKmM]?)")
_UNITS: Final = {"": 1, "k": 1000, "m": 1_000_000}
_MILLION: Final = 1_000_000


def tokens(text: str) -> int:
    """A number of tokens: ``200000``, ``200k``, ``1M``. Raises ``BadParameter``."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r:.40} is no number of tokens, such as 200000, 200k or 1M")
    return int(Decimal(found["number"]) * _UNITS[found["unit"].lower()])


def dollars(text: str) -> Decimal:
    """An amount of US dollars. Raises ``BadParameter``."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise click.BadParameter(f"{text!r:.40} is no amount of dollars")
    return amount


_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_SOURCES: Final = (
    click.option("--catalog", "catalog_file", type=_FILE, help="A catalog file instead of the shipped one."),
    click.option("--prices", "prices_file", type=_FILE, help="A price file instead of the shipped one."),
)
_FILTERS: Final = (
    click.option("--provider", "-p", help="Only models of this provider."),
    click.option(
        "--modality", "modalities", multiple=True, help="Only models that take this: image, document, audio, video."
    ),
    click.option("--tools/--no-tools", default=None, help="Only models that do, or do not, call tools."),
    click.option("--structured/--no-structured", default=None, help="Only models that keep to a schema, or do not."),
    click.option("--reasoning/--no-reasoning", default=None, help="Only models known to reason, or known not to."),
    click.option("--min-context", type=tokens, help="Smallest context window: 200000, 200k, 1M."),
    click.option("--max-input-price", type=dollars, help="Dearest input, in dollars per million tokens."),
    click.option("--max-output-price", type=dollars, help="Dearest output, in dollars per million tokens."),
)


def source_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name other files than the shipped ones."""
    return reduce(lambda decorated, option: option(decorated), reversed(_SOURCES), command)


def filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose among models."""
    return reduce(lambda decorated, option: option(decorated), reversed(_FILTERS), command)


def catalog_of(options: dict[str, Any]) -> ModelCatalog:
    """The catalog that the options name, else the shipped one. Raises ``InvalidSettings``."""
    file = options["catalog_file"]
    return builtin_catalog() if file is None else read_catalog(file.read_bytes())


def prices_of(options: dict[str, Any]) -> PricingTable:
    """The prices that the options name, else the shipped ones. Raises ``InvalidPricingConfig``."""
    file = options["prices_file"]
    return builtin_prices() if file is None else read_prices(file.read_bytes())


def chosen(models: Iterable[ModelInfo], prices: PricingTable, options: dict[str, Any]) -> tuple[ModelInfo, ...]:
    """The models that every option given lets through. What nobody said of a model lets it through none."""
    tests: list[Callable[[ModelInfo], bool]] = [
        lambda model: (options.get("search") or "").lower() in model.model_id.lower(),
        lambda model: set(options["modalities"]) <= set(model.input_modalities),
    ]
    if (provider := options["provider"]) is not None:
        tests.append(lambda model: model.provider == provider)
    if (context := options["min_context"]) is not None:
        tests.append(lambda model: (model.context_window or 0) >= context)
    for name, wanted in (
        ("supports_tools", options["tools"]),
        ("supports_structured_output", options["structured"]),
        ("supports_reasoning", options["reasoning"]),
    ):
        if wanted is not None:
            tests.append(_says(name, wanted=wanted))
    for side in ("input", "output"):
        if (most := options[f"max_{side}_price"]) is not None:
            tests.append(_costs_at_most(side, most, prices))  # noqa: PERF401 - it stands in a row with the others
    return tuple(model for model in models if all(test(model) for test in tests))


def _says(name: str, *, wanted: bool) -> Callable[[ModelInfo], bool]:
    return lambda model: getattr(model, name) is wanted


def _costs_at_most(side: str, most: Decimal, prices: PricingTable) -> Callable[[ModelInfo], bool]:
    def test(model: ModelInfo) -> bool:
        rule = prices.rule_for(model.provider, model.model_id)
        return rule is not None and getattr(rule, f"{side}_cost_per_token") * _MILLION <= most

    return test
