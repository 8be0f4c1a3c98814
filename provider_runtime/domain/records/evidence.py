"""Evidence: what was read where, what was derived from it, and whether it still stands."""

import json
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from attrs import field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED, FILLED_TEXTS, OPTIONAL_TEXT, TEXT, is_a, whole
from provider_runtime.domain.json_values import tuple_of

_DOMAIN: Final = b"provider_runtime/evidence/v1\0"


class EpistemicMode(StrEnum):
    """How something is known. The first three demand evidence."""

    OBSERVED = "observed"
    MEASURED = "measured"
    DERIVED = "derived"
    INFERRED = "inferred"
    HYPOTHESIZED = "hypothesized"
    ASSUMED = "assumed"

    @property
    def demands_evidence(self) -> bool:
        """Whether it may not be claimed without a source."""
        return self in {EpistemicMode.OBSERVED, EpistemicMode.MEASURED, EpistemicMode.DERIVED}


class WorldView(StrEnum):
    """Whether the source was read as it is, or as it is about to be."""

    BASE = "base"
    STAGED = "staged"


class EvidenceStatus(StrEnum):
    """Whether evidence still stands.

    ``stale``: its source changed or is gone. ``content_mismatch``: what was read is not there any more.
    """

    VALID = "valid"
    STALE = "stale"
    CONTENT_MISMATCH = "content_mismatch"


class GraphForm(StrEnum):
    """How a provenance graph is written for others."""

    JSON = "json"
    DOT = "dot"  # a drawing for Graphviz
    PROV_JSON = "prov_json"  # W3C PROV-JSON


@frozen(kw_only=True)
class Span:
    """The characters from ``start`` to before ``end`` of a source."""

    start: int = field(validator=whole(0))
    end: int = field(validator=whole(0))

    def __attrs_post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("a span ends where it begins, or later")


@frozen(kw_only=True)
class Evidence:
    """What stood at ``span`` of the source ``ref`` (``None``: all of it) when it was read. Source: semantics B.12."""

    evidence_id: str = field(validator=FILLED)
    ref: str = field(validator=FILLED)
    span: Span | None = field(default=None, validator=optional(is_a(Span)))
    fingerprint: str = field(validator=FILLED)
    snippet: str = field(validator=TEXT, repr=False)
    obtained_via: str = field(default="read", validator=FILLED)
    world_view: WorldView = field(default=WorldView.BASE, converter=WorldView)
    captured_at: datetime = field(validator=is_a(datetime))
    mode: EpistemicMode = field(default=EpistemicMode.OBSERVED, converter=EpistemicMode)


@frozen(kw_only=True)
class Derivation:
    """That ``item`` was made from ``sources``: ids of evidence, or of other items. ``model``: the one that made it.

    Raises ``ValueError`` for an item made from itself, and for a mode that demands sources without any.
    """

    item: str = field(validator=FILLED)
    sources: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    activity: str = field(validator=FILLED)
    model: str | None = field(default=None, validator=OPTIONAL_TEXT)
    mode: EpistemicMode = field(default=EpistemicMode.DERIVED, converter=EpistemicMode)
    recorded_at: datetime = field(validator=is_a(datetime))

    def __attrs_post_init__(self) -> None:
        if self.item in self.sources:
            raise ValueError("nothing is derived from itself")
        if self.mode.demands_evidence and not self.sources:
            raise ValueError(f"what is {self.mode} has a source")


@frozen(kw_only=True)
class StalenessReport:
    """Which evidence behind an item no longer stands, of how much there is."""

    stale_items: tuple[str, ...]
    total_sources: int

    @property
    def is_stale(self) -> bool:
        """Whether any does not."""
        return bool(self.stale_items)


@frozen(kw_only=True)
class ProvenanceGraph:
    """All evidence and every derivation, each once, in the order of their ids."""

    evidence: tuple[Evidence, ...] = field(default=(), converter=tuple_of)
    derivations: tuple[Derivation, ...] = field(default=(), converter=tuple_of)


def fingerprint_of(text: str) -> str:
    """SHA-256 over a source, as text."""
    return f"sha256:{sha256(text.encode(errors='surrogatepass')).hexdigest()}"


def snippet_of(text: str, span: Span | None) -> str:
    """What stands at ``span``. ``ValueError`` when the text is shorter than that."""
    if span is None:
        return text
    if span.end > len(text):
        raise ValueError("the span ends behind the end of the source")
    return text[span.start : span.end]


def evidence_id_of(
    *, ref: str, span: Span | None, fingerprint: str, obtained_via: str, world_view: WorldView, mode: EpistemicMode
) -> str:
    """The same for equal evidence, whenever it was captured: ``ev:sha256:`` and 16 hexadecimal digits."""
    place = None if span is None else [span.start, span.end]
    parts = json.dumps([ref, place, fingerprint, obtained_via, world_view.value, mode.value], separators=(",", ":"))
    return f"ev:sha256:{sha256(_DOMAIN + parts.encode()).hexdigest()[:16]}"


def fault_of_id(evidence: Evidence) -> str | None:
    """What is wrong with the id of ``evidence``, which has to follow from the rest of it; ``None``: nothing."""
    own = evidence_id_of(
        ref=evidence.ref,
        span=evidence.span,
        fingerprint=evidence.fingerprint,
        obtained_via=evidence.obtained_via,
        world_view=evidence.world_view,
        mode=evidence.mode,
    )
    return None if evidence.evidence_id == own else "the id of this evidence does not follow from its contents"


def status_of(evidence: Evidence, text: str | None) -> EvidenceStatus:
    """Whether ``evidence`` still stands, its source being ``text`` now (``None``: there is none)."""
    if text is None:
        return EvidenceStatus.STALE
    if fingerprint_of(text) == evidence.fingerprint:
        return EvidenceStatus.VALID
    span = evidence.span
    if span is not None and text[span.start : span.end] == evidence.snippet:
        return EvidenceStatus.STALE
    return EvidenceStatus.CONTENT_MISMATCH
