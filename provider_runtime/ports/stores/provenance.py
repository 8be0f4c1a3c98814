"""ProvenanceProvider: what is known from where."""

from datetime import datetime
from typing import Protocol, runtime_checkable

from provider_runtime.domain.records.evidence import (
    Derivation,
    EpistemicMode,
    Evidence,
    EvidenceStatus,
    GraphForm,
    ProvenanceGraph,
    Span,
    StalenessReport,
    WorldView,
)


@runtime_checkable
class SourceReader(Protocol):
    """Reads the sources that evidence is taken from."""

    async def read(self, ref: str) -> str | None:
        """The source as it is now, or ``None`` when there is none."""
        ...


@runtime_checkable
class ProvenanceProvider(Protocol):
    """Keeps evidence, and what was derived from it.

    Evidence that is equal is kept once, under one id. ``RecordMissing`` where an id is needed that
    is not there; ``BackendError`` when the medium fails and ``RecordCorrupt`` when what is kept does
    not read back. Source: semantics B.12.
    """

    async def capture(
        self,
        ref: str,
        *,
        span: Span | None = None,
        obtained_via: str = "read",
        world_view: WorldView = WorldView.BASE,
        mode: EpistemicMode | None = None,
    ) -> str:
        """Read ``ref`` now and keep what stands at ``span``; returns the id. ``mode`` ``None``: that of ``get_mode``.

        ``RecordMissing`` when there is no such source, ``ValueError`` when it is shorter than the span.
        """
        ...

    async def record(self, evidence: Evidence) -> str:
        """Keep evidence that was captured elsewhere; returns its id.

        ``ValueError`` when the id is not the one that follows from its contents.
        """
        ...

    def get_mode(self) -> EpistemicMode:
        """How whatever is captured is known, unless the capture says otherwise: observed, to begin with."""
        ...

    def set_mode(self, mode: EpistemicMode) -> None:
        """Take ``mode`` for whatever this object captures from now on. Not kept: a later process begins anew."""
        ...

    async def get_evidence(self, evidence_id: str) -> Evidence | None:
        """The evidence of this id, or ``None``."""
        ...

    async def verify(self, evidence_id: str) -> EvidenceStatus:
        """Whether it still stands: the source is read again."""
        ...

    async def record_derivation(
        self,
        item: str,
        sources: tuple[str, ...],
        *,
        activity: str,
        model: str | None = None,
        mode: EpistemicMode = EpistemicMode.DERIVED,
    ) -> Derivation:
        """Keep that ``item`` was made from ``sources``, which have to be there; whatever was said of it before.

        ``ValueError`` when it would be derived from itself, however far round.
        """
        ...

    async def trace(self, item: str, *, max_depth: int | None = None) -> tuple[str, ...]:
        """Everything that ``item`` was made from, nearest first, each once; at most ``max_depth`` steps away."""
        ...

    async def find_derived(self, source: str) -> tuple[str, ...]:
        """Everything that was made from ``source``, nearest first, each once."""
        ...

    async def find_llm_influences(self, item: str) -> tuple[Derivation, ...]:
        """The derivations by a model behind ``item``, its own first."""
        ...

    async def staleness(self, item: str) -> StalenessReport:
        """Which evidence behind ``item``, itself if it is evidence, no longer stands."""
        ...

    async def is_stale(self, item: str) -> bool:
        """Whether any evidence behind ``item`` no longer stands."""
        ...

    async def query(
        self, *, after: datetime | None = None, before: datetime | None = None, prefix: str = ""
    ) -> tuple[Evidence, ...]:
        """Evidence captured between the two moments, neither included, whose id begins with ``prefix``."""
        ...

    async def prune(self, older_than: datetime) -> int:
        """Delete evidence captured before then that nothing was derived from; how much."""
        ...

    async def graph(self) -> ProvenanceGraph:
        """All of it."""
        ...

    async def export(self, form: GraphForm = GraphForm.PROV_JSON) -> str:
        """All of it as text for others, without the snippets. Equal graphs give equal text."""
        ...
