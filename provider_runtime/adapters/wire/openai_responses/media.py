"""Text, images and documents as the content of an input message or of a tool's output."""

from base64 import b64encode
from typing import Any, Final

from provider_runtime.adapters.wire.openai_responses.draft import Draft, Place, path_of
from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    DocumentPart,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    TextPart,
)
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid

# A file sent along needs a name, and its ending counts. The standard table of endings depends on the machine.
_ENDINGS: Final = {
    "application/pdf": ".pdf",
    "application/json": ".json",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/html": ".html",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


def input_content(part: ContentPart, draft: Draft, place: Place) -> dict[str, Any]:
    """A text, image or document part of an input message.

    Raises ``IntentUnsupported`` for a kind that the API does not take, ``RequestInvalid`` for one
    that does not belong there; ``place`` names it.
    """
    if isinstance(part, TextPart):
        content: dict[str, Any] = {"type": "input_text", "text": part.text}
        if part.citations:
            draft.warn(WarningCode.DROPPED_CITATIONS, "citations are not sent along with text")
    elif isinstance(part, ImagePart):
        content = _image(part, draft, place)
    elif isinstance(part, DocumentPart):
        content = _document(part, draft, place)
    else:
        raise refusal_of(part, place)
    if part.cache is not None:
        mark_cache(content, part.cache, draft)
    return content


def mark_cache(content: dict[str, Any], cache: CacheBoundary, draft: Draft) -> None:
    """Mark the end of a prefix worth caching on a piece of content, or announce that the model takes no marks."""
    if not draft.family.marks_cache:
        draft.warn(
            WarningCode.DROPPED_CACHE_BOUNDARY, "this model takes no cache boundaries; what it caches it chooses itself"
        )
        return
    content["prompt_cache_breakpoint"] = {"mode": "explicit"}
    if cache.ttl is CacheTtl.ONE_HOUR:
        draft.warn(WarningCode.DROPPED_CACHE_BOUNDARY, "a cache boundary of one hour is kept for 30 minutes at least")


def refusal_of(part: ContentPart, place: Place) -> IntentUnsupported | RequestInvalid:
    """The error for a part that cannot stand at ``place``."""
    kind = type(part).__name__
    if kind in {"AudioPart", "ImagePart"}:
        return IntentUnsupported(
            field=path_of(place),
            message=f"the Responses API takes no {kind} here",
            remedy="Leave it out, or send its transcript or description as text.",
        )
    return RequestInvalid(
        field=path_of(place), message=f"a {kind} cannot stand here", remedy="Move it to a message of the right role."
    )


def _image(part: ImagePart, draft: Draft, place: Place) -> dict[str, Any]:
    source = part.source
    content: dict[str, Any] = {"type": "input_image"}
    if isinstance(source, InlineData):
        content["image_url"] = data_url(source)
    elif isinstance(source, MediaUrl):
        content["image_url"] = source.url
    else:
        content["file_id"] = _own_file(source, draft, place)
    if part.detail is not None:
        content["detail"] = part.detail.value
    return content


def _document(part: DocumentPart, draft: Draft, place: Place) -> dict[str, Any]:
    source = part.source
    if isinstance(source, InlineData):
        name = part.name or "document" + _ENDINGS.get(source.media_type, "")
        return {"type": "input_file", "filename": name, "file_data": data_url(source)}
    if part.name is not None:
        # The API calls filename and file_url or file_id mutually exclusive.
        draft.warn(WarningCode.DROPPED_CONTROL, "the name of a document is sent only with inline data")
    if isinstance(source, MediaUrl):
        return {"type": "input_file", "file_url": source.url}
    return {"type": "input_file", "file_id": _own_file(source, draft, place)}


def data_url(source: InlineData) -> str:
    """Bytes as a ``data:`` URL."""
    return f"data:{source.media_type};base64,{b64encode(source.data).decode()}"


def _own_file(source: ProviderFile, draft: Draft, place: Place) -> str:
    if source.provider not in {None, draft.provider}:
        raise IntentUnsupported(
            field=path_of(place),
            message=f"the file was uploaded to {source.provider}, and {draft.provider} is asked",
            remedy=f"Upload it to {draft.provider}, or send it inline.",
            provider=draft.provider,
        )
    return source.file_id
