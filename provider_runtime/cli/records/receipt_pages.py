"""Receipts, and what became of their chain, for a person at a terminal."""

from datetime import datetime
from pathlib import Path
from typing import Final

import click
from rich.table import Table
from rich.text import Text

from provider_runtime.cli.rendering import console
from provider_runtime.domain.records.receipts import AttemptRecord, CallOutcome, CallReceipt, CallRecord, ChainVerdict

_SHORT: Final = 13
"""So much of the name of a call tells it from others, as a rule: ``call_01234567``."""
_COLOURS: Final = {
    CallOutcome.ANSWERED: "green",
    CallOutcome.REFUSED: "yellow",
    CallOutcome.FAILED: "red",
    CallOutcome.CANCELLED: "yellow",
}


def shortened(call_id: str) -> str:
    """The name of a call as lists show it; of a batch's line, with the number of the line."""
    batch, dash, line = call_id.rpartition("-")
    if dash and line.isdigit():
        return f"{batch[: _SHORT - len(line) - 2]}…-{line}"
    return call_id[:_SHORT]


def receipt_table(kept: tuple[CallReceipt, ...]) -> Table:
    """Receipts as a table that fits 80 columns; only long names fold."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    for name in ("#", "when (UTC)", "outcome", "model", "tokens", "cost", "call"):
        at_right = name in {"#", "tokens", "cost"}
        folds = name in {"outcome", "model"}
        table.add_column(name, justify="right" if at_right else "left", no_wrap=not folds, overflow="fold")
    for receipt in kept:
        record = receipt.record
        model = record.model_answered or record.model_asked
        table.add_row(
            str(receipt.seq),
            record.started_at[5:19].replace("T", " "),
            Text(record.error_code or record.outcome.value, style=_COLOURS[record.outcome]),
            Text(f"{record.provider}:{model}" if record.provider else model),
            _tokens(record),
            _dollars(record),
            Text(shortened(record.call_id)),
        )
    return table


def show_receipt(receipt: CallReceipt) -> None:
    """One receipt as a page."""
    record = receipt.record
    facts = {
        "receipt": f"number {receipt.seq}, {receipt.receipt_id}",
        "call": record.call_id,
        "runtime": record.runtime_id,
        "when": f"{record.started_at[:19].replace('T', ' ')} UTC, for {record.duration_us / 1e6:.2f} s",
        "outcome": " · ".join(filter(None, (record.outcome.value, record.error_code, record.finish_reason))),
        "asked": " · ".join(filter(None, (record.model_asked, _role(record)))),
        "answered": record.model_answered or "",
        "provider": " · ".join(filter(None, (record.provider, record.tier, record.origin))),
        "route": record.route_rule or "",
        "passed over": ", ".join(record.passed_over),
        "gates": ", ".join(gate.replace(":", " ").replace("_", " ") for gate in record.gates),
        "policy": record.policy_version,
        "tokens": _tokens(record),
        "cost": _dollars(record),
        "warnings": ", ".join(record.warnings),
        "labels": ", ".join(record.labels),
        "trace id": record.trace_id or "",
        "request": f"hmac-sha256 {record.request_digest}" if record.request_digest else "",
        "hash": receipt.receipt_hash,
        "before it": receipt.prev_hash or "nothing: it is the first of its chain",
        "chain": receipt.chain_id,
    }
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            grid.add_row(name, Text(value))
    for number, attempt in enumerate(record.attempts, start=1):
        grid.add_row(f"attempt {number}", Text(_attempt(attempt)))
    console().print(grid)


def show_verdict(verdict: ChainVerdict, *, file: Path, noted_at: datetime | None, was_noted: bool) -> None:
    """What became of a chain: where it is broken and what that means, or how much of it is proven.

    ``noted_at``: when the last checkpoint was made; ``was_noted``: it was held against something noted elsewhere.
    """
    if not verdict.valid:
        _show_break(verdict, file)
        return
    click.echo(f"{_receipts(verdict.count)}, and their chain is whole.")
    click.echo(f"Head: {verdict.head or 'none yet'}")
    if verdict.checkpoints:
        agree = "1 checkpoint agrees" if verdict.checkpoints == 1 else f"{verdict.checkpoints} checkpoints agree"
        when = "" if noted_at is None else f", of {noted_at:%Y-%m-%d %H:%M:%S} UTC,"
        covers = "all of them" if verdict.covered >= verdict.count else f"the first {verdict.covered}"
        click.echo(f"{agree}; the last{when} covers {covers}.")
    elif not was_noted and verdict.count:
        hint = "Held against nothing: a tail that was cut off would not show. See --checkpoints, --head and --since."
        click.secho(hint, dim=True, err=True)


def _show_break(verdict: ChainVerdict, file: Path) -> None:
    at = verdict.broken_at or 0
    click.secho(f"Broken at receipt {at}: {verdict.error}.", fg="red", err=True)
    where = f"receipt {at}, counted from 0" if file.suffix == ".sqlite" else f"line {at + 1}"
    click.echo(f"  {'place':<11} {file.name}, {where}", err=True)
    click.echo(f"  {'before it':<11} {_receipts(at)}, whole", err=True)
    behind = verdict.count - at - 1
    if behind > 0:
        click.echo(f"  {'behind it':<11} {_receipts(behind)}, of which nothing is proven", err=True)
    if verdict.covered:
        click.echo(f"  {'covered':<11} the first {verdict.covered}, by {verdict.checkpoints} checkpoints", err=True)
    click.secho(
        "→ Keep the file as it is, and compare it with a copy: receipts are never changed.", fg="cyan", err=True
    )


def _receipts(count: int) -> str:
    return "1 receipt" if count == 1 else f"{count} receipts"


def _tokens(record: CallRecord) -> str:
    return "" if record.input_tokens is None else f"{record.input_tokens}+{record.output_tokens or 0}"


def _dollars(record: CallRecord) -> str:
    return "" if record.cost_nano_usd is None else f"${record.cost_nano_usd / 1e9:.6f}"


def _role(record: CallRecord) -> str:
    return " ".join(filter(None, (f"role {record.role}" if record.role else "", record.profile_id)))


def _attempt(attempt: AttemptRecord) -> str:
    facts = (
        attempt.outcome,
        str(attempt.status_code) if attempt.status_code else "",
        f"{attempt.duration_us / 1000:.0f} ms",
        f"{attempt.provider}:{attempt.model}" if attempt.provider and attempt.model else "",
        f"request {attempt.provider_request_id}" if attempt.provider_request_id else "",
    )
    return " · ".join(filter(None, facts))
