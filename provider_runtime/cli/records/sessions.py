"""``sessions``: pieces of work, their logs, and what they had come to at any point."""

from pathlib import Path
from typing import Final

import click
from rich.table import Table
from rich.text import Text

from provider_runtime.adapters.backends.families.sessions import MediaSessions
from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit
from provider_runtime.cli.records.places import json_option, media_at, nothing_called, store_option
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.rendering import console
from provider_runtime.domain.records.sessions import LoggedEvent, SessionData, SessionInfo, SessionMoment

_SHOWN: Final = 20


@click.group()
def sessions() -> None:
    """Sessions that programs keep in the data folder, or in a store of their own."""


@sessions.command("list", epilog=EXIT_CODES_HELP)
@store_option
@data_option
@json_option
def list_sessions(store: Path | None, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the sessions, by name.

    \b
    provider-runtime sessions list --store workspace.sqlite
    """

    async def work() -> None:
        async with media_at(store, folder) as media:
            found = await MediaSessions(media=media).list()
        if as_json:
            click.echo(to_json(make_converter(), found))
        elif found:
            console().print(_table(found))
        else:
            click.echo("No sessions yet.", err=True)

    run_or_exit(work)


@sessions.command("show", epilog=EXIT_CODES_HELP)
@click.argument("name")
@click.option("--last", type=click.IntRange(min=0), default=_SHOWN, show_default=True, help="So many events.")
@click.option("--at", "seq", type=click.IntRange(min=0), help="Jump to this event: its checkpoint, and what to replay.")
@store_option
@data_option
@json_option
def show(name: str, last: int, seq: int | None, store: Path | None, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - one argument for each option
    """Show what a session has come to, and the end of its log; or with --at, how it stood at one event.

    \b
    provider-runtime sessions show draft
    provider-runtime sessions show draft --at 12 --json
    """

    async def work() -> None:
        async with media_at(store, folder) as media:
            kept = MediaSessions(media=media)
            info = next((info for info in await kept.list() if info.name == name), None)
            data = None if info is None else await kept.load(name)
            if info is None or data is None:
                raise nothing_called("session", name, "sessions list")
            moment = None if seq is None else await kept.jump(name, seq)
            events = await kept.history(name, since=max(0, info.history_size - last)) if last else ()
        shown: object = moment or {"session": data, "events": events}
        if as_json:
            click.echo(to_json(make_converter(), shown))
        elif moment is not None:
            _show_moment(moment)
        else:
            _show_session(info, data, events)

    run_or_exit(work)


@sessions.command("remove", epilog=EXIT_CODES_HELP)
@click.argument("name")
@store_option
@data_option
def remove(name: str, store: Path | None, folder: DataFolder) -> None:
    """Remove a session, its log and its answers.

    \b
    provider-runtime sessions remove draft
    """

    async def work() -> None:
        async with media_at(store, folder) as media:
            kept = MediaSessions(media=media)
            if not await kept.exists(name):
                raise nothing_called("session", name, "sessions list")
            await kept.delete(name)
        click.echo(f"Removed {name}.")

    run_or_exit(work)


def _table(found: tuple[SessionInfo, ...]) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    for column in ("session", "state", "events", "steps", "calls", "errors", "checkpoints"):
        table.add_column(column, justify="left" if column in {"session", "state"} else "right", overflow="fold")
    for info in found:
        counts = info.counts
        numbers = (info.history_size, counts.steps, counts.llm_calls, counts.errors, counts.checkpoints)
        table.add_row(Text(info.name), info.state.value, *(str(number) for number in numbers))
    return table


def _show_session(info: SessionInfo, data: SessionData, events: tuple[LoggedEvent, ...]) -> None:
    facts = {
        "session": info.name,
        "state": info.state.value,
        "began": "" if info.started_at is None else f"{info.started_at:%Y-%m-%d %H:%M:%S} UTC",
        "ended": "" if info.ended_at is None else f"{info.ended_at:%Y-%m-%d %H:%M:%S} UTC",
        "definitions": ", ".join(definition.name for definition in data.defs),
        "events": f"{info.history_size}, with {info.counts.checkpoints} checkpoints",
        "calls": f"{info.counts.llm_calls}, and {info.counts.errors} errors",
    }
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in facts.items():
        if value:
            grid.add_row(label, Text(value))
    page = console()
    page.print(grid)
    if events:
        page.print()
        page.print(_log(events))


def _show_moment(moment: SessionMoment) -> None:
    page, checkpoint = console(), moment.checkpoint
    reason = checkpoint.event.reason
    page.print(Text(f"Checkpoint {checkpoint.seq}, {reason.value if reason else ''}: its state", style="bold"))
    page.print(Text(to_json(make_converter(), moment.state).decode(), style="dim"), soft_wrap=True)
    replay = f"{len(moment.replay)} events to replay on it" if moment.replay else "Nothing to replay on it"
    page.print(Text(f"{replay}, to event {moment.seq}", style="bold"))
    if moment.replay:
        page.print(_log(moment.replay))


def _log(events: tuple[LoggedEvent, ...]) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    for column in ("#", "when (UTC)", "event", "preview"):
        table.add_column(
            column, justify="right" if column == "#" else "left", overflow="fold", no_wrap=column != "preview"
        )
    for logged in events:
        preview = " ".join(logged.event.preview.split())
        table.add_row(str(logged.seq), f"{logged.at:%m-%d %H:%M:%S}", logged.event.kind.value, Text(preview))
    return table
