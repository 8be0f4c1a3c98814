"""The sandbox as OpenAI's Responses API, over real HTTP."""

from typing import Any

import pytest

PATH = "/v1/responses"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True}
QUESTION = {"role": "user", "content": [{"type": "input_text", "text": "What is the weather in Paris?"}]}
REASONING = {
    "model": "gpt-5-mini",
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "store": False,
}
CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"}


def asking(*items: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "gpt-4.1-mini", "input": list(items) or [QUESTION], **fields}


async def test_a_question_is_answered_in_text_that_says_what_was_asked(client: Any) -> None:
    reply = await client.post(PATH, asking())
    answer = reply.json
    assert reply.status == 200
    assert reply.headers["x-request-id"].startswith("req_")
    assert (answer["object"], answer["status"], answer["model"]) == ("response", "completed", "gpt-4.1-mini")
    (message,) = answer["output"]
    assert (message["type"], message["role"]) == ("message", "assistant")
    assert message["content"][0]["text"] == "Sandbox (gpt-4.1-mini): you said 6 words: What is the weather in Paris?"


async def test_plain_text_is_an_input_too(client: Any) -> None:
    reply = await client.post(PATH, {"model": "gpt-4.1-mini", "input": "Hello"})
    assert "you said 1 word: Hello" in reply.json["output"][0]["content"][0]["text"]


async def test_a_tool_on_offer_is_called_and_its_result_is_reported(client: Any) -> None:
    (call,) = (await client.post(PATH, asking(tools=[WEATHER]))).json["output"]
    assert (call["type"], call["name"], call["arguments"]) == ("function_call", "get_weather", '{"city":"Paris"}')
    assert call["id"].startswith("fc_")
    assert call["call_id"].startswith("call_")
    output = {**OUTPUT, "call_id": call["call_id"]}
    (message,) = (await client.post(PATH, asking(QUESTION, call, output, tools=[WEATHER]))).json["output"]
    assert "21 degrees" in message["content"][0]["text"]


async def test_the_choice_of_tools_is_obeyed(client: Any) -> None:
    tools = [WEATHER, {**WEATHER, "name": "get_time"}]
    named = {"type": "function", "name": "get_time"}
    answer = (await client.post(PATH, asking(tools=tools, tool_choice=named))).json
    assert [item["name"] for item in answer["output"]] == ["get_time"]
    answer = (await client.post(PATH, asking(tools=tools, tool_choice="none"))).json
    assert [item["type"] for item in answer["output"]] == ["message"]
    # Whoever insists on a call gets one, even though a result came last.
    answer = (await client.post(PATH, asking(QUESTION, CALL, OUTPUT, tools=tools, tool_choice="required"))).json
    assert [item["type"] for item in answer["output"]] == ["function_call"]


async def test_a_schema_is_answered_with_a_value_of_it(client: Any) -> None:
    wanted = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}}
    answer = (await client.post(PATH, asking(text=wanted))).json
    assert answer["output"][0]["content"][0]["text"] == '{"city":"Paris"}'


async def test_a_json_object_needs_the_word_and_is_given(client: Any) -> None:
    wanted = {"format": {"type": "json_object"}}
    assert (await client.post(PATH, asking(text=wanted))).status == 400
    answer = (await client.post(PATH, asking(text=wanted, instructions="Answer in JSON."))).json
    assert answer["output"][0]["content"][0]["text"].startswith('{"sandbox":')


async def test_a_limit_leaves_the_answer_incomplete(client: Any) -> None:
    answer = (await client.post(PATH, asking({"role": "user", "content": "x" * 200}, max_output_tokens=16))).json
    assert answer["status"] == "incomplete"
    assert answer["incomplete_details"] == {"reason": "max_output_tokens"}
    assert answer["usage"]["output_tokens"] == 16


