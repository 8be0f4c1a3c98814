"""The parts of a conversation that no text scan can look into."""

from collections.abc import Iterator
from enum import StrEnum

from attrs import frozen

from provider_runtime.domain.conversation.messages import Message
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    ContentPart,
    DocumentPart,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    ToolResultParts,
)


class Opaque(StrEnum):
    """Parts of a message into which no text scan can look."""

    IMAGE = "image"
    AUDIO = "audio"
    DOCUMENT = "document"  # a PDF and its like; inline text is read
    REMOTE = "remote"  # media the provider fetches itself
    FILE = "file"  # a file the provider keeps already
    ENCRYPTED = "encrypted"  # reasoning that only its provider can read
    UNKNOWN = "unknown"  # a part of a kind that this release does not know


@frozen(kw_only=True)
class OpaquePart:
    """One part that cannot be read: what it is, and where in the conversation."""

    kind: Opaque
    path: str

    def __str__(self) -> str:
        return f"{self.kind.value} at {self.path}"


def opaque_parts(messages: tuple[Message, ...]) -> Iterator[OpaquePart]:
    """Every part of ``messages`` that cannot be read, in order."""
    for number, message in enumerate(messages):
        if message.plain_text is not None:
            continue
        for position, part in enumerate(message.content):
            yield from _in_part(part, f"messages[{number}].content[{position}]")


def _in_part(part: ContentPart, path: str) -> Iterator[OpaquePart]:
    match part:
        case TextPart() | RefusalPart() | ToolCallPart():
            return
        case ImagePart() | AudioPart() | DocumentPart():
            kind = _of_media(part)
            if kind is not None:
                yield OpaquePart(kind=kind, path=path)
        case ThinkingPart():
            if part.redacted or (part.signature is not None and not part.text):
                yield OpaquePart(kind=Opaque.ENCRYPTED, path=path)
        case ToolResultPart():
            content = part.tool_result.content
            if isinstance(content, ToolResultParts):
                for position, inner in enumerate(content.parts):
                    yield from _in_part(inner, f"{path}.parts[{position}]")
        case _:
            # A kind of part that is newer than this function.
            yield OpaquePart(kind=Opaque.UNKNOWN, path=path)  # type: ignore[unreachable]  # see above


def _of_media(part: ImagePart | AudioPart | DocumentPart) -> Opaque | None:
    match part.source:
        case MediaUrl():
            return Opaque.REMOTE
        case ProviderFile():
            return Opaque.FILE
        case InlineData(media_type=media_type) if isinstance(part, DocumentPart):
            return None if media_type.startswith("text/") else Opaque.DOCUMENT
    return Opaque.AUDIO if isinstance(part, AudioPart) else Opaque.IMAGE
