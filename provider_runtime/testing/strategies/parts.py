"""Strategies for the parts of messages, and for what they carry."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl, Signature
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    ContentPart,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaPart,
    MediaSource,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultContent,
    ToolResultJson,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.testing.strategies.values import (
    few,
    json_objects,
    json_values,
    names,
    perhaps,
    provider_ids,
    texts,
)

WIRES: Final = ("openai_responses", "anthropic_messages", "chat_completions", "gemini")


def signatures() -> SearchStrategy[Signature]:
    """Opaque texts of a few providers and wires, so that scopes meet and miss."""
    return st.builds(Signature, provider=provider_ids(), wire=st.sampled_from(WIRES), value=names())


def cache_boundaries() -> SearchStrategy[CacheBoundary]:
    """A cache boundary of either length."""
    return st.builds(CacheBoundary, ttl=st.sampled_from(CacheTtl))


def citations() -> SearchStrategy[Citation]:
    """Citations with any of their fields."""
    text, place = perhaps(texts()), perhaps(st.integers(0, 10**6))
    return st.builds(
        Citation,
        url=text,
        title=text,
        cited_text=text,
        file_id=text,
        document_index=place,
        start_index=place,
        end_index=place,
    )


def media_sources() -> SearchStrategy[MediaSource]:
    """Bytes, addresses and file ids."""
    return (
        st.builds(InlineData, media_type=st.sampled_from(("image/png", "application/pdf")), data=st.binary(min_size=1))
        | st.builds(MediaUrl, url=names(), media_type=perhaps(texts()))
        | st.builds(ProviderFile, file_id=names(), provider=perhaps(provider_ids()), media_type=perhaps(texts()))
    )


def text_parts() -> SearchStrategy[TextPart]:
    """Texts, with citations, marks and signatures."""
    return st.builds(
        TextPart, texts(), citations=few(citations(), most=2), cache=perhaps(cache_boundaries()), signature=_signed()
    )


def media_parts() -> SearchStrategy[MediaPart]:
    """What a user or a tool can show: text, images, documents, audio."""
    source, cache = media_sources(), perhaps(cache_boundaries())
    detail = perhaps(st.sampled_from(ImageDetail))
    return (
        text_parts()
        | st.builds(ImagePart, source=source, detail=detail, cache=cache, signature=_signed())
        | st.builds(DocumentPart, source=source, name=perhaps(texts()), cache=cache)
        | st.builds(AudioPart, source=source, transcript=perhaps(texts()), cache=cache)
    )


def thinking_parts() -> SearchStrategy[ThinkingPart]:
    """Reasoning: shown, hidden, signed, of known and unknown makers."""
    return st.builds(
        ThinkingPart,
        text=texts(),
        signature=_signed(),
        redacted=st.booleans(),
        provider=perhaps(provider_ids()),
    )


def tool_calls() -> SearchStrategy[ToolCall]:
    """Calls of any tool with any arguments, objects and others."""
    return st.builds(
        ToolCall, id=names(), name=names(), arguments_json=json_objects() | json_values(), signature=_signed()
    )


def tool_result_contents() -> SearchStrategy[ToolResultContent]:
    """What a tool says: text, JSON, parts."""
    return (
        st.builds(ToolResultText, texts())
        | st.builds(ToolResultJson, json_values())
        | st.builds(ToolResultParts, few(media_parts(), most=2))
    )


def tool_results() -> SearchStrategy[ToolResult]:
    """Results and failures of tools."""
    return st.builds(
        ToolResult,
        tool_call_id=names(),
        content=tool_result_contents(),
        is_error=st.booleans(),
        raw_provider_content=st.none() | json_values(),
    )


def content_parts() -> SearchStrategy[ContentPart]:
    """Any part, whoever may say it."""
    return media_parts() | assistant_parts() | tool_result_parts()


def assistant_parts() -> SearchStrategy[ContentPart]:
    """What a model can say."""
    return (
        text_parts()
        | thinking_parts()
        | st.builds(ToolCallPart, tool_calls())
        | st.builds(RefusalPart, texts())
        | st.builds(ImagePart, source=media_sources(), signature=_signed())
    )


def _signed() -> SearchStrategy[Signature | None]:
    return perhaps(signatures())


def tool_result_parts() -> SearchStrategy[ToolResultPart]:
    """Results of tools as parts."""
    return st.builds(ToolResultPart, tool_results(), cache=perhaps(cache_boundaries()))
