"""Output items as message parts: what the model said, thought, called and drew."""

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any, Final

from attrs import field, frozen

from provider_runtime.adapters.wire.answers import tool_call_part
from provider_runtime.adapters.wire.failures import a_name
from provider_runtime.adapters.wire.openai_responses.signatures import sealed, thinking_parts
from provider_runtime.adapters.wire.reading import a_count, a_list, a_text, filled
from provider_runtime.domain.conversation.parts import (
    Citation,
    ContentPart,
    ImagePart,
    InlineData,
    RefusalPart,
    TextPart,
)
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.identity import ProviderId

COMMENTARY: Final = "commentary"  # the phase of what is said on the way to the answer


@frozen(kw_only=True)
class Answer:
    """The parts of one answer as they are found, and what is known of them besides.

    ``texts`` are those that make up the answer itself, without commentary.
    """

    provider: ProviderId
    parts: list[ContentPart] = field(factory=list)
    texts: list[str] = field(factory=list)
    warnings: list[CallWarning] = field(factory=list)
    _told: set[CallWarning] = field(factory=set)  # an answer may hold any number of things to skip

    def skip(self, what: str, kind: object) -> None:
        """Leave out something this wire does not know, and say so once for each kind."""
        name = a_name(kind) or "without a type"
        self.warn(WarningCode.UNKNOWN_CONTENT_BLOCK, f"{what} {name} was skipped")

    def warn(self, code: WarningCode, message: str) -> None:
        """Add a warning; one that is there already is not repeated."""
        warning = warn(code, message)
        if warning not in self._told:
            self._told.add(warning)
            self.warnings.append(warning)


def read_items(items: list[Any], provider: ProviderId) -> Answer:
    """Every item of ``output``, in order. Never raises."""
    answer = Answer(provider=provider)
    for position, item in enumerate(items):
        if not isinstance(item, dict):
            answer.skip("an output item", None)
            continue
        kind = item.get("type")
        if kind == "message" or (kind is None and "content" in item):
            _read_message(item, answer)
        elif kind == "function_call":
            _read_call(item, answer, position)
        elif kind == "reasoning":
            answer.parts.extend(thinking_parts(item, provider))
        elif kind == "image_generation_call":
            _read_image(item, answer)
        elif kind == "refusal":
            _read_refusal(item, answer)
        else:
            answer.skip("an output item", kind)
    return answer


def _read_message(item: dict[str, Any], answer: Answer) -> None:
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "output_text", "text": content}]
    phase = filled(item.get("phase"))
    # Texts in a row are one message, unless one says that it begins another.
    follows_text = bool(answer.parts) and isinstance(answer.parts[-1], TextPart | RefusalPart)
    signature = sealed(answer.provider, {"phase": phase} if phase else {}) if phase or follows_text else None
    for piece in a_list(content):
        if not isinstance(piece, dict):
            answer.skip("a piece of a message", None)
            continue
        kind = piece.get("type")
        if kind == "refusal":
            _read_refusal(piece, answer)
        elif kind == "output_text" or kind == "text":  # noqa: PLR1714 - `in` needs a hash, and JSON may hold anything here
            text = filled(piece.get("text"))
            if text is None:
                continue
            answer.parts.append(TextPart(text, citations=_citations(piece.get("annotations")), signature=signature))
            signature = None
            if phase != COMMENTARY:
                answer.texts.append(text)
        else:
            answer.skip("a piece of a message", kind)


def _read_refusal(piece: dict[str, Any], answer: Answer) -> None:
    text = a_text(piece.get("refusal"))
    if text is not None:
        answer.parts.append(RefusalPart(text))
        answer.warn(WarningCode.MODEL_REFUSAL, "the model declined to answer")


def _read_call(item: dict[str, Any], answer: Answer, position: int) -> None:
    namespace = filled(item.get("namespace"))
    part = tool_call_part(
        filled(item.get("call_id")) or item.get("id"),
        item.get("name"),
        item.get("arguments"),
        position=position,
        warnings=answer.warnings,
        signature=sealed(answer.provider, {"namespace": namespace}) if namespace else None,
    )
    if part is not None:
        answer.parts.append(part)


def _read_image(item: dict[str, Any], answer: Answer) -> None:
    data = _image_bytes(item.get("result"))
    if data is None:
        answer.skip("an output item", "image_generation_call")
        return
    ending = a_name(item.get("output_format")) or "png"
    item_id = filled(item.get("id"))
    signature = sealed(answer.provider, {"id": item_id} if item_id else {})
    answer.parts.append(ImagePart(source=InlineData(media_type=f"image/{ending}", data=data), signature=signature))


def _image_bytes(result: object) -> bytes | None:
    if not isinstance(result, str):
        return None
    try:
        return b64decode(result, validate=True) or None
    except (NotBase64, ValueError):
        return None


def _citations(annotations: object) -> tuple[Citation, ...]:
    if not annotations:
        return ()
    return tuple(_citation(note) for note in a_list(annotations) if isinstance(note, dict))


def _citation(note: dict[str, Any]) -> Citation:
    # A file_citation has one index: the place in the text where the mark stands.
    start = note.get("start_index", note.get("index"))
    return Citation(
        url=filled(note.get("url")),
        title=filled(note.get("title")) or filled(note.get("filename")),
        file_id=filled(note.get("file_id")),
        start_index=a_count(start),
        end_index=a_count(note.get("end_index")),
    )
