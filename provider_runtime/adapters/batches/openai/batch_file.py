"""OpenAIBatchForm: the lines of OpenAI's batch files, in and out."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
from attrs import frozen

from provider_runtime.adapters.batches.error_objects import error_object
from provider_runtime.adapters.batches.openai.chat_answers import chat_answer
from provider_runtime.adapters.batches.openai.chat_requests import chat_request
from provider_runtime.adapters.batches.openai.fields import Fields
from provider_runtime.adapters.batches.openai.responses_answers import responses_answer
from provider_runtime.adapters.batches.openai.responses_requests import responses_request
from provider_runtime.adapters.batches.reading import UNREADABLE, name_in, object_in, unreadable
from provider_runtime.adapters.serialization import DocumentFault
from provider_runtime.domain.batches.lines import AskedLine, BatchLine, LineCall, LineEnd, LineRecord
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProviderRuntimeError, ProviderStatusError, RequestInvalid

OURS: Final = "provider_runtime"
"""Where a line of answers says what OpenAI's own have no field for."""
_CHAT: Final = "/v1/chat/completions"
_RESPONSES: Final = "/v1/responses"
_READERS: Final[dict[str, Callable[[Fields], ProviderRequest]]] = {_CHAT: chat_request, _RESPONSES: responses_request}
_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder().decode


@frozen(kw_only=True)
class OpenAIBatchForm:
    """Lines of ``custom_id``, ``method``, ``url`` and ``body``, answered as OpenAI answers them. See ``BatchForm``.

    The model is taken as it stands, colons and all. What a canonical request has no place for is refused by
    its name. Each answer says under ``provider_runtime`` what there is to say besides.
    """

    def read(self, line: BatchLine) -> AskedLine:
        name, url = None, ""
        try:
            value = object_in(line)
            name = name_in(value, "custom_id")
            fields = Fields(value)
            fields.choice("method", "POST")
            url = fields.choice("url", *_READERS)
            fields.needed("custom_id")
            request = _READERS[url](fields.needed_child("body"))
            fields.all_read()
            return AskedLine(number=line.number, name=name, asks=LineCall(request=request), answer_as=url)
        except DocumentFault as fault:
            invalid = RequestInvalid(field=fault.field or "$", message=fault.message, remedy=fault.remedy)
        except (TypeError, ValueError) as fault:  # of our own classes, which name the field and quote nothing
            invalid = RequestInvalid(field="body", message=str(fault))
        return AskedLine(number=line.number, name=name, asks=invalid, answer_as=url)

    def write(self, asked: AskedLine, end: LineEnd, record: LineRecord) -> bytes:
        response, error, besides = None, None, None
        if isinstance(end, ProviderResponse):
            body, besides = (responses_answer if asked.answer_as == _RESPONSES else chat_answer)(end, record)
            response = _replied(200, end.provider_request_id, body)
        elif isinstance(end, ProviderStatusError):
            response = _replied(end.status_code, end.request_id, {"error": _error_of(end)})
        else:
            error = {"code": end.code.value, "message": end.message}
        return _ENCODE(
            {
                "id": f"batch_req_{record.number}",
                "custom_id": record.name,
                "response": response,
                "error": error,
                OURS: _ours(end, record) | (besides or {}),
            }
        )

    def record_in(self, answer: bytes) -> LineRecord:
        try:
            found = _DECODE(answer)[OURS]
            cost = found.get("cost_usd")
            error = found.get("error") or {}
            return LineRecord(
                number=found["line"],
                name=found.get("id"),
                call_id=found.get("call_id"),
                outcome=found["outcome"],
                provider=found.get("provider"),
                model=found.get("model"),
                input_tokens=found.get("input_tokens"),
                output_tokens=found.get("output_tokens"),
                cost_usd=None if cost is None else Decimal(cost),
                duration_s=found.get("duration_s"),
                code=error.get("code"),
                gate=error.get("gate"),
                asked_again=found.get("asked_again", 0),
            )
        except UNREADABLE:
            pass  # raised below: the codec's own error may hold the text
        raise unreadable()


def _replied(status: int, request_id: str | None, body: dict[str, Any]) -> dict[str, Any]:
    return {"status_code": status, "request_id": request_id, "body": body}


def _error_of(error: ProviderStatusError) -> dict[str, Any]:
    code = error.provider_code or error.code.value
    return {"message": error.message, "type": error.provider_type or error.code.value, "param": None, "code": code}


def _ours(end: ProviderResponse | ProviderRuntimeError, record: LineRecord) -> dict[str, Any]:
    known: dict[str, Any] = {
        "line": record.number,
        "id": record.name,
        "call_id": None if record.call_id is None else str(record.call_id),
        "outcome": record.outcome.value,
        "provider": None if record.provider is None else str(record.provider),
        "model": record.model,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "cost_usd": None if record.cost_usd is None else str(record.cost_usd),
        "duration_s": record.duration_s,
        "asked_again": record.asked_again or None,
    }
    if isinstance(end, ProviderResponse):
        known["warnings"] = [{"code": one.code, "message": one.message} for one in end.warnings] or None
    else:
        known["error"] = error_object(end)
    return {name: value for name, value in known.items() if value is not None}