async def test_a_long_beginning_is_read_from_the_cache_once_the_assistant_has_spoken(client: Any) -> None:
    long = {"role": "user", "content": "y" * 8000}
    first = (await client.post(PATH, asking(long))).json["usage"]
    assert first["input_tokens_details"]["cached_tokens"] == 0
    assert first["total_tokens"] == first["input_tokens"] + first["output_tokens"]
    said = {"role": "assistant", "content": [{"type": "output_text", "text": "Fine."}]}
    second = (await client.post(PATH, asking(long, said, {"role": "user", "content": "And?"}))).json["usage"]
    cached = second["input_tokens_details"]["cached_tokens"]
    assert cached >= 1024
    assert cached % 128 == 0
    assert cached < second["input_tokens"]


# ── reasoning ───────────────────────────────────────────────────────────────────────────────


async def test_reasoning_comes_encrypted_with_a_summary_and_is_taken_back(client: Any) -> None:
    answer = (await client.post(PATH, asking(**REASONING, tools=[WEATHER]))).json
    thought, call = answer["output"]
    assert thought["type"] == "reasoning"
    assert thought["id"].startswith("rs_")
    assert "get_weather" in thought["summary"][0]["text"]
    assert answer["usage"]["output_tokens_details"]["reasoning_tokens"] > 0
    output = {**OUTPUT, "call_id": call["call_id"]}
    again = await client.post(PATH, asking(QUESTION, thought, call, output, **REASONING, tools=[WEATHER]))
    assert again.status == 200


async def test_reasoning_is_encrypted_and_summarised_only_if_asked(client: Any) -> None:
    answer = (await client.post(PATH, asking(model="gpt-5-mini"))).json
    thought = answer["output"][0]
    assert (thought["type"], thought["summary"]) == ("reasoning", [])
    assert "encrypted_content" not in thought
    resting = (await client.post(PATH, asking(model="gpt-5.1", reasoning={"effort": "none"}))).json
    assert [item["type"] for item in resting["output"]] == ["message"]
    assert resting["usage"]["output_tokens_details"]["reasoning_tokens"] == 0


async def _replay(client: Any, change: dict[str, Any], *, without: tuple[str, ...] = ()) -> Any:
    thought, message = (await client.post(PATH, asking(**REASONING))).json["output"]
    changed = {name: value for name, value in {**thought, **change}.items() if name not in without}
    said = {"role": "assistant", "content": [{"type": "output_text", "text": message["content"][0]["text"]}]}
    more = {"role": "user", "content": "Go on."}
    return await client.post(PATH, asking(QUESTION, changed, said, more, **REASONING))


async def test_encrypted_reasoning_that_was_changed_is_refused(client: Any) -> None:
    assert (await _replay(client, {})).status == 200
    for token in ("", "gAAAAAB", "A" * 120, "é"):
        reply = await _replay(client, {"encrypted_content": token})
        assert (reply.status, reply.json["error"]["code"]) == (400, "invalid_encrypted_content")


async def test_reasoning_without_its_encrypted_content_names_something_that_was_not_kept(client: Any) -> None:
    reply = await _replay(client, {}, without=("encrypted_content",))
    assert reply.status == 404
    assert "store" in reply.json["error"]["message"]


async def test_reasoning_needs_the_item_that_followed_it(client: Any) -> None:
    thought, _ = (await client.post(PATH, asking(**REASONING))).json["output"]
    for following in ([], [{"role": "user", "content": "Go on."}]):
        reply = await client.post(PATH, asking(QUESTION, thought, *following, **REASONING))
        assert reply.status == 400
        assert "required following item" in reply.json["error"]["message"]
    nameless = {name: value for name, value in thought.items() if name != "id"}
    assert (await client.post(PATH, asking(QUESTION, nameless, **REASONING))).status == 200


