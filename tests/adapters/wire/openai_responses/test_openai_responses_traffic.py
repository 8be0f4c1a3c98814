"""What servers of this API really sent and took, read in place."""

import json
from typing import Any

import pytest
from captured_requests import Unsayable, canonical, comparable, expected_items, sendable
from responses_cases import CODEC, encoded_body, prepared_for, request_for
from shared_data import reply_body, require_shared, wire_exchanges

from provider_runtime.domain.conversation.messages import Message, user
from provider_runtime.domain.conversation.parts import RefusalPart
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import CredentialsRejected, ProtocolError, ProviderStatusError
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.json_values import freeze
from provider_runtime.ports.http import HttpReply

Exchange = dict[str, Any]


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    require_shared("wire", "MANIFEST.json")
    return list(wire_exchanges("openai-responses", "openai-compat", "openrouter", apis=("responses", "responses-get")))


def reply_to(exchange: Exchange) -> HttpReply:
    answer = exchange["response"]
    return HttpReply(status=answer["status"], headers=answer["headers"], body=reply_body(exchange))


def answered(exchanges: list[Exchange]) -> list[Exchange]:
    """The exchanges whose answer is finished: complete or cut short."""
    return [
        exchange
        for exchange in exchanges
        if exchange["response"]["status"] == 200
        and exchange["response"]["json"].get("status") in {"completed", "incomplete"}
    ]


# ── answers ─────────────────────────────────────────────────────────────────────────────────


def pieces(body: Exchange, kind: str, field: str) -> list[str]:
    """The non-empty texts of one kind of content in the message items, straight from the JSON."""
    messages = [item for item in body["output"] if item["type"] == "message"]
    found = [piece[field] for item in messages for piece in item["content"] if piece["type"] == kind]
    return [text for text in found if text]


def calls(body: Exchange) -> list[tuple[str, str, object]]:
    items = [item for item in body["output"] if item["type"] == "function_call"]
    return [(item["call_id"], item["name"], freeze(json.loads(item["arguments"] or "{}"))) for item in items]


def thoughts(body: Exchange) -> str:
    items = [item for item in body["output"] if item["type"] == "reasoning"]
    return "".join(piece["text"] for item in items for piece in [*item["summary"], *(item.get("content") or [])])


def finish(body: Exchange) -> str:
    if body["status"] == "incomplete":
        return {"max_output_tokens": "length", "content_filter": "content_filter"}[body["incomplete_details"]["reason"]]
    telling = [
        item["type"]
        for item in body["output"]
        if item["type"] == "function_call"
        or (item["type"] == "message" and any(piece.get("text", "").strip() for piece in item["content"]))
    ]
    return "tool_calls" if telling[-1:] == ["function_call"] else "stop"


def counters(body: Exchange) -> list[int | None]:
    usage = body["usage"]
    inside, outside = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    return [
        usage["input_tokens"],
        usage["output_tokens"],
        usage["total_tokens"],
        inside.get("cached_tokens"),
        inside.get("cache_write_tokens"),
        outside.get("reasoning_tokens"),
    ]


def seen_in(response: ProviderResponse) -> dict[str, object]:
    usage = response.usage
    return {
        "text": response.text,
        "refusal": [part.text for part in response.output.content if isinstance(part, RefusalPart)],
        "calls": [(call.id, call.name, call.arguments_json) for call in response.tool_calls],
        "thoughts": response.thinking,
        "finish": response.finish_reason.value,
        "usage": [
            usage.input_tokens,
            usage.output_tokens,
            usage.total_tokens,
            usage.cached_input_tokens,
            usage.cache_write_tokens,
            usage.reasoning_tokens,
        ],
        "model": response.model,
        "id": response.response_id,
    }


def expected_of(body: Exchange) -> dict[str, object]:
    return {
        "text": "".join(pieces(body, "output_text", "text")),
        "refusal": pieces(body, "refusal", "refusal"),
        "calls": calls(body),
        "thoughts": thoughts(body),
        "finish": finish(body),
        "usage": counters(body),
        "model": body["model"],
        "id": body["id"],
    }


def test_every_captured_answer_is_read_as_it_is(exchanges: list[Exchange]) -> None:
    read = answered(exchanges)
    assert len(read) > 250
    for exchange in read:
        response = CODEC.decode(reply_to(exchange), prepared_for())
        assert seen_in(response) == expected_of(exchange["response"]["json"]), exchange["id"]


def test_every_captured_answer_reads_the_same_twice(exchanges: list[Exchange]) -> None:
    for exchange in answered(exchanges):
        reply = reply_to(exchange)
        assert CODEC.decode(reply, prepared_for()) == CODEC.decode(reply, prepared_for())


