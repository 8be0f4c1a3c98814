"""What goes wrong at a server, told to its client, and raised there as what it was."""

from typing import Final

import msgspec

from provider_runtime.adapters.governance.remote.messages import Answer, Problem
from provider_runtime.domain.errors import (
    BackendError,
    ErrorCode,
    LedgerConflict,
    LedgerDenied,
    ProviderRuntimeError,
    RecordCorrupt,
    RecordMissing,
)
from provider_runtime.ports.serving import HttpAnswer

_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # ids and names are kinds of text
_KINDS: Final[dict[str, type[BackendError]]] = {
    ErrorCode.LEDGER_CONFLICT.value: LedgerConflict,
    ErrorCode.LEDGER_DENIED.value: LedgerDenied,
    ErrorCode.RECORD_MISSING.value: RecordMissing,
    ErrorCode.RECORD_CORRUPT.value: RecordCorrupt,
}
_STATUSES: Final[dict[ErrorCode, int]] = {
    ErrorCode.LEDGER_CONFLICT: 409,
    ErrorCode.LEDGER_DENIED: 403,
    ErrorCode.RECORD_MISSING: 404,
}
NO_TOKEN: Final = Problem(
    code=ErrorCode.LEDGER_DENIED.value,
    message="this server knows no client with that token",
    remedy="Give the token that the server was given for this client.",
)


def answered(message: Answer, status: int = 200) -> HttpAnswer:
    """A message as an answer."""
    return HttpAnswer(status=status, body=_ENCODER.encode(message))


def as_bytes(message: msgspec.Struct) -> bytes:
    """A message as it is sent."""
    return _ENCODER.encode(message)


def refused(status: int, code: str, message: str, remedy: str = "") -> HttpAnswer:
    """A question that was not well put."""
    return answered(Problem(code=code, message=message, remedy=remedy), status)


def failed(error: ProviderRuntimeError) -> HttpAnswer:
    """What an error of ours is answered with: its own words, which hold no secret."""
    problem = Problem(
        code=error.code.value,
        message=error.message,
        remedy=error.remedy,
        kind=getattr(error, "kind", ""),
        key=getattr(error, "key", ""),
    )
    return answered(problem, _STATUSES.get(error.code, 503))


def error_of(problem: Problem) -> BackendError:
    """The error that a server told."""
    kind = _KINDS.get(problem.code, BackendError)
    code = next((one for one in ErrorCode if one.value == problem.code), ErrorCode.STORE_UNAVAILABLE)
    return kind(code=code, message=problem.message, remedy=problem.remedy, kind=problem.kind, key=problem.key)
