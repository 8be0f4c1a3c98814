"""``models``: what can answer, and what it costs."""

from typing import Final

import click
from rich.table import Table
from rich.text import Text

from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices, catalog_json
from provider_runtime.cli.failures import run_or_exit
from provider_runtime.cli.registry.checking import health_of_providers
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.rendering import console
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.pricing import PriceRule, PricingTable

_UNKNOWN: Final = "?"


@click.group()
def models() -> None:
    """The models of the shipped catalog, and those that providers list."""


@models.command("list")
@click.argument("search", required=False)
@click.option("--provider", "-p", help="Only models of this provider.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(search: str | None, provider: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List models; SEARCH keeps those whose id contains it.

    The first column is what --model of `run` takes.

    \b
    provider-runtime models list sonnet --provider anthropic
    """
    found = tuple(
        model
        for model in builtin_catalog().models
        if (provider is None or model.provider == provider) and (search or "").lower() in model.model_id.lower()
    )
    if as_json:
        click.echo(catalog_json(ModelCatalog(models=found)))
        return
    _show(found, builtin_prices())


@models.command("discover")
@click.option("--provider", "-p", "providers", multiple=True, metavar="ID", help="Ask this one alone; may be repeated.")
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds for each.")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def discover_models(providers: tuple[str, ...], timeout: float, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Ask the registered providers which models they have now, and the well-known ones whose key is set.

    Exit code 6 when one of them does not tell.

    \b
    provider-runtime models discover --provider ollama
    """

    async def work() -> None:
        found = await health_of_providers(folder, providers, timeout)
        listed = [ModelInfo(provider=one.provider_id, model_id=model) for one in found for model in one.models]
        if as_json:
            click.echo(catalog_json(ModelCatalog(models=listed)))
        else:
            for model in listed:
                click.echo(f"{model.provider}:{model.model_id}")
        silent = [one for one in found if one.code is not None]
        for one in silent:
            click.secho(f"⚠ {one.provider_id} is {one.status}: {one.reason}. {one.remedy}", fg="yellow", err=True)
        if silent:
            raise SystemExit(6)

    run_or_exit(work)


def _show(found: tuple[ModelInfo, ...], prices: PricingTable) -> None:
    if not found:
        click.echo("No model matches.", err=True)
        return
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column("model", overflow="fold")
    for name in ("ctx", "out", "$ in", "$ out"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("can", no_wrap=True)
    for model in found:
        table.add_row(
            Text(f"{model.provider}:{model.model_id}"),
            _size(model.context_window),
            _size(model.max_output_tokens),
            *_rates(prices.rule_for(model.provider, model.model_id)),
            _abilities(model),
        )
    page = console()
    page.print(table)
    page.print(f"{_counted(len(found))}. Context and output in tokens; US dollars per million.", style="dim")


def _counted(number: int) -> str:
    return "1 model" if number == 1 else f"{number} models"


def _rates(rule: PriceRule | None) -> tuple[str, str]:
    if rule is None:
        return _UNKNOWN, _UNKNOWN
    return _rate(rule.input_cost_per_token * 1_000_000), _rate(rule.output_cost_per_token * 1_000_000)


def _rate(dollars: object) -> str:
    return f"{dollars:.4f}".rstrip("0").rstrip(".")


def _size(tokens: int | None) -> str:
    if tokens is None:
        return _UNKNOWN
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.1f}".removesuffix(".0") + "M"
    return f"{tokens // 1000}k" if tokens >= 1000 else str(tokens)


def _abilities(model: ModelInfo) -> str:
    named = (
        ("tools", model.supports_tools),
        ("json", model.supports_structured_output),
        ("think", model.supports_reasoning),
    )
    return " ".join(name for name, able in named if able)
