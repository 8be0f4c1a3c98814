"""The body of a Chat Completions call as a canonical request: all of it, or a refusal that names the field."""

from typing import Any, Final

from provider_runtime.adapters.batches.openai.fields import Fields, decoded, media
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
    AudioPart,
    ContentPart,
    DocumentPart,
    ImagePart,
    InlineData,
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
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.conversation.tools import ToolDefinition

_ROLES: Final = {
    "system": MessageRole.SYSTEM,
    "developer": MessageRole.SYSTEM,  # what newer models call the same
    "user": MessageRole.USER,
    "assistant": MessageRole.ASSISTANT,
    "tool": MessageRole.TOOL,
}
_AUDIO: Final = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def chat_request(body: Fields) -> ProviderRequest:
    """The request that ``body`` makes. Raises ``DocumentFault``, ``TypeError`` and ``ValueError``."""
    longest, older = body.value("max_completion_tokens"), body.value("max_tokens")
    if longest is not None and older is not None:
        raise DocumentFault(
            field=body.place("max_tokens"), message="the longest answer is given twice", remedy="Keep one of the two."
        )
    stop = body.value("stop")
    request = ProviderRequest(
        model=ModelRef(model_id=body.needed("model")),
        messages=[_message(message) for message in body.children("messages")],
        tools=[_tool(tool) for tool in body.children("tools")],
        tool_choice=tool_choice_in(body, nested=True),
        response_format=format_in(body.child("response_format"), nested=True),
        max_output_tokens=older if longest is None else longest,
        stop=() if stop is None else (stop,) if isinstance(stop, str) else stop,
        seed=body.value("seed"),
        frequency_penalty=body.value("frequency_penalty"),
        presence_penalty=body.value("presence_penalty"),
        reasoning=effort_in(body, "reasoning_effort"),
        **sampling_in(body),
    )
    body.says_nothing("n", 1)
    body.says_nothing("logprobs", False)
    body.says_nothing("logit_bias", {})
    body.says_nothing("modalities", ["text"])
    body.all_read()
    return request


def _tool(tool: Fields) -> ToolDefinition:
    tool.choice("type", "function")
    function = tool.needed_child("function")
    found = tool_in(function)
    tool.all_read()
    return found


# ── messages ────────────────────────────────────────────────────────────────────────────────


def _message(message: Fields) -> Message:
    role = _ROLES[message.choice("role", *_ROLES)]
    if role is MessageRole.TOOL:
        content: list[ContentPart] = [_result(message)]
    else:
        content = _content(message, "content")
        if role is MessageRole.ASSISTANT:
            content += _assistant(message)
        elif message.value("content") is None:
            raise DocumentFault(field=message.place("content"), message="this field is missing", remedy="Add it.")
    message.all_read()
    return Message(role=role, content=content)


def _assistant(message: Fields) -> list[ContentPart]:
    parts: list[ContentPart] = []
    if (refusal := message.text("refusal")) is not None:
        parts.append(RefusalPart(refusal))
    for call in message.children("tool_calls"):
        call.choice("type", "function", default="function")
        function = call.needed_child("function")
        parts.append(ToolCallPart(tool_call_in(call.needed("id"), function)))
        function.all_read()
        call.all_read()
    message.says_nothing("annotations", [])
    return parts


def _result(message: Fields) -> ToolResultPart:
    call_id, said = message.needed("tool_call_id"), message.value("content")
    if isinstance(said, str):
        content: ToolResultContent = ToolResultText(said)
    else:
        content = ToolResultParts(_content(message, "content"))
    return ToolResultPart(ToolResult(tool_call_id=call_id, content=content))


def _content(holder: Fields, name: str) -> list[ContentPart]:
    said = holder.value(name)
    if isinstance(said, str):
        return [TextPart(said)] if said else []
    return [_part(part) for part in holder.children(name)]


def _part(part: Fields) -> ContentPart:
    kind = part.choice("type", "text", "image_url", "input_audio", "file", "refusal")
    if kind == "text":
        found: ContentPart = TextPart(part.needed("text"))
    elif kind == "refusal":
        found = RefusalPart(part.needed("refusal"))
    else:
        inner = part.needed_child(kind)
        found = _MEDIA[kind](inner)
        inner.all_read()
    part.all_read()
    return found


def _image(image: Fields) -> ImagePart:
    return ImagePart(source=media(image.needed("url"), image.place("url")), detail=image.value("detail"))


def _audio(audio: Fields) -> AudioPart:
    media_type = _AUDIO[audio.choice("format", *_AUDIO)]
    return AudioPart(source=InlineData(media_type=media_type, data=decoded(audio.needed("data"), audio.place("data"))))


def _file(file: Fields) -> DocumentPart:
    name, file_id = file.text("filename"), file.text("file_id")
    if file_id is not None:
        return DocumentPart(source=ProviderFile(file_id=file_id), name=name)
    source = media(file.needed("file_data"), file.place("file_data"))
    if not isinstance(source, InlineData):
        raise DocumentFault(field=file.place("file_data"), message="expected a data: URL with its media type")
    return DocumentPart(source=source, name=name)


_MEDIA: Final[dict[str, Any]] = {"image_url": _image, "input_audio": _audio, "file": _file}