# ── what is refused ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headers", "code"), [({"authorization": None}, None), ({"authorization": "Bearer wrong-key"}, "invalid_api_key")]
)
async def test_a_good_key_is_insisted_on(client: Any, headers: dict[str, str | None], code: str | None) -> None:
    reply = await client.post(PATH, asking(), **headers)
    error = reply.json["error"]
    assert (reply.status, error["type"], error["code"]) == (401, "invalid_request_error", code)
    assert set(error) == {"message", "type", "param", "code"}
    assert "wrong-key" not in error["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", None),
        (b"", None),
        ({"model": "m"}, "missing_required_parameter"),
        ({"input": "Hi"}, "missing_required_parameter"),
        (asking(stop=["x"]), "unknown_parameter"),
        (asking(model="no-such-model"), "model_not_found"),
        (asking(stream=True), "unsupported_value"),
        (asking(previous_response_id="resp_1"), "not_found"),
        (asking(max_output_tokens=1), "integer_below_min_value"),
        (asking(max_output_tokens="9"), "invalid_type"),
        (asking(temperature=3), "decimal_above_max_value"),
        (asking(top_p=-1), "decimal_below_min_value"),
        (asking(model="gpt-5-mini", temperature=1), "unsupported_parameter"),
        (asking(reasoning={"effort": "low"}), "unsupported_parameter"),
        (asking(model="gpt-5", reasoning={"effort": "much"}), "invalid_value"),
        (asking(include=["reasoning.encrypted_content"]), None),
        (asking(metadata={str(n): "x" for n in range(17)}), "object_above_max_properties"),
        (asking(metadata={"a": "x" * 513}), "string_above_max_length"),
        (asking(metadata={"a": 1}), "invalid_type"),
        (asking(tools=[{"name": "t"}]), "missing_required_parameter"),
        (asking(tools=[{**WEATHER, "name": "get weather"}]), "invalid_value"),
        (asking(tools=[{**WEATHER, "parameters": {"type": "object"}}]), "invalid_function_parameters"),
        (asking(tools=[{**WEATHER, "parameters": {**SCHEMA, "required": []}}]), "invalid_function_parameters"),
        (asking(tool_choice="required"), None),
        (asking(tools=[WEATHER], tool_choice="perhaps"), "invalid_value"),
        (asking(tools=[WEATHER], tool_choice={"type": "function", "name": "other"}), None),
        (asking(text={"format": {"type": "yaml"}}), "invalid_value"),
        (asking(text={"format": {"type": "json_schema", "schema": SCHEMA}}), "missing_required_parameter"),
        (
            asking(text={"format": {"type": "json_schema", "name": "n", "strict": True, "schema": {"type": "object"}}}),
            "invalid_json_schema",
        ),
        (asking({"role": "robot", "content": "Hi"}), "invalid_value"),
        (asking({"role": "user", "content": [{"type": "output_text", "text": "Hi"}]}), "invalid_value"),
        (asking({"role": "assistant", "content": [{"type": "input_text", "text": "Hi"}]}), "invalid_value"),
        (asking({"role": "user"}), "missing_required_parameter"),
        (asking({"role": "user", "content": [{"type": "input_text"}]}), "missing_required_parameter"),
        (asking({"type": "telepathy"}), "invalid_value"),
        (asking(QUESTION, OUTPUT), None),
        (asking(QUESTION, CALL), None),
        (asking(QUESTION, OUTPUT, CALL), None),
        (asking(QUESTION, {**CALL, "arguments": {}}, OUTPUT), "missing_required_parameter"),
        (asking(QUESTION, {"type": "reasoning", "id": "rs_1"}), "missing_required_parameter"),
        ({"model": "m", "input": {"role": "user"}}, "invalid_type"),
    ],
)
async def test_what_the_api_would_turn_down_is_turned_down(client: Any, body: Any, code: str | None) -> None:
    reply = await client.post(PATH, body)
    assert reply.status == 400
    assert reply.json["error"]["code"] == code
    assert "shape it cannot read" not in reply.json["error"]["message"]


async def test_the_model_list_is_openais(client: Any) -> None:
    assert [model["object"] for model in (await client.get("/v1/models")).json["data"]] == ["model"] * 3
    assert (await client.get("/v1/models", authorization=None)).status == 401
    assert (await client.get(PATH)).status == 405
