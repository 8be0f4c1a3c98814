"""The parts of a message: text, media, thinking, tool calls, tool results, refusals."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from attrs import field, frozen
from attrs.converters import optional as optional_converter

from provider_runtime.domain.checks import (
    FILLED,
    FLAG,
    NOT_EMPTY,
    OPTIONAL_TEXT,
    TEXT,
    Check,
    all_are,
    check_fields,
    count,
    is_a,
    optional,
)
from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import JsonValue, freeze, tuple_of
from provider_runtime.domain.values import open_twin


@frozen(kw_only=True)
class Citation:
    """Where a piece of text came from. Offsets are characters, as the provider counted them."""

    url: str | None = field(default=None, validator=OPTIONAL_TEXT)
    title: str | None = field(default=None, validator=OPTIONAL_TEXT)
    cited_text: str | None = field(default=None, validator=OPTIONAL_TEXT)
    file_id: str | None = field(default=None, validator=OPTIONAL_TEXT)
    document_index: int | None = field(default=None, validator=count)
    start_index: int | None = field(default=None, validator=count)
    end_index: int | None = field(default=None, validator=count)


@frozen(kw_only=True)
class InlineData:
    """Media sent along as bytes, with its media type, such as ``image/png``."""

    media_type: str = field(validator=FILLED)
    data: bytes = field(validator=(is_a(bytes), NOT_EMPTY), repr=False)


@frozen(kw_only=True)
class MediaUrl:
    """Media that the provider fetches itself. Nothing of ours ever opens the address."""

    url: str = field(validator=FILLED)
    media_type: str | None = field(default=None, validator=OPTIONAL_TEXT)


@frozen(kw_only=True)
class ProviderFile:
    """Media uploaded to a provider before; ``file_id`` means something to that provider only.

    ``provider`` says whose it is; ``None``: the caller vouches that it is the one asked.
    """

    file_id: str = field(validator=FILLED)
    provider: ProviderId | None = field(default=None, converter=optional_converter(ProviderId))
    media_type: str | None = field(default=None, validator=OPTIONAL_TEXT)


MediaSource: TypeAlias = InlineData | MediaUrl | ProviderFile
_SOURCE: Final = is_a(InlineData, MediaUrl, ProviderFile)
_CACHE: Final = optional(is_a(CacheBoundary))
_SIGNATURE: Final = optional(is_a(Signature))
_BESIDE_A_TEXT: Final[Mapping[str, Check]] = MappingProxyType(
    {"citations": all_are(Citation), "cache": _CACHE, "signature": _SIGNATURE}
)


@frozen
class TextPart:
    """Plain text, with the citations a provider attached to it."""

    text: str = field(validator=TEXT)
    citations: tuple[Citation, ...] = field(default=(), converter=tuple_of, kw_only=True)
    cache: CacheBoundary | None = field(default=None, kw_only=True)
    signature: Signature | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.citations or self.cache is not None or self.signature is not None:  # few texts have any
            check_fields(self, _BESIDE_A_TEXT)


_OpenText: Final = open_twin(TextPart)


def plain_text(text: str) -> TextPart:
    """A text that stands alone, from a decoder, which looked at it when it read it."""
    part = _OpenText.__new__(_OpenText)
    part.text = text
    part.citations = ()
    part.cache = part.signature = None
    part.__class__ = TextPart
    return cast("TextPart", part)


class ImageDetail(StrEnum):
    """How closely a model should look at an image."""

    AUTO = "auto"
    LOW = "low"
    HIGH = "high"


@frozen(kw_only=True)
class ImagePart:
    """A picture."""

    source: MediaSource = field(validator=_SOURCE)
    detail: ImageDetail | None = field(default=None, converter=optional_converter(ImageDetail))
    cache: CacheBoundary | None = field(default=None, validator=_CACHE)
    signature: Signature | None = field(default=None, validator=_SIGNATURE)


@frozen(kw_only=True)
class DocumentPart:
    """A file to read, such as a PDF. ``name`` is the file name or title shown to the model."""

    source: MediaSource = field(validator=_SOURCE)
    name: str | None = field(default=None, validator=OPTIONAL_TEXT)
    cache: CacheBoundary | None = field(default=None, validator=_CACHE)


@frozen(kw_only=True)
class AudioPart:
    """A recording. ``transcript`` is what a provider says was spoken in audio of its own."""

    source: MediaSource = field(validator=_SOURCE)
    transcript: str | None = field(default=None, validator=OPTIONAL_TEXT)
    cache: CacheBoundary | None = field(default=None, validator=_CACHE)


@frozen(kw_only=True)
class ThinkingPart:
    """Reasoning of a model, as far as its provider shows it.

    ``signature`` is what the provider needs to take the block back. ``redacted``: the text is
    hidden, and the signature is all there is. ``provider`` made it; ``None``: nobody knows.
    """

    text: str = field(default="", validator=TEXT)
    signature: Signature | None = field(default=None, validator=_SIGNATURE)
    redacted: bool = field(default=False, validator=FLAG)
    provider: ProviderId | None = field(default=None, converter=optional_converter(ProviderId))


@frozen
class ToolCallPart:
    """The model asks for a tool to be run."""

    tool_call: ToolCall = field(validator=is_a(ToolCall))


_OpenCall: Final = open_twin(ToolCall)
_OpenCallPart: Final = open_twin(ToolCallPart)


def called(tool_id: str, name: str, arguments: JsonValue, signature: Signature | None) -> ToolCallPart:
    """A tool call from a decoder, which looked at all of it when it read it."""
    call = _OpenCall.__new__(_OpenCall)
    call.id = tool_id
    call.name = name
    call.arguments_json = arguments
    call.signature = signature
    call.__class__ = ToolCall
    part = _OpenCallPart.__new__(_OpenCallPart)
    part.tool_call = call
    part.__class__ = ToolCallPart
    return cast("ToolCallPart", part)


@frozen
class RefusalPart:
    """The model declined, in its own words."""

    text: str = field(validator=TEXT)


@frozen
class ToolResultText:
    """A tool's answer as text."""

    text: str = field(validator=TEXT)


