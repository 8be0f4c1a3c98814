"""The sandbox as Anthropic, over real HTTP."""

from typing import Any

import pytest

from provider_runtime.testing.sandbox.stamps import Stamps

WEATHER = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PATH = "/v1/messages"
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}


def asking(*turns: dict[str, Any], **fields: Any) -> dict[str, Any]:
    messages = list(turns) or [{"role": "user", "content": "What is the weather in Paris?"}]
    return {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": messages, **fields}


def turn(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


async def test_a_question_is_answered_in_text_that_says_what_was_asked(client: Any) -> None:
    reply = await client.post(PATH, asking())
    answer = reply.json
    assert reply.status == 200
    assert reply.headers["request-id"].startswith("req_")
    assert (answer["type"], answer["role"], answer["stop_reason"]) == ("message", "assistant", "end_turn")
    assert answer["id"].startswith("msg_")
    (block,) = answer["content"]
    assert block["text"] == "Sandbox (claude-sonnet-4-5): you said 6 words: What is the weather in Paris?"


async def test_a_tool_on_offer_is_called_and_its_result_is_reported(client: Any) -> None:
    first = (await client.post(PATH, asking(tools=[WEATHER]))).json
    (call,) = first["content"]
    assert (first["stop_reason"], call["type"], call["name"]) == ("tool_use", "tool_use", "get_weather")
    assert call["input"] == {"city": "Paris"}
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "21 degrees"}
    body = asking(*asking()["messages"], turn("assistant", first["content"]), turn("user", [result]), tools=[WEATHER])
    second = (await client.post(PATH, body)).json
    assert second["stop_reason"] == "end_turn"
    assert "21 degrees" in second["content"][0]["text"]


async def test_the_named_tool_is_called_and_none_when_none_may_be(client: Any) -> None:
    other = {**WEATHER, "name": "get_time"}
    named = {"type": "tool", "name": "get_time"}
    answer = (await client.post(PATH, asking(tools=[WEATHER, other], tool_choice=named))).json
    assert [block["name"] for block in answer["content"]] == ["get_time"]
    answer = (await client.post(PATH, asking(tools=[WEATHER], tool_choice={"type": "none"}))).json
    assert answer["stop_reason"] == "end_turn"


async def test_several_tools_named_in_the_prompt_are_called_at_once_unless_told_otherwise(client: Any) -> None:
    tools = [{**WEATHER, "name": name} for name in ("add", "multiply", "divide")]
    said = turn("user", "Please multiply and add 2 and 3.")
    answer = (await client.post(PATH, asking(said, tools=tools))).json
    assert [block["name"] for block in answer["content"]] == ["add", "multiply"]
    one = {"type": "auto", "disable_parallel_tool_use": True}
    answer = (await client.post(PATH, asking(said, tools=tools, tool_choice=one))).json
    assert [block["name"] for block in answer["content"]] == ["add"]


async def test_a_schema_is_answered_with_a_value_of_it(client: Any) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
    wanted = {"format": {"type": "json_schema", "schema": schema}}
    answer = (await client.post(PATH, asking(output_config=wanted))).json
    assert answer["content"][0]["text"] == '{"city":"Paris"}'


async def test_max_tokens_and_stop_sequences_end_an_answer(client: Any) -> None:
    answer = (await client.post(PATH, asking(max_tokens=3))).json
    assert (answer["stop_reason"], answer["content"][0]["text"]) == ("max_tokens", "Sandbox (cla")
    assert answer["usage"]["output_tokens"] == 3
    answer = (await client.post(PATH, asking(stop_sequences=["nowhere", "you said"]))).json
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", "you said")
    assert answer["content"][0]["text"] == "Sandbox (claude-sonnet-4-5): "


async def test_equal_requests_get_equal_answers_and_other_request_ids(client: Any) -> None:
    one, other = [await client.post(PATH, asking()) for _ in range(2)]
    assert one.body == other.body
    assert one.headers["request-id"] != other.headers["request-id"]


# ── usage ───────────────────────────────────────────────────────────────────────────────────


async def test_tokens_are_a_quarter_of_the_characters(client: Any) -> None:
    answer = (await client.post(PATH, asking(turn("user", "x" * 400)))).json
    # 400 characters said, and "role", "user", "content" around them.
    assert answer["usage"]["input_tokens"] == 104
    text = answer["content"][0]["text"]
    assert answer["usage"]["output_tokens"] == -(-len(text) // 4)


async def test_a_marked_beginning_is_written_to_the_cache_and_read_once_the_assistant_has_spoken(client: Any) -> None:
    system = [{"type": "text", "text": "y" * 4000, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    first = (await client.post(PATH, asking(system=system))).json["usage"]
    assert first["cache_creation_input_tokens"] > 1000
    assert first["cache_creation"]["ephemeral_1h_input_tokens"] == first["cache_creation_input_tokens"]
    assert first["cache_read_input_tokens"] == 0
    assert 0 < first["input_tokens"] < 100
    turns = [*asking()["messages"], turn("assistant", "Fine."), turn("user", "And tomorrow?")]
    second = (await client.post(PATH, asking(*turns, system=system))).json["usage"]
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert second["cache_creation_input_tokens"] == 0


# ── reasoning ───────────────────────────────────────────────────────────────────────────────


async def a_thought(client: Any, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = (await client.post(PATH, asking(tools=[WEATHER], **{**THINKING, **fields}))).json
    return answer["content"][0], answer


def replaying(answer: dict[str, Any], thought: dict[str, Any], **fields: Any) -> dict[str, Any]:
    call = answer["content"][1]
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "21 degrees"}
    turns = [*asking()["messages"], turn("assistant", [thought, call]), turn("user", [result])]
    return asking(*turns, tools=[WEATHER], **{**THINKING, **fields})


async def test_reasoning_comes_signed_and_is_taken_back_as_it_was(client: Any) -> None:
    thought, answer = await a_thought(client)
    assert thought["type"] == "thinking"
    assert "get_weather" in thought["thinking"]
    assert answer["usage"]["output_tokens_details"]["thinking_tokens"] == -(-len(thought["thinking"]) // 4)
    reply = await client.post(PATH, replaying(answer, thought))
    assert reply.status == 200


async def test_omitted_reasoning_is_an_empty_block_that_is_taken_back(client: Any) -> None:
    thinking = {"type": "adaptive", "display": "omitted"}
    thought, answer = await a_thought(client, thinking=thinking)
    assert thought["thinking"] == ""
    assert (await client.post(PATH, replaying(answer, thought, thinking=thinking))).status == 200


async def test_hidden_reasoning_is_taken_back(client: Any) -> None:
    said = turn("user", "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9 please")
    answer = (await client.post(PATH, asking(said, **THINKING))).json
    hidden = answer["content"][0]
    assert set(hidden) == {"type", "data"}
    turns = [said, turn("assistant", answer["content"]), turn("user", "Go on.")]
    assert (await client.post(PATH, asking(*turns, **THINKING))).status == 200
    turns[1] = turn("assistant", [{**hidden, "data": hidden["data"][::-1]}, *answer["content"][1:]])
    assert (await client.post(PATH, asking(*turns, **THINKING))).status == 400


@pytest.mark.parametrize(
    "change",
    [
        {"thinking": "I thought something else."},
        {"thinking": ""},
        {"signature": "c2lnbmF0dXJl"},
        {"signature": ""},
        {"signature": None},
        {"signature": "é"},
    ],
)
async def test_reasoning_that_was_tampered_with_is_refused(client: Any, change: dict[str, Any]) -> None:
    thought, answer = await a_thought(client)
    reply = await client.post(PATH, replaying(answer, {**thought, **change}))
    assert reply.status == 400
    assert "Invalid `signature` in `thinking` block" in reply.json["error"]["message"]


async def test_reasoning_of_another_sandbox_is_refused(client: Any) -> None:
    thought, answer = await a_thought(client)
    foreign = Stamps(key=b"another").signature("anthropic", thought["thinking"])
    assert (await client.post(PATH, replaying(answer, {**thought, "signature": foreign}))).status == 400


async def test_with_a_budget_the_turn_that_called_a_tool_must_begin_with_its_reasoning(client: Any) -> None:
    _, answer = await a_thought(client)
    body = replaying(answer, answer["content"][0])
    body["messages"][1]["content"] = answer["content"][1:]
    reply = await client.post(PATH, body)
    assert reply.status == 400
    assert "expected `thinking`" in reply.json["error"]["message"]
    del body["thinking"]
    assert (await client.post(PATH, body)).status == 200


# ── what is refused ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headers", "status", "kind", "hint"),
    [
        ({"x_api_key": None}, 401, "authentication_error", "required"),
        ({"x_api_key": "wrong-key"}, 401, "authentication_error", "invalid x-api-key"),
        ({"x_api_key": None, "authorization": "Bearer wrong-key"}, 401, "authentication_error", "invalid"),
        ({"anthropic_version": None}, 400, "invalid_request_error", "anthropic-version"),
        ({"anthropic_version": "2020-01-01"}, 400, "invalid_request_error", "anthropic-version"),
    ],
)
async def test_headers_are_insisted_on(
    client: Any, headers: dict[str, str | None], status: int, kind: str, hint: str
) -> None:
    reply = await client.post(PATH, asking(), **headers)
    assert reply.status == status
    error = reply.json
    assert (error["type"], error["error"]["type"]) == ("error", kind)
    assert hint in error["error"]["message"]
    assert error["request_id"] == reply.headers["request-id"]


async def test_a_bearer_token_is_a_key_too(client: Any) -> None:
    assert (await client.post(PATH, asking(), x_api_key=None, authorization="Bearer key")).status == 200


USE = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "fine"}
HELLO = turn("user", "Hello")


@pytest.mark.parametrize(
    ("body", "status", "hint"),
    [
        (b"{", 400, "not a JSON object"),
        (b"[]", 400, "not a JSON object"),
        (b'{"model": "\xff"}', 400, "not a JSON object"),
        ({"model": "m", "messages": [HELLO]}, 400, "max_tokens: Field required"),
        (asking(max_tokens=0), 400, "max_tokens"),
        (asking(max_tokens="5"), 400, "max_tokens"),
        (asking(seed=1), 400, "seed: Extra inputs are not permitted"),
        (asking(model="no-such-model"), 404, "model: no-such-model"),
        (asking(stream=True), 400, "stream"),
        (asking(temperature=1.5), 400, "temperature"),
        (asking(stop_sequences=[" "]), 400, "stop_sequences"),
        ({**asking(), "messages": []}, 400, "at least one message"),
        (asking(turn("assistant", "Hi")), 400, "first message"),
        (asking(turn("developer", "Hi")), 400, "role"),
        (asking(HELLO, turn("system", "Be brief.")), 400, "'system' is not supported"),
        (asking(turn("user", "")), 400, "must have content"),
        (asking(turn("user", [{"type": "text", "text": " "}])), 400, "white space"),
        (asking(turn("user", [{"type": "input_text", "text": "Hi"}])), 400, "input_text"),
        (asking(turn("user", [RESULT])), 400, "unexpected `tool_use_id`"),
        (asking(turn("user", [{"type": "text", "text": "Hi"}, RESULT])), 400, "unexpected `tool_use_id`"),
        (asking(HELLO, turn("assistant", [USE])), 400, "without `tool_result`"),
        (asking(HELLO, turn("assistant", [USE]), HELLO), 400, "without `tool_result`"),
        (asking(HELLO, turn("assistant", [USE]), HELLO, turn("user", [RESULT])), 400, "without `tool_result`"),
        (asking(HELLO, turn("assistant", [USE, USE]), turn("user", [RESULT, RESULT])), 400, "unique"),
        (asking(HELLO, turn("assistant", [{**USE, "input": "{}"}]), turn("user", [RESULT])), 400, "tool_use"),
        (asking(tools=[{**WEATHER, "name": "get weather"}]), 400, "tools.0.name"),
        (asking(tools=[WEATHER, WEATHER]), 400, "unique"),
        (asking(tools=[{"name": "t", "input_schema": {}}]), 400, "input_schema"),
        (asking(tools=[{**WEATHER, "strict": True}]), 400, "additionalProperties"),
        (asking(tool_choice={"type": "any"}), 400, "tool_choice"),
        (asking(tools=[WEATHER], tool_choice={"type": "tool", "name": "other"}), 400, "other"),
        (asking(thinking={"type": "enabled", "budget_tokens": 100}), 400, "budget_tokens"),
        (asking(thinking={"type": "enabled", "budget_tokens": 1024}), 400, "max_tokens"),
        (asking(**THINKING, temperature=0.5), 400, "thinking is on"),
        (asking(**THINKING, tools=[WEATHER], tool_choice={"type": "any"}), 400, "forces tool use"),
        (asking(output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}}), 400, "additional"),
        (asking(system=[{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}] * 5), 400, "4"),
        (asking(turn("user", 7)), 400, "content"),
        ({**asking(), "messages": [3]}, 400, "role"),
        ({**asking(), "tools": [3]}, 400, "tools.0"),
        ({**asking(), "thinking": 3}, 400, "thinking"),
        ({**asking(), "output_config": []}, 400, "output_config.format"),
    ],
)
async def test_what_the_api_would_turn_down_is_turned_down(client: Any, body: Any, status: int, hint: str) -> None:
    reply = await client.post(PATH, body)
    assert reply.status == status
    assert hint in reply.json["error"]["message"]


async def test_sampling_is_refused_by_the_newer_version(client: Any) -> None:
    assert (await client.post(PATH, asking(temperature=0.5))).status == 200
    reply = await client.post(PATH, asking(temperature=0.5), anthropic_version="2026-10-21")
    assert reply.status == 400


async def test_newer_models_take_system_messages_in_place(client: Any) -> None:
    assert (await client.post(PATH, asking(HELLO, turn("system", "Be brief."), model="claude-opus-5"))).status == 200


async def test_the_model_list_is_anthropics_for_who_sends_its_headers(client: Any) -> None:
    reply = await client.get("/v1/models", x_api_key="key", anthropic_version="2023-06-01", authorization=None)
    assert all(model["id"].startswith("claude-") for model in reply.json["data"])
    assert reply.json["has_more"] is False
    reply = await client.get("/v1/models", x_api_key="wrong-key", anthropic_version="2023-06-01", authorization=None)
    assert reply.status == 401
