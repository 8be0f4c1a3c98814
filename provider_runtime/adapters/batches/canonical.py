"""CanonicalForm: lines that hold a request in the canonical form, alone or with a name and options."""

from decimal import Decimal
from typing import Any, Final

import msgspec
from attrs import field, frozen
from cattrs import Converter

from provider_runtime.adapters.batches.error_objects import error_object
from provider_runtime.adapters.batches.reading import UNREADABLE, below, name_in, object_in, unreadable
from provider_runtime.adapters.serialization import DocumentFault, make_converter, structure
from provider_runtime.domain.batches.lines import AskedLine, BatchLine, LineCall, LineEnd, LineRecord
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import RequestInvalid

_ENVELOPE: Final = frozenset({"id", "request", "options"})
_NOT_A_LINES: Final = ("call_id", "credential")
_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder().decode


@frozen(kw_only=True)
class CanonicalForm:
    """A line is a request, or ``{"id": …, "request": {…}, "options": {…}}``; its answer a response or an error.

    ``options`` are those of a call, but for its name and its credential. See ``BatchForm``.
    """

    converter: Converter = field(factory=make_converter, repr=False)

    def read(self, line: BatchLine) -> AskedLine:
        name: str | None = None
        try:
            value = object_in(line)
            if "request" not in value and "id" not in value:
                value = {"request": value}
            name = name_in(value, "id")
            return AskedLine(number=line.number, name=name, asks=self._call(value))
        except DocumentFault as fault:
            invalid = RequestInvalid(field=fault.field or "$", message=fault.message, remedy=fault.remedy)
        return AskedLine(number=line.number, name=name, asks=invalid)

    def write(self, asked: AskedLine, end: LineEnd, record: LineRecord) -> bytes:  # noqa: ARG002 - all it needs is in the record
        answer: dict[str, Any] = {"line": record.number}
        if record.name is not None:
            answer["id"] = record.name
        if record.call_id is not None:
            answer["call_id"] = str(record.call_id)
        answer["outcome"] = record.outcome.value
        if record.ended_at is not None:
            answer["ended_at"] = self.converter.unstructure(record.ended_at)
        if record.asked_again:
            answer["asked_again"] = record.asked_again
        if isinstance(end, ProviderResponse):
            answer["response"] = self.converter.unstructure(end)
        else:
            answer["error"] = error_object(end)
        return _ENCODE(answer)

    def record_in(self, answer: bytes) -> LineRecord:
        try:
            found = _DECODE(answer)
            said = found.get("response") or found["error"]
            usage, cost = said.get("usage") or {}, said.get("cost") or {}
            return LineRecord(
                number=found["line"],
                name=found.get("id"),
                call_id=found.get("call_id"),
                outcome=found["outcome"],
                provider=said.get("provider"),
                model=said.get("model"),
                input_tokens=usage.get("input_tokens"),
                output_tokens=usage.get("output_tokens"),
                cost_usd=Decimal(cost["total_cost"]) if cost else None,
                duration_s=said.get("duration_s"),
                code=said.get("code"),
                gate=said.get("gate"),
                asked_again=found.get("asked_again", 0),
            )
        except UNREADABLE:
            pass  # raised below: the codec's own error may hold the text
        raise unreadable()

    def _call(self, value: dict[str, Any]) -> LineCall:
        for unknown in sorted(set(value) - _ENVELOPE):
            shown = unknown if unknown.isidentifier() and len(unknown) <= 40 else "?"
            raise DocumentFault(
                field=shown,
                message="a line with an id holds `id`, `request` and `options`, and nothing else",
                remedy="Put the request itself under `request`.",
            )
        if "request" not in value:
            raise DocumentFault(field="request", message="this field is missing", remedy="Add it.")
        request = below("request", lambda: structure(self.converter, ProviderRequest, value["request"]))
        given = value.get("options", {})
        for name in _NOT_A_LINES:
            if isinstance(given, dict) and name in given:
                raise DocumentFault(
                    field=f"options.{name}", message="this is not for a line of a batch to say", remedy="Take it out."
                )
        return LineCall(
            request=request, options=below("options", lambda: structure(self.converter, CallOptions, given))
        )
