"""The body of a Responses call as a canonical request: all of it, or a refusal that names the field."""

from typing import Final

from provider_runtime.adapters.batches.openai.fields import Fields, media
from provider_runtime.adapters.batches.openai.shared_fields import (
    effort_in,
    format_in,
    sampling_in,
    tool_call_in,
    tool_choice_in,
    tool_in,
)
from provider_runtime.adapters.serialization import DocumentFault
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    DocumentPart,
    ImagePart,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ToolCallPart,
    ToolResult,
    ToolResultContent,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest, TextFormat
from provider_runtime.domain.conversation.tools import ToolDefinition

_ROLES: Final = {
    "system": MessageRole.SYSTEM,
    "developer": MessageRole.SYSTEM,
    "user": MessageRole.USER,
    "assistant": MessageRole.ASSISTANT,
}
_MESSAGE: Final = "message"
_INCLUDED: Final = "reasoning.encrypted_content"  # asked for by itself where a model reasons


def responses_request(body: Fields) -> ProviderRequest:
    """The request that ``body`` makes. Raises ``DocumentFault``, ``TypeError`` and ``ValueError``."""
    text, reasoning = body.child("text"), body.child("reasoning")
    messages = _messages(body)
    if instructions := body.text("instructions"):
        messages.insert(0, Message(role=MessageRole.SYSTEM, content=[TextPart(instructions)]))
    request = ProviderRequest(
        model=ModelRef(model_id=body.needed("model")),
        messages=messages,
        tools=[_tool(tool) for tool in body.children("tools")],
        tool_choice=tool_choice_in(body, nested=False),
        response_format=TextFormat() if text is None else format_in(text.child("format"), nested=False),
        max_output_tokens=body.value("max_output_tokens"),
        reasoning=None if reasoning is None else effort_in(reasoning, "effort"),
        **sampling_in(body),
    )
    for inner in (text, reasoning):
        if inner is not None:
            inner.all_read()
    body.says_nothing("include", [], [_INCLUDED])
    body.says_nothing("background", False)
    body.says_nothing("truncation", "disabled")
    body.all_read()
    return request


def _tool(tool: Fields) -> ToolDefinition:
    tool.choice("type", "function")
    return tool_in(tool)


# ── items ───────────────────────────────────────────────────────────────────────────────────


def _messages(body: Fields) -> list[Message]:
    said = body.value("input")
    if isinstance(said, str):
        return [Message(role=MessageRole.USER, content=[TextPart(said)])]
    messages: list[Message] = []
    for item in body.children("input"):
        kind, role, content = _item(item)
        item.all_read()
        last = messages[-1] if messages else None
        if last is not None and last.role is role and (kind != _MESSAGE or last.tool_calls):
            # What a model says at once comes in several items, and so do the results of its calls.
            messages[-1] = Message(role=role, content=(*last.content, *content))
        else:
            messages.append(Message(role=role, content=content))
    return messages


def _item(item: Fields) -> tuple[str, MessageRole, list[ContentPart]]:
    kind = item.choice("type", _MESSAGE, "function_call", "function_call_output", default=_MESSAGE)
    item.says_nothing("status", "completed")
    item.value("id")  # names it for a server that stores; nothing is stored
    if kind == "function_call":
        return kind, MessageRole.ASSISTANT, [ToolCallPart(tool_call_in(item.needed("call_id"), item))]
    if kind != _MESSAGE:
        return kind, MessageRole.TOOL, [_result(item)]
    role, said = _ROLES[item.choice("role", *_ROLES)], item.value("content")
    if isinstance(said, str):
        return kind, role, [TextPart(said)]
    return kind, role, [_part(part) for part in item.children("content")]


def _result(item: Fields) -> ToolResultPart:
    call_id, said = item.needed("call_id"), item.value("output")
    if isinstance(said, str):
        content: ToolResultContent = ToolResultText(said)
    else:
        content = ToolResultParts([_part(part) for part in item.children("output")])
    return ToolResultPart(ToolResult(tool_call_id=call_id, content=content))


def _part(part: Fields) -> ContentPart:
    kind = part.choice("type", "input_text", "output_text", "refusal", "input_image", "input_file")
    if kind == "input_image":
        found: ContentPart = _image(part)
    elif kind == "input_file":
        found = _file(part)
    elif kind == "refusal":
        found = RefusalPart(part.needed("refusal"))
    else:
        part.says_nothing("annotations", [])
        part.says_nothing("logprobs", [])
        found = TextPart(part.needed("text"))
    part.all_read()
    return found


def _image(part: Fields) -> ImagePart:
    file_id, detail = part.text("file_id"), part.value("detail")
    if file_id is not None:
        return ImagePart(source=ProviderFile(file_id=file_id), detail=detail)
    return ImagePart(source=media(part.needed("image_url"), part.place("image_url")), detail=detail)


def _file(part: Fields) -> DocumentPart:
    name, file_id, url = part.text("filename"), part.text("file_id"), part.text("file_url")
    if file_id is not None:
        return DocumentPart(source=ProviderFile(file_id=file_id), name=name)
    if url is not None:
        return DocumentPart(source=MediaUrl(url=url), name=name)
    source = media(part.needed("file_data"), part.place("file_data"))
    if isinstance(source, MediaUrl):
        raise DocumentFault(field=part.place("file_data"), message="expected a data: URL with its media type")
    return DocumentPart(source=source, name=name)
