"""The sandbox as Chat Completions: OpenAI's, OpenRouter's, and a compatible server's, over real HTTP."""

from typing import Any

import msgspec
import pytest

OPENAI, COMPATIBLE, OPENROUTER = "/v1/chat/completions", "/compatible/v1/chat/completions", "/api/v1/chat/completions"
EVERYWHERE = pytest.mark.parametrize("path", [OPENAI, COMPATIBLE, OPENROUTER])
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
QUESTION = {"role": "user", "content": "What is the weather in Paris?"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"}
CLAUDE = "anthropic/claude-sonnet-4.5"


def asking(*messages: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "gpt-4.1-mini", "messages": list(messages) or [QUESTION], **fields}


def choice_of(reply: Any) -> dict[str, Any]:
    choice: dict[str, Any] = reply.json["choices"][0]
    return choice


@EVERYWHERE
async def test_a_question_is_answered_in_text_that_says_what_was_asked(client: Any, path: str) -> None:
    reply = await client.post(path, asking())
    assert reply.status == 200
    assert reply.json["object"] == "chat.completion"
    choice = choice_of(reply)
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"].endswith("you said 6 words: What is the weather in Paris?")


@EVERYWHERE
async def test_a_tool_on_offer_is_called_and_its_result_is_reported(client: Any, path: str) -> None:
    choice = choice_of(await client.post(path, asking(tools=[WEATHER])))
    assert choice["finish_reason"] == "tool_calls"
    message = choice["message"]
    assert message["content"] is None
    (call,) = message["tool_calls"]
    assert call["function"] == {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    said = {"role": "assistant", "content": None, "tool_calls": [{**call, "index": 0}]}
    result = {**RESULT, "tool_call_id": call["id"]}
    choice = choice_of(await client.post(path, asking(QUESTION, said, result, tools=[WEATHER])))
    assert "21 degrees" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"


@EVERYWHERE
async def test_the_choice_of_tools_is_obeyed(client: Any, path: str) -> None:
    other = {"type": "function", "function": {"name": "get_time"}}
    named = {"type": "function", "function": {"name": "get_time"}}
    choice = choice_of(await client.post(path, asking(tools=[WEATHER, other], tool_choice=named)))
    assert [call["function"]["name"] for call in choice["message"]["tool_calls"]] == ["get_time"]
    choice = choice_of(await client.post(path, asking(tools=[WEATHER], tool_choice="none")))
    assert "tool_calls" not in choice["message"]


@EVERYWHERE
async def test_schemas_limits_and_stops_are_kept_to(client: Any, path: str) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
    assert (
        choice_of(await client.post(path, asking(response_format=wanted)))["message"]["content"] == '{"city":"Paris"}'
    )
    choice = choice_of(await client.post(path, asking(max_tokens=4)))
    assert (choice["finish_reason"], choice["message"]["content"]) == ("length", "Sandbox (gpt-4.1")
    choice = choice_of(await client.post(path, asking(stop="you said")))
    assert (choice["finish_reason"], choice["message"]["content"]) == ("stop", "Sandbox (gpt-4.1-mini): ")


@EVERYWHERE
async def test_a_long_beginning_is_read_from_the_cache_once_the_assistant_has_spoken(client: Any, path: str) -> None:
    long = {"role": "user", "content": "y" * 8000}
    first = (await client.post(path, asking(long))).json["usage"]
    second = (await client.post(path, asking(long, {"role": "assistant", "content": "Fine."}, QUESTION))).json["usage"]
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    assert first["total_tokens"] == first["prompt_tokens"] + first["completion_tokens"]
    assert 1024 <= second["prompt_tokens_details"]["cached_tokens"] < second["prompt_tokens"]


# ── reasoning ───────────────────────────────────────────────────────────────────────────────


async def test_openai_bills_reasoning_and_does_not_show_it(client: Any) -> None:
    reply = await client.post(OPENAI, asking(model="gpt-5-mini"))
    assert set(choice_of(reply)["message"]) == {"role", "content", "refusal", "annotations"}
    assert reply.json["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    reply = await client.post(OPENAI, asking(model="gpt-5.1", reasoning_effort="none"))
    assert reply.json["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


@pytest.mark.parametrize(
    ("fields", "thinks"),
    [
        ({}, False),
        ({"reasoning_effort": "low"}, True),
        ({"reasoning_effort": "none", "model": "deepseek-reasoner"}, False),
        ({"model": "deepseek-reasoner"}, True),
        ({"thinking": {"type": "enabled"}}, True),
        ({"model": "qwen3-thinking", "chat_template_kwargs": {"enable_thinking": False}}, False),
    ],
)
async def test_a_compatible_server_shows_reasoning_and_takes_it_back(
    client: Any, fields: dict[str, Any], *, thinks: bool
) -> None:
    message = choice_of(await client.post(COMPATIBLE, asking(**fields)))["message"]
    assert ("reasoning_content" in message) == thinks
    assert (await client.post(COMPATIBLE, asking(QUESTION, message, QUESTION, **fields))).status == 200


async def test_openrouter_signs_reasoning_and_takes_it_back(client: Any) -> None:
    asked = asking(model=CLAUDE, reasoning={"effort": "low"}, tools=[WEATHER])
    message = choice_of(await client.post(OPENROUTER, asked))["message"]
    (detail,) = message["reasoning_details"]
    assert (detail["type"], detail["text"]) == ("reasoning.text", message["reasoning"])
    result = {**RESULT, "tool_call_id": message["tool_calls"][0]["id"]}
    again = {**asked, "messages": [QUESTION, message, result]}
    assert (await client.post(OPENROUTER, again)).status == 200


@pytest.mark.parametrize("change", [{"text": "Something else."}, {"signature": "AAAA"}, {"signature": None}])
async def test_openrouter_passes_on_the_refusal_of_reasoning_that_was_tampered_with(
    client: Any, change: dict[str, Any]
) -> None:
    asked = asking(model=CLAUDE, reasoning={"max_tokens": 1024})
    message = choice_of(await client.post(OPENROUTER, asked))["message"]
    message["reasoning_details"][0] |= change
    reply = await client.post(OPENROUTER, {**asked, "messages": [QUESTION, message, QUESTION]})
    assert reply.status == 400
    error = reply.json["error"]
    assert (error["message"], error["code"]) == ("Provider returned error", 400)
    assert error["metadata"]["provider_name"] == "Anthropic"
    assert "signature" in msgspec.json.decode(error["metadata"]["raw"])["error"]["message"]


@pytest.mark.parametrize("model", ["openai/gpt-5-mini", "google/gemini-3-flash"])
async def test_openrouter_seals_the_reasoning_of_others(client: Any, model: str) -> None:
    asked = asking(model=model, reasoning={"enabled": True})
    message = choice_of(await client.post(OPENROUTER, asked))["message"]
    assert message["reasoning_details"][1]["type"] == "reasoning.encrypted"
    again = {**asked, "messages": [QUESTION, message, QUESTION]}
    assert (await client.post(OPENROUTER, again)).status == 200
    # What one provider sealed is nothing to another.
    foreign = {**again, "model": "openai/gpt-5-mini" if model.startswith("google") else "google/gemini-3-flash"}
    assert (await client.post(OPENROUTER, foreign)).status == 400


async def test_openrouter_shows_no_reasoning_where_it_is_excluded(client: Any) -> None:
    reply = await client.post(OPENROUTER, asking(model=CLAUDE, reasoning={"effort": "high", "exclude": True}))
    assert choice_of(reply)["message"]["reasoning"] is None
    assert reply.json["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0


# ── OpenRouter's own ────────────────────────────────────────────────────────────────────────


async def test_openrouter_says_what_a_call_cost(client: Any) -> None:
    reply = await client.post(OPENROUTER, asking(model=CLAUDE))
    usage = reply.json["usage"]
    assert usage["cost"] == pytest.approx((usage["prompt_tokens"] + 5 * usage["completion_tokens"]) / 1e6)
    assert reply.json["provider"] == "Anthropic"
    assert reply.json["id"].startswith("gen-")
    assert reply.body.startswith(b"\n")


async def test_openrouter_writes_and_reads_a_marked_beginning(client: Any) -> None:
    part = {"type": "text", "text": "z" * 4000, "cache_control": {"type": "ephemeral"}}
    marked = {"role": "system", "content": [part]}
    first = (await client.post(OPENROUTER, asking(marked, QUESTION))).json["usage"]["prompt_tokens_details"]
    again = asking(marked, QUESTION, {"role": "assistant", "content": "Fine."}, QUESTION)
    second = (await client.post(OPENROUTER, again)).json["usage"]["prompt_tokens_details"]
    assert (first["cached_tokens"], second["cache_write_tokens"]) == (0, 0)
    assert first["cache_write_tokens"] == second["cached_tokens"] > 1000


async def test_openrouter_takes_a_list_of_models(client: Any) -> None:
    body = asking(models=[CLAUDE, "openai/gpt-5-mini"])
    del body["model"]
    assert (await client.post(OPENROUTER, body)).json["model"] == CLAUDE


async def test_openrouter_lists_models_to_anybody(client: Any) -> None:
    reply = await client.get("/api/v1/models", authorization=None)
    assert reply.status == 200
    assert reply.json["data"][0]["pricing"]["prompt"] == "0.000001"


async def test_a_compatible_server_needs_no_key_and_passes_over_what_it_does_not_know(client: Any) -> None:
    assert (await client.post(COMPATIBLE, asking(repetition_penalty=1.1), authorization=None)).status == 200
    assert (await client.get("/compatible/v1/models", authorization=None)).status == 200
    assert (await client.post(COMPATIBLE, asking(), authorization="Bearer wrong-key")).status == 401
    assert (await client.post("/compatible/v1/elsewhere", asking())).status == 404


# ── what is refused ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [OPENAI, OPENROUTER])
@pytest.mark.parametrize("header", [None, "Bearer wrong-key"])
async def test_a_good_key_is_insisted_on(client: Any, path: str, header: str | None) -> None:
    assert (await client.post(path, asking(), authorization=header)).status == 401


@pytest.mark.parametrize(("path", "status"), [(OPENAI, 404), (OPENROUTER, 400), (COMPATIBLE, 404)])
async def test_an_unknown_model_is_answered_as_each_vendor_does(client: Any, path: str, status: int) -> None:
    reply = await client.post(path, asking(model="no-such-model"))
    assert reply.status == status
    assert reply.json["error"]["message"]


async def test_errors_carry_what_each_vendor_calls_a_code(client: Any) -> None:
    wrong = asking(temperature=9)
    codes = [(await client.post(path, wrong)).json["error"]["code"] for path in (OPENAI, OPENROUTER, COMPATIBLE)]
    assert codes == ["decimal_above_max_value", 400, 400]


@EVERYWHERE
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        {"model": "m"},
        {"messages": [QUESTION]},
        asking(stream=True),
        asking(n=2),
        asking(temperature=3),
        asking(frequency_penalty=-3),
        asking(max_tokens=0),
        asking(stop=["a", "b", "c", "d", "e"]),
        asking(metadata={"a": 1}),
        asking(tools=[{"type": "telepathy"}]),
        asking(tools=[{"type": "function", "function": {"name": "get weather"}}]),
        asking(tools=[{"type": "function", "function": {"name": "t", "parameters": {}, "strict": True}}]),
        asking(tool_choice="auto"),
        asking(tools=[WEATHER], tool_choice="perhaps"),
        asking(tools=[WEATHER], tool_choice={"type": "function", "function": {"name": "other"}}),
        asking(response_format={"type": "yaml"}),
        asking(response_format={"type": "json_object"}),
        asking({"role": "robot", "content": "Hi"}),
        asking({"role": "user", "content": None}),
        asking({"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}),
        asking({"role": "user", "content": [{"type": "text"}]}),
        asking({"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}),
        asking({"role": "assistant", "content": None}),
        asking(QUESTION, RESULT),
        asking(QUESTION, CALLING),
        asking(QUESTION, CALLING, QUESTION, RESULT),
        asking(QUESTION, CALLING, RESULT, RESULT),
        asking(QUESTION, {**CALLING, "tool_calls": [{**CALL, "id": ""}]}),
        asking(QUESTION, {**CALLING, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "t"}}]}),
        asking(QUESTION, {**CALLING, "tool_calls": [{"id": "call_1"}]}),
        {"model": "m", "messages": {"role": "user"}},
    ],
)
async def test_what_the_api_would_turn_down_is_turned_down(client: Any, path: str, body: Any) -> None:
    reply = await client.post(path, body)
    assert reply.status == 400
    assert "shape it cannot read" not in reply.json["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        asking(foo=1),
        asking(model="gpt-5-mini", max_tokens=100),
        asking(QUESTION, {"role": "assistant", "content": "Hi", "reasoning_content": "hm"}, QUESTION),
    ],
)
async def test_openai_knows_its_own_fields_only(client: Any, body: Any) -> None:
    assert (await client.post(OPENAI, body)).status == 400
    assert (await client.post(COMPATIBLE, body)).status == 200
