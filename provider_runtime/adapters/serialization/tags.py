"""The tags: what stands under ``type`` in the canonical form, for each class that is one of several."""

import types
from collections.abc import Mapping
from typing import Any, Final, Union, get_args, get_origin

from provider_runtime.domain.catalog.credentials import (
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultJson,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
    TextFormat,
)
from provider_runtime.domain.conversation.tools import (
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
)

TAG_FIELD: Final = "type"

# Tags are part of the format: a class may be renamed, its tag stays. Unique within each union.
TAGS: Final[Mapping[type, str]] = types.MappingProxyType(
    {
        TextPart: "text",
        ImagePart: "image",
        DocumentPart: "document",
        AudioPart: "audio",
        ThinkingPart: "thinking",
        ToolCallPart: "tool_call",
        ToolResultPart: "tool_result",
        RefusalPart: "refusal",
        InlineData: "inline",
        MediaUrl: "url",
        ProviderFile: "file",
        ToolResultText: "text",
        ToolResultJson: "json",
        ToolResultParts: "parts",
        ToolChoiceAuto: "auto",
        ToolChoiceNone: "none",
        ToolChoiceRequired: "required",
        ToolChoiceSpecific: "specific",
        TextFormat: "text",
        JsonObjectFormat: "json_object",
        JsonSchemaFormat: "json_schema",
        ReasoningEffort: "effort",
        ReasoningBudget: "budget",
        ReasoningOff: "off",
        EnvCredential: "env",
        KeyFileCredential: "key_file",
        NamedKeyCredential: "named_key",
        KeyringCredential: "keyring",
    }
)


def members(kind: Any) -> tuple[type, ...]:
    """The classes of a union, ``None`` left out; empty for what is no union."""
    if get_origin(kind) not in (Union, types.UnionType):
        return ()
    return tuple(member for member in get_args(kind) if member is not type(None))


def is_tagged_union(kind: Any) -> bool:
    """Whether each class of the union ``kind`` has a tag."""
    return len(members(kind)) > 1 and all(member in TAGS for member in members(kind))
