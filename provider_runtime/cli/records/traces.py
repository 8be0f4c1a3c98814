"""``traces``: how calls went, step by step."""

from pathlib import Path
from typing import Final

import click

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit
from provider_runtime.cli.records.event_files import latest_in_file, traces_in_file
from provider_runtime.cli.records.places import json_option, nothing_called, traces_in
from provider_runtime.cli.records.timelines import show_trace, trace_table
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.rendering import console
from provider_runtime.domain.records.oversight.timelines import CallTrace

_SHOWN: Final = 50
_LAST: Final = "last"
_events_option = click.option(
    "--events",
    "event_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of events as JsonLinesEventSink writes it, instead of the data folder.",
)


@click.group()
def traces() -> None:
    """Traces: how each call went, attempt by attempt. Names, codes and times; nothing of what was said."""


@traces.command("list", epilog=EXIT_CODES_HELP)
@click.option("--last", type=click.IntRange(min=1), default=_SHOWN, show_default=True, help="So many, the last ones.")
@_events_option
@data_option
@json_option
def list_traces(last: int, event_file: Path | None, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the last calls, the one that ended first first.

    \b
    provider-runtime traces list --last 5
    """

    async def work() -> None:
        if event_file is not None:
            kept = latest_in_file(event_file, last)
        else:
            async with traces_in(folder) as stored:
                kept = await stored.latest(last)
        if as_json:
            click.echo(to_json(make_converter(), kept))
        elif kept:
            console().print(trace_table(kept))
        else:
            click.echo("No traces yet.", err=True)

    run_or_exit(work)


@traces.command("show", epilog=EXIT_CODES_HELP)
@click.argument("call_id", metavar="[CALL]", default=_LAST)
@_events_option
@data_option
@json_option
def show(call_id: str, event_file: Path | None, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Show the life of one call as a timeline: by its id, or how that begins; by default the last one.

    \b
    provider-runtime traces show
    provider-runtime traces show call_1f0c
    provider-runtime traces show call_1f0c --events events.jsonl
    """

    async def work() -> None:
        trace = await _found(call_id, event_file, folder)
        if as_json:
            click.echo(to_json(make_converter(), trace))
        else:
            show_trace(trace)

    run_or_exit(work)


async def _found(call_id: str, event_file: Path | None, folder: DataFolder) -> CallTrace:
    if event_file is not None:
        traces_there = traces_in_file(event_file)
        matching = [trace for trace in traces_there if call_id == _LAST or trace.call_id.startswith(call_id)]
        trace = matching[-1] if matching else None
    else:
        async with traces_in(folder) as stored:
            if call_id == _LAST:
                trace = next(iter(await stored.latest(1)), None)
            else:
                names = await stored.names(call_id, limit=2)
                trace = await stored.get(call_id if call_id in names or not names else names[0])
                if len(names) > 1 and call_id not in names:
                    raise click.UsageError(f"several calls begin with {call_id}: write more of the id")
    if trace is None:
        raise nothing_called("call trace", "" if call_id == _LAST else call_id, "traces list")
    return trace
