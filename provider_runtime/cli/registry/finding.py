"""``providers add --local``: servers found on this machine, and registered if that is wanted."""

import sys

import click

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.composition.local_servers import USUAL_PLACES, LocalServer, find_local_servers, places_at
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.catalog.records import ProviderRecord
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.origins import origin_of
from provider_runtime.ports.registry.providers import ProviderConfigStore


async def register_local(folder: DataFolder, ports: tuple[int, ...], *, yes: bool, as_json: bool) -> None:
    """Find servers on this machine; register those that are wanted and not registered yet, by id or by address."""
    extra = tuple(place for port in ports for place in places_at(port))
    found = await find_local_servers((*USUAL_PLACES, *extra))
    added = await _registered(folder, found, yes=yes)
    if as_json:
        click.echo(to_json(make_converter(), added))
        return
    async with folder.records() as store:
        await _tell(found, added, store)


async def register_servers(folder: DataFolder, found: tuple[LocalServer, ...], *, yes: bool) -> None:
    """Register those of ``found`` that are wanted and not known yet, and say what can be done with each."""
    for record in await _registered(folder, found, yes=yes):
        models = next(server.health.models for server in found if server.config.provider_id == record.provider_id)
        click.echo(f"Registered {record.provider_id}: {record.config.base_url}.")
        _tell_how_to_ask(record.provider_id, models)


async def _registered(folder: DataFolder, found: tuple[LocalServer, ...], *, yes: bool) -> tuple[ProviderRecord, ...]:
    own = await folder.own()
    fresh = [server for server in found if not is_known(server, own)]
    wanted = [server for server in fresh if _is_wanted(server, yes=yes)]
    if not wanted:
        return ()
    async with folder.records() as store:
        return tuple([await store.add(server.config) for server in wanted])


def is_known(server: LocalServer, known: tuple[ProviderConfig, ...]) -> bool:
    """Whether somebody registered the server, under its id or at its address."""
    origin = origin_of(server.config.base_url)
    return any(
        config.provider_id == server.config.provider_id or origin_of(config.base_url) == origin for config in known
    )


def _is_wanted(server: LocalServer, *, yes: bool) -> bool:
    config, count = server.config, len(server.health.models)
    if yes:
        return True
    if not sys.stdin.isatty():
        return False  # nobody is there to be asked: what was found is told, and nothing done
    models = "1 model" if count == 1 else f"{count} models"
    return click.confirm(f"Register {config.provider_id} at {config.base_url} ({models})?", default=True, err=True)


async def _tell(found: tuple[LocalServer, ...], added: tuple[ProviderRecord, ...], store: ProviderConfigStore) -> None:
    if not found:
        click.echo("No model server answers on this machine. Is Ollama, LM Studio, vLLM or llama.cpp running?")
        return
    known = {record.provider_id for record in await store.list()}
    new = {record.provider_id for record in added}
    for server in found:
        name = server.config.provider_id
        state = "registered" if name in new else "was registered before" if name in known else "not registered"
        click.echo(f"{name}: {server.config.base_url}, {len(server.health.models)} models, {state}.")
        if name in new:
            _tell_how_to_ask(name, server.health.models)
    if any(server.config.provider_id not in known for server in found) and not sys.stdin.isatty():
        click.secho("→ Register what was found: provider-runtime providers add --local --yes", fg="cyan", err=True)


def _tell_how_to_ask(name: ProviderId, models: tuple[str, ...]) -> None:
    if models:
        click.secho(f'→ provider-runtime run "Hello." --model {name}:{models[0]}', fg="cyan", err=True)
