"""What a message of an answer holds besides tool calls: text, reasoning, refusals, media, citations."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from typing import Any, Final

from provider_runtime.adapters.wire.chat_completions.reasoning import (
    REASONING,
    extra_signature,
    thinking_chunk,
    thinking_parts,
)
from provider_runtime.adapters.wire.reading import a_count, a_list, a_text, an_object, filled, objects
from provider_runtime.adapters.wire.writing import body_bytes
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    ContentPart,
    ImagePart,
    InlineData,
    MediaUrl,
    RefusalPart,
    TextPart,
    plain_text,
)
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.identity import ProviderId

# How recordings begin; sound without a container is what is left.
_SOUNDS: Final = ((b"RIFF", "audio/wav"), (b"ID3", "audio/mpeg"), (b"\xff\xfb", "audio/mpeg"), (b"OggS", "audio/ogg"))
_RAW_SOUND: Final = "audio/pcm"
# What most messages do not even name.
_RARE: Final = REASONING | {"audio", "images", "extra_content"}


def parts_of(
    message: dict[str, Any], body: dict[str, Any], provider: ProviderId, warnings: list[CallWarning]
) -> list[ContentPart]:
    """Reasoning, text, refusal and media, in that order: the wire keeps them apart."""
    parts: list[ContentPart] = []
    rare = not _RARE.isdisjoint(message)
    if rare:
        parts += thinking_parts(message, provider)
    content = message.get("content")
    if isinstance(content, str):
        if rare or message.get("annotations") or body.get("citations"):
            _add_text(parts, content, message, body, provider)
        elif content:
            parts.append(plain_text(content))
    elif isinstance(content, list):
        for item in content:
            _add_item(parts, item, provider, warnings)
    elif content is not None:
        # Cloudflare answers the parsed value where a JSON schema was asked for.
        parts.append(TextPart(body_bytes(content).decode()))
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal.strip():
        _add_refusal(parts, refusal, warnings)
    if rare:
        if audio := message.get("audio"):
            _add_audio(parts, an_object(audio), warnings)
        for image in objects(message.get("images")):
            _add_image(parts, image, warnings)
    return parts


def _add_text(
    parts: list[ContentPart], text: str, message: dict[str, Any], body: dict[str, Any], provider: ProviderId
) -> None:
    if not text:
        return
    cited = message.get("annotations") or body.get("citations")
    # Gemini signs a message that calls no tool as a whole; otherwise the signature is the call's.
    signed = "extra_content" in message and not message.get("tool_calls")
    citations = tuple(_citations(message, body)) if cited else ()
    signature = extra_signature(message, provider) if signed else None
    parts.append(TextPart(text, citations=citations, signature=signature))


def _add_item(parts: list[ContentPart], item: object, provider: ProviderId, warnings: list[CallWarning]) -> None:
    if isinstance(item, str):
        item = {"type": "text", "text": item}
    fields = an_object(item)
    kind = a_text(fields.get("type"))
    if kind in {"text", "output_text"} and isinstance(fields.get("text"), str):
        if fields["text"]:
            parts.append(TextPart(fields["text"]))
    elif kind == "thinking":
        parts.append(thinking_chunk(fields, provider))
    elif kind == "refusal" and isinstance(fields.get("refusal"), str):
        _add_refusal(parts, fields["refusal"], warnings)
    elif kind == "image_url":
        _add_image(parts, fields, warnings)
    else:
        warnings.append(_skipped("an item of the content"))


def _add_refusal(parts: list[ContentPart], text: str, warnings: list[CallWarning]) -> None:
    parts.append(RefusalPart(text))
    warnings.append(warn(WarningCode.MODEL_REFUSAL, "the model declined"))


def _add_audio(parts: list[ContentPart], audio: dict[str, Any], warnings: list[CallWarning]) -> None:
    data = _bytes_of(audio.get("data"))
    transcript = filled(audio.get("transcript"))
    if data:
        media_type = next((name for start, name in _SOUNDS if data.startswith(start)), _RAW_SOUND)
        parts.append(AudioPart(source=InlineData(media_type=media_type, data=data), transcript=transcript))
    elif transcript is not None:
        parts.append(TextPart(transcript))
        warnings.append(_skipped("the sound of an audio answer; its transcript is kept"))


def _add_image(parts: list[ContentPart], image: dict[str, Any], warnings: list[CallWarning]) -> None:
    place = image.get("image_url")
    url = filled(place) or filled(an_object(place).get("url"))
    if url is None:
        warnings.append(_skipped("an image without an address"))
    elif not url.startswith("data:"):
        parts.append(ImagePart(source=MediaUrl(url=url)))
    else:
        head, _, text = url.partition(",")
        data = _bytes_of(text) if head.endswith(";base64") else None
        if data:
            media_type = head[len("data:") : -len(";base64")] or "image/png"
            parts.append(ImagePart(source=InlineData(media_type=media_type, data=data)))
        else:
            warnings.append(_skipped("an image that is not base64"))


def _bytes_of(text: object) -> bytes | None:
    try:
        return b64decode(text, validate=True) if isinstance(text, str) else None
    except (NotBase64, ValueError):
        return None


def _citations(message: dict[str, Any], body: dict[str, Any]) -> Iterator[Citation]:
    """Sources of the text: annotations, else the list of addresses that Perplexity sends beside the choices."""
    found = False
    for annotation in objects(message.get("annotations")):
        cited = annotation.get("url_citation")
        if isinstance(cited, dict):
            found = True
            yield Citation(
                url=filled(cited.get("url")),
                title=filled(cited.get("title")),
                cited_text=filled(cited.get("content")),
                start_index=a_count(cited.get("start_index")),
                end_index=a_count(cited.get("end_index")),
            )
    if not found and body.get("citations"):
        results = tuple(objects(body.get("search_results")))
        for url in a_list(body["citations"]):
            if filled(url):
                title = next((filled(result.get("title")) for result in results if result.get("url") == url), None)
                yield Citation(url=url, title=title)


def _skipped(what: str) -> CallWarning:
    return warn(WarningCode.UNKNOWN_CONTENT_BLOCK, f"{what} was skipped")
