"""Captured exchanges of the Gemini wire, read in place: every answer and every error."""

import json
from base64 import b64decode
from typing import Any

import pytest
from gemini_wire import CODEC, a_reply, a_request, codes, prepared
from shared_data import reply_body, require_shared, wire_exchanges

from provider_runtime.domain.conversation.messages import tool_result, user
from provider_runtime.domain.conversation.parts import AudioPart, ImagePart, InlineData, TextPart
from provider_runtime.domain.errors import ErrorCode, ProviderStatusError
from provider_runtime.domain.identity import GEMINI, ProviderId
from provider_runtime.domain.json_values import freeze

_EXCHANGES = list(wire_exchanges("gemini", apis=("generate",)))
_ANSWERED = [exchange for exchange in _EXCHANGES if exchange["response"]["status"] == 200]
_FAILED = [
    exchange for exchange in wire_exchanges("gemini") if exchange["response"]["status"] != 200
]  # of every method: the envelope is the same


@pytest.fixture(autouse=True)
def _data() -> None:
    require_shared("wire")


def _name(exchange: dict[str, Any]) -> str:
    return str(exchange["id"])


def test_there_is_traffic_to_read() -> None:
    assert len(_ANSWERED) >= 200
    assert len(_FAILED) >= 8


# ── answers ─────────────────────────────────────────────────────────────────────────────────

_FINISHES = {
    "STOP": "stop", 1: "stop", "MAX_TOKENS": "length", 2: "length", "SAFETY": "content_filter",
    "MODEL_ARMOR": "content_filter", "MALFORMED_FUNCTION_CALL": "error", "UNEXPECTED_TOOL_CALL": "error",
    "NO_IMAGE": "other", "OTHER": "other", None: "content_filter",
}  # fmt: skip
_READ = {"text", "functionCall", "inlineData"}


def _candidate(body: dict[str, Any]) -> dict[str, Any]:
    candidate: dict[str, Any] = (body.get("candidates") or [{}])[0]
    return candidate


def _parts(exchange: dict[str, Any]) -> list[dict[str, Any]]:
    return (_candidate(exchange["response"]["json"]).get("content") or {}).get("parts") or []


@pytest.mark.parametrize("exchange", _ANSWERED, ids=_name)
def test_a_captured_answer_is_read_whole(exchange: dict[str, Any]) -> None:
    body = exchange["response"]["json"]
    reply = a_reply(reply_body(exchange), **exchange["response"]["headers"])
    response = CODEC.decode(reply, prepared(provider=ProviderId("acme")))
    parts = _parts(exchange)
    texts = [part for part in parts if "text" in part]
    assert response.text == "".join(part["text"] for part in texts if not part.get("thought"))
    assert response.thinking == "".join(part["text"] for part in texts if part.get("thought"))
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    assert [(call.name, call.arguments_json) for call in response.tool_calls] == [
        (call["name"], freeze(call.get("args") or {})) for call in calls
    ]
    for read, call in zip(response.tool_calls, calls, strict=True):
        assert read.id == call["id"] if call.get("id") else read.id.startswith("gemini-call-")
    made = [
        part.source.data
        for part in response.output.content
        if isinstance(part, ImagePart | AudioPart) and isinstance(part.source, InlineData)
    ]
    assert made == [b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part]
    finish = _FINISHES[_candidate(body).get("finishReason")]
    assert response.finish_reason.value == ("tool_calls" if calls and finish == "stop" else finish)
    assert (response.model, response.response_id) == (
        body.get("modelVersion") or "gemini-2.5-flash",
        body.get("responseId"),
    )
    unknown = {next(iter(part.keys() - {"thought", "thoughtSignature"})) for part in parts} - _READ
    assert codes(response).count("unknown_content_block") == len(unknown)


