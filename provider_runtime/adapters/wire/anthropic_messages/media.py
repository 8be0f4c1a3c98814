"""Images and documents as blocks: inline bytes, addresses, and files uploaded before."""

from base64 import b64encode
from typing import Final

from provider_runtime.adapters.wire.anthropic_messages.encoding import Block, Encoding
from provider_runtime.domain.conversation.parts import (
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
)

_IMAGE_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_PDF: Final = "application/pdf"


def image_block(part: ImagePart, encoding: Encoding) -> Block:
    """An image. Raises ``IntentUnsupported`` for a format that the API does not take."""
    if part.detail not in {None, ImageDetail.AUTO}:
        encoding.dropped(f"{encoding.place}.detail", "the wire has no such control")
    source = part.source
    if isinstance(source, InlineData):
        media_type = _plain_type(source.media_type)
        if media_type not in _IMAGE_TYPES:
            raise encoding.unsupported(
                f"{encoding.place}.source",
                f"images of type {media_type:.40} are not taken",
                "Send JPEG, PNG, GIF or WebP.",
            )
        sent = _base64(media_type, source.data)
    else:
        sent = _elsewhere(source, encoding)
    return encoding.mark({"type": "image", "source": sent}, part.cache)


def document_block(part: DocumentPart, encoding: Encoding) -> Block:
    """A PDF or plain text. Raises ``IntentUnsupported`` for anything else."""
    source = part.source
    if isinstance(source, InlineData):
        sent = _inline_document(source, encoding)
    elif isinstance(source, MediaUrl) and source.media_type and _plain_type(source.media_type) != _PDF:
        raise encoding.unsupported(
            f"{encoding.place}.source", "documents by address must be PDF", "Send the text itself, as inline data."
        )
    else:
        sent = _elsewhere(source, encoding)
    block: Block = {"type": "document", "source": sent}
    if part.name:
        block["title"] = part.name
    return encoding.mark(block, part.cache)


def _inline_document(source: InlineData, encoding: Encoding) -> Block:
    media_type = _plain_type(source.media_type)
    if media_type == _PDF:
        return _base64(_PDF, source.data)
    if not media_type.startswith("text/"):
        raise encoding.unsupported(
            f"{encoding.place}.source", f"documents of type {media_type:.40} are not taken", "Send PDF or plain text."
        )
    try:
        text = source.data.decode()
    except UnicodeDecodeError:
        text = None
    if text is None:  # raised here, since the handler's exception holds the bytes
        raise encoding.invalid(f"{encoding.place}.source", "the text document is not UTF-8", "Encode it as UTF-8.")
    return {"type": "text", "media_type": "text/plain", "data": text}


def _elsewhere(source: MediaUrl | ProviderFile, encoding: Encoding) -> Block:
    if isinstance(source, MediaUrl):
        return {"type": "url", "url": source.url}
    if source.provider not in {None, encoding.provider}:
        raise encoding.unsupported(
            f"{encoding.place}.source",
            f"the file was uploaded to {source.provider}",
            "Upload it to this provider, or send it.",
        )
    return {"type": "file", "file_id": source.file_id}


def _base64(media_type: str, data: bytes) -> Block:
    return {"type": "base64", "media_type": media_type, "data": b64encode(data).decode("ascii")}


def _plain_type(media_type: str) -> str:
    """``text/plain`` from ``Text/Plain; charset=utf-8``; the misnomer ``image/jpg`` put right."""
    plain = media_type.partition(";")[0].strip().lower()
    return "image/jpeg" if plain == "image/jpg" else plain
