"""The life of a call, told moment by moment."""

from collections.abc import Iterable
from typing import Final

from rich.table import Table
from rich.text import Text

from provider_runtime.cli.records.receipt_pages import shortened
from provider_runtime.cli.rendering import console
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.records.oversight.timelines import CallTrace

_STYLES: Final = {
    EventKind.CALL_ANSWERED: "green",
    EventKind.CALL_REFUSED: "yellow",
    EventKind.CALL_CANCELLED: "yellow",
    EventKind.CALL_FAILED: "red",
    EventKind.ATTEMPT_FAILED: "red",
    EventKind.CALL_PASSED_ON: "yellow",
}
_WIDTH: Final = 16


def trace_table(traces: Iterable[CallTrace]) -> Table:
    """Traces as a table that fits 80 columns; only long names fold."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    for name in ("call", "when (UTC)", "outcome", "model", "tries", "time", "cost"):
        at_right = name in {"tries", "time", "cost"}
        folds = name in {"outcome", "model"}
        table.add_column(name, justify="right" if at_right else "left", no_wrap=not folds, overflow="fold")
    for trace in traces:
        last = trace.last
        table.add_row(
            Text(shortened(trace.call_id)),
            "" if trace.started_at is None else f"{trace.started_at:%m-%d %H:%M:%S}",
            Text(_outcome(trace), style=_STYLES.get(last.kind, "")),
            Text(_model(last)),
            str(trace.attempts),
            _seconds(last.duration_s),
            _dollars(last),
        )
    return table


def show_trace(trace: CallTrace) -> None:
    """One trace as a page: what it came to, and each moment with its place in time."""
    page, last = console(), trace.last
    took = "" if last.duration_s is None else f" in {_seconds(last.duration_s)}"
    ended = _outcome(trace) if trace.ending else "it is not told how it ended"
    page.print(Text.assemble((str(trace.call_id), "bold"), "  ", (f"{ended}{took}", _STYLES.get(last.kind, ""))))
    began = "" if trace.started_at is None else f"{trace.started_at:%Y-%m-%d %H:%M:%S} UTC"
    about = (began, _model(last), _tokens(last), _dollars(last), *last.labels, f"runtime {last.runtime_id}")
    page.print(Text(" · ".join(filter(None, about)), style="dim"), soft_wrap=True)
    page.print()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", style="dim", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    whole = max((_offset(trace, event) or 0 for event in trace.events), default=0)
    for event in trace.events:
        offset = _offset(trace, event)
        grid.add_row(
            "" if offset is None else f"+{offset * 1000:.0f} ms",
            Text(_bar(event, offset, whole), style=_STYLES.get(event.kind, "cyan")),
            Text(_what(event), style=_STYLES.get(event.kind, "")),
            Text(" · ".join(filter(None, _facts(event)))),
        )
    page.print(grid)


def _offset(trace: CallTrace, event: LifecycleEvent) -> float | None:
    """Seconds since the call began."""
    if trace.started_at is None or event.at is None:
        return None
    return max(0.0, (event.at - trace.started_at).total_seconds())


def _bar(event: LifecycleEvent, offset: float | None, whole: float) -> str:
    """Where in the call it happened; an attempt that failed as long as it took."""
    if offset is None or whole <= 0:
        return ""
    last = _WIDTH - 1
    end = min(last, round(last * offset / whole))
    lasted = event.duration_s or 0 if event.kind is EventKind.ATTEMPT_FAILED else 0
    begin = max(0, end - round(last * min(lasted, offset) / whole))
    return "·" * begin + ("━" * (end - begin) + "●") + "·" * (last - end)


def _what(event: LifecycleEvent) -> str:
    match event.kind:
        case EventKind.ATTEMPT_STARTED:
            return f"attempt {event.attempt}"
        case EventKind.ATTEMPT_FAILED:
            return f"attempt {event.attempt} failed"
        case EventKind.CALL_STARTED:
            return "asked"
        case EventKind.CALL_PASSED_ON:
            return "passed on"
    return event.kind.value.removeprefix("call_").replace("_", " ")


def _facts(event: LifecycleEvent) -> Iterable[str | None]:
    match event.kind:
        case EventKind.CALL_STARTED:
            return (event.model_asked, f"role {event.role}" if event.role else None)
        case EventKind.CALL_CLEARED:
            size = None if event.request_bytes is None else f"{event.request_bytes:,} bytes"
            return (_model(event), event.tier, event.origin, size)
        case EventKind.ATTEMPT_STARTED:
            waited = event.wait_s or 0
            return (_model(event), f"after waiting {_seconds(waited)}" if waited else None)
        case EventKind.ATTEMPT_FAILED:
            status = None if event.status_code is None else str(event.status_code)
            denied = f"no retry: {event.retry_denied_by}" if event.retry_denied_by else None
            took = None if event.duration_s is None else f"took {_seconds(event.duration_s)}"
            return (event.error_code, status, took, denied, event.provider_request_id)
        case EventKind.CALL_PASSED_ON:
            return (_model(event), event.error_code)
    return (
        event.error_code,
        event.finish_reason,
        event.model_answered,
        _tokens(event),
        _dollars(event),
        *event.warnings,
    )


def _outcome(trace: CallTrace) -> str:
    last = trace.last
    return last.error_code or last.kind.value.removeprefix("call_")


def _model(event: LifecycleEvent) -> str:
    model = event.model_answered or event.model_asked or ""
    return f"{event.provider}:{model}" if event.provider else model


def _tokens(event: LifecycleEvent) -> str:
    if event.input_tokens is None and event.output_tokens is None:
        return ""
    return f"{_count(event.input_tokens)} in, {_count(event.output_tokens)} out"


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)


def _dollars(event: LifecycleEvent) -> str:
    return "" if event.cost_nano_usd is None else f"${event.cost_nano_usd / 1e9:.6f}"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