@pytest.mark.parametrize("exchange", _ANSWERED, ids=_name)
def test_the_counts_of_a_captured_answer_add_up(exchange: dict[str, Any]) -> None:
    told = exchange["response"]["json"].get("usageMetadata") or {}
    usage = CODEC.decode(a_reply(reply_body(exchange)), prepared()).usage
    if "promptTokenCount" not in told:
        assert usage.input_tokens is None
        return
    assert usage.input_tokens == told["promptTokenCount"] + told.get("toolUsePromptTokenCount", 0)
    assert usage.output_tokens is not None
    assert usage.output_tokens >= told.get("candidatesTokenCount", 0) + told.get("thoughtsTokenCount", 0)
    assert usage.total_tokens == told["totalTokenCount"] == usage.input_tokens + usage.output_tokens
    assert usage.reasoning_tokens == told.get("thoughtsTokenCount")
    assert usage.cached_input_tokens == told.get("cachedContentTokenCount")
    assert (usage.cached_input_tokens or 0) <= usage.input_tokens


@pytest.mark.parametrize(
    "exchange",
    [one for one in _ANSWERED if any("thoughtSignature" in part for part in _parts(one))],
    ids=_name,
)
def test_captured_signatures_go_back_on_the_parts_they_came_on(exchange: dict[str, Any]) -> None:
    came = [part for part in _parts(exchange) if part.keys() & _READ]
    response = CODEC.decode(a_reply(reply_body(exchange)), prepared())
    results = [tool_result(call, "ok") for call in response.tool_calls] or [user("go on")]
    model = exchange["response"]["json"]["modelVersion"]
    request = a_request(user("Hi"), response.message, *results, model=model)
    turns = json.loads(CODEC.encode(request, GEMINI).body)["contents"]
    said = [part for turn in turns if turn["role"] == "model" for part in turn["parts"]]
    assert json.dumps(said, sort_keys=True) == json.dumps(came, sort_keys=True)


def test_captured_grounding_becomes_citations_of_the_text_it_speaks_of() -> None:
    seen = 0
    for exchange in _ANSWERED:
        supports = (_candidate(exchange["response"]["json"]).get("groundingMetadata") or {}).get("groundingSupports")
        response = CODEC.decode(a_reply(reply_body(exchange)), prepared())
        cited = [part for part in response.output.content if isinstance(part, TextPart) and part.citations]
        assert all(
            citation.url or citation.title or citation.cited_text for part in cited for citation in part.citations
        )
        if not supports:
            continue
        pieces = {part.text[one.start_index : one.end_index] for part in cited for one in part.citations}
        raw = response.text.encode()
        for support in supports:
            piece = support["segment"]["text"]
            there = raw[support["segment"].get("startIndex", 0) : support["segment"]["endIndex"]]
            if there == piece.encode() and support.get("groundingChunkIndices"):  # not every offset of theirs is right
                assert piece in pieces
                seen += 1
    assert seen >= 30


# ── errors ──────────────────────────────────────────────────────────────────────────────────

_CODES = {
    400: ErrorCode.INVALID_REQUEST,
    403: ErrorCode.PERMISSION_DENIED,
    404: ErrorCode.NOT_FOUND,
    429: ErrorCode.RATE_LIMITED,
    503: ErrorCode.OVERLOADED,
}


@pytest.mark.parametrize("exchange", _FAILED, ids=_name)
def test_a_captured_error_is_typed(exchange: dict[str, Any]) -> None:
    told = exchange["response"]
    error = CODEC.decode_error(a_reply(reply_body(exchange), told["status"]), GEMINI, "m")
    assert isinstance(error, ProviderStatusError)
    assert error.code is _CODES[told["status"]]
    assert error.provider_type in {
        "INVALID_ARGUMENT",
        "PERMISSION_DENIED",
        "NOT_FOUND",
        "RESOURCE_EXHAUSTED",
        "UNAVAILABLE",
    }
    assert error.message
    assert "{" not in error.message
    assert (error.retry_after_s is not None) == ("retry-info-in-body" in exchange["features"])


# ── model lists ─────────────────────────────────────────────────────────────────────────────


def test_captured_model_lists_name_what_generates_content() -> None:
    for exchange in wire_exchanges("gemini", apis=("models",)):
        listed = CODEC.decode_models(a_reply(reply_body(exchange)), GEMINI)
        given = exchange["response"]["json"]["models"]
        able = [one for one in given if "generateContent" in one["supportedGenerationMethods"]]
        assert [f"models/{model.model_id}" for model in listed] == [one["name"] for one in able]
        assert [model.max_output_tokens for model in listed] == [one["outputTokenLimit"] for one in able]