def test_what_is_skipped_is_what_the_provider_did_itself(exchanges: list[Exchange]) -> None:
    ours = {"message", "function_call", "reasoning", "image_generation_call"}
    for exchange in answered(exchanges):
        kinds = {item["type"] for item in exchange["response"]["json"]["output"]} - ours
        warnings = CODEC.decode(reply_to(exchange), prepared_for()).warnings
        skipped = [warning.message for warning in warnings if warning.code == "unknown_content_block"]
        assert sorted(skipped) == sorted(f"an output item {kind} was skipped" for kind in kinds), exchange["id"]


def test_every_captured_answer_can_be_sent_back(exchanges: list[Exchange]) -> None:
    """Items go back in their order; only those that the provider keeps to itself are missing."""
    for exchange in answered(exchanges):
        said = exchange["response"]["json"]["output"]
        message = CODEC.decode(reply_to(exchange), prepared_for()).message
        back = encoded_body_of(message)
        kept = sendable([item for item in said if item["type"] in {"reasoning", "function_call"}])
        sent = [item for item in back if item["type"] in {"reasoning", "function_call"}]
        assert [identity(item) for item in sent] == [identity(item) for item in kept], exchange["id"]


def encoded_body_of(message: Message) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = encoded_body(request_for("gpt-5", user("q"), message, user("q")))["input"]
    return items


def identity(item: dict[str, Any]) -> tuple[object, ...]:
    if item["type"] == "function_call":
        return (item["call_id"], item["name"], json.loads(item["arguments"] or "{}"), item.get("namespace"))
    return (item.get("encrypted_content"), item["summary"], item.get("content") or [])


def test_every_captured_failure_is_a_typed_error(exchanges: list[Exchange]) -> None:
    failures = [exchange for exchange in exchanges if exchange["response"]["status"] != 200]
    assert failures
    for exchange in failures:
        error = CODEC.decode_error(reply_to(exchange), OPENAI, "m")
        status, body = exchange["response"]["status"], exchange["response"]["json"]
        told = body["error"]["message"] if isinstance(body["error"], dict) else body["error"]
        assert isinstance(error, ProviderStatusError)
        assert error.status_code == status
        assert error.message.split("***")[0] == told[: len(error.message.split("***")[0])], exchange["id"]
        assert isinstance(error, CredentialsRejected) is (status == 401)


def test_every_captured_answer_that_is_none_is_a_typed_error(exchanges: list[Exchange]) -> None:
    finished = {exchange["id"] for exchange in answered(exchanges)}
    unfinished = [e for e in exchanges if e["response"]["status"] == 200 and e["id"] not in finished]
    assert unfinished
    for exchange in unfinished:
        with pytest.raises((ProviderStatusError, ProtocolError)):
            CODEC.decode(reply_to(exchange), prepared_for())


# ── requests ────────────────────────────────────────────────────────────────────────────────


def accepted_requests(exchanges: list[Exchange]) -> list[Exchange]:
    return [e for e in exchanges if e["response"]["status"] == 200 and e["request"].get("json")]


def test_captured_requests_are_written_as_their_senders_wrote_them(exchanges: list[Exchange]) -> None:
    compared = 0
    for exchange in accepted_requests(exchanges):
        captured = exchange["request"]["json"]
        try:
            request = canonical(captured)
        except Unsayable:
            continue
        compared += 1
        body = encoded_body(request)
        assert body["store"] is False
        assert body["stream"] is False
        items = [comparable(item) for item in body["input"]]
        assert items == sendable(expected_items(captured)), exchange["id"]
        assert_same_fields(body, captured, exchange["id"])
    assert compared > 180


def assert_same_fields(body: Exchange, captured: Exchange, name: str) -> None:
    for field in ("model", "temperature", "top_p", "max_output_tokens", "service_tier", "prompt_cache_key"):
        assert body.get(field) == captured.get(field), (name, field)
    assert set(body.get("include", [])) >= set(captured.get("include") or []), name
    assert body.get("reasoning") == (captured.get("reasoning") or None), name
    assert (body.get("metadata") or None) == (captured.get("metadata") or None), name
    wanted = (captured.get("text") or {}).get("format") or {"type": "text"}
    if wanted["type"] == "json_schema":
        wanted = {**wanted, "strict": wanted.get("strict") or False}
    assert body["text"]["format"] == wanted, name
    assert_same_tools(body, captured, name)


def assert_same_tools(body: Exchange, captured: Exchange, name: str) -> None:
    given = captured.get("tools") or []
    sent = body.get("tools", [])
    assert len(sent) == len(given), name
    for tool in given:
        same = next(one for one in sent if one.get("name") == tool.get("name") and one["type"] == tool["type"])
        expected = {field: value for field, value in tool.items() if value is not None}
        assert {field: same[field] for field in expected} == expected, name
    if any(tool["type"] == "function" for tool in given):
        assert body["tool_choice"] == captured.get("tool_choice", "auto"), name
        assert body.get("parallel_tool_calls") == captured.get("parallel_tool_calls"), name
