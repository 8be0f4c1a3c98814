"""``secrets``: keys under names, each for one origin. A key is typed or piped, never an argument."""

import sys

import click
from attrs import frozen

from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.consent.voiding import void_consents_under
from provider_runtime.cli.failures import run_or_exit, usage_error
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.credentials import NamedKeyCredential
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import BackendError, ErrorCode
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.origins import Origin, origin_of
from provider_runtime.domain.secrets import Secret, secret_in
from provider_runtime.ports.leakage import OutboundContent


@frozen(kw_only=True)
class KeptKey:
    """What is told of a key: its name, where it may go, and whose records refer to it."""

    name: str
    bound_to: str
    used_by: tuple[ProviderId, ...]


@click.group()
def secrets() -> None:
    """Keys, kept under names in a file for your eyes only. Records refer to them by name."""


@secrets.command("set")
@click.argument("name")
@click.argument("nothing_else", nargs=-1, metavar="")
@click.option("--provider", help="Whose key it is: it goes to the address of that provider alone.")
@click.option("--origin", help="Where it may go, such as https://llm.example.com.")
@data_option
def set_secret(
    name: str, nothing_else: tuple[str, ...], provider: str | None, origin: str | None, folder: DataFolder
) -> None:
    """Keep a key under NAME. It is asked for without being shown, or read from standard input.

    Without --provider and --origin it is for the provider whose record refers to NAME, or that is
    called so.

    \b
    provider-runtime secrets set openai
    provider-runtime secrets set acme --origin https://llm.example.com < key.txt
    """
    if nothing_else:
        # Not repeated: it may well be the key.
        usage_error("a key is never an argument: your shell has noted it. Renew it, and type or pipe the new one")

    async def work() -> None:
        if await PatternLeakScanner().scan(OutboundContent(body=to_json(make_converter(), name))):
            usage_error("NAME is what you call the key, and this looks like the key itself: your shell has noted it")
        bound_to = _origin_for(name, await folder.providers(), provider, origin)
        store = folder.secrets()
        await store.get(name)  # a name or a file that will not do is refused before anybody types a key
        await store.put(name, _asked_for(name, bound_to), bound_to=bound_to)
        click.echo(f"Kept {name}. It goes to {bound_to}, and nowhere else.")
        await void_consents_under(folder, name)  # another key may be another account

    run_or_exit(work)


@secrets.command("list")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_secrets(folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the names of the keys, where each may go, and who refers to it. Shows no key.

    \b
    provider-runtime secrets list
    """

    async def work() -> None:
        store = folder.secrets()
        registered = await folder.registered()
        rows: list[KeptKey] = []
        for name in await store.names():
            kept = await store.get(name)
            if kept is not None:  # else it was removed since the names were read
                users = tuple(config.provider_id for config in registered if _refers_to(config, name))
                rows.append(KeptKey(name=name, bound_to=str(kept.bound_to), used_by=users))
        if as_json:
            click.echo(to_json(make_converter(), tuple(rows)))
            return
        for row in rows:
            click.echo(f"{row.name}: goes to {row.bound_to}, used by {', '.join(row.used_by) or 'nobody'}")
        if not rows:
            click.echo("No key is kept.", err=True)

    run_or_exit(work)


@secrets.command("remove")
@click.argument("name")
@data_option
def remove_secret(name: str, folder: DataFolder) -> None:
    """Forget the key under NAME.

    \b
    provider-runtime secrets remove acme
    """

    async def work() -> None:
        if not await folder.secrets().delete(name):
            raise BackendError(
                code=ErrorCode.NAME_INVALID,
                kind="secret",
                message="no key is kept under this name",
                remedy="`provider-runtime secrets list` shows the names.",
            )
        click.echo(f"Removed {name}.")
        await void_consents_under(folder, name)

    run_or_exit(work)


def _refers_to(config: ProviderConfig, name: str) -> bool:
    return isinstance(config.credential, NamedKeyCredential) and config.credential.name == name


def _origin_for(name: str, known: tuple[ProviderConfig, ...], provider: str | None, origin: str | None) -> Origin:
    """Whom the key may be sent to: said outright, or by the one record that wants it."""
    if provider is not None and origin is not None:
        usage_error("give --provider or --origin, not both")
    if origin is not None:
        found = origin_of(origin)
        return found or usage_error("--origin takes scheme and host, such as https://llm.example.com")
    if provider is not None:
        wanted = [config for config in known if config.provider_id == provider]
    else:
        wanted = [config for config in known if _refers_to(config, name)]
        wanted = wanted or [config for config in (*known, *PRESETS) if config.provider_id == name][:1]
    origins = {found for config in wanted if (found := origin_of(config.base_url)) is not None}
    if len(origins) != 1:
        usage_error("say whose key it is: --provider ID of a registered provider, or --origin https://host")
    return origins.pop()


def _asked_for(name: str, bound_to: Origin) -> Secret:
    if sys.stdin.isatty():
        given = click.prompt(f"Key {name} for {bound_to}", hide_input=True, default="", show_default=False, err=True)
    else:
        given = sys.stdin.read()
    secret = secret_in(given)
    del given
    return secret or usage_error("that is no key: one line of printable ASCII without spaces is")
