"""The sandbox as an Ollama server, over real HTTP."""

import json
from typing import Any

import pytest

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
PATH = "/api/chat"


def asking(*said: dict[str, Any], **fields: Any) -> dict[str, Any]:
    messages = list(said) or [turn("user", "What is the weather in Paris?")]
    return {"model": "llama3.2", "messages": messages, "stream": False, **fields}


def turn(role: str, content: str, **fields: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **fields}


async def test_a_question_is_answered_in_text_that_says_what_was_asked(client: Any) -> None:
    reply = await client.post(PATH, asking(), authorization=None)
    answer = reply.json
    assert reply.status == 200
    assert (answer["model"], answer["done"], answer["done_reason"]) == ("llama3.2", True, "stop")
    said = "Sandbox (llama3.2): you said 6 words: What is the weather in Paris?"
    assert answer["message"] == {"role": "assistant", "content": said}
    assert answer["eval_count"] == -(-len(said) // 4)
    assert answer["created_at"].endswith("Z")


async def test_tokens_are_a_quarter_of_the_characters(client: Any) -> None:
    answer = (await client.post(PATH, asking(turn("user", "x" * 400)))).json
    assert answer["prompt_eval_count"] == 104  # 400 characters said, and "role", "user", "content" around them


async def test_a_tool_on_offer_is_called_and_its_result_is_reported(client: Any) -> None:
    first = (await client.post(PATH, asking(tools=[WEATHER]))).json
    (call,) = first["message"]["tool_calls"]
    assert first["done_reason"] == "stop"
    assert first["message"]["content"] == ""
    assert call["function"] == {"index": 0, "name": "get_weather", "arguments": {"city": "Paris"}}
    assert call["id"].startswith("call_")
    used = {"id": call["id"], "function": {"name": "get_weather", "arguments": call["function"]["arguments"]}}
    back = [
        *asking()["messages"],
        turn("assistant", "", tool_calls=[used]),
        turn("tool", "21 degrees", tool_name="get_weather", tool_call_id=call["id"]),
    ]
    second = (await client.post(PATH, asking(*back, tools=[WEATHER]))).json
    assert "21 degrees" in second["message"]["content"]
    assert "tool_calls" not in second["message"]


async def test_a_form_is_kept_to_and_no_tool_is_called(client: Any) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
    answer = (await client.post(PATH, asking(format=schema, tools=[WEATHER]))).json
    assert answer["message"]["content"] == '{"city":"Paris"}'
    answer = (await client.post(PATH, asking(format="json"))).json
    assert isinstance(json.loads(answer["message"]["content"]), dict)


async def test_num_predict_and_stop_sequences_end_an_answer(client: Any) -> None:
    answer = (await client.post(PATH, asking(options={"num_predict": 3}))).json
    assert (answer["done_reason"], answer["message"]["content"]) == ("length", "Sandbox (lla")
    answer = (await client.post(PATH, asking(options={"stop": ["you said"], "num_predict": -1}))).json
    assert (answer["done_reason"], answer["message"]["content"]) == ("stop", "Sandbox (llama3.2): ")


@pytest.mark.parametrize(
    ("model", "think", "thinks"),
    [
        ("qwen3:4b", True, True),
        ("qwen3:4b", False, False),
        ("qwen3:4b", None, True),
        ("llama3.2", None, False),
        ("llama3.2", False, False),
        ("gpt-oss:20b", "low", True),
        ("gpt-oss:20b", False, True),
    ],
)
async def test_models_think_when_told_to_and_those_that_always_do_even_when_told_not_to(
    client: Any, model: str, think: object, *, thinks: bool
) -> None:
    fields = {} if think is None else {"think": think}
    answer = (await client.post(PATH, asking(model=model, **fields))).json
    assert ("thinking" in answer["message"]) is thinks


async def test_a_request_without_messages_loads_the_model(client: Any) -> None:
    answer = (await client.post(PATH, {**asking(), "messages": []})).json
    assert (answer["done_reason"], answer["message"]["content"]) == ("load", "")
    assert "eval_count" not in answer


async def test_a_prompt_that_is_too_long_is_cut_unless_that_is_forbidden(client: Any) -> None:
    long = turn("user", "word " * 1000)
    cut = (await client.post(PATH, asking(long, options={"num_ctx": 1024}))).json
    assert cut["prompt_eval_count"] == 515
    reply = await client.post(PATH, asking(long, options={"num_ctx": 1024}, truncate=False))
    assert reply.status == 400
    inner = json.loads(reply.json["error"])["error"]
    assert (inner["type"], inner["n_ctx"]) == ("exceed_context_size_error", 1024)
    whole = (await client.post(PATH, asking(long, options={"num_ctx": 4096}, truncate=False))).json
    assert whole["prompt_eval_count"] == inner["n_prompt_tokens"]


CALL = {"id": "call_1", "function": {"name": "get_weather", "arguments": {}}}


@pytest.mark.parametrize(
    ("body", "status", "hint"),
    [
        (b"{", 400, "invalid character"),
        (b"[]", 400, "invalid character"),
        ({"messages": []}, 400, "model is required"),
        (asking(model="no-such-model:7b"), 404, "model 'no-such-model:7b' not found"),
        (asking(stream=True), 400, "does not stream"),
        ({**asking(), "messages": "Hi"}, 400, "cannot unmarshal"),
        (asking(turn("developer", "Hi")), 400, "invalid role"),
        (asking({"role": "user", "content": ["Hi"]}), 400, "cannot unmarshal array"),
        (asking(turn("user", "Hi", name="Ann")), 400, "no field 'name'"),
        (asking(turn("user", "Hi", images=["é"])), 400, "illegal base64"),
        (asking(turn("user", "Hi", images=[7])), 400, "illegal base64"),
        (asking(turn("assistant", "", tool_calls=[{"function": {"name": "f", "arguments": "{}"}}])), 400, "arguments"),
        (asking(turn("assistant", "", tool_calls=[{**CALL, "type": "function"}])), 400, "no field 'type'"),
        (asking(turn("assistant", "", tool_calls=["f"])), 400, "Sandbox"),
        (asking(turn("tool", "fine", tool_name="f", tool_call_id="call_1")), 400, "earlier call"),
        (asking(temperature=0.5), 400, "no field 'temperature'"),
        (asking(options={"temperatur": 0.5}), 400, "no field 'temperatur'"),
        (asking(options={"temperature": "hot"}), 400, 'option "temperature" must be of type float32'),
        (asking(options={"num_ctx": True}), 400, 'option "num_ctx" must be of type integer'),
        (asking(options={"stop": "END"}), 400, 'option "stop" must be of type array'),
        (asking(format="yaml"), 400, "invalid format"),
        (asking(truncate="no"), 400, "cannot unmarshal"),
        (asking(think="hard"), 400, "invalid think value"),
        (asking(think=True), 400, '"llama3.2" does not support thinking'),
        (asking(model="qwen3:4b", think="high"), 400, 'think value "high" is not supported for this model'),
        (asking(model="llama2", tools=[WEATHER]), 400, "does not support tools"),
        (asking(tools=[{**WEATHER, "type": "tool"}]), 400, "a tool is a function"),
        (asking(tools=[{**WEATHER, "function": {**WEATHER["function"], "strict": True}}]), 400, "no field 'strict'"),  # type: ignore[dict-item]  # the value of "function" is an object
    ],
)
async def test_what_the_server_would_not_understand_is_refused_in_its_words(
    client: Any, body: object, status: int, hint: str
) -> None:
    reply = await client.post(PATH, body)
    assert reply.status == status
    assert set(reply.json) == {"error"}
    assert hint in reply.json["error"]


async def test_a_wrong_key_is_refused_and_none_is_asked_for(client: Any) -> None:
    assert (await client.post(PATH, asking(), authorization="Bearer wrong-key")).status == 401
    assert (await client.post(PATH, asking(), authorization=None)).status == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", PATH, 405), ("POST", "/api/embed", 404)])
async def test_what_is_not_served_is_answered_in_plain_text(client: Any, method: str, path: str, status: int) -> None:
    reply = await (client.get(path) if method == "GET" else client.post(path, {}))
    assert (reply.status, reply.headers["content-type"]) == (status, "text/plain")


async def test_the_models_are_listed_with_what_they_can_do(client: Any) -> None:
    models = {model["name"]: model for model in (await client.get("/api/tags")).json["models"]}
    assert "thinking" in models["qwen3:4b"]["capabilities"]
    assert "vision" in models["gemma3:4b"]["capabilities"]
    assert models["gpt-oss:20b"]["details"]["context_length"] == 131_072
