"""``snapshots``: machines stopped in the middle, to be looked at or handed on."""

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from provider_runtime.adapters.backends.families.snapshots import MediaSnapshots
from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit
from provider_runtime.cli.records.places import json_option, media_at, nothing_called, store_option
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.rendering import console
from provider_runtime.domain.errors import RecordConflict
from provider_runtime.domain.records.snapshots import MachineSnapshot, SnapshotInfo

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def snapshots() -> None:
    """Snapshots that programs keep in the data folder, or in a store of their own."""


@snapshots.command("list", epilog=EXIT_CODES_HELP)
@store_option
@data_option
@json_option
def list_snapshots(store: Path | None, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the snapshots, the one taken first first.

    \b
    provider-runtime snapshots list --store workspace.sqlite
    """

    async def work() -> None:
        async with media_at(store, folder) as media:
            found = await MediaSnapshots(media=media).list()
        if as_json:
            click.echo(to_json(make_converter(), found))
        elif found:
            console().print(_table(found))
        else:
            click.echo("No snapshots yet.", err=True)

    run_or_exit(work)


@snapshots.command("show", epilog=EXIT_CODES_HELP)
@click.argument("name")
@store_option
@data_option
@json_option
def show(name: str, store: Path | None, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Show one snapshot.

    \b
    provider-runtime snapshots show "before the summary" --json
    """

    async def work() -> None:
        async with media_at(store, folder) as media:
            snapshot = await MediaSnapshots(media=media).load(name)
        if snapshot is None:
            raise nothing_called("snapshot", name, "snapshots list")
        if as_json:
            click.echo(to_json(make_converter(), snapshot))
        else:
            _show(name, snapshot)

    run_or_exit(work)


@snapshots.command("export", epilog=EXIT_CODES_HELP)
@click.argument("name")
@_file
@store_option
@data_option
def export(name: str, file: Path, store: Path | None, folder: DataFolder) -> None:
    """Write a snapshot to FILE, as one JSON document for your eyes only.

    \b
    provider-runtime snapshots export "before the summary" summary.json
    """

    async def work() -> None:
        async with media_at(store, folder) as media:
            await MediaSnapshots(media=media).export_to(name, file)
        click.echo(f"Wrote {name} to {file}.")

    run_or_exit(work)


@snapshots.command("import", epilog=EXIT_CODES_HELP)
@_file
@click.option("--name", help="Keep it under this name instead of its own.")
@click.option("--replace", is_flag=True, help="Put it in the place of one of that name.")
@store_option
@data_option
def import_(file: Path, name: str | None, replace: bool, store: Path | None, folder: DataFolder) -> None:  # noqa: FBT001 - as above
    """Keep the snapshot in FILE, which `snapshots export` wrote. It is checked before anything is changed.

    \b
    provider-runtime snapshots import summary.json --name "of yesterday"
    """

    async def work() -> None:
        async with media_at(store, folder) as media:
            kept = MediaSnapshots(media=media)
            read = await kept.import_from(file)
            wanted = name or read.name
            if not replace and await kept.load(wanted) is not None:
                raise RecordConflict(
                    kind="snapshot",
                    key=wanted[:80],
                    message=f"there is a snapshot {wanted:.80} already; nothing was imported",
                    remedy="Say --replace, or give this one another --name.",
                )
            await kept.save(wanted, read.snapshot)
        click.echo(f"Imported {wanted}.")

    run_or_exit(work)


@snapshots.command("remove", epilog=EXIT_CODES_HELP)
@click.argument("name")
@store_option
@data_option
def remove(name: str, store: Path | None, folder: DataFolder) -> None:
    """Remove a snapshot.

    \b
    provider-runtime snapshots remove "before the summary"
    """

    async def work() -> None:
        async with media_at(store, folder) as media:
            kept = MediaSnapshots(media=media)
            if name not in {info.name for info in await kept.list()}:
                raise nothing_called("snapshot", name, "snapshots list")
            await kept.delete(name)
        click.echo(f"Removed {name}.")

    run_or_exit(work)


def _table(found: tuple[SnapshotInfo, ...]) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    for column in ("snapshot", "taken (UTC)", "step", "bytes", "tags", "description"):
        at_right = column in {"step", "bytes"}
        whole = at_right or column == "taken (UTC)"
        table.add_column(column, justify="right" if at_right else "left", no_wrap=whole, overflow="fold")
    for info in found:
        taken = f"{info.taken_at:%Y-%m-%d %H:%M:%S}"
        tags = Text(", ".join(info.tags))
        table.add_row(Text(info.name), taken, str(info.step), f"{info.size:,}", tags, Text(info.description))
    return table


def _show(name: str, snapshot: MachineSnapshot) -> None:
    facts = {
        "snapshot": name,
        "taken": f"{snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC",
        "status": f"{snapshot.status.value}, at step {snapshot.step}",
        "description": snapshot.description,
        "tags": ", ".join(snapshot.tags),
        "call stack": " > ".join(snapshot.call_stack),
        "error": snapshot.error or "",
        "state": to_json(make_converter(), snapshot.state).decode(),
    }
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in facts.items():
        if value:
            grid.add_row(label, Text(value))
    console().print(grid)
