"""AuditEntry: one decision of security, as it is kept."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from provider_runtime.domain.identity import CallId
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.grants.capability import Decision, Denied, Granted, GrantFault, Use
from provider_runtime.domain.records.outside_names import NO_NAME, name_or_mark


class AuditEvent(StrEnum):
    """What was decided."""

    CAPABILITY = "capability"  # whether what a use takes is granted
    GIVEN_BACK = "given_back"  # a use that was granted did not happen: another gate refused the call
    GATE = "gate"  # a gate kept a call back


class AuditOutcome(StrEnum):
    """How it was decided."""

    ALLOWED = "allowed"
    DENIED = "denied"
    WARNING = "warning"


def _names(caps: Iterable[str]) -> tuple[str, ...]:
    return tuple([name_or_mark(cap) or NO_NAME for cap in caps])


@frozen(kw_only=True)
class AuditEntry:
    """One decision: ids, names, codes and counts, never text. What has not the shape of a name is ``?``.

    ``caps`` are the capabilities that were asked for, ``denied`` the first that is not granted, and ``fault``
    why. ``gate`` and ``code`` tell of a gate that refused. ``counted``: the grants of which one use was
    taken, or given back. Source: semantics B.11.
    """

    timestamp: datetime
    event: AuditEvent = field(converter=AuditEvent)
    outcome: AuditOutcome = field(converter=AuditOutcome)
    call_id: CallId | None = None
    caps: tuple[str, ...] = field(default=(), converter=_names)
    denied: str | None = field(default=None, converter=name_or_mark)
    fault: GrantFault | None = None
    counted: tuple[str, ...] = field(default=(), converter=tuple_of)
    gate: str | None = field(default=None, converter=name_or_mark)
    code: str | None = field(default=None, converter=name_or_mark)
    provider: str | None = field(default=None, converter=name_or_mark)
    model: str | None = field(default=None, converter=name_or_mark)
    size: int | None = None
    scopes: tuple[str, ...] = field(default=(), converter=tuple_of)


def decision_entry(use: Use, at: datetime, decision: Decision) -> AuditEntry:
    """What was decided about ``use``."""
    if isinstance(decision, Denied):
        return _entry(use, at, outcome=AuditOutcome.DENIED, denied=decision.cap, fault=decision.fault)
    return _entry(use, at, counted=decision.counted)


def return_entry(use: Use, at: datetime, granted: Granted) -> AuditEntry:
    """``use`` was granted and did not happen."""
    return _entry(use, at, event=AuditEvent.GIVEN_BACK, counted=granted.counted)


def refusal_entry(use: Use, at: datetime, gate: str, code: str) -> AuditEntry:
    """A gate kept ``use`` back."""
    return _entry(use, at, event=AuditEvent.GATE, outcome=AuditOutcome.DENIED, gate=gate, code=code)


def _entry(
    use: Use,
    at: datetime,
    event: AuditEvent = AuditEvent.CAPABILITY,
    outcome: AuditOutcome = AuditOutcome.ALLOWED,
    **told: Any,
) -> AuditEntry:
    return AuditEntry(
        timestamp=at,
        event=event,
        outcome=outcome,
        call_id=use.call_id,
        caps=use.caps,
        provider=use.provider,
        model=use.model,
        size=use.size,
        scopes=use.scopes,
        **told,
    )
