"""What real servers answered: every success is read as an independent reader reads it, every failure is typed."""

import json
from typing import Any

import pytest
from chat_support import ACME, prepared
from chat_vendors import codec_of
from shared_data import reply_body, wire_exchanges

from provider_runtime.domain.conversation.parts import RefusalPart, ThinkingPart
from provider_runtime.domain.errors import CredentialsRejected, ProviderStatusError
from provider_runtime.ports.http import HttpReply

CHATS = [
    pytest.param(exchange, id=exchange["id"])
    for exchange in wire_exchanges("openai-chat", "openrouter", "openai-compat", apis=("chat",))
]
GOOD = [chat for chat in CHATS if chat.values[0]["response"]["status"] == 200]  # type: ignore[index,call-overload]  # pytest types values loosely
BAD = [chat for chat in CHATS if chat not in GOOD]
LISTS = [
    pytest.param(exchange, id=exchange["id"])
    for exchange in wire_exchanges("openai-chat", "openrouter", "openai-compat", apis=("models",))
]

# Where the two main counts are not the whole: worked out by hand from the recorded numbers.
WHOLE_COUNTS = {
    "gemini-pydantic-ai-test-compatible-api-with-tool-calls-without-id-42dcaa": (35, 74),
    "mistral-ruby-llm-chat-audio-models-mistral-voxtral-small-latest-can-understand-au-f813ef": (384, 248),
    "vercel-gateway-fantasy-gemini-2-5-flash-tool-af8ddd": (28, 54),
    "vercel-gateway-fantasy-multi-tool-f77093": (223, 291),
    "vercel-gateway-fantasy-thinking-c65089": (28, 78),
    "xai-ai-xai-tool-call-fd7dbe": (291, 215),
    "xai-fantasy-simple-object-6842db": (429, 546),
    "xai-fantasy-xai-grok-4-fast-tool-caa79b": (361, 119),
    "xai-fantasy-xai-grok-4-fast-tool-d6d178": (493, 89),
    "xai-fantasy-xai-grok-code-fast-tool-09b462": (390, 123),
    "xai-llm-llm-function-class-063915": (214, 218),
}
LENGTH, FILTERED, STOPPED = ("length", "max_tokens"), ("content_filter",), ("stop", "eos", "end_turn", "function_call")


def answered(exchange: dict[str, Any]) -> HttpReply:
    response = exchange["response"]
    return HttpReply(status=response["status"], headers=response["headers"], body=reply_body(exchange))


