"""Answers, plans and tables for a person at a terminal; plain text where there is no terminal."""

import json
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from provider_runtime.cli.failures import is_plain
from provider_runtime.domain.conversation.response import CallWarning, ProviderResponse
from provider_runtime.domain.conversation.usage import CostBreakdown, Usage
from provider_runtime.domain.json_values import JsonValue

if TYPE_CHECKING:
    from provider_runtime.application.explaining import CallPlan

_VERDICTS: Final = {"pass": "green", "not_configured": "yellow", "refused": "red"}
_WIDE: Final = 200  # a file or a pipe has no edge to fold at


class _Piped(Console):
    """Where nobody watches: tables without the blanks that fill their lines."""

    def print(self, *objects: Any, **options: Any) -> None:
        with self.capture() as captured:
            super().print(*objects, **options)
        text = captured.get()
        self.file.write("".join(f"{line.rstrip()}\n" for line in text.splitlines()))
        self.file.flush()  # what goes to standard error next comes after it


def console() -> Console:
    """Standard output, as wide as the terminal; wide enough for whole lines where there is none."""
    if sys.stdout.isatty():
        return Console(highlight=False, color_system=None if is_plain(os.environ) else "auto")
    return _Piped(highlight=False, width=None if "COLUMNS" in os.environ else _WIDE)


def show_response(response: ProviderResponse, *, quiet: bool, verbose: bool = False, structured: bool = False) -> None:
    """The answer on standard output, what there is to know about it on standard error.

    ``structured``: the JSON value that the answer holds, and its text only where it holds none.
    """
    value = response.output.structured_output
    if structured and value is not None:
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    elif response.text:
        click.echo(response.text)
    for call in response.tool_calls:
        click.echo(f"[tool call {call.id}] {call.name}({as_line(call.arguments_json)})")
    if quiet:
        return
    facts = [
        f"{response.provider}:{response.model}",
        str(response.finish_reason),
        tokens(response.usage),
        dollars(response.cost),
        f"{response.duration_s or 0:.2f} s",
        "" if response.memo is None else f"from memory, given {response.memo.kept_at:%Y-%m-%d %H:%M} UTC",
    ]
    click.secho("── " + " · ".join(fact for fact in facts if fact), dim=True, err=True)
    if verbose:
        _show_course(response)
    show_warnings(response.warnings)


def _show_course(response: ProviderResponse) -> None:
    """How the answer came about: who could not answer, each attempt, and the ids to ask about it."""
    for passed in response.passed_over:
        click.secho(f"   passed over {passed.provider}:{passed.model_id}: {passed.reason}", dim=True, err=True)
    for attempt in response.attempts:
        waited = f" after {attempt.wait_s:.2f} s" if attempt.wait_s else ""
        click.secho(
            f"   attempt {attempt.number}{waited}: {attempt.outcome}, {attempt.duration_s:.2f} s", dim=True, err=True
        )
    ids = {
        "call": response.call_id,
        "runtime": response.runtime_id,
        "response": response.response_id,
        "request at the provider": response.provider_request_id,
    }
    for name, value in ids.items():
        if value:
            click.secho(f"   {name} {value}", dim=True, err=True)


def show_warnings(warnings: Iterable[CallWarning]) -> None:
    """Each warning on a line of standard error."""
    for warning in warnings:
        click.secho(f"⚠ {warning.code}: {warning.message}", fg="yellow", err=True)


def show_plan(plan: "CallPlan") -> None:
    """A call plan as a page."""
    page = console()
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    rows = {
        "provider": f"{plan.provider} ({plan.tier})",
        "model": plan.model_id,
        "route": f"{plan.route_rule}: {plan.route_reason}",
        "endpoint": f"POST {plan.url}",
        "body": f"{plan.body_size} bytes, sha256 {plan.body_sha256}",
        "worst cost": dollars(plan.worst_case_cost) or "unknown: no price or no limit on the answer",
    }
    for name, value in rows.items():
        facts.add_row(name, Text(value))
    page.print(facts)
    table = Table(box=None, padding=(0, 2), show_header=True, header_style="dim")
    table.add_column("gate")
    table.add_column("verdict")
    table.add_column("reason", overflow="fold")
    for verdict in plan.verdicts:
        shown = Text(verdict.verdict.replace("_", " "), style=_VERDICTS[verdict.verdict])
        table.add_row(verdict.gate, shown, Text(verdict.reason))
    page.print(table)
    for warning in plan.warnings:
        page.print(Text(f"⚠ {warning.code}: {warning.message}", style="yellow"))
    page.print(Text(_outlook(plan), style="dim"))


def _outlook(plan: "CallPlan") -> str:
    """What `run` would do."""
    if plan.allowed:
        return "Nothing was sent."
    refused = {verdict.gate for verdict in plan.verdicts if verdict.verdict == "refused"}
    would = "ask for consent first" if refused == {"consent"} else "be refused"
    return f"`run` would {would}. Nothing was sent."


def tokens(usage: Usage) -> str:
    """``12 in, 34 out``, with the parts that matter in brackets."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return "tokens unknown"
    text = f"{_count(usage.input_tokens)} in"
    if usage.cached_input_tokens:
        text += f" ({usage.cached_input_tokens} cached)"
    text += f", {_count(usage.output_tokens)} out"
    return f"{text} ({usage.reasoning_tokens} reasoning)" if usage.reasoning_tokens else text


def dollars(cost: CostBreakdown | None) -> str:
    """The whole cost, with as many digits as it takes to see it."""
    if cost is None:
        return ""
    amount = cost.total_cost
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.6f}"


def as_line(value: JsonValue) -> str:
    """A JSON value on one line, cut at 200 characters."""
    from provider_runtime.adapters.wire.writing import canonical_text  # noqa: PLC0415 - only where tools are called

    text = canonical_text(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)
