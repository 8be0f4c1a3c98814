"""Receipts, lives of calls and reports to make pages of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from provider_runtime import Report
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.records.oversight.timelines import CallTrace
from provider_runtime.domain.records.receipts import (
    AttemptRecord,
    CallOutcome,
    CallReceipt,
    CallRecord,
    ChainVerdict,
)
from provider_runtime.domain.reports.notable import Notable
from provider_runtime.domain.reports.sums import Figures

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MODELS = (("openai", "gpt-5-mini"), ("anthropic", "claude-sonnet-4-5"), ("openrouter", "meta-llama/llama-4-maverick"))
GATES = ("capability:pass", "tier:pass", "endpoint:pass", "consent:not_configured", "leakage:pass", "budget:pass")


def a_receipt(number: int, **changes: Any) -> CallReceipt:
    provider, model = MODELS[number % 3]
    fields: dict[str, Any] = {
        "call_id": CallId(f"call_{number:016x}"),
        "runtime_id": RuntimeId("rt_1"),
        "started_at": (NOON + timedelta(minutes=7 * number)).isoformat(timespec="milliseconds"),
        "duration_us": 200_000 + 37_000 * (number * 7 % 40),
        "outcome": CallOutcome.ANSWERED,
        "model_asked": model,
        "policy_version": "standard",
        "provider": provider,
        "tier": "cloud",
        "origin": f"https://api.{provider}.example:443",
        "route_rule": "hint",
        "model_answered": model,
        "gates": GATES,
        "attempts": (AttemptRecord(outcome="answered", duration_us=190_000, provider=provider, model=model),),
        "finish_reason": "stop",
        "input_tokens": 300 + number,
        "output_tokens": 80 + number,
        "cost_nano_usd": 2_000_000 + 1000 * number,
        "labels": (f"tenant={('acme', 'bolt')[number % 2]}",),
        "role": ("worker", None)[number % 2],
    }
    record = CallRecord(**{**fields, **changes})
    return CallReceipt(
        receipt_id=f"rct_{number}", chain_id="c", seq=number, prev_hash=None, record=record, receipt_hash="h"
    )


def a_failure(number: int) -> CallReceipt:
    tried = AttemptRecord(outcome="overloaded", duration_us=90_000, status_code=503, provider="openai", model="gpt-5")
    changes = {"outcome": CallOutcome.FAILED, "error_code": "overloaded", "attempts": (tried,) * 3}
    return a_receipt(number, **changes, cost_nano_usd=None, input_tokens=None, output_tokens=None)


def a_refusal(number: int) -> CallReceipt:
    changes = {"outcome": CallOutcome.REFUSED, "error_code": "budget_exceeded", "gates": ("budget:refused",)}
    return a_receipt(number, **changes, attempts=(), cost_nano_usd=None, input_tokens=None, output_tokens=None)


def a_life(receipt: CallReceipt) -> CallTrace:
    began = datetime.fromisoformat(receipt.record.started_at)

    def event(kind: EventKind, after_ms: int, **facts: Any) -> LifecycleEvent:
        at = began + timedelta(milliseconds=after_ms)
        call = {"runtime_id": receipt.record.runtime_id, "call_id": receipt.record.call_id}
        return LifecycleEvent(kind=kind, at=at, **call, **facts)

    return CallTrace(
        events=(
            event(EventKind.CALL_STARTED, 0, model_asked="gpt-5"),
            event(EventKind.CALL_CLEARED, 2, provider="openai", model_asked="gpt-5", request_bytes=1234),
            event(EventKind.ATTEMPT_STARTED, 3, attempt=1, provider="openai", model_asked="gpt-5"),
            event(EventKind.ATTEMPT_FAILED, 90, attempt=1, error_code="overloaded", status_code=503),
            event(EventKind.ATTEMPT_STARTED, 590, attempt=2, wait_s=0.5, provider="openai", model_asked="gpt-5"),
            event(EventKind.CALL_FAILED, 900, error_code="overloaded", retry_denied_by="attempts_used"),
        )
    )


def report_of(*receipts: CallReceipt, **changes: Any) -> Report:
    figures, notable = Figures(), Notable()
    for receipt in receipts:
        figures.add(receipt.record)
        notable.add(receipt)
    verdict = ChainVerdict(valid=True, count=len(receipts), head="h")
    fields = {"made_at": NOON, "figures": figures, "calls": notable.calls, "verdict": verdict}
    return Report(**{**fields, **changes})
