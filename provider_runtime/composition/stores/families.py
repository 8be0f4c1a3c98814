"""Stores: the families of records, each made when it is first asked for; and open_stores."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

from attrs import define, field

from provider_runtime.adapters.backends.families.artifacts import MediaArtifacts
from provider_runtime.adapters.backends.families.live import (
    DefaultEffectHandlerRegistry,
    DefaultExpertProvider,
    MemoryStreamProvider,
)
from provider_runtime.adapters.backends.families.logic import MemoryLogicProvider
from provider_runtime.adapters.backends.families.provenance import MediaProvenance
from provider_runtime.adapters.backends.families.sessions import MediaSessions
from provider_runtime.adapters.backends.families.snapshots import MediaSnapshots
from provider_runtime.adapters.backends.families.states import MediaStates
from provider_runtime.adapters.backends.families.traces import (
    FilesystemTraceProvider,
    JournalTraces,
    MemoryTraceProvider,
)
from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Media
from provider_runtime.adapters.backends.memory import MemoryMedia
from provider_runtime.adapters.backends.receipts import (
    FilesystemReceiptProvider,
    InMemoryReceiptProvider,
    JournalReceipts,
)
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.system import SystemClock
from provider_runtime.composition.stores.places import (
    FileStores,
    MemoryStores,
    SqliteStores,
    StorePlace,
    StoreSettings,
)
from provider_runtime.domain.errors import InvalidSettings, MissingProviderRuntimeError
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.ports.stores.evaluation import ArtifactProvider, EffectHandlerRegistry, StreamProvider
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.ports.stores.knowledge import ExpertProvider, LogicProvider
from provider_runtime.ports.stores.provenance import ProvenanceProvider, SourceReader
from provider_runtime.ports.stores.sessions import SessionProvider, SnapshotProvider
from provider_runtime.ports.stores.state import StateProvider
from provider_runtime.ports.stores.traces import TraceProvider
from provider_runtime.ports.system import Clock

T = TypeVar("T")

FAMILIES: Final[Mapping[str, type]] = MappingProxyType(
    {
        "states": StateProvider,
        "sessions": SessionProvider,
        "snapshots": SnapshotProvider,
        "receipts": ReceiptProvider,
        "traces": TraceProvider,
        "artifacts": ArtifactProvider,
        "provenance": ProvenanceProvider,
        "logic": LogicProvider,
        "streams": StreamProvider,
        "effects": EffectHandlerRegistry,
        "experts": ExpertProvider,
    }
)
"""The families by the names under which ``Stores`` has them, with their ports."""


class NoSources:
    """Nobody handed in a reader of sources."""

    async def read(self, ref: str) -> str | None:  # noqa: ARG002 - nothing is read
        """Raise ``MissingProviderRuntimeError``."""
        raise MissingProviderRuntimeError(
            missing_fields=("sources",),
            stage="provenance",
            message="evidence is read from sources, and nobody handed in a reader of them",
            remediation=("Hand one over: open_stores(settings, sources=…).",),
        )


@define(kw_only=True, eq=False)
class Stores:
    """The families of records of one runtime, or of a program without any.

    Each is made when it is first asked for, and the same from then on; nothing is opened before it
    is used. ``given`` are families that were handed in: they stay their owner's, and are not closed here.
    """

    settings: StoreSettings
    clock: Clock = field(factory=SystemClock, repr=False)
    sources: SourceReader = field(factory=NoSources, repr=False)
    given: Mapping[str, object] = field(factory=dict, repr=False)
    extra_experts: Iterable[ExpertRole] = field(default=(), repr=False)
    _made: dict[str, Any] = field(factory=dict, init=False, repr=False)
    _media: dict[StorePlace, Media] = field(factory=dict, init=False, repr=False)

    @property
    def states(self) -> StateProvider:
        """What pieces of work have come to."""
        return self._family("states", lambda: MediaStates(media=self._at("states")))

    @property
    def sessions(self) -> SessionProvider:
        """Sessions with their logs."""
        return self._family("sessions", lambda: MediaSessions(media=self._at("sessions"), clock=self.clock))

    @property
    def snapshots(self) -> SnapshotProvider:
        """Snapshots of machines."""
        return self._family("snapshots", lambda: MediaSnapshots(media=self._at("snapshots")))

    @property
    def receipts(self) -> ReceiptProvider:
        """The chain of receipts; of a runtime, its own."""
        return self._family("receipts", self._make_receipts)

    @property
    def traces(self) -> TraceProvider:
        """The steps of a machine."""
        return self._family("traces", self._make_traces)

    @property
    def artifacts(self) -> ArtifactProvider:
        """What was computed once; answers that calls memoize, among others."""
        return self._family("artifacts", self._make_artifacts)

    @property
    def provenance(self) -> ProvenanceProvider:
        """What is known from where."""
        return self._family("provenance", self._make_provenance)

    @property
    def logic(self) -> LogicProvider:
        """Facts, rules, and what follows."""
        return self._family("logic", MemoryLogicProvider)

    @property
    def streams(self) -> StreamProvider:
        """Lazy streams."""
        return self._family("streams", MemoryStreamProvider)

    @property
    def effects(self) -> EffectHandlerRegistry:
        """Who carries out which operation."""
        return self._family("effects", DefaultEffectHandlerRegistry)

    @property
    def experts(self) -> ExpertProvider:
        """The default experts, and those of the runtime."""
        return self._family("experts", self._make_experts)

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        for store in self._own():
            await store.flush()

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using what was made here afterwards is an error."""
        for store in self._own():
            await store.aclose()

    def _own(self) -> tuple[Any, ...]:
        alone = (store for store in self._made.values() if not hasattr(store, "media") and hasattr(store, "aclose"))
        return (*alone, *self._media.values())

    def _family(self, name: str, make: Callable[[], T]) -> T:
        if name in self.given:
            return cast("T", self.given[name])
        if name not in self._made:
            self._made[name] = make()
        return cast("T", self._made[name])

    def _place(self, family: str) -> StorePlace:
        return getattr(self.settings, family) or self.settings.place

    def _at(self, family: str) -> Media:
        place = self._place(family)
        if place not in self._media:
            self._media[place] = _media_at(place)
        return self._media[place]

    def _make_receipts(self) -> ReceiptProvider:
        match self._place("receipts"):
            case FileStores(path=path):
                return FilesystemReceiptProvider(path=path / "receipts.jsonl")
            case SqliteStores():
                return JournalReceipts(journal=self._at("receipts").journal("receipts"))
        return InMemoryReceiptProvider()

    def _make_traces(self) -> TraceProvider:
        history = self.settings.history
        match self._place("traces"):
            case FileStores(path=path):
                return FilesystemTraceProvider(path=path / "trace.jsonl", max_history_size=history)
            case SqliteStores():
                return JournalTraces(journal=self._at("traces").journal("trace"), max_history_size=history)
        return MemoryTraceProvider(max_history_size=history)

    def _make_artifacts(self) -> ArtifactProvider:
        return MediaArtifacts(
            media=self._at("artifacts"),
            capacity=self.settings.artifact_capacity,
            max_bytes=self.settings.artifact_bytes,
            clock=self.clock,
        )

    def _make_provenance(self) -> ProvenanceProvider:
        return MediaProvenance(media=self._at("provenance"), sources=self.sources, clock=self.clock)

    def _make_experts(self) -> ExpertProvider:
        experts = DefaultExpertProvider()
        for expert in self.extra_experts:
            experts.register_role(expert)
        return experts


