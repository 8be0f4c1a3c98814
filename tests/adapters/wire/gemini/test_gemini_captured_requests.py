"""Captured requests of the Gemini wire: what we can say, we say as their senders did."""

import json
import re
from base64 import b64decode
from typing import Any

import pytest
from gemini_wire import CODEC, signed
from shared_data import require_shared, wire_exchanges

from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    ContentPart,
    DocumentPart,
    ImagePart,
    InlineData,
    MediaUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultJson,
    ToolResultPart,
)
from provider_runtime.domain.conversation.request import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
    TextFormat,
)
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.identity import GEMINI


@pytest.fixture(autouse=True)
def _data() -> None:
    require_shared("wire")


class _Inexpressible(Exception):
    """The captured request uses something that has no canonical form."""


_AS_GIVEN = {
    "args",
    "response",
    "properties",
    "parameters",
    "parametersJsonSchema",
    "responseJsonSchema",
    "responseSchema",
}


def _camel(value: Any) -> Any:
    """The request in one of the two spellings the API takes; names that are data stay as they are."""
    if isinstance(value, dict):
        named = {re.sub("_([a-z])", lambda found: found[1].upper(), key): item for key, item in value.items()}
        return {key: item if key in _AS_GIVEN else _camel(item) for key, item in named.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def _listed(parts: Any) -> list[dict[str, Any]]:
    return parts if isinstance(parts, list) else [parts]


def _only(given: dict[str, Any], *allowed: str) -> dict[str, Any]:
    if given.keys() - set(allowed):
        raise _Inexpressible(sorted(given.keys() - set(allowed)))
    return given


# ── a captured request as a canonical one ───────────────────────────────────────────────────


class _Reader:
    """Reads contents; calls without an id are told from each other by their order, as the API does."""

    def __init__(self) -> None:
        self.open: list[ToolCall] = []
        self.made = 0

    def message(self, content: dict[str, Any]) -> Message:
        role = content.get("role", "user")
        parts = content["parts"]
        if role == "model":
            self.open = []
            return Message(role=MessageRole.ASSISTANT, content=[self._said(part) for part in parts])
        if role != "user":
            raise _Inexpressible(role)
        if all("functionResponse" in part for part in parts):
            return Message(role=MessageRole.TOOL, content=[self._result(part) for part in parts])
        return Message(role=MessageRole.USER, content=[_part(part) for part in parts])

    def _said(self, part: dict[str, Any]) -> ContentPart:
        signature = signed(part["thoughtSignature"]) if "thoughtSignature" in part else None
        if "functionCall" in part:
            _only(part, "functionCall", "thoughtSignature")
            call = _only(part["functionCall"], "id", "name", "args")
            self.made += 1
            read = ToolCall(
                id=call.get("id") or f"gemini-call-{self.made}",
                name=call["name"],
                arguments_json=call["args"],
                signature=signature,
            )
            self.open.append(read)
            return ToolCallPart(read)
        if part.get("thought"):
            _only(part, "text", "thought", "thoughtSignature")
            return ThinkingPart(text=part["text"], signature=signature, provider=GEMINI)
        if "text" in part:
            return TextPart(_only(part, "text", "thoughtSignature")["text"], signature=signature)
        return _part(part)

    def _result(self, part: dict[str, Any]) -> ContentPart:
        _only(part, "functionResponse")
        result = _only(part["functionResponse"], "id", "name", "response")
        call = next((one for one in self.open if one.name == result["name"]), None)
        if (
            call is None
            or (result.get("id") or call.id) != call.id
            or call.id.startswith("gemini-call-") == ("id" in result)
        ):
            raise _Inexpressible("a result without a call")
        self.open.remove(call)
        return ToolResultPart(ToolResult(tool_call_id=call.id, content=ToolResultJson(result["response"])))


def _part(part: dict[str, Any]) -> ContentPart:
    if "text" in part:
        return TextPart(_only(part, "text")["text"])
    if "inlineData" in part:
        given = _only(part, "inlineData")["inlineData"]
        data = given["data"].replace("-", "+").replace("_", "/")
        return _media(given["mimeType"], InlineData(media_type=given["mimeType"], data=b64decode(data + "==")))
    given = _only(part, "fileData")["fileData"]
    return _media(given["mimeType"], MediaUrl(url=given["fileUri"], media_type=given["mimeType"]))


def _media(kind: str, source: Any) -> ContentPart:
    made: ContentPart
    if kind.startswith("image/"):
        made = ImagePart(source=source)
    elif kind.startswith("audio/"):
        made = AudioPart(source=source)
    else:
        made = DocumentPart(source=source)
    return made


def _json_schema(schema: Any) -> Any:
    """An OpenAPI schema, which shouts its types, as a JSON Schema."""
    if isinstance(schema, list):
        return [_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "nullable" in schema:
        raise _Inexpressible("nullable")
    return {
        key: item.lower() if key == "type" and isinstance(item, str) else item if key == "enum" else _json_schema(item)
        for key, item in schema.items()
    }


def _tool(declared: dict[str, Any]) -> ToolDefinition:
    _only(declared, "name", "description", "parameters", "parametersJsonSchema")
    schema = declared.get("parametersJsonSchema") or _json_schema(declared.get("parameters")) or {}
    return ToolDefinition(
        name=declared["name"],
        description=declared.get("description"),
        parameters_schema={"type": "object", **schema},
    )


def _choice(body: dict[str, Any]) -> Any:
    config = _only(body.get("toolConfig") or {}, "functionCallingConfig").get("functionCallingConfig") or {}
    names = config.get("allowedFunctionNames") or []
    if len(names) > 1 or config.get("mode") == "VALIDATED":
        raise _Inexpressible("tool config")
    if names:
        return ToolChoiceSpecific(names[0])
    return {"ANY": ToolChoiceRequired, "NONE": ToolChoiceNone}.get(config.get("mode"), ToolChoiceAuto)()


_CONTROLS = {
    "temperature": "temperature", "topP": "top_p", "topK": "top_k", "maxOutputTokens": "max_output_tokens",
    "stopSequences": "stop", "seed": "seed", "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
}  # fmt: skip


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value  # topK: 50.0


def _format(config: dict[str, Any]) -> Any:
    if "responseSchema" in config:
        raise _Inexpressible("responseSchema")
    if "responseJsonSchema" in config:
        return JsonSchemaFormat(name="answer", schema=config.pop("responseJsonSchema"))
    return JsonObjectFormat() if config.get("responseMimeType") == "application/json" else TextFormat()


def _reasoning(config: dict[str, Any]) -> Any:
    thinking = config.get("thinkingConfig") or {}
    shows = thinking.get("includeThoughts") is True
    if "thinkingBudget" in thinking and (shows or thinking["thinkingBudget"] == 0):
        del config["thinkingConfig"]
        return ReasoningBudget(thinking["thinkingBudget"]) if thinking["thinkingBudget"] else ReasoningOff()
    if "thinkingLevel" in thinking and shows:
        del config["thinkingConfig"]
        return ReasoningEffort(thinking["thinkingLevel"].lower())
    return None


def _canonical(model: str, body: dict[str, Any]) -> ProviderRequest:
    """The canonical request that says the same; what has no canonical field becomes a provider option."""
    reader = _Reader()
    system = body.get("systemInstruction") or {}
    config = dict(body.get("generationConfig") or {})
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        raise _Inexpressible("tools")
    declared = [one for tool in tools for one in tool.get("functionDeclarations") or []]
    others = [tool for tool in tools if "functionDeclarations" not in tool]
    controls = {ours: _whole(config.pop(theirs)) for theirs, ours in _CONTROLS.items() if theirs in config}
    wanted, reasoning = _format(config), _reasoning(config)
    if not isinstance(wanted, TextFormat):
        config.pop("responseMimeType")
    kept = {key: body[key] for key in ("safetySettings", "cachedContent", "modelArmorConfig") if key in body}
    options = kept | ({"generationConfig": config} if config else {}) | ({"tools": others} if others else {})
    messages = [reader.message(content) for content in body["contents"]]
    if system:
        messages.insert(0, Message(role=MessageRole.SYSTEM, content=[_part(part) for part in _listed(system["parts"])]))
    return ProviderRequest(
        model=ModelRef(model_id=model),
        messages=messages,
        tools=[_tool(one) for one in declared],
        tool_choice=_choice(body),
        response_format=wanted,
        reasoning=reasoning,
        provider_options={"gemini": options},
        **controls,
    )


# ── one form for equal meanings ─────────────────────────────────────────────────────────────


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    plain = {key: item for key, item in body.items() if key not in {"model", "store"} and item not in (None, [], {})}
    turns: list[dict[str, Any]] = []
    for content in body["contents"]:
        role = content.get("role", "user")
        parts = [_plain_part(part) for part in content["parts"]]
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        else:
            turns.append({"role": role, "parts": parts})
    plain["contents"] = turns
    if "systemInstruction" in plain:
        plain["systemInstruction"] = {"parts": _listed(plain["systemInstruction"]["parts"])}
    if plain.get("toolConfig") == {"functionCallingConfig": {"mode": "AUTO"}}:
        del plain["toolConfig"]
    tools = plain.pop("tools", [])
    plain["functions"] = [_plain_tool(one) for tool in tools for one in tool.get("functionDeclarations") or []]
    plain["others"] = [tool for tool in tools if "functionDeclarations" not in tool]
    if "responseJsonSchema" in (config := plain.get("generationConfig") or {}):
        schema = {key: item for key, item in config["responseJsonSchema"].items() if key != "$schema"}
        plain["generationConfig"] = config | {"responseJsonSchema": schema}
    if isinstance(level := (config.get("thinkingConfig") or {}).get("thinkingLevel"), str):
        thinking = config["thinkingConfig"] | {"thinkingLevel": level.upper()}
        plain["generationConfig"] = config | {"thinkingConfig": thinking}
    elif config.get("thinkingConfig", {}).get("thinkingBudget") == 0:
        plain["generationConfig"] = config | {"thinkingConfig": {"thinkingBudget": 0}}
    return plain


def _plain_part(part: dict[str, Any]) -> dict[str, Any]:
    if "inlineData" in part:
        data = part["inlineData"]["data"].replace("-", "+").replace("_", "/").rstrip("=")
        return part | {"inlineData": part["inlineData"] | {"data": data}}
    return part


def _plain_tool(declared: dict[str, Any]) -> dict[str, Any]:
    schema = declared.get("parametersJsonSchema") or _json_schema(declared.get("parameters")) or {}
    schema = {key: item for key, item in schema.items() if key not in {"$schema", "title"}}
    if not schema.get("properties"):
        schema = {}
    return {"name": declared["name"], "description": declared.get("description"), "schema": schema}


def _model_of(url: str) -> str:
    found = re.search(r"/models/([^/:]+):generateContent", url)
    if found is None:
        raise _Inexpressible("url")
    return found[1]


def test_captured_requests_are_written_as_their_senders_wrote_them() -> None:
    same, differing = 0, {}
    for exchange in wire_exchanges("gemini", apis=("generate",)):
        request = exchange["request"] or {}
        if exchange["response"]["status"] != 200 or not isinstance(request.get("json"), dict):
            continue
        given = _camel(request["json"])
        try:
            model = _model_of(request["url"])
            encoded = CODEC.encode(_canonical(model, given), GEMINI)
        except (_Inexpressible, ValueError, KeyError, IntentUnsupported, RequestInvalid):
            continue
        if encoded.warnings:  # the sender used what this model does not take
            continue
        assert encoded.path == f"/v1beta/models/{model}:generateContent"
        ours, theirs = _plain(json.loads(encoded.body)), _plain(given)
        if ours == theirs:
            same += 1
        else:
            differing[exchange["id"]] = (ours, theirs)
    assert differing == {}
    assert same >= 100
