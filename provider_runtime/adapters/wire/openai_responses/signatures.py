"""The opaque texts that this wire puts on parts, so that a conversation goes back as it came.

The API hands out items; a conversation holds parts. One reasoning item becomes one part for each
of its segments: the first carries what the item holds besides text, the others only say that they
go on with it. The texts themselves stay in the parts. Written and read by this wire alone.
"""

from typing import Any, Final, Literal, TypeAlias

from attrs import frozen

from provider_runtime.adapters.wire.reading import NotJson, a_text, filled, objects, parse
from provider_runtime.adapters.wire.writing import body_bytes
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.parts import ThinkingPart
from provider_runtime.domain.identity import ProviderId

WIRE: Final = "openai_responses"

Segment: TypeAlias = Literal["summary", "content"]
_SEGMENT_TYPES: Final[dict[Segment, str]] = {"summary": "summary_text", "content": "reasoning_text"}


@frozen(kw_only=True)
class ReasoningNote:
    """What a thinking part remembers of its reasoning item.

    ``item``: the item that the part begins, still without texts; ``None``: the part goes on with
    the item ``item_id``. ``segment``: where its text belongs; ``None``: it has none.
    """

    item: dict[str, Any] | None
    item_id: str | None
    segment: Segment | None


def sealed(provider: ProviderId, note: dict[str, Any]) -> Signature:
    """``note`` as a signature of ``provider`` on this wire."""
    return Signature(provider=provider, wire=WIRE, value=body_bytes(note).decode())


def opened(signature: Signature | None, provider: ProviderId) -> dict[str, Any] | None:
    """The note inside a signature; ``None`` for one of another provider or wire, or that does not read."""
    if signature is None or not signature.belongs_to(provider, WIRE):
        return None
    try:
        note = parse(signature.value.encode())
    except (NotJson, UnicodeEncodeError):
        return None
    return note if isinstance(note, dict) else None


def thinking_parts(item: dict[str, Any], provider: ProviderId) -> list[ThinkingPart]:
    """A reasoning item as parts: one for each segment, one without text for hidden reasoning.

    None for an item that holds neither text nor encrypted reasoning: its id names something that
    the server was told not to store.
    """
    head: dict[str, Any] = {}
    if item_id := filled(item.get("id")):
        head["id"] = item_id
    if encrypted := filled(item.get("encrypted_content")):
        head["encrypted_content"] = encrypted
    if isinstance(item.get("content"), list):
        head["content"] = []
    parts: list[ThinkingPart] = []
    for segment in _SEGMENT_TYPES:
        for piece in objects(item.get(segment)):
            text = a_text(piece.get("text"))
            if text is not None:
                begins = {"of": item_id} if parts else {"item": head}
                note = {**begins, "segment": segment}
                parts.append(ThinkingPart(text=text, signature=sealed(provider, note), provider=provider))
    if not parts and encrypted:
        parts.append(ThinkingPart(signature=sealed(provider, {"item": head}), redacted=True, provider=provider))
    return parts


def reasoning_note(part: ThinkingPart, provider: ProviderId) -> ReasoningNote | None:
    """What ``part`` remembers of its reasoning item; ``None`` for thinking from elsewhere."""
    note = opened(part.signature, provider)
    if note is None:
        return None
    segment = next((known for known in _SEGMENT_TYPES if note.get("segment") == known), None)
    head = note.get("item")
    item = _begun(head) if isinstance(head, dict) else None
    return ReasoningNote(item=item, item_id=filled(note.get("of")), segment=segment)


def add_segment(item: dict[str, Any], segment: Segment, text: str) -> None:
    """Give a reasoning item under construction its next segment."""
    item.setdefault(segment, []).append({"type": _SEGMENT_TYPES[segment], "text": text})


def is_replayable(item: dict[str, Any]) -> bool:
    """Whether a server that stored nothing can make sense of the item.

    A summary alone is no reasoning, and the API answers an id without content with an error:
    "Items are not persisted when `store` is set to false".
    """
    return bool(item.get("encrypted_content") or item.get("content"))


def _begun(head: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "reasoning"}
    if item_id := filled(head.get("id")):
        item["id"] = item_id
    item["summary"] = []  # required, even when empty
    if "content" in head:
        item["content"] = []
    if encrypted := filled(head.get("encrypted_content")):
        item["encrypted_content"] = encrypted
    return item
