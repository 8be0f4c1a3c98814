"""Captured exchanges of Ollama's wire, read in place: every answer, every error, every request."""

import base64
import json
from typing import Any

import pytest
from ollama_wire import ACME, CODEC, a_reply, codes, prepared
from shared_data import reply_body, require_shared, wire_exchanges

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.messages import Message, MessageRole, tool_result, user
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    ImagePart,
    InlineData,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    Reasoning,
    ReasoningEffort,
    ReasoningOff,
    TextFormat,
)
from provider_runtime.domain.conversation.tools import ToolCall, ToolDefinition
from provider_runtime.domain.errors import ErrorCode, ProviderStatusError
from provider_runtime.domain.json_values import freeze
from provider_runtime.domain.secrets import safe_text

CHATS = [exchange for exchange in wire_exchanges("ollama", apis=("chat",)) if exchange["api"] == "chat"]
ANSWERED = [exchange for exchange in CHATS if exchange["response"]["status"] == 200]
FAILED = [exchange for exchange in CHATS if exchange["response"]["status"] != 200]
ASKED = [exchange for exchange in ANSWERED if isinstance((exchange["request"] or {}).get("json"), dict)]


@pytest.fixture(autouse=True)
def _data() -> None:
    require_shared("wire")


def name_of(exchange: dict[str, Any]) -> str:
    return str(exchange["id"])


def test_there_is_traffic_to_read() -> None:
    assert len(ANSWERED) >= 13
    assert len(FAILED) >= 2
    assert len(ASKED) >= 12


# ── answers ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("exchange", ANSWERED, ids=name_of)
def test_a_captured_answer_is_read_whole(exchange: dict[str, Any]) -> None:
    body = exchange["response"]["json"]
    message = body["message"]
    response = CODEC.decode(a_reply(reply_body(exchange), **exchange["response"]["headers"]), prepared())
    assert response.text == message["content"]
    assert response.thinking == message.get("thinking", "")
    calls = message.get("tool_calls") or []
    assert [(call.name, call.arguments_json) for call in response.tool_calls] == [
        (call["function"]["name"], freeze(call["function"]["arguments"])) for call in calls
    ]
    assert [call.id for call in response.tool_calls] == [
        call.get("id") or f"call_{number}" for number, call in enumerate(calls)
    ]
    assert response.finish_reason.value == ("tool_calls" if calls else body["done_reason"])
    assert (response.model, response.response_id) == (body["model"], None)
    assert response.usage.input_tokens == body.get("prompt_eval_count")
    assert response.usage.output_tokens == body["eval_count"]
    assert codes(response) == ([] if "prompt_eval_count" in body else ["usage_partial"])
    assert all(part.provider == ACME for part in response.output.content if isinstance(part, ThinkingPart))


@pytest.mark.parametrize("exchange", ANSWERED, ids=name_of)
def test_a_captured_answer_goes_back_as_it_came(exchange: dict[str, Any]) -> None:
    came = exchange["response"]["json"]["message"]
    response = CODEC.decode(a_reply(reply_body(exchange)), prepared())
    results = [tool_result(call, "ok") for call in response.tool_calls] or [user("go on")]
    handed = hand_off((user("Hi"), response.message, *results), CODEC.handoff_target(ACME, "m"))
    assert handed.losses == ()
    request = ProviderRequest(model=ModelRef(model_id="m"), messages=handed.messages)
    encoded = CODEC.encode(request, ACME)
    assert encoded.warnings == ()
    back = json.loads(encoded.body)["messages"]
    assert plain_message(back[1]) == plain_message(came)
    assert [call["id"] for call in back[1].get("tool_calls", ())] == [call.id for call in response.tool_calls]
    assert [said["tool_name"] for said in back[2:] if said["role"] == "tool"] == [
        call.name for call in response.tool_calls
    ]


# ── errors ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("exchange", FAILED, ids=name_of)
def test_a_captured_error_is_typed(exchange: dict[str, Any]) -> None:
    told = exchange["response"]
    error = CODEC.decode_error(a_reply(reply_body(exchange), told["status"], **told["headers"]), ACME, "m")
    assert isinstance(error, ProviderStatusError)
    assert error.code is (ErrorCode.SERVER_ERROR if told["status"] >= 500 else ErrorCode.INVALID_REQUEST)
    assert error.message == safe_text(told["json"]["error"])