def first_message(exchange: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = exchange["response"]["json"]["choices"][0].get("message") or {}
    return message


def plain_text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(item["text"] for item in content if item["type"] == "text")
    return content or ""


def plain_calls(message: dict[str, Any]) -> list[tuple[str, object]]:
    functions = [call.get("function") or call["custom"] for call in message.get("tool_calls") or []]
    legacy = message.get("function_call") or {}
    if not functions and legacy.get("name"):
        functions = [legacy]
    return [(function["name"], plain_arguments(function.get("arguments"))) for function in functions]


def plain_arguments(arguments: str | None) -> object:
    if not arguments:
        return {}
    try:
        return json.loads(arguments)
    except json.JSONDecodeError:
        return arguments


def plain_reasoning(message: dict[str, Any]) -> str:
    details = message.get("reasoning_details") or []
    shown = "".join(detail.get("text") or detail.get("summary") or "" for detail in details)
    if shown:
        return shown
    if isinstance(message.get("content"), list):
        return "".join(
            piece["text"] for item in message["content"] if item["type"] == "thinking" for piece in item["thinking"]
        )
    return message.get("reasoning_content") or message.get("reasoning") or ""


def plain_finish(exchange: dict[str, Any]) -> str:
    choice = exchange["response"]["json"]["choices"][0]
    reason = choice.get("finish_reason") or (choice.get("finish_details") or {}).get("type")
    if reason in LENGTH:
        return "length"
    if reason in FILTERED:
        return "content_filter"
    if plain_calls(first_message(exchange)):
        return "tool_calls"
    return "stop" if reason in STOPPED else "other"


@pytest.mark.parametrize("exchange", GOOD)
def test_a_captured_answer_is_read_as_a_plain_reader_reads_it(exchange: dict[str, Any]) -> None:
    response = codec_of(exchange).decode(answered(exchange), prepared())
    body, message = exchange["response"]["json"], first_message(exchange)
    if isinstance(message.get("content"), dict):
        assert json.loads(response.text) == message["content"]
    else:
        assert response.text == plain_text(message)
    calls = [(call.name, call.arguments_json) for call in response.tool_calls]
    assert [(name, json.loads(json.dumps(value))) for name, value in calls] == plain_calls(message)
    assert len({call.id for call in response.tool_calls}) == len(calls)
    given_ids = [call.get("id") for call in message.get("tool_calls") or [] if call.get("id")]
    assert [call.id for call in response.tool_calls][: len(given_ids)] == given_ids
    assert response.thinking == plain_reasoning(message)
    refusals = [part.text for part in response.output.content if isinstance(part, RefusalPart)]
    assert refusals == ([message["refusal"]] if message.get("refusal") else [])
    assert response.finish_reason == plain_finish(exchange)
    assert response.model == (body.get("model") or "<unknown-model>")
    assert response.response_id == (body.get("id") or None)


@pytest.mark.parametrize("exchange", GOOD)
def test_the_usage_of_a_captured_answer_is_whole(exchange: dict[str, Any]) -> None:
    response = codec_of(exchange).decode(answered(exchange), prepared())
    reported, usage = exchange["response"]["json"].get("usage"), response.usage
    if not reported:
        assert usage.input_tokens is usage.output_tokens is usage.total_tokens is None
        assert "usage_missing" in [warning.code for warning in response.warnings]
        return
    into = reported.get("prompt_tokens_details") or reported.get("prompt_token_details") or {}
    out = reported.get("completion_tokens_details") or reported.get("completion_token_details") or {}
    cached = [
        into.get("cached_tokens"),
        *(reported.get(name) for name in ("prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens")),
        reported.get("num_cached_tokens"),
    ]
    given, made = WHOLE_COUNTS.get(exchange["id"], (reported["prompt_tokens"], reported["completion_tokens"]))
    told = next((count for count in cached if count is not None), None)
    if told is not None and told > reported["prompt_tokens"]:
        given += told  # more was cached than the prompt holds: it stands beside
    assert (usage.input_tokens, usage.output_tokens) == (given, made)
    assert usage.total_tokens == reported["total_tokens"]
    assert usage.cached_input_tokens == told
    written = [into.get("cache_write_tokens"), reported.get("cache_creation_input_tokens")]
    assert usage.cache_write_tokens == next((count for count in written if count is not None), None)
    thought = [out.get("reasoning_tokens"), reported.get("reasoning_tokens")]
    assert usage.reasoning_tokens == next((count for count in thought if count is not None), None)
    assert (usage.input_audio_tokens, usage.output_audio_tokens) == (into.get("audio_tokens"), out.get("audio_tokens"))


@pytest.mark.parametrize("exchange", [chat for chat in GOOD if chat.id and chat.id.startswith("openrouter")])
def test_the_cost_that_openrouter_reports_is_taken(exchange: dict[str, Any]) -> None:
    reported = exchange["response"]["json"].get("usage") or {}
    cost = codec_of(exchange).decode(answered(exchange), prepared()).cost
    if reported.get("cost") is None:
        assert cost is None
        return
    details = reported.get("cost_details") or {}
    upstream = details.get("upstream_inference_cost") if reported.get("is_byok") else 0
    assert cost is not None
    assert float(cost.total_cost) == pytest.approx(reported["cost"] + (upstream or 0))
    assert float(cost.input_cost) == pytest.approx(details.get("upstream_inference_prompt_cost") or 0)
    assert float(cost.output_cost) == pytest.approx(details.get("upstream_inference_completions_cost") or 0)


@pytest.mark.parametrize("exchange", GOOD)
def test_nothing_in_a_captured_answer_is_unknown(exchange: dict[str, Any]) -> None:
    response = codec_of(exchange).decode(answered(exchange), prepared())
    found = {warning.code for warning in response.warnings}
    assert not found & {"unknown_content_block", "unknown_finish_reason"}
    assert all(part.provider == ACME for part in response.output.content if isinstance(part, ThinkingPart))
    assert codec_of(exchange).decode(answered(exchange), prepared()) == response


@pytest.mark.parametrize("exchange", BAD)
def test_a_captured_failure_is_a_typed_error(exchange: dict[str, Any]) -> None:
    reply = answered(exchange)
    error = codec_of(exchange).decode_error(reply, ACME, "some-model")
    assert isinstance(error, ProviderStatusError)
    assert error.status_code == reply.status
    assert isinstance(error, CredentialsRejected) == (reply.status in {401, 403})
    expected = {401: {"credentials_rejected"}, 403: {"permission_denied"}, 404: {"not_found"}}
    expected |= {402: {"quota_exhausted"}, 429: {"rate_limited", "quota_exhausted"}, 529: {"overloaded"}}
    expected |= {400: {"invalid_request", "context_too_long", "not_found"}, 413: {"rate_limited", "request_too_large"}}
    assert error.code in expected.get(reply.status, {"invalid_request", "server_error", "overloaded"})
    assert error.retryable == (reply.status >= 500 or error.code == "rate_limited")
    leaves = json.dumps(exchange["response"].get("json") or exchange["response"].get("text"))
    told = error.message.split(": ")[0][:40]
    assert told.startswith("the provider answered") or json.dumps(told)[1:-1] in leaves or "***" in told


@pytest.mark.parametrize("exchange", LISTS)
def test_a_captured_model_list_is_read_whole(exchange: dict[str, Any]) -> None:
    cards = exchange["response"]["json"]["data"]
    models = codec_of(exchange).decode_models(answered(exchange), ACME)
    assert [model.model_id for model in models] == list(dict.fromkeys(card["id"] for card in cards))
    for model, card in zip(models, cards, strict=True):
        assert model.display_name == card.get("name")
        asked = card.get("supported_parameters")
        assert model.supports_tools == (asked is None or "tools" in asked) or "capabilities" in card
        if "top_provider" in card:
            assert model.context_window == (card["top_provider"]["context_length"] or card["context_length"])
            assert model.max_output_tokens == card["top_provider"]["max_completion_tokens"]


def test_the_captured_exchanges_are_all_there() -> None:
    if not CHATS:
        pytest.skip("shared data is absent: set PROVIDER_RUNTIME_SHARED, or put it beside the checkout")
    assert len(GOOD) >= 500
    assert len(BAD) >= 40
    assert len(LISTS) >= 5
