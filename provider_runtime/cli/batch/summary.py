"""What a batch came to: a table by model, refusals and failures by their reason, and how to go on."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from provider_runtime.adapters.batches.error_objects import error_object
from provider_runtime.application.batch.plan import BatchEnd, BatchReport
from provider_runtime.cli.rendering import console
from provider_runtime.domain.batches.tally import ModelTally

_AT_LEFT = frozenset({"model"})


def show_report(report: BatchReport, options: dict[str, Any]) -> None:
    """The summary, as a table and sentences or as JSON."""
    if options["as_json"]:
        click.echo(json.dumps(report_object(report, options["output"]), ensure_ascii=False))
        return
    tally, page = report.tally, console()
    if tally.models:
        page.print(_table(report))
    for words in (_reasons("Refused by", tally.refused_by), _reasons("Failed with", tally.failed_with)):
        if words:
            page.print(Text(words), soft_wrap=True)
    if tally.invalid:
        page.print(Text(f"Lines that hold no request: {tally.invalid:,}."), soft_wrap=True)
    if tally.asked_again:
        again = (
            f"{tally.asked_again:,} {'line' if tally.asked_again == 1 else 'lines'} asked again, under way when a run "
        )
        page.print(
            Text(again + "was ended: these may have been billed more than once.", style="yellow"), soft_wrap=True
        )
    page.print(Text(_ending(report, options), style="bold"), soft_wrap=True)


def report_object(report: BatchReport, output: Path) -> dict[str, Any]:
    """The summary as one JSON object. Amounts of money are text."""
    tally, total = report.tally, report.tally.total
    found: dict[str, Any] = {
        "batch_id": report.batch_id,
        "end": report.end.value,
        "output": str(output),
        "lines": report.total,
        "left": report.left,
        "kept_before": report.before,
        "invalid": tally.invalid,
        "asked_again": tally.asked_again,
        **_model_object(total),
        "models": {name: _model_object(one) for name, one in sorted(tally.models.items())},
        "refused_by": dict(sorted(tally.refused_by.items())),
        "failed_with": dict(sorted(tally.failed_with.items())),
    }
    return found if report.error is None else {**found, "error": error_object(report.error)}


def _model_object(one: ModelTally) -> dict[str, Any]:
    return {
        "answered": one.answered,
        "refused": one.refused,
        "failed": one.failed,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "cost_usd": str(one.cost_usd),
        "unpriced": one.unpriced,
        "seconds": round(one.seconds, 3),
    }


def _table(report: BatchReport) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("model", "answered", "refused", "failed", "tokens in", "out", "cost", "each"):
        table.add_column(
            name, justify="left" if name in _AT_LEFT else "right", no_wrap=name not in _AT_LEFT, overflow="fold"
        )
    models = report.tally.models
    for name in sorted(models):
        table.add_row(*_row("nobody" if name == "?" else name, models[name]))
    if len(models) > 1:
        table.add_row(*_row("together", report.tally.total), style="bold")
    return table


def _row(name: str, one: ModelTally) -> tuple[Text, ...]:
    each = f"{one.seconds / one.answered:.2f} s" if one.answered else ""
    cost = f"${one.cost_usd:.4f}" + ("+" if one.unpriced else "")
    counts = (one.answered, one.refused, one.failed, one.input_tokens, one.output_tokens)
    troubles = {1: "yellow", 2: "red"}
    shown = [
        Text(f"{count:,}", style=troubles.get(place, "") if count else "dim") for place, count in enumerate(counts)
    ]
    return (Text(name), *shown, Text(cost), Text(each))


def _reasons(words: str, counted: "Counter[str]") -> str:
    return f"{words} {', '.join(f'{name} {count:,}' for name, count in counted.most_common())}." if counted else ""


def _ending(report: BatchReport, options: dict[str, Any]) -> str:
    output = options["output"]
    if report.end is BatchEnd.FINISHED:
        unanswered = report.tally.unanswered
        if not unanswered:
            every = "The only line is" if report.total == 1 else f"All {report.total:,} lines are"
            return f"{every} answered in {output}."
        return f"Done: {unanswered:,} of {report.total:,} lines have an error instead of an answer in {output}."
    return f"{report.left:,} of {report.total:,} lines are left. The same command with --resume goes on."