@frozen
class ToolResultJson:
    """A tool's answer as a JSON value."""

    value: JsonValue = field(converter=freeze)


MediaPart: TypeAlias = TextPart | ImagePart | DocumentPart | AudioPart


@frozen
class ToolResultParts:
    """A tool's answer as message parts: text, images, documents."""

    parts: tuple[MediaPart, ...] = field(
        converter=tuple_of, validator=all_are(TextPart, ImagePart, DocumentPart, AudioPart)
    )


ToolResultContent: TypeAlias = ToolResultText | ToolResultJson | ToolResultParts


@frozen(kw_only=True)
class ToolResult:
    """What a tool answered to the call ``tool_call_id``.

    ``is_error``: the tool failed, and the content says how. ``raw_provider_content`` replaces the
    content verbatim on wires that take such a value, and is ignored with a warning elsewhere.
    """

    tool_call_id: str = field(validator=FILLED)
    content: ToolResultContent = field(validator=is_a(ToolResultText, ToolResultJson, ToolResultParts))
    is_error: bool = field(default=False, validator=FLAG)
    raw_provider_content: JsonValue = field(default=None, converter=freeze)


@frozen
class ToolResultPart:
    """A tool's answer, on its way back to the model."""

    tool_result: ToolResult = field(validator=is_a(ToolResult))
    cache: CacheBoundary | None = field(default=None, validator=_CACHE, kw_only=True)


ContentPart: TypeAlias = (
    TextPart | ImagePart | DocumentPart | AudioPart | ThinkingPart | ToolCallPart | ToolResultPart | RefusalPart
)
CONTENT_PARTS: Final = (
    TextPart,
    ImagePart,
    DocumentPart,
    AudioPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    RefusalPart,
)
