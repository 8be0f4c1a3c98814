"""Images, documents and recordings as parts: inline bytes, addresses, and files uploaded before."""

from base64 import b64decode, b64encode
from typing import Any, Final

from provider_runtime.adapters.wire.gemini.encoding import Encoding, Part
from provider_runtime.adapters.wire.reading import an_object, filled
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaSource,
    MediaUrl,
)

_FILES: Final = "https://generativelanguage.googleapis.com/v1beta/"  # what the API calls a file it keeps
_RESOLUTIONS: Final = {ImageDetail.LOW: "MEDIA_RESOLUTION_LOW", ImageDetail.HIGH: "MEDIA_RESOLUTION_HIGH"}


def media_part(part: ImagePart | DocumentPart | AudioPart, encoding: Encoding) -> Part:
    """One file. Nothing here opens an address: the API fetches it.

    Raises ``IntentUnsupported`` for a file that was uploaded to somebody else.
    """
    encoding.no_boundary(part.cache, encoding.place)
    written = source_part(part.source, encoding)
    if isinstance(part, ImagePart):
        if part.detail in _RESOLUTIONS:
            if encoding.family.resolution:
                written["mediaResolution"] = {"level": _RESOLUTIONS[part.detail]}
            else:
                encoding.dropped(f"{encoding.place}.detail", "this model looks at all images alike")
        return encoding.sign(written, part.signature)
    if isinstance(part, DocumentPart) and part.name:
        encoding.dropped(f"{encoding.place}.name", "the wire has no place for it")
    return written


def source_part(source: MediaSource, encoding: Encoding) -> Part:
    """Where the bytes of a file are. Raises like ``media_part``."""
    if isinstance(source, InlineData):
        return {"inlineData": inline(source)}
    if isinstance(source, MediaUrl):
        data: dict[str, Any] = {"fileUri": source.url}
    elif source.provider not in {None, encoding.provider}:
        raise encoding.unsupported(
            f"{encoding.place}.source",
            f"the file was uploaded to {source.provider}",
            "Upload it to this provider, or send it.",
        )
    else:
        data = {"fileUri": _FILES + source.file_id if source.file_id.startswith("files/") else source.file_id}
    if source.media_type:
        data["mimeType"] = _plain_type(source.media_type)
    return {"fileData": data}


def inline(source: InlineData) -> dict[str, Any]:
    """Bytes as they travel inside JSON."""
    return {"mimeType": _plain_type(source.media_type), "data": b64encode(source.data).decode("ascii")}


def media_made(part: Part, signature: Signature | None) -> ImagePart | AudioPart | None:
    """An image or a recording that the model made; drafts from its thinking are not part of the answer."""
    given = an_object(part.get("inlineData"))
    kind, data = filled(given.get("mimeType")), filled(given.get("data"))
    if kind is None or data is None or part.get("thought") is True:
        return None
    try:
        source = InlineData(media_type=kind, data=b64decode(data, validate=True))
    except ValueError:
        return None
    if kind.startswith("image/"):
        return ImagePart(source=source, signature=signature)
    return AudioPart(source=source) if kind.startswith("audio/") else None


def _plain_type(media_type: str) -> str:
    """``text/plain`` from ``Text/Plain; charset=utf-8``; the misnomer ``image/jpg`` put right."""
    plain = media_type.partition(";")[0].strip().lower()
    return "image/jpeg" if plain == "image/jpg" else plain
