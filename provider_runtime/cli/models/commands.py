"""The commands: list, show, discover and export."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from provider_runtime.adapters.catalog import builtin_catalog, catalog_json
from provider_runtime.adapters.price_files import price_line, prices_json
from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit, usage_error
from provider_runtime.cli.inputs import server_record
from provider_runtime.cli.models.choices import catalog_of, chosen, filter_options, prices_of, source_options
from provider_runtime.cli.models.pages import counted, show_model, show_models
from provider_runtime.cli.options import kind_option
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.workspace.opening import settings_for
from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.catalog.resolving import CatalogIndex, resolve_model_provider
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import ModelNotFound
from provider_runtime.domain.identity import OPENROUTER, ProviderId


@click.group()
def models() -> None:
    """The models of a catalog: the shipped one, a file, or what providers list."""


@models.command("list", epilog=EXIT_CODES_HELP)
@click.argument("search", required=False)
@filter_options
@source_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """List models; SEARCH keeps those whose id contains it.

    The first column is what --model of `run` takes.

    \b
    provider-runtime models list sonnet --provider anthropic
    provider-runtime models list --modality image --max-input-price 0.5
    """

    async def work() -> None:
        catalog, prices = catalog_of(options), prices_of(options)
        _print(chosen(catalog.models, prices, options), prices, as_json=as_json)

    run_or_exit(work)


@models.command("show", epilog=EXIT_CODES_HELP)
@click.argument("model")
@source_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(model: str, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Show everything that is known of one MODEL, and all its prices.

    \b
    provider-runtime models show anthropic:claude-sonnet-4-5
    """

    async def work() -> None:
        catalog, prices = catalog_of(options), prices_of(options)
        found = _named(model, catalog)
        rule = prices.rule_for(found.provider, found.model_id)
        if not as_json:
            show_model(found, rule, prices)
            return
        told = json.loads(catalog_json(ModelCatalog(models=(found,))))["models"][0]
        price = None if rule is None else {**price_line(rule), "version": prices.version, "source": prices.source}
        click.echo(json.dumps({"model": told, "price": price}, indent=2))

    run_or_exit(work)


@models.command("discover", epilog=EXIT_CODES_HELP)
@click.option(
    "--provider",
    "-p",
    "providers",
    multiple=True,
    help="Ask this provider (default: all registered ones, and all with a key).",
)
@click.option("--base-url", help="Ask this server instead.")
@kind_option("--base-url speaks (default: the provider's, else openai_compatible)")
@click.option("--api-key-env", help="Environment variable with the key for --base-url.")
@click.option("--new", is_flag=True, help="Only models that the shipped catalog does not list.")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a catalog file.")
def discover(new: bool, folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Ask providers for their models. Contacts them; the shipped facts count first.

    \b
    provider-runtime models discover --provider openrouter --new
    provider-runtime models discover --base-url http://localhost:11434 --kind ollama
    """

    async def work() -> None:
        read = folder.configuration()
        records = _asked(options, os.environ, await folder.own(read))
        wanted = tuple(record.provider_id for record in records)
        others = tuple(config for config in await folder.providers(read) if config.provider_id not in wanted)
        made = await settings_for(folder, providers=(*others, *records))
        from provider_runtime.composition.lifecycle import open_runtime  # noqa: PLC0415 - when somebody is asked

        async with open_runtime(made.settings) as runtime:
            merged = await runtime.discover_models(
                DiscoveryOptions(remote=True, refresh_cache=True, include_provider=wanted)
            )
            prices = runtime.settlement.worst_cases.prices
        shipped = builtin_catalog()
        found = tuple(
            model
            for model in merged.models
            if model.provider in wanted and not (new and shipped.find(model.provider, model.model_id))
        )
        _print(found, prices, as_json=as_json)

    run_or_exit(work)


@models.command("export", epilog=EXIT_CODES_HELP)
@filter_options
@source_options
@click.option("--price-table", is_flag=True, help="The prices of the chosen models instead of the models.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def export(price_table: bool, output: Path | None, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Export a catalog, or prices, as a file to keep: to pin it, or to change it.

    \b
    provider-runtime models export --provider anthropic > catalog.json
    provider-runtime models export --price-table -o prices.json
    """

    async def work() -> None:
        catalog, prices = catalog_of(options), prices_of(options)
        found = chosen(catalog.models, prices, options)
        text = prices_json(_prices_for(found, prices)) if price_table else catalog_json(ModelCatalog(models=found))
        if output is None:
            click.echo(text.rstrip("\n"))
        else:
            _write(output, text)
            click.echo(f"{counted(len(found))}: {output}", err=True)

    run_or_exit(work)


def _print(found: tuple[ModelInfo, ...], prices: PricingTable, *, as_json: bool) -> None:
    if as_json:
        click.echo(catalog_json(ModelCatalog(models=found)))
    elif found:
        show_models(found, prices)
    else:
        click.echo("No model matches.", err=True)
        click.echo("→ What a provider of your own lists: provider-runtime models discover --provider ID", err=True)


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    except OSError as failure:
        usage_error(f"cannot write {output}: {failure.strerror}")


def _named(text: str, catalog: ModelCatalog) -> ModelInfo:
    """The model that ``provider:model``, or a model id alone, means. Raises a ``RoutingError``."""
    try:
        asked = ModelRef.parse(text)
    except ValueError as fault:
        usage_error(str(fault))
    index = CatalogIndex(catalog)
    provider = asked.provider_hint or resolve_model_provider(index, asked.model_id)
    found = catalog.find(provider, asked.model_id)
    if found is None:
        near = index.nearest(asked.model_id)
        raise ModelNotFound(
            model=text,
            message="the catalog does not list this model",
            remedy=f"Known models with a similar name: {', '.join(near)}." if near else "See `models list`.",
        )
    return found


def _asked(
    options: Mapping[str, Any], environment: Mapping[str, str], registered: tuple[ProviderConfig, ...]
) -> tuple[ProviderConfig, ...]:
    names, base_url = options["providers"], options["base_url"]
    try:
        if base_url is not None:
            if len(names) > 1:
                usage_error("--base-url asks one server: give one --provider, its name")
            name = ProviderId(names[0] if names else "local")
            return (server_record(name, base_url, kind=options["kind"], key_name=options["api_key_env"]),)
    except ValueError as fault:
        usage_error(str(fault))
    known = {str(config.provider_id): config for config in (*PRESETS, *registered)}
    if unknown := [name for name in names if name not in known]:
        usage_error(f"no provider is called {unknown[0]}; there are {', '.join(known)}, and --base-url")
    with_key = (
        preset
        for preset in PRESETS
        if isinstance(preset.credential, EnvCredential) and environment.get(preset.credential.name)
    )
    usual = {config.provider_id: config for config in (*with_key, *registered)}
    asked = tuple(known[name] for name in dict.fromkeys(names)) or tuple(usual.values())
    if not asked:
        usage_error(f"no key is set: name a provider, such as --provider {OPENROUTER}, which lists models without one")
    return asked


def _prices_for(found: tuple[ModelInfo, ...], prices: PricingTable) -> PricingTable:
    """The rules that price these models, in the order of the table."""
    rules = {id(rule) for model in found if (rule := prices.rule_for(model.provider, model.model_id)) is not None}
    kept = tuple(rule for rule in prices.rules if id(rule) in rules)
    return PricingTable(rules=kept, version=prices.version, source=prices.source)
