"""``providers export`` and ``import``: records as one document, without secrets."""

import sys
from pathlib import Path

import click
from attrs import frozen

from provider_runtime.adapters.serialization import DocumentFault, make_converter, read_json, structure, to_json
from provider_runtime.cli.failures import run_or_exit, usage_error
from provider_runtime.cli.registry.fields import judged
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.registry.tables import where_the_key_is
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.catalog.records import ProviderExport, ProviderRecord, taken_over
from provider_runtime.domain.errors import InvalidSettings, RecordConflict
from provider_runtime.domain.policy.credentials import fault_of_binding


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@data_option
def export(file: Path, folder: DataFolder) -> None:
    """Write every registered provider as one JSON document to FILE, or to standard output.

    It says where keys are found and holds none, so it may be shared and committed.

    \b
    provider-runtime providers export providers.json
    """

    async def work() -> None:
        document = to_json(make_converter(), ProviderExport(providers=await folder.registered())) + b"\n"
        _write(file, document)

    run_or_exit(work)


@frozen(kw_only=True)
class _Taken:
    """What becomes of one config of a document."""

    config: ProviderConfig
    known: ProviderRecord | None


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--replace", is_flag=True, help="Change providers that are registered already.")
@data_option
def import_(file: Path, replace: bool, folder: DataFolder) -> None:  # noqa: FBT001 - click passes flags by name
    """Register the providers of a document that `providers export` wrote; - reads standard input.

    All of it is checked before anything is changed. A document cannot lead a key elsewhere: where
    it changes the address of a registered provider, calls are refused until `providers edit --rebind`.

    \b
    provider-runtime providers import providers.json --replace
    """

    async def work() -> None:
        configs = [judged(config) for config in _read(file).providers]
        async with folder.records() as store:
            known = {record.provider_id: record for record in await store.list()}
            taken = [_taken(config, known.get(config.provider_id), replace=replace) for config in configs]
            for one in taken:
                if one.known is None:
                    await store.add(one.config)
                elif one.config != one.known.config:
                    await store.update(one.known, one.config)
        for one in taken:
            _tell(one)

    run_or_exit(work)


def _taken(config: ProviderConfig, known: ProviderRecord | None, *, replace: bool) -> _Taken:
    if known is None:
        return _Taken(config=config, known=None)
    config = taken_over(known.config, config)
    if config != known.config and not replace:
        raise RecordConflict(
            kind="provider",
            key=config.provider_id,
            message=f"{config.provider_id} is registered already, and otherwise; nothing was imported",
            remedy="Say --replace to change it.",
        )
    return _Taken(config=config, known=known)


def _tell(one: _Taken) -> None:
    config, known = one.config, one.known
    done = "Registered" if known is None else "As it was:" if known.config == config else "Changed"
    goes_to = f", which goes to {config.bound_to}" if config.bound_to else ""
    click.echo(f"{done} {config.provider_id}: {config.base_url}, key: {where_the_key_is(config.credential)}{goes_to}.")
    if fault_of_binding(config) is not None:
        click.secho(
            f"⚠ Calls are refused until: providers edit {config.provider_id} --rebind",
            fg="yellow",
            err=True,
        )


def _write(file: Path, document: bytes) -> None:
    if str(file) == "-":
        click.echo(document, nl=False)
        return
    try:
        file.write_bytes(document)
    except OSError as failure:
        usage_error(f"cannot write {file}: {failure.strerror}")


def _read(file: Path) -> ProviderExport:
    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as failure:
        usage_error(f"cannot read {file}: {failure.strerror}")
    try:
        return structure(make_converter(), ProviderExport, read_json(body))
    except DocumentFault as fault:
        invalid = InvalidSettings(field=fault.field or "$", message=fault.message, remedy=fault.remedy)
    raise invalid
