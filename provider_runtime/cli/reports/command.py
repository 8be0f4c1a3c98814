"""``report``: one page of HTML about what became of calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import click

from provider_runtime.adapters.call_traces.store import MemoryCallTraces
from provider_runtime.adapters.report_page.page import report_page
from provider_runtime.adapters.system import SystemClock
from provider_runtime.application.reports.gathering import ReportOrder, gather_report
from provider_runtime.cli.budgets.opening import opened
from provider_runtime.cli.budgets.rows import states_of
from provider_runtime.cli.failures import run_or_exit, usage_error
from provider_runtime.cli.records.choosing import Moment
from provider_runtime.cli.records.event_files import traces_in_file
from provider_runtime.cli.records.places import file_argument, receipts_at, traces_in
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.workspace.opening import settings_for
from provider_runtime.domain.reports.report import BudgetState
from provider_runtime.ports.stores.call_traces import CallTraceProvider

_OUTPUT: Final = Path("report.html")


@click.command()
@file_argument
@click.option("--output", "-o", type=click.Path(path_type=Path), default=_OUTPUT, show_default=True, help="The page.")
@click.option("--since", type=Moment(), help="Only calls begun since: 2026-01-31T12:00 (UTC), or 30m, 2h, 7d ago.")
@click.option("--until", type=Moment(), help="Only calls begun before.")
@click.option("--call", "calls", multiple=True, metavar="ID", help="Show this call's timeline; may be repeated.")
@click.option("--label", default="tenant", show_default=True, help="The label whose values costs are split by.")
@click.option("--title", default="Calls", show_default=True, help="What stands above the page.")
@click.option(
    "--events",
    "event_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of events with the lives of calls, instead of the data folder's traces.",
)
@data_option
def report(file: Path | None, output: Path, event_file: Path | None, folder: DataFolder, **options: Any) -> None:
    """Make one page of HTML from receipts: calls, cost, tokens, latency, refusals, budgets, timelines.

    The page needs nothing else: no network, no script. Nothing of what was said is in it. FILE is one that
    was written with `run --receipts FILE` or by a program; without it, those of the data folder are meant.

    \b
    provider-runtime report --since 7d -o week.html
    provider-runtime report receipts.jsonl --call call_1f0c --title "Night run"
    """

    async def work() -> None:
        title = options.pop("title")
        order = ReportOrder(**options)
        async with receipts_at(file, folder) as receipts, _lives(event_file, file, folder) as traces:
            budgets = () if file is not None else await _budgets(folder)
            found = await gather_report(order, receipts, SystemClock(), traces=traces, budgets=budgets)
        page = report_page(found, title=title)
        try:
            output.write_text(page, encoding="utf-8")  # noqa: ASYNC240 - nothing else runs here
        except OSError as failure:
            usage_error(f"cannot write {output}: {failure.strerror}")
        count = found.figures.total.calls
        click.echo(f"{output}: {count:,} {'call' if count == 1 else 'calls'}.")

    run_or_exit(work)


@asynccontextmanager
async def _lives(
    event_file: Path | None, file: Path | None, folder: DataFolder
) -> AsyncIterator[CallTraceProvider | None]:
    """Where the lives of calls are found: in a file of events, or beside the receipts of the data folder."""
    if event_file is not None:
        read = MemoryCallTraces()
        for trace in traces_in_file(event_file):
            await read.keep(trace)
        yield read
    elif file is None and folder.path is not None and folder.file("traces.sqlite").exists():
        async with traces_in(folder) as traces:
            yield traces
    else:
        yield None


async def _budgets(folder: DataFolder) -> tuple[BudgetState, ...]:
    """How the budgets of the data folder stand, where anything was declared or spent."""
    if folder.path is None:
        return ()
    settings = (await settings_for(folder)).settings
    place = getattr(settings.ledger, "path", None)
    if place is None or not (settings.budgets or place.exists()):
        return ()
    async with opened(folder, {"ledger": None, "token_name": None, "token_env": None}) as at:
        return await states_of(at)
