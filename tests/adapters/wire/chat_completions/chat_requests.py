"""Captured request bodies as canonical requests, and both sides in one plain form to compare them.

Written without the codec: it reads what other people's clients sent. ``canonical`` raises
``CannotExpress`` for what the canonical form does not have.
"""

import json
from base64 import b64decode
from typing import Any

from chat_support import a_reply, prepared
from chat_vendors import codec_of

from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl
from provider_runtime.domain.conversation.messages import Message, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from provider_runtime.domain.conversation.request import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)

_CHOICES = {"auto": ToolChoiceAuto(), "none": ToolChoiceNone(), "required": ToolChoiceRequired()}
_NAMED_ALIKE = ("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty", "parallel_tool_calls")
_RENAMED = {
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "random_seed": "seed",
}
_READ_ELSEWHERE = {"model", "messages", "tools", "tool_choice", "response_format", "stream", "store", "stop"}
_REASONING = {"reasoning_effort", "reasoning", "thinking"}
_THOUGHTS = ("reasoning_details", "reasoning_content", "reasoning")


class CannotExpress(Exception):
    """The canonical form has no place for this."""


def canonical(exchange: dict[str, Any]) -> ProviderRequest:
    wire = {name: value for name, value in exchange["request"]["json"].items() if value is not None}
    if not wire.get("model") or "metadata" in wire or "models" in wire:
        raise CannotExpress("no model, several models, or metadata of a stored call")
    fields: dict[str, Any] = {name: wire[name] for name in _NAMED_ALIKE if name in wire}
    fields |= {ours: wire[theirs] for theirs, ours in _RENAMED.items() if theirs in wire}
    if "parallel_tool_calls" in fields and not wire.get("tools"):
        raise CannotExpress("parallel_tool_calls without tools")
    controls = _REASONING if exchange["provider"] == "openrouter" else _REASONING - {"reasoning"}
    known = _READ_ELSEWHERE | controls | set(_NAMED_ALIKE) | set(_RENAMED)
    own = {name: value for name, value in wire.items() if name not in known}
    fields |= _reasoning({name: wire[name] for name in controls if name in wire})
    stop = wire.get("stop", ())
    return ProviderRequest(
        model=ModelRef(model_id=wire["model"]),
        messages=[_message(said, exchange) for said in wire["messages"]],
        tools=[_tool(tool) for tool in wire.get("tools", ())],
        tool_choice=_choice(wire),
        **_format(wire),
        stop=(stop,) if isinstance(stop, str) else stop,
        provider_options={"acme": own} if own else {},
        **fields,
    )


def _reasoning(asked: dict[str, Any]) -> dict[str, Any]:
    if not asked:
        return {}
    if asked.get("thinking") == {"type": "disabled"}:
        return {"reasoning": ReasoningOff()}
    control = asked.get("reasoning_effort") or asked.get("reasoning")
    effort = control if isinstance(control, str) else (control or {}).get("effort")
    if len(asked) > 1 or (isinstance(control, dict) and len(control) != 1):
        raise CannotExpress("several controls of reasoning at once")
    if effort == "none":
        return {"reasoning": ReasoningOff()}
    if effort:
        return {"reasoning": ReasoningEffort(effort)}
    if isinstance(control, dict) and "max_tokens" in control:
        return {"reasoning": ReasoningBudget(max_tokens=control["max_tokens"])}
    raise CannotExpress("reasoning switched on without saying how much")


def _choice(wire: dict[str, Any]) -> Any:
    choice = wire.get("tool_choice", "auto")
    if isinstance(choice, dict) and "function" in choice:
        return ToolChoiceSpecific(name=choice["function"]["name"])
    if choice not in _CHOICES or (choice != "auto" and not wire.get("tools")):
        raise CannotExpress("a tool choice of its own")
    return _CHOICES[choice]


def _format(wire: dict[str, Any]) -> dict[str, Any]:
    wanted = wire.get("response_format") or {"type": "text"}
    if wanted["type"] == "json_object":
        return {"response_format": JsonObjectFormat()}
    if wanted["type"] == "json_schema":
        schema = dict(wanted["json_schema"])
        if schema.pop("description", None):
            raise CannotExpress("a schema with a description")
        return {"response_format": JsonSchemaFormat(**({"strict": False} | schema))}
    return {}


def _tool(tool: dict[str, Any]) -> ToolDefinition:
    function = dict(tool.get("function") or {})
    extra = set(tool) - {"type", "function"} | (set(function) - {"name", "description", "parameters", "strict"})
    if tool.get("type", "function") != "function" or extra or "parameters" not in function:
        raise CannotExpress("a tool of another kind")
    function["parameters_schema"] = function.pop("parameters")
    return ToolDefinition(**function)


def _message(said: dict[str, Any], exchange: dict[str, Any]) -> Message:
    if said.get("name") and said["role"] != "tool":
        raise CannotExpress("a message with a name")
    if said.get("cache_control") or said.get("prefix") or said.get("annotations") or said.get("reasoning_signature"):
        raise CannotExpress("a message with a mark of its own")
    content = said.get("content")
    items = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    match said["role"]:
        case "system" | "developer":
            return system(*[_part(item) for item in items])
        case "user":
            return user(*[_part(item) for item in items])
        case "tool" if all(item["type"] == "text" and len(item) == 2 for item in items):
            return tool_result(said["tool_call_id"], "\n".join(item["text"] for item in items))
        case "assistant":
            return _answer(said, items, exchange)
    raise CannotExpress(f"a message of role {said['role']}")


