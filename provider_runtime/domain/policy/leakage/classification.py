"""What the content of a call is, as its owner classified it. Source: semantics C.6."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED, FILLED_TEXTS, FLAG
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.governance import Unless


class Sensitivity(StrEnum):
    """How much harm it does when the content becomes known."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    UNKNOWN = "unknown"


class ContentFault(StrEnum):
    """Why content has to stay here."""

    UNCLASSIFIED = "unclassified"
    NOT_EXPORTABLE = "not_exportable"
    HIGH_SENSITIVITY = "high_sensitivity"
    UNKNOWN_MEMBER = "unknown_member"


@frozen(kw_only=True)
class ContentClassification:
    """One piece of content that went into a call, by the name its owner gives it.

    Nothing is exportable unless somebody said so. A composite is made of other pieces, named in
    ``member_refs``; it may leave only if each of them may.
    """

    ref: str = field(validator=FILLED)
    sensitivity: Sensitivity = field(default=Sensitivity.UNKNOWN, converter=Sensitivity)
    exportable: bool = field(default=False, validator=FLAG)
    is_composite: bool = field(default=False, validator=FLAG)
    member_refs: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)


@frozen
class KeptContent:
    """Content that has to stay here: which, and why."""

    ref: str
    fault: ContentFault


def kept_content(content: tuple[ContentClassification, ...], unclassified: Unless) -> KeptContent | None:
    """The first piece of ``content`` that may not leave this machine, or ``None`` if all may.

    Members are followed through composites of composites; a circle ends where it closes. A member
    that nobody described keeps its composite here, whatever the policy says of unclassified content.
    """
    if not content:
        return KeptContent("", ContentFault.UNCLASSIFIED) if unclassified is Unless.DENY else None
    known = {piece.ref: piece for piece in content}
    seen: set[str] = set()
    ahead = [piece.ref for piece in reversed(content)]
    while ahead:
        ref = ahead.pop()
        if ref in seen:
            continue
        seen.add(ref)
        fault = _fault(ref, known, unclassified)
        if fault is not None:
            return KeptContent(ref, fault)
        ahead.extend(reversed(known[ref].member_refs))
    return None


def _fault(ref: str, known: Mapping[str, ContentClassification], unclassified: Unless) -> ContentFault | None:
    piece = known.get(ref)
    if piece is None:
        return ContentFault.UNKNOWN_MEMBER
    if piece.sensitivity is Sensitivity.HIGH:
        return ContentFault.HIGH_SENSITIVITY
    if not piece.exportable:
        return ContentFault.NOT_EXPORTABLE
    if piece.sensitivity is Sensitivity.UNKNOWN and unclassified is Unless.DENY:
        return ContentFault.UNCLASSIFIED
    return ContentFault.UNKNOWN_MEMBER if piece.is_composite and not piece.member_refs else None