def _media_at(place: StorePlace) -> Media:
    match place:
        case FileStores(path=path):
            return FilesystemMedia(root=path)
        case SqliteStores(path=path):
            return SqliteMedia(path=path)
        case MemoryStores():
            return MemoryMedia()


@asynccontextmanager
async def open_stores(settings: StoreSettings | None = None, **parts: object) -> AsyncIterator[Stores]:
    """The families of records where ``settings`` want them, closed at the end of the ``async with``.

    Without settings, all in memory. ``parts`` are a ``clock``, the ``sources`` of evidence, and
    families by name that take the place of ours; what was handed in stays its owner's. Raises
    ``InvalidSettings`` for a part of another name, or one that lacks methods of its port.
    """
    known = {**FAMILIES, "clock": Clock, "sources": SourceReader}
    for name, part in parts.items():
        if not isinstance(part, known.get(name, ())):
            raise InvalidSettings(
                field=name,
                message=f"there is no store called {name!r:.80}"
                if name not in known
                else f"{name} must be a {known[name].__name__}, not {type(part).__name__}",
                remedy=f"Parts are: {', '.join(sorted(known))}; each with every method of its port.",
            )
    circumstances: dict[str, Any] = {name: part for name, part in parts.items() if name not in FAMILIES}
    families = {name: part for name, part in parts.items() if name in FAMILIES}
    stores = Stores(settings=settings or StoreSettings(), given=families, **circumstances)
    try:
        yield stores
    finally:
        await stores.aclose()