def _answer(said: dict[str, Any], items: list[dict[str, Any]], exchange: dict[str, Any]) -> Message:
    if any(said.get(name) for name in _THOUGHTS) or any(item["type"] == "thinking" for item in items):
        # Reasoning went through this codec when it came, so it does here.
        answer = {"choices": [{"message": said, "finish_reason": "stop"}]}
        return codec_of(exchange).decode(a_reply(answer), prepared()).message
    calls = [
        ToolCall(id=call["id"], name=call["function"]["name"], arguments_json=_arguments(call["function"]["arguments"]))
        for call in said.get("tool_calls") or []
    ]
    refusal = [RefusalPart(said["refusal"])] if said.get("refusal") else []
    return assistant(*[_part(item) for item in items if item.get("text")], *refusal, *map(ToolCallPart, calls))


def _arguments(text: str) -> Any:
    return json.loads(text) if text else {}


def _part(item: dict[str, Any]) -> Any:
    cache = None
    if "cache_control" in item:
        cache = CacheBoundary(ttl=CacheTtl(item["cache_control"].get("ttl", "5m")))
    match item["type"]:
        case "text":
            return TextPart(item["text"], cache=cache)
        case "image_url":
            image = item["image_url"] if isinstance(item["image_url"], dict) else {"url": item["image_url"]}
            return ImagePart(source=_source(image["url"]), detail=image.get("detail"))
        case "file" if "file_id" in item["file"]:
            return DocumentPart(source=ProviderFile(file_id=item["file"]["file_id"]))
        case "file":
            return DocumentPart(source=_source(item["file"]["file_data"]), name=item["file"]["filename"])
        case "document_url":
            return DocumentPart(source=_source(item["document_url"]), name=item["document_name"])
        case "input_audio":
            audio = item["input_audio"]
            return AudioPart(source=InlineData(media_type=f"audio/{audio['format']}", data=b64decode(audio["data"])))
    raise CannotExpress(f"a part of type {item['type']}")


def _source(url: str) -> InlineData | MediaUrl:
    if not url.startswith("data:"):
        return MediaUrl(url=url)
    head, text = url.split(",", 1)
    data = b64decode(text)
    # A recording that was cut no longer is what its bytes say; ours comes out padded and whole.
    return InlineData(media_type=head.removeprefix("data:").removesuffix(";base64"), data=data)


# ── one plain form for both ─────────────────────────────────────────────────────────────────


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """The body without what means nothing: empty fields, defaults, names for the same thing."""
    same = {"max_completion_tokens": "max_tokens", "random_seed": "seed"}
    kept = {same.get(name, name): value for name, value in body.items() if value is not None}
    kept.pop("stream", None)
    kept.pop("store", None)
    kept["messages"] = [_plain_message(said) for said in kept["messages"]]
    kept["tools"] = [_plain_tool(tool) for tool in kept.get("tools", ())]
    kept["tool_choice"] = _plain_choice(kept.get("tool_choice", "auto"))
    if isinstance(kept.get("stop"), str):
        kept["stop"] = [kept["stop"]]
    if kept.get("stop") == []:
        del kept["stop"]
    if "reasoning_effort" in kept and kept.get("thinking") == {"type": "enabled"}:
        del kept["thinking"]  # what naming an effort means
    if kept.get("response_format", {}).get("type") == "text":
        del kept["response_format"]
    if kept.get("response_format", {}).get("type") == "json_schema":
        kept["response_format"]["json_schema"].setdefault("strict", False)
    if kept.get("reasoning") in ({"effort": "none"}, {"enabled": False}):
        kept["reasoning"] = "off"
    return kept


def _plain_choice(choice: Any) -> Any:
    return {"type": "function"} | choice if isinstance(choice, dict) else choice


def _plain_tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = {name: value for name, value in tool["function"].items() if value is not None}
    return {name: value for name, value in tool.items() if name != "type"} | {"function": function}


def _plain_message(said: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in said.items() if value not in (None, "", [], False)}
    kept["role"] = "system" if said["role"] == "developer" else said["role"]
    if said["role"] == "tool":
        kept.pop("name", None)
    if "content" in kept:
        kept["content"] = _plain_content(kept["content"], "" if said["role"] == "assistant" else "\n")
        if not kept["content"]:
            del kept["content"]
    if kept.get("reasoning_details") or kept.get("reasoning") == kept.get("reasoning_content"):
        kept.pop("reasoning", None)
    if kept.get("reasoning_details"):
        kept.pop("reasoning_content", None)
    elif "reasoning_content" in kept:
        kept["reasoning"] = kept.pop("reasoning_content")
    if "tool_calls" in kept:
        kept["tool_calls"] = [
            (call["id"], call["function"]["name"], _arguments(call["function"]["arguments"]))
            for call in kept["tool_calls"]
        ]
    return kept


def _plain_content(content: Any, between: str) -> Any:
    if isinstance(content, str):
        return content
    items = [_plain_item(item) for item in content]
    if all(set(item) == {"type", "text"} for item in items):
        return between.join(item["text"] for item in items)
    return items


def _plain_item(item: dict[str, Any]) -> dict[str, Any]:
    if item["type"] == "image_url" and isinstance(item["image_url"], str):
        return {"type": "image_url", "image_url": {"url": item["image_url"]}}
    if "prompt_cache_breakpoint" in item:
        return {name: value for name, value in item.items() if name != "cache_control"}
    if "cache_control" in item:
        ttl = item["cache_control"].get("ttl", "5m")
        return item | {"cache_control": {"type": "ephemeral", "ttl": ttl}}
    return item
