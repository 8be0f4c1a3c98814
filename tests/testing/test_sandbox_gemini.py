"""The sandbox as the Gemini API, over real HTTP."""

from typing import Any

import pytest
from attrs import evolve

from provider_runtime.composition.lifecycle import open_runtime
from provider_runtime.domain.catalog.models import DiscoveryOptions
from provider_runtime.domain.conversation.messages import tool_result, user
from provider_runtime.domain.conversation.request import Effort, JsonSchemaFormat, ProviderRequest, ReasoningEffort
from provider_runtime.domain.conversation.response import FinishReason
from provider_runtime.domain.conversation.tools import ToolDefinition
from provider_runtime.domain.errors import CredentialsRejected, ErrorCode, ProviderStatusError
from provider_runtime.domain.identity import GEMINI
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.sandbox import Fault, Sandbox
from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.settings import sandbox_settings

MODEL = "gemini-3-flash-preview"
OLDER = "gemini-2.5-flash"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "parametersJsonSchema": SCHEMA}
TOOLS = [{"functionDeclarations": [WEATHER]}]
THINKING = {"thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": True}}


def path(model: str = MODEL) -> str:
    return f"/v1beta/models/{model}:generateContent"


def turn(role: str, *parts: Any) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


def asking(*turns: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"contents": list(turns) or [turn("user", "What is the weather in Paris?")], **fields}


def parts_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = answer["candidates"][0]["content"].get("parts", [])
    return parts


async def test_a_question_is_answered_in_text_that_says_what_was_asked(client: Any) -> None:
    reply = await client.post(path(), asking())
    answer = reply.json
    assert reply.status == 200
    (candidate,) = answer["candidates"]
    assert (candidate["finishReason"], candidate["content"]["role"]) == ("STOP", "model")
    assert parts_of(answer) == [{"text": f"Sandbox ({MODEL}): you said 6 words: What is the weather in Paris?"}]
    assert answer["modelVersion"] == MODEL
    assert len(answer["responseId"]) == 22


async def test_a_tool_on_offer_is_called_and_its_result_is_reported(client: Any) -> None:
    first = (await client.post(path(), asking(tools=TOOLS))).json
    (part,) = parts_of(first)
    call = part["functionCall"]
    assert (first["candidates"][0]["finishReason"], call["name"], call["args"]) == (
        "STOP",
        "get_weather",
        {"city": "Paris"},
    )
    assert part["thoughtSignature"]
    result = {"id": call["id"], "name": "get_weather", "response": {"result": "21 degrees"}}
    turns = [*asking()["contents"], turn("model", part), turn("user", {"functionResponse": result})]
    second = (await client.post(path(), asking(*turns, tools=TOOLS))).json
    assert "21 degrees" in parts_of(second)[0]["text"]


async def test_the_named_tool_is_called_and_none_when_none_may_be(client: Any) -> None:
    tools = [{"functionDeclarations": [WEATHER, {**WEATHER, "name": "get_time"}]}]
    config = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get_time"]}}
    answer = (await client.post(path(), asking(tools=tools, toolConfig=config))).json
    assert [part["functionCall"]["name"] for part in parts_of(answer)] == ["get_time"]
    config = {"functionCallingConfig": {"mode": "NONE"}}
    assert "text" in parts_of((await client.post(path(), asking(tools=tools, toolConfig=config))).json)[0]


async def test_of_several_calls_at_once_only_the_first_is_signed(client: Any) -> None:
    tools = [{"functionDeclarations": [{**WEATHER, "name": name} for name in ("add", "multiply", "divide")]}]
    answer = (await client.post(path(), asking(turn("user", "Please multiply and add 2 and 3."), tools=tools))).json
    assert [part["functionCall"]["name"] for part in parts_of(answer)] == ["add", "multiply"]
    assert ["thoughtSignature" in part for part in parts_of(answer)] == [True, False]


