"""``providers``: what is registered, and changing it."""

from typing import Any

import click

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.consent.voiding import void_consents_to
from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit, usage_error
from provider_runtime.cli.registry.checking import check
from provider_runtime.cli.registry.fields import changed_config, checked_id, new_config, record_options
from provider_runtime.cli.registry.finding import register_local
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.registry.tables import show_record, show_records, where_the_key_is
from provider_runtime.cli.registry.transfer import export, import_
from provider_runtime.composition.workspace.config import FILE_NAME
from provider_runtime.domain.catalog.credentials import NamedKeyCredential
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.catalog.records import ProviderRecord
from provider_runtime.domain.errors import ConfigError, ProviderNotRegistered
from provider_runtime.domain.policy.credentials import fault_of_binding
from provider_runtime.ports.registry.providers import ProviderConfigStore

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def providers() -> None:
    """Registered providers: where they are, and where their keys are found. No record holds a key."""


@providers.command("add", epilog=EXIT_CODES_HELP)
@click.argument("provider_id", metavar="[ID]", required=False)
@record_options
@click.option("--local", is_flag=True, help="Look for model servers on this machine, and offer to register them.")
@click.option("--port", multiple=True, type=click.IntRange(1, 65535), help="With --local: look at this port, too.")
@click.option("--yes", "-y", is_flag=True, help="With --local: register what is found without asking.")
@data_option
@_json_option
def add_provider(provider_id: str | None, folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Register a provider under ID.

    The well-known ones (openai, anthropic, gemini, openrouter) need nothing but their id. A server on this machine
    is local, any other one is cloud, unless --tier says otherwise.

    \b
    provider-runtime providers add openai --secret openai
    provider-runtime providers add acme --base-url https://llm.example.com/v1
    provider-runtime providers add --local
    """
    if options["local"]:
        if provider_id is not None:
            usage_error("give an id or --local, not both")
        run_or_exit(lambda: register_local(folder, options["port"], yes=options["yes"], as_json=as_json))
        return
    if provider_id is None:
        usage_error("name the provider, or look for servers on this machine with --local")
    checked_id(provider_id)

    async def work() -> None:
        async with folder.records() as store:
            record = await store.add(new_config(provider_id, options))
        _tell("Registered", record, as_json=as_json)
        await _tell_of_missing_secret(folder, record.config)

    run_or_exit(work)


@providers.command("list")
@data_option
@_json_option
def list_providers(folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the registered providers, sorted by id.

    \b
    provider-runtime providers list
    """

    async def work() -> None:
        async with folder.records() as store:
            records = await store.list()
        written = _written(folder)
        if as_json:
            click.echo(to_json(make_converter(), records))
        elif records:
            show_records(records)
        elif not written:
            click.echo("No provider is registered. `providers add` registers one.", err=True)
        if written and not as_json:
            click.secho(f"Written in {FILE_NAME}: {', '.join(written)}.", dim=True, err=True)

    run_or_exit(work)


@providers.command("show")
@click.argument("provider_id", metavar="ID")
@data_option
@_json_option
def show_provider(provider_id: str, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Show one registered provider.

    \b
    provider-runtime providers show acme
    """

    async def work() -> None:
        async with folder.records() as store:
            record = await _found(store, provider_id)
        if as_json:
            click.echo(to_json(make_converter(), record))
        else:
            show_record(record)
            _warn_of_binding(record.config)

    run_or_exit(work)


@providers.command("edit", epilog=EXIT_CODES_HELP)
@click.argument("provider_id", metavar="ID")
@record_options
@click.option("--rebind", is_flag=True, help="The change of address was meant: let the key go to the new one.")
@click.option("--no-key", is_flag=True, help="It needs no key any more.")
@data_option
@_json_option
def edit_provider(provider_id: str, folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Change some fields of a registered provider; the others stay.

    A key goes to the address it was registered for alone. After a change of --base-url calls are
    refused until --rebind says that the change was meant.

    \b
    provider-runtime providers edit acme --default-model acme-large
    provider-runtime providers edit acme --rebind
    """

    async def work() -> None:
        async with folder.records() as store:
            seen = await _found(store, provider_id)
            record = await store.update(seen, changed_config(seen.config, options))
        _tell("Changed", record, as_json=as_json)
        _warn_of_binding(record.config)
        await _tell_of_missing_secret(folder, record.config)

    run_or_exit(work)


@providers.command("remove")
@click.argument("provider_id", metavar="ID")
@data_option
def remove_provider(provider_id: str, folder: DataFolder) -> None:
    """Forget a registered provider. Its key, if it has one in the secret store, stays there.

    \b
    provider-runtime providers remove acme
    """

    async def work() -> None:
        async with folder.records() as store:
            record = await _found(store, provider_id)
            await store.remove(record.provider_id)
        click.echo(f"Removed {record.provider_id}.")
        await void_consents_to(folder, record.provider_id)
        if isinstance(record.config.credential, NamedKeyCredential):
            name = record.config.credential.name
            click.secho(f"→ Its key is kept still: provider-runtime secrets remove {name}", fg="cyan", err=True)

    run_or_exit(work)


for command in (check, export, import_):
    providers.add_command(command)


def _written(folder: DataFolder) -> tuple[str, ...]:
    """Whom the workspace's file names; nobody where it cannot be read, which is told by what goes by it."""
    try:
        return tuple(sorted(folder.configuration().config.providers))
    except ConfigError:
        return ()


async def _found(store: ProviderConfigStore, name: str) -> ProviderRecord:
    provider_id = checked_id(name)
    record = await store.get(provider_id)
    if record is None:
        raise ProviderNotRegistered(
            provider=provider_id,
            message=f"no provider is registered as {provider_id}",
            remedy="`provider-runtime providers list` shows those that are.",
        )
    return record


def _tell(done: str, record: ProviderRecord, *, as_json: bool) -> None:
    if as_json:
        click.echo(to_json(make_converter(), record))
        return
    config = record.config
    click.echo(f"{done} {config.provider_id}: {config.base_url} ({config.tier}), key: {_key(config)}.")


def _key(config: ProviderConfig) -> str:
    return where_the_key_is(config.credential)


def _warn_of_binding(config: ProviderConfig) -> None:
    fault = fault_of_binding(config)
    if fault is not None:
        click.secho(f"⚠ {fault.message}: calls are refused.", fg="yellow", err=True)
        click.secho(f"→ Meant? provider-runtime providers edit {config.provider_id} --rebind", fg="cyan", err=True)


async def _tell_of_missing_secret(folder: DataFolder, config: ProviderConfig) -> None:
    if not isinstance(config.credential, NamedKeyCredential):
        return
    name = config.credential.name
    if name not in await folder.secrets().names():
        click.secho(f"→ Now store its key: provider-runtime secrets set {name}", fg="cyan", err=True)