# ── requests ────────────────────────────────────────────────────────────────────────────────

_OF_THE_MODEL = {"num_predict": "max_output_tokens", "temperature": "temperature", "seed": "seed"}


def canonical(body: dict[str, Any]) -> ProviderRequest:
    """What the captured request means."""
    options = dict(body.get("options") or {})
    controls = {_OF_THE_MODEL[name]: value for name, value in options.items()}
    return ProviderRequest(
        model=ModelRef(model_id=body["model"]),
        messages=canonical_messages(body["messages"]),
        tools=[
            ToolDefinition(
                name=tool["function"]["name"],
                description=tool["function"].get("description"),
                parameters_schema=tool["function"]["parameters"],
            )
            for tool in body.get("tools") or ()
        ],
        response_format=canonical_format(body.get("format")),
        reasoning=canonical_reasoning(body.get("think")),
        **controls,
    )


def canonical_format(wanted: Any) -> TextFormat | JsonObjectFormat | JsonSchemaFormat:
    if not wanted:
        return TextFormat()
    return JsonObjectFormat() if wanted == "json" else JsonSchemaFormat(name="answer", schema=wanted)


def canonical_reasoning(think: bool | str | None) -> Reasoning | None:  # noqa: FBT001 - as the wire has it
    if think is None:
        return None
    if think is False:
        return ReasoningOff()
    return ReasoningEffort(Effort.MEDIUM if think is True else Effort(think))


def canonical_messages(said: list[dict[str, Any]]) -> list[Message]:
    """The conversation; ids, which older clients leave out, are made so that each result finds its call."""
    messages: list[Message] = []
    waiting: list[tuple[str, str]] = []
    for number, message in enumerate(said):
        content: list[ContentPart] = []
        if message.get("thinking"):
            content.append(ThinkingPart(text=message["thinking"], provider=ACME))
        if message["role"] == "tool":
            position = next(place for place, (_, name) in enumerate(waiting) if name == message["tool_name"])
            call_id, _ = waiting.pop(position)
            text = ToolResultText(message["content"])
            content.append(ToolResultPart(ToolResult(tool_call_id=call_id, content=text)))
        elif message["content"] or not message.get("tool_calls"):
            content.append(TextPart(message["content"]))
        content += [
            ImagePart(source=InlineData(media_type="image/png", data=base64.b64decode(image)))
            for image in message.get("images") or ()
        ]
        for place, call in enumerate(message.get("tool_calls") or ()):
            function = call["function"]
            call_id = call.get("id") or f"call_{number}_{place}"
            waiting.append((call_id, function["name"]))
            content.append(
                ToolCallPart(ToolCall(id=call_id, name=function["name"], arguments_json=function["arguments"]))
            )
        messages.append(Message(role=MessageRole(message["role"]), content=content))
    return messages


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what means nothing: empty fields, ids, and what the codec says on its own account."""
    kept = {name: value for name, value in body.items() if value not in ("", None, [], {}) and name != "truncate"}
    return {**kept, "messages": [plain_message(message) for message in body["messages"]]}


def plain_message(message: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in message.items() if value and name not in {"tool_call_id", "tool_calls"}}
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    return {**kept, "calls": [(call["name"], call["arguments"]) for call in calls]}


@pytest.mark.parametrize("exchange", ASKED, ids=name_of)
def test_a_captured_request_is_encoded_as_its_client_sent_it(exchange: dict[str, Any]) -> None:
    asked = exchange["request"]["json"]
    encoded = CODEC.encode(canonical(asked), ACME)
    expected = plain(asked)
    expected.pop("temperature", None)  # one client wrote it beside the options, where the server passes it over
    assert plain(json.loads(encoded.body)) == expected
    remarks = {warning.code for warning in encoded.warnings}
    assert remarks <= {"reasoning_approximated", "tools_held_back_by_format"}


def test_a_model_that_was_held_to_a_form_called_none_of_its_tools() -> None:
    """Why tools beside a form are warned of."""
    requests = [(exchange, exchange["request"]["json"]) for exchange in ASKED]
    held = [exchange for exchange, asked in requests if asked.get("format") and asked.get("tools")]
    assert held
    for exchange in held:
        assert "tool_calls" not in exchange["response"]["json"]["message"]