async def test_a_schema_is_answered_with_a_value_of_it(client: Any) -> None:
    config = {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    assert parts_of((await client.post(path(), asking(generationConfig=config))).json) == [{"text": '{"city":"Paris"}'}]


async def test_limits_and_stop_sequences_end_an_answer(client: Any) -> None:
    answer = (await client.post(path(), asking(generationConfig={"maxOutputTokens": 3}))).json
    assert (answer["candidates"][0]["finishReason"], parts_of(answer)) == ("MAX_TOKENS", [{"text": "Sandbox (gem"}])
    answer = (await client.post(path(), asking(generationConfig={"stopSequences": ["you said"]}))).json
    assert (answer["candidates"][0]["finishReason"], parts_of(answer)) == ("STOP", [{"text": f"Sandbox ({MODEL}): "}])


async def test_thinking_is_shown_if_asked_and_counted_beside_the_answer(client: Any) -> None:
    answer = (await client.post(path(), asking(generationConfig=THINKING))).json
    thought, said = parts_of(answer)
    assert (thought["thought"], "thoughtSignature" in thought, "thoughtSignature" in said) == (True, False, True)
    usage = answer["usageMetadata"]
    counts = [usage[name] for name in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")]
    assert sum(counts) == usage["totalTokenCount"]
    quiet = {"thinkingConfig": {"thinkingLevel": "HIGH"}}
    assert len(parts_of((await client.post(path(), asking(generationConfig=quiet))).json)) == 1


async def test_thinking_that_uses_up_the_allowance_leaves_no_parts(client: Any) -> None:
    config = {"thinkingConfig": {"thinkingBudget": 100}, "maxOutputTokens": 2}
    answer = (await client.post(path(OLDER), asking(generationConfig=config))).json
    assert answer["candidates"][0]["content"] == {"role": "model"}
    assert "candidatesTokenCount" not in answer["usageMetadata"]


async def test_a_prompt_can_be_blocked(client: Any) -> None:
    answer = (await client.post(path(), asking(turn("user", "SANDBOX_BLOCK_THIS_PROMPT")))).json
    assert answer["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert "candidates" not in answer


async def test_equal_requests_get_equal_answers(client: Any) -> None:
    one, other = [await client.post(path(), asking(tools=TOOLS)) for _ in range(2)]
    assert one.body == other.body


async def test_models_are_listed(client: Any) -> None:
    listed = (await client.get("/v1beta/models?pageSize=1000")).json["models"]
    assert f"models/{MODEL}" in [one["name"] for one in listed]


# ── what is refused ─────────────────────────────────────────────────────────────────────────

CALL = {"functionCall": {"id": "c1", "name": "get_weather", "args": {}}}
SKIP = CALL | {"thoughtSignature": "skip_thought_signature_validator"}
RESULT = {"functionResponse": {"id": "c1", "name": "get_weather", "response": {"result": "x"}}}
ASKED = turn("user", "Hi")


def declaring(**fields: Any) -> dict[str, Any]:
    return asking(tools=[{"functionDeclarations": [{**WEATHER, **fields}]}])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "Invalid JSON payload"),
        ({}, "contents is not specified"),
        (asking(stream=False), 'Unknown name "stream"'),
        (asking(turn("assistant", "a")), "valid role"),
        (asking(turn("user")), "must not be empty"),
        (asking(turn("user", {"image": {}})), 'Unknown name "image"'),
        (asking(turn("user", {"text": "a", "inlineData": {}})), "oneof"),
        (asking(systemInstruction={"parts": []}), "system_instruction"),
        (asking(generationConfig={"max_tokens": 3}), 'Unknown name "max_tokens"'),
        (asking(generationConfig={"temperature": 3}), "temperature"),
        (asking(generationConfig={"stopSequences": list("abcdef")}), "stop_sequences"),
        (asking(generationConfig={"responseJsonSchema": {}}), "response_mime_type"),
        (asking(generationConfig={"thinkingConfig": {"thinkingLevel": "XHIGH"}}), "Thinking level"),
        (asking(generationConfig={"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}}), "only set one"),
        (declaring(name="1st"), "Invalid function name"),
        (declaring(parametersJsonSchema={"type": "array"}), "type OBJECT"),
        (declaring(parametersJsonSchema={"type": "object", "pattern": "x"}), 'Unknown name "pattern"'),
        (declaring(parametersJsonSchema={"type": "object", "properties": {"a": {"$ref": "#", "title": "b"}}}), "$ref"),
        (asking(tools=TOOLS * 2), "Duplicate function"),
        (asking(toolConfig={"functionCallingConfig": {"mode": "ANY"}}), "Forced function calling"),
        (
            asking(tools=TOOLS, toolConfig={"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": ["x"]}}),
            "ANY",
        ),
        (
            asking(tools=TOOLS, toolConfig={"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["x"]}}),
            "among",
        ),
        (asking(ASKED, turn("model", CALL), turn("user", RESULT)), "missing a `thought_signature`"),
        (asking(ASKED, turn("model", CALL | {"thoughtSignature": "c2ln"}), turn("user", RESULT)), "not valid"),
        (asking(ASKED, turn("model", SKIP), turn("user", "x")), "number of function response parts"),
        (asking(ASKED, turn("user", RESULT)), "number of function response parts"),
        (asking(ASKED, turn("model", RESULT)), "function response turn"),
        (asking(turn("user", CALL)), "function call turn"),
        (
            asking(
                ASKED,
                turn("model", SKIP),
                turn("user", {"functionResponse": RESULT["functionResponse"] | {"id": "c2"}}),
            ),
            "name and id",
        ),
        (
            asking(
                ASKED,
                turn("model", SKIP),
                turn("user", {"functionResponse": RESULT["functionResponse"] | {"response": {"a": [{"$ref": "#/x"}]}}}),
            ),
            "The referenced name `#/x`",
        ),
    ],
)
async def test_what_the_api_would_turn_down_is_turned_down(client: Any, body: Any, told: str) -> None:
    reply = await client.post(path(), body)
    error = reply.json["error"]
    assert (reply.status, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert told in error["message"]


async def test_an_older_model_takes_no_level_and_no_json_beside_tools_and_asks_for_no_signature(client: Any) -> None:
    for fields in (
        {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}},
        {"generationConfig": {"responseMimeType": "application/json"}, "tools": TOOLS},
    ):
        assert (await client.post(path(OLDER), asking(**fields))).status == 400
    assert (await client.post(path(OLDER), asking(ASKED, turn("model", CALL), turn("user", RESULT)))).status == 200


async def test_a_signature_of_another_sandbox_is_not_valid(client: Any, sandbox: Sandbox) -> None:
    for key, status in ((b"another key", 400), (sandbox.key, 200)):
        signature = Stamps(key=key).sealed("gemini", "a thought")
        turns = [ASKED, turn("model", {"text": "Hi", "thoughtSignature": signature}), turn("user", "And?")]
        assert (await client.post(path(), asking(*turns))).status == status


async def test_keys_and_models_are_checked(client: Any) -> None:
    missing = await client.post(path(), asking(), x_goog_api_key=None)
    assert (missing.status, missing.json["error"]["status"]) == (403, "PERMISSION_DENIED")
    wrong = await client.post(path(), asking(), x_goog_api_key="wrong-key")
    assert (wrong.status, wrong.json["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")
    unknown = await client.post(path("no-such-model"), asking())
    assert (unknown.status, unknown.json["error"]["status"]) == (404, "NOT_FOUND")
    nowhere = await client.post("/v1beta/interactions", asking())
    assert nowhere.status == 404


async def test_no_key_is_remembered(client: Any, sandbox: Sandbox) -> None:
    await client.post(path(), asking())
    (request,) = sandbox.requests
    assert request.wire == "gemini"
    assert "x-goog-api-key" not in request.headers
    assert request.credential_sha256 is not None


# ── through a runtime ───────────────────────────────────────────────────────────────────────


def _request(*messages: Any, **fields: Any) -> ProviderRequest:
    return ProviderRequest(model=f"gemini:{MODEL}", messages=messages, **fields)


async def test_a_conversation_with_thinking_and_tools_goes_through_a_runtime(sandbox: Sandbox) -> None:
    tools = (ToolDefinition(name="get_weather", parameters_schema=SCHEMA),)
    fields: dict[str, Any] = {"tools": tools, "reasoning": ReasoningEffort(Effort.HIGH)}
    question = user("What is the weather in Paris?")
    async with open_runtime(sandbox_settings(sandbox)) as runtime:
        first = await runtime.run(_request(question, **fields))
        assert first.finish_reason is FinishReason.TOOL_CALLS
        assert first.thinking
        (call,) = first.tool_calls
        assert call.signature is not None
        second = await runtime.run(_request(question, first.message, tool_result(call, {"degrees": 21}), **fields))
    assert "21" in second.text
    assert second.usage.reasoning_tokens
    assert [warning.code for warning in (*first.warnings, *second.warnings)] == []


async def test_a_conversation_of_another_provider_goes_on_here(sandbox: Sandbox) -> None:
    tools = (ToolDefinition(name="get_weather", parameters_schema=SCHEMA),)
    question = user("What is the weather in Paris?")
    async with open_runtime(sandbox_settings(sandbox)) as runtime:
        asked = evolve(_request(question, tools=tools), model="anthropic:claude-sonnet-4-5")
        first = await runtime.run(asked)
        (call,) = first.tool_calls
        second = await runtime.run(_request(question, first.message, tool_result(call, "21 degrees"), tools=tools))
        back = await runtime.run(
            evolve(
                asked,
                messages=(question, first.message, tool_result(call, "21 degrees"), second.message, user("Thanks.")),
            )
        )
    assert "21 degrees" in second.text
    assert back.provider == "anthropic"
    assert [warning.code for warning in second.warnings] == []


async def test_structured_output_comes_back_parsed(sandbox: Sandbox) -> None:
    wanted = JsonSchemaFormat(name="place", schema=SCHEMA)
    async with open_runtime(sandbox_settings(sandbox)) as runtime:
        response = await runtime.run(_request(user("Paris"), response_format=wanted))
    assert response.output.structured_output == {"city": "Paris"}


async def test_a_wrong_key_and_a_full_house_are_typed_errors(sandbox: Sandbox) -> None:
    settings = sandbox_settings(sandbox)
    wrong = evolve(settings, credentials={**settings.credentials, GEMINI: Secret("wrong-key")})
    async with open_runtime(wrong) as runtime:
        with pytest.raises(CredentialsRejected):
            await runtime.run(_request(user("Hi")))
    sandbox.fail_next(1, Fault.status(400), where="gemini")
    async with open_runtime(settings) as runtime:
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(_request(user("Hi")))
    assert failed.value.code is ErrorCode.INVALID_REQUEST


async def test_a_wish_to_wait_is_heeded_and_the_call_succeeds(sandbox: Sandbox) -> None:
    sandbox.fail_next(1, Fault.status(429), where="gemini")
    async with open_runtime(sandbox_settings(sandbox)) as runtime:
        response = await runtime.run(_request(user("Hi")))
    assert len(response.attempts) == 2


async def test_models_are_discovered(sandbox: Sandbox) -> None:
    async with open_runtime(sandbox_settings(sandbox)) as runtime:
        catalog = await runtime.discover_models(DiscoveryOptions(remote=True, include_provider=(GEMINI,)))
    assert catalog.find(GEMINI, MODEL) is not None
    assert catalog.find(GEMINI, "gemini-embedding-001") is None
