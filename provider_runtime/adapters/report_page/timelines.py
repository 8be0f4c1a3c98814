"""The timeline of one call: its attempts, and what else happened to it, each at its place in time."""

from collections.abc import Iterator

from attrs import frozen

from provider_runtime.adapters.report_page.markup import Markup, tag, together
from provider_runtime.adapters.report_page.words import counted, dollars, duration, moment
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.records.oversight.timelines import CallTrace
from provider_runtime.domain.records.receipts import CallOutcome, CallRecord
from provider_runtime.domain.reports.notable import NotableCall
from provider_runtime.domain.reports.sums import began_at

_ENDINGS = {
    EventKind.CALL_ANSWERED: CallOutcome.ANSWERED,
    EventKind.CALL_REFUSED: CallOutcome.REFUSED,
    EventKind.CALL_FAILED: CallOutcome.FAILED,
    EventKind.CALL_CANCELLED: CallOutcome.CANCELLED,
}


@frozen(kw_only=True)
class Happening:
    """Something in the life of a call: from ``from_ms`` since its beginning, for ``for_ms``."""

    what: str
    from_ms: float
    for_ms: float = 0.0
    facts: str = ""
    tone: str = "answered"


def call_details(call: NotableCall, trace: CallTrace | None, *, is_open: bool) -> Markup:
    """One call, to be unfolded."""
    record = call.receipt.record
    asked = f"{record.provider or '?'}:{record.model_answered or record.model_asked}"
    summary = tag(
        "summary",
        tag("strong", record.error_code or record.outcome.value, class_=record.outcome.value),
        tag("span", asked),
        tag("span", duration(record.duration_us / 1000)),
        tag("span", dollars(record.cost_nano_usd or 0)) if record.cost_nano_usd else None,
        tag("span", moment(began_at(record)), class_="soft"),
        tag("span", ", ".join(call.reasons), class_="soft"),
    )
    happened = list(_told_by(trace) if trace is not None else _recorded(record))
    whole_ms = max([record.duration_us / 1000, *(one.from_ms + one.for_ms for one in happened)])
    steps = [_step(one, whole_ms) for one in happened]
    timeline = tag("ol", steps, class_="timeline", aria_label=f"Timeline of {record.call_id}")
    waits = trace is None and len(record.attempts) > 1
    note = tag("p", "How long it waited between attempts is not in its receipt.", class_="soft") if waits else None
    return tag("details", summary, tag("div", _facts(record), timeline, note), class_="call", open=is_open)


def _step(one: Happening, whole_ms: float) -> Markup:
    return tag(
        "li",
        tag("span", one.what),
        tag("span", f"after {duration(one.from_ms)}", class_="soft"),
        _bar(one, whole_ms),
        tag("span", one.facts, class_="said"),
    )


def _facts(record: CallRecord) -> Markup:
    tokens = None if record.input_tokens is None else f"{record.input_tokens:,} in, {record.output_tokens or 0:,} out"
    facts = {
        "call": record.call_id,
        "asked for": record.model_asked,
        "role": record.role,
        "routed by": record.route_rule,
        "sent to": " ".join(filter(None, (record.origin, f"({record.tier})" if record.tier else None))),
        "gates": ", ".join(gate.replace("_", " ").replace(":", " ") for gate in record.gates),
        "tokens": tokens,
        "ended by": record.finish_reason,
        "warnings": ", ".join(record.warnings),
        "passed over": ", ".join(record.passed_over),
        "labels": ", ".join(record.labels),
        "trace": record.trace_id,
    }
    return tag(
        "dl", *(together(tag("dt", name), tag("dd", str(fact))) for name, fact in facts.items() if fact), class_="facts"
    )


def _recorded(record: CallRecord) -> Iterator[Happening]:
    """The attempts as a receipt knows them: how long each took, not when it began."""
    since = 0.0
    for number, attempt in enumerate(record.attempts, 1):
        took = attempt.duration_us / 1000
        named = None if attempt.provider is None else f"{attempt.provider}:{attempt.model}"
        status = None if attempt.status_code is None else str(attempt.status_code)
        said = (attempt.outcome, status, named, attempt.provider_request_id)
        tone = "answered" if attempt.outcome == "answered" else "failed"
        yield Happening(what=f"attempt {number}", from_ms=since, for_ms=took, facts=_joined(*said), tone=tone)
        since += took
    yield Happening(
        what=record.outcome.value,
        from_ms=record.duration_us / 1000,
        facts=record.error_code or "",
        tone=record.outcome.value,
    )


def _told_by(trace: CallTrace) -> Iterator[Happening]:
    """Every event, an attempt from its start to its end."""
    started: LifecycleEvent | None = None
    for event in trace.events:
        at = _offset_ms(trace, event)
        if event.kind is EventKind.ATTEMPT_STARTED:
            started = event
            continue
        if event.kind is EventKind.ATTEMPT_FAILED or (event.kind in _ENDINGS and started is not None):
            yield _attempt(trace, started or event, event)
            started = None
        if event.kind in _ENDINGS:
            outcome = _ENDINGS[event.kind]
            facts = _joined(event.error_code, event.finish_reason, *event.warnings)
            yield Happening(what=outcome.value, from_ms=at, facts=facts, tone=outcome.value)
        elif event.kind is EventKind.CALL_PASSED_ON:
            yield Happening(
                what="passed on", from_ms=at, facts=_joined(_model(event), event.error_code), tone="refused"
            )
        elif event.kind is EventKind.CALL_STARTED:
            yield Happening(what="asked", from_ms=at, facts=_joined(event.model_asked), tone="cancelled")
        elif event.kind is EventKind.CALL_CLEARED:
            size = None if event.request_bytes is None else f"{counted(event.request_bytes)} bytes"
            yield Happening(what="cleared", from_ms=at, facts=_joined(_model(event), size), tone="cancelled")


def _attempt(trace: CallTrace, began: LifecycleEvent, ended: LifecycleEvent) -> Happening:
    begins, ends = _offset_ms(trace, began), _offset_ms(trace, ended)
    failed = ended.kind is not EventKind.CALL_ANSWERED
    waited = f"after waiting {duration(1000 * began.wait_s)}" if began.wait_s else None
    status = None if ended.status_code is None else str(ended.status_code)
    denied = None if ended.retry_denied_by is None else f"no retry: {ended.retry_denied_by}"
    outcome = ended.error_code if failed else "answered"
    return Happening(
        what=f"attempt {began.attempt or '?'}",
        from_ms=begins,
        for_ms=max(0.0, ends - begins),
        facts=_joined(outcome, status, _model(began), waited, denied, ended.provider_request_id),
        tone="failed" if failed else "answered",
    )


def _offset_ms(trace: CallTrace, event: LifecycleEvent) -> float:
    if trace.started_at is None or event.at is None:
        return 0.0
    return max(0.0, (event.at - trace.started_at).total_seconds() * 1000)


def _model(event: LifecycleEvent) -> str | None:
    model = event.model_answered or event.model_asked
    return f"{event.provider}:{model}" if event.provider else model


def _bar(one: Happening, whole_ms: float) -> Markup:
    begins, lasts = (100 * part / whole_ms if whole_ms else 0.0 for part in (one.from_ms, one.for_ms))
    place = f"--from:{min(begins, 99):.2f}%;--for:{min(lasts, 100 - min(begins, 99)):.2f}%"
    # What it shows stands in words beside it.
    return tag("span", tag("span", class_="bar", style=place), class_=f"track {one.tone}", aria_hidden="true")


def _joined(*facts: str | None) -> str:
    return " · ".join(fact for fact in facts if fact)
