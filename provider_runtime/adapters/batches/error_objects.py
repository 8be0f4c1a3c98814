"""Errors as JSON objects, in the answers of a batch."""

from typing import Any

from provider_runtime.domain.errors import (
    CallRefused,
    ProviderError,
    ProviderRuntimeError,
    ProviderStatusError,
    RequestInvalid,
)


def error_object(error: ProviderRuntimeError) -> dict[str, Any]:
    """What is known of an error, under the names of its fields; what nobody knows is left out."""
    known: dict[str, Any] = {"code": error.code.value, "message": error.message, "remedy": error.remedy}
    if isinstance(error, CallRefused):
        known["gate"] = error.gate
    if isinstance(error, CallRefused | ProviderError):
        known |= {"provider": _text(error.provider), "model": error.model}
    if isinstance(error, RequestInvalid):
        known["field"] = error.field
    if isinstance(error, ProviderStatusError):
        known |= {"status_code": error.status_code, "request_id": error.request_id}
    if error.sent:
        known["billed"] = error.billed.value
    if error.attempts:
        known["attempts"] = len(error.attempts)
    return {name: value for name, value in known.items() if value not in {None, ""}}


def _text(name: str | None) -> str | None:
    return None if name is None else str(name)  # the JSON codec writes no subclasses of text
