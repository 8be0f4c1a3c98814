"""JSON documents: requests and responses as bytes, and any other value that is kept as one."""

import json
import re
from typing import Any, Final, TypeVar

import msgspec
from cattrs import Converter
from cattrs.errors import CattrsError

from provider_runtime.adapters.serialization.faults import DocumentFault, fault_of
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import RecordCorrupt, RequestInvalid

T = TypeVar("T")
_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()
# Any text of a JSON document; group 1 is there when it is the key of a field. Never backtracks.
_TEXT_OR_KEY: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"([ \t\r\n]*:)?', re.DOTALL)


def structure(converter: Converter, kind: type[T], value: object) -> T:
    """``value``, made of plain JSON values, as a ``kind``.

    Raises ``DocumentFault`` naming the place, without the original error: that one holds the
    whole document. Raises ``TypeError`` for a ``kind`` that no document can hold.
    """
    try:
        return converter.structure(value, kind)
    except (CattrsError, DocumentFault) as error:
        fault = fault_of(error)
    raise fault


def read_json(body: bytes) -> Any:
    """The JSON value of ``body``. Raises ``DocumentFault`` for what is not JSON, or not clear.

    A key that stands twice in one object is refused: one of the two would silently go.
    """
    value = _decoded(body)
    if _keys_in(value) != sum(1 for found in _TEXT_OR_KEY.finditer(body) if found[1]):
        raise DocumentFault(message=f"{_repeated_key(body)} stands twice in one object", remedy="Keep one of the two.")
    return value


def to_json(converter: Converter, value: object) -> bytes:
    """``value`` in the canonical form, compact; equal values give equal bytes."""
    return _ENCODER.encode(converter.unstructure(value))


def request_from_json(converter: Converter, body: bytes) -> ProviderRequest:
    """The request in ``body``. Raises ``RequestInvalid``; its ``field`` is the path to the fault."""
    try:
        return structure(converter, ProviderRequest, read_json(body))
    except DocumentFault as fault:
        invalid = RequestInvalid(field=fault.field or "$", message=fault.message, remedy=fault.remedy)
    raise invalid


def request_to_json(converter: Converter, request: ProviderRequest) -> bytes:
    """The request in the canonical form; see ``to_json``."""
    return to_json(converter, request)


def response_from_json(converter: Converter, body: bytes) -> ProviderResponse:
    """The response in ``body``. Raises ``RecordCorrupt``; its ``key`` is the path to the fault."""
    try:
        return structure(converter, ProviderResponse, read_json(body))
    except DocumentFault as fault:
        corrupt = RecordCorrupt(kind="response", key=fault.field or "$", message=fault.message, remedy=fault.remedy)
    raise corrupt


def response_to_json(converter: Converter, response: ProviderResponse) -> bytes:
    """The response in the canonical form; see ``to_json``."""
    return to_json(converter, response)


def _decoded(body: bytes) -> Any:
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass  # raised below: the codec's own error may hold the text
    raise DocumentFault(message="this is not JSON", remedy="Give one JSON value in UTF-8.")


def _keys_in(value: object) -> int:
    count, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            count += len(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return count


def _repeated_key(body: bytes) -> str:
    repeated: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        repeated.extend(name for name in names if names.count(name) > 1)

    json.loads(body, object_pairs_hook=note)
    name = min(repeated, key=len, default="")
    return f'the field "{name}"' if re.fullmatch(r"[A-Za-z0-9_.\-]{1,40}", name) else "a field"
