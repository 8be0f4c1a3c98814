"""Entries of the audit as bytes and back; each carries how often every counted grant was used by then."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from attrs import frozen

from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.policy.grants.audit import AuditEntry, AuditEvent, AuditOutcome
from provider_runtime.domain.policy.grants.capability import GrantFault

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class _Line(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One line of the file: ``at`` in microseconds since 1970."""

    at: int
    event: str
    outcome: str
    call: str | None = None
    caps: tuple[str, ...] = ()
    denied: str | None = None
    fault: str | None = None
    counted: tuple[str, ...] = ()
    gate: str | None = None
    code: str | None = None
    provider: str | None = None
    model: str | None = None
    size: int | None = None
    scopes: tuple[str, ...] = ()
    used: dict[str, int] = {}


_DECODER: Final = msgspec.json.Decoder(_Line)
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # ids and names are kinds of text


@frozen(kw_only=True)
class Tally:
    """What the last entry tells of all before it: its time, and the uses of each grant by its id."""

    at: datetime = _EPOCH
    used: Mapping[str, int] = {}


def encoded(entry: AuditEntry, used: Mapping[str, int]) -> bytes:
    """One entry as a short JSON object."""
    line = _Line(
        at=(entry.timestamp - _EPOCH) // _MICROSECOND,
        event=entry.event.value,
        outcome=entry.outcome.value,
        call=entry.call_id,
        caps=entry.caps,
        denied=entry.denied,
        fault=None if entry.fault is None else entry.fault.value,
        counted=entry.counted,
        gate=entry.gate,
        code=entry.code,
        provider=entry.provider,
        model=entry.model,
        size=entry.size,
        scopes=entry.scopes,
        used=dict(used),
    )
    return _ENCODER.encode(line)


def decoded(raw: bytes) -> AuditEntry:
    """The entry that these bytes are. Raises ``RecordCorrupt``."""
    line = _read(raw)
    try:
        return AuditEntry(
            timestamp=_EPOCH + line.at * _MICROSECOND,
            event=AuditEvent(line.event),
            outcome=AuditOutcome(line.outcome),
            call_id=None if line.call is None else CallId(line.call),
            caps=line.caps,
            denied=line.denied,
            fault=None if line.fault is None else GrantFault(line.fault),
            counted=line.counted,
            gate=line.gate,
            code=line.code,
            provider=line.provider,
            model=line.model,
            size=line.size,
            scopes=line.scopes,
        )
    except (ValueError, OverflowError):
        raise _unreadable() from None


def tally_of(raw: bytes) -> Tally:
    """What this entry says of all before it. Raises ``RecordCorrupt``."""
    line = _read(raw)
    if any(number < 0 for number in line.used.values()):
        raise _unreadable()
    try:
        return Tally(at=_EPOCH + line.at * _MICROSECOND, used=line.used)
    except OverflowError:
        raise _unreadable() from None


def _read(raw: bytes) -> _Line:
    try:
        return _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeError):
        raise _unreadable() from None


def _unreadable() -> RecordCorrupt:
    return RecordCorrupt(
        kind="audit",
        key="entries",
        message="the audit cannot be read: an entry is not of a form that this release knows",
        remedy="Restore the audit from a copy, or name another place to begin anew; nothing is granted until then.",
    )
