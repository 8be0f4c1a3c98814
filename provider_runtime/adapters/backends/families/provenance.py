"""Provenance: evidence and what was derived from it; written once over the media."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import define, field

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.families.places import InFiles, InMemory, InSqlite, OverMedia
from provider_runtime.adapters.backends.families.prov_json import dot, plain_json, prov_json
from provider_runtime.adapters.backends.names import checked_name
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.errors import RecordMissing
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
    evidence_id_of,
    fault_of_id,
    fingerprint_of,
    snippet_of,
    status_of,
)
from provider_runtime.ports.stores.provenance import SourceReader
from provider_runtime.ports.system import Clock

_EVIDENCE: Final = "evidence"
_DERIVATIONS: Final = "derivations"


@define(kw_only=True, slots=False)
class MediaProvenance(OverMedia):
    """Evidence and derivations in the documents of ``media``, read from ``sources``. See ``ProvenanceProvider``."""

    sources: SourceReader = field(repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    _mode: EpistemicMode = field(default=EpistemicMode.OBSERVED, init=False)
    _evidence: RecordCodec[Evidence] = field(
        factory=lambda: RecordCodec(kind="evidence", of=Evidence), init=False, repr=False
    )
    _derivations: RecordCodec[Derivation] = field(
        factory=lambda: RecordCodec(kind="derivation", of=Derivation), init=False, repr=False
    )

    async def capture(
        self,
        ref: str,
        *,
        span: Span | None = None,
        obtained_via: str = "read",
        world_view: WorldView = WorldView.BASE,
        mode: EpistemicMode | None = None,
    ) -> str:
        mode = self._mode if mode is None else EpistemicMode(mode)
        text = await self.sources.read(ref)
        if text is None:
            raise RecordMissing(
                kind="source", key=ref, message="there is no such source", remedy="Name one that the reader knows."
            )
        fingerprint = fingerprint_of(text)
        evidence_id = evidence_id_of(
            ref=ref, span=span, fingerprint=fingerprint, obtained_via=obtained_via, world_view=world_view, mode=mode
        )
        evidence = Evidence(
            evidence_id=evidence_id,
            ref=ref,
            span=span,
            fingerprint=fingerprint,
            snippet=snippet_of(text, span),
            obtained_via=obtained_via,
            world_view=world_view,
            captured_at=self.clock.now(),
            mode=mode,
        )
        return await self._keep(evidence)

    async def record(self, evidence: Evidence) -> str:
        if (fault := fault_of_id(evidence)) is not None:
            raise ValueError(fault)
        return await self._keep(evidence)

    def get_mode(self) -> EpistemicMode:
        return self._mode

    def set_mode(self, mode: EpistemicMode) -> None:
        self._mode = EpistemicMode(mode)

    async def get_evidence(self, evidence_id: str) -> Evidence | None:
        found = await self.media.documents().get(_EVIDENCE, checked_name("evidence", evidence_id))
        return None if found is None else self._evidence.read(found.content, evidence_id)

    async def verify(self, evidence_id: str) -> EvidenceStatus:
        evidence = await self.get_evidence(evidence_id)
        if evidence is None:
            raise _missing("evidence", evidence_id)
        return status_of(evidence, await self.sources.read(evidence.ref))

    async def record_derivation(
        self,
        item: str,
        sources: tuple[str, ...],
        *,
        activity: str,
        model: str | None = None,
        mode: EpistemicMode = EpistemicMode.DERIVED,
    ) -> Derivation:
        derivation = Derivation(
            item=checked_name("item", item),
            sources=tuple(dict.fromkeys(sources)),
            activity=activity,
            model=model,
            mode=mode,
            recorded_at=self.clock.now(),
        )
        if await self.get_evidence(item) is not None:
            raise ValueError("evidence is read, not derived")
        for source in derivation.sources:
            if item in await self.trace(source):
                raise ValueError("nothing is derived from itself")
        await self.media.documents().put(_DERIVATIONS, item, self._derivations.write(derivation))
        return derivation

    async def trace(self, item: str, *, max_depth: int | None = None) -> tuple[str, ...]:
        await self._check(item)
        found, waiting = dict[str, None](), deque([(item, 0)])
        while waiting:
            current, depth = waiting.popleft()
            derivation = await self._derivation(current)
            if derivation is None or depth == max_depth:
                continue
            for source in derivation.sources:
                if source not in found and source != item:
                    found[source] = None
                    waiting.append((source, depth + 1))
        return tuple(found)

    async def find_derived(self, source: str) -> tuple[str, ...]:
        await self._check(source)
        made_from: dict[str, list[str]] = {}
        for derivation in await self._all_derivations():
            for one in derivation.sources:
                made_from.setdefault(one, []).append(derivation.item)
        return _reached(source, made_from)

    async def find_llm_influences(self, item: str) -> tuple[Derivation, ...]:
        found = [await self._derivation(one) for one in (item, *await self.trace(item))]
        return tuple(one for one in found if one is not None and one.model is not None)

    async def staleness(self, item: str) -> StalenessReport:
        behind = [one for one in (item, *await self.trace(item)) if await self.get_evidence(one) is not None]
        stale = [one for one in behind if await self.verify(one) is not EvidenceStatus.VALID]
        return StalenessReport(stale_items=tuple(stale), total_sources=len(behind))

    async def is_stale(self, item: str) -> bool:
        return (await self.staleness(item)).is_stale

    async def query(
        self, *, after: datetime | None = None, before: datetime | None = None, prefix: str = ""
    ) -> tuple[Evidence, ...]:
        names = await self.media.documents().keys(_EVIDENCE, prefix=prefix)
        found = [one for name in names if (one := await self.get_evidence(name)) is not None]
        return tuple(
            one
            for one in found
            if (after is None or one.captured_at > after) and (before is None or one.captured_at < before)
        )

    async def prune(self, older_than: datetime) -> int:
        used = {source for derivation in await self._all_derivations() for source in derivation.sources}
        old = [one.evidence_id for one in await self.query(before=older_than) if one.evidence_id not in used]
        return sum([await self.media.documents().delete(_EVIDENCE, evidence_id) for evidence_id in old])

    async def graph(self) -> ProvenanceGraph:
        return ProvenanceGraph(evidence=await self.query(), derivations=await self._all_derivations())

    async def export(self, form: GraphForm = GraphForm.PROV_JSON) -> str:
        graph = await self.graph()
        match GraphForm(form):
            case GraphForm.JSON:
                return plain_json(graph)
            case GraphForm.DOT:
                return dot(graph)
            case GraphForm.PROV_JSON:
                return prov_json(graph)

    async def _keep(self, evidence: Evidence) -> str:
        content = self._evidence.write(evidence)
        name = evidence.evidence_id
        await self.media.documents().put_if(_EVIDENCE, name, content, version=None)  # there already: kept once
        return name

    async def _derivation(self, item: str) -> Derivation | None:
        found = await self.media.documents().get(_DERIVATIONS, checked_name("item", item))
        return None if found is None else self._derivations.read(found.content, item)

    async def _all_derivations(self) -> tuple[Derivation, ...]:
        names = await self.media.documents().keys(_DERIVATIONS)
        return tuple([one for name in names if (one := await self._derivation(name)) is not None])

    async def _check(self, item: str) -> None:
        if await self.get_evidence(item) is None and await self._derivation(item) is None:
            raise _missing("item", item)


@define(kw_only=True, slots=False)
class MemoryProvenanceProvider(InMemory, MediaProvenance):
    """Evidence in memory, gone at exit."""


@define(kw_only=True, slots=False)
class FilesystemProvenanceProvider(InFiles, MediaProvenance):
    """Evidence in the folder ``root``, a file each."""


@define(kw_only=True, slots=False)
class SqliteProvenanceProvider(InSqlite, MediaProvenance):
    """Evidence in the SQLite file at ``path``."""


def _missing(kind: str, key: str) -> RecordMissing:
    message = f"there is no {kind} of this id"
    return RecordMissing(kind=kind, key=key, message=message, remedy="`graph` shows what is kept.")


def _reached(start: str, edges: Mapping[str, list[str]]) -> tuple[str, ...]:
    found, waiting = dict[str, None](), deque([start])
    while waiting:
        for one in edges.get(waiting.popleft(), ()):
            if one not in found and one != start:
                found[one] = None
                waiting.append(one)
    return tuple(found)
