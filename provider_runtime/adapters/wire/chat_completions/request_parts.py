"""One part of a message as the wire takes it, and what an encoding carries along while it goes."""

from base64 import b64encode
from typing import Any, Final

from attrs import field

from provider_runtime.adapters.wire.chat_completions.dialect import Dialect, DocumentForm
from provider_runtime.adapters.wire.chat_completions.families import ModelFamily
from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    ContentPart,
    DocumentPart,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    TextPart,
)
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.values import sealed

_AUDIO_FORMATS: Final = (
    ("wav", ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")),
    ("mp3", ("audio/mpeg", "audio/mp3")),
    ("flac", ("audio/flac", "audio/x-flac")),
    ("m4a", ("audio/mp4", "audio/m4a", "audio/x-m4a")),
    ("ogg", ("audio/ogg",)),
    ("aac", ("audio/aac",)),
    ("aiff", ("audio/aiff", "audio/x-aiff")),
)
_SUFFIXES: Final = (
    ("application/pdf", "pdf"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/html", "html"),
    ("text/csv", "csv"),
    ("application/json", "json"),
)


@sealed
class Encoding:
    """One request on its way to the wire: for whom it is, and what was remarked so far."""

    provider: ProviderId
    model_id: str
    dialect: Dialect
    family: ModelFamily
    warnings: list[CallWarning] = field(factory=list)

    def remark(self, code: WarningCode, message: str) -> None:
        """Remember a warning."""
        self.warnings.append(warn(code, message))

    def dropped(self, control: str) -> None:
        """Remember that a control was left out."""
        self.remark(WarningCode.DROPPED_CONTROL, f"{control} was left out: this provider or model does not take it")

    def cannot(self, place: str, message: str, remedy: str) -> IntentUnsupported:
        """The refusal of what this dialect cannot express."""
        return IntentUnsupported(
            provider=self.provider, model=self.model_id, field=place, message=message, remedy=remedy
        )

    def wrong(self, place: str, message: str, remedy: str) -> RequestInvalid:
        """The refusal of what contradicts itself or the protocol."""
        return RequestInvalid(provider=self.provider, model=self.model_id, field=place, message=message, remedy=remedy)

    @property
    def takes_boundaries(self) -> bool:
        """Whether a content part can carry a cache boundary."""
        return self.dialect.cache_control or self.family.cache_breakpoints

    def boundary_kept(self, cache: CacheBoundary | None, place: str) -> bool:
        """Whether this boundary will be sent; says so when it is dropped."""
        if cache is None:
            return False
        if not self.takes_boundaries:
            self.remark(WarningCode.DROPPED_CACHE_BOUNDARY, f"{place}: this provider takes no cache boundaries here")
        return self.takes_boundaries


def mark(part: dict[str, Any], cache: CacheBoundary, dialect: Dialect) -> None:
    """Write a cache boundary into a content part or tool."""
    if not dialect.cache_control:
        part["prompt_cache_breakpoint"] = {"mode": "explicit"}
    elif cache.ttl is CacheTtl.ONE_HOUR:
        part["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    else:
        part["cache_control"] = {"type": "ephemeral"}


def content_part(part: ContentPart, encoding: Encoding, place: str) -> dict[str, Any]:
    """Text, image, document or audio as an item of a content list. Raises ``IntentUnsupported``."""
    if isinstance(part, TextPart):
        written: dict[str, Any] = {"type": "text", "text": part.text}
    elif isinstance(part, ImagePart):
        written = _image(part, encoding, place)
    elif isinstance(part, DocumentPart):
        written = _document(part, encoding, place)
    elif isinstance(part, AudioPart):
        written = _audio(part, encoding, place)
    else:
        raise encoding.wrong(place, f"a {type(part).__name__} cannot stand here", "Move it to a message of its role.")
    if part.cache is not None and encoding.boundary_kept(part.cache, place):
        mark(written, part.cache, encoding.dialect)
    return written


def data_url(source: InlineData) -> str:
    """The bytes as a ``data:`` address."""
    return f"data:{source.media_type};base64,{b64encode(source.data).decode()}"


def _image(part: ImagePart, encoding: Encoding, place: str) -> dict[str, Any]:
    if not encoding.dialect.images:
        raise encoding.cannot(place, "this provider takes no images", "Use a provider that does.")
    if isinstance(part.source, ProviderFile):
        raise encoding.cannot(place, "this wire takes no images by file id", "Send the bytes or an address.")
    url = data_url(part.source) if isinstance(part.source, InlineData) else part.source.url
    image = {"url": url} if part.detail is None else {"url": url, "detail": part.detail.value}
    return {"type": "image_url", "image_url": image}


def _document(part: DocumentPart, encoding: Encoding, place: str) -> dict[str, Any]:
    form, source = encoding.dialect.documents, part.source
    if form is DocumentForm.NOT:
        raise encoding.cannot(place, "this provider takes no documents", "Send the text of the document instead.")
    if isinstance(source, ProviderFile):
        if source.provider not in {None, encoding.provider} or form is DocumentForm.DOCUMENT_URL:
            raise encoding.cannot(place, "this file id means nothing to the provider", "Send the bytes.")
        return {"type": "file", "file": {"file_id": source.file_id}}
    if isinstance(source, MediaUrl) and form is DocumentForm.FILE:
        raise encoding.cannot(place, "this wire takes no documents by address", "Send the bytes or a file id.")
    address = data_url(source) if isinstance(source, InlineData) else source.url
    name = part.name or _file_name(source.media_type)
    if form is DocumentForm.DOCUMENT_URL:
        return {"type": "document_url", "document_url": address, "document_name": name}
    return {"type": "file", "file": {"filename": name, "file_data": address}}


def _file_name(media_type: str | None) -> str:
    suffix = dict(_SUFFIXES).get(media_type or "")
    return f"document.{suffix}" if suffix else "document"


def _audio(part: AudioPart, encoding: Encoding, place: str) -> dict[str, Any]:
    source = part.source
    if not isinstance(source, InlineData):
        raise encoding.cannot(place, "this wire takes audio inline only", "Send the bytes.")
    for name, media_types in _AUDIO_FORMATS:
        if source.media_type.lower() in media_types and name in encoding.dialect.audio_formats:
            return {"type": "input_audio", "input_audio": {"data": b64encode(source.data).decode(), "format": name}}
    formats = ", ".join(encoding.dialect.audio_formats) or "no audio"
    raise encoding.cannot(place, f"this provider takes {formats}, not {source.media_type:.40}", "Convert the audio.")
