"""Artifacts: computed once, kept within bounds; written once over the media."""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Final

from attrs import define, evolve, field
from attrs.validators import optional

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.families.places import InFiles, InMemory, InSqlite, OverMedia
from provider_runtime.adapters.backends.medium import Document
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.checks import whole
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.json_values import JsonValue
from provider_runtime.domain.records.artifacts import (
    Artifact,
    ArtifactKey,
    ArtifactMetadata,
    ArtifactStats,
    digest_of_key,
)
from provider_runtime.ports.system import Clock

_COLLECTION: Final = "artifacts"
_DOMAIN: Final = b"provider_runtime/artifacts/signature/v1\0"


@define
class _Use:
    """What is remembered of an artifact while this object lives."""

    size: int
    accessed_at_ms: int
    access_count: int


@define(kw_only=True, slots=False)
class MediaArtifacts(OverMedia):
    """Artifacts in the documents of ``media``. See ``ArtifactProvider``.

    At most ``capacity`` of them, and at most ``max_bytes`` of JSON; ``None``: any number. When and
    how often one was used is remembered by this object alone, so that reading writes nothing. What
    it finds in the medium counts as used when it was made; it is looked through once, at the first
    ``put`` that has to keep within bounds.
    """

    capacity: int | None = field(default=None, validator=optional(whole(1)))
    max_bytes: int | None = field(default=None, validator=optional(whole(1)))
    clock: Clock = field(factory=SystemClock, repr=False)
    _codec: RecordCodec[Artifact] = field(
        factory=lambda: RecordCodec(kind="artifact", of=Artifact), init=False, repr=False
    )
    _used: "OrderedDict[str, _Use]" = field(factory=OrderedDict, init=False, repr=False)
    """By name, the one that was not used for longest first; all of them, once it was looked through."""
    _size: int = field(default=0, init=False)
    _looked_through: bool = field(default=False, init=False)
    _hits: int = field(default=0, init=False)
    _misses: int = field(default=0, init=False)

    async def get(self, key: ArtifactKey) -> Artifact | None:
        name = _name_of(key)
        found = await self.media.documents().get(_COLLECTION, name)
        return await self._counted(name, found, None if found is None else self._codec.read(found.content, name))

    async def get_by_expr(self, expr_key: str, current_fingerprints: Mapping[str, str]) -> Artifact | None:
        for name in await self._names(expr_key):
            found = await self.media.documents().get(_COLLECTION, name)
            artifact = None if found is None else self._codec.read(found.content, name)
            if artifact is not None and all(
                current_fingerprints.get(dep.ref) == dep.fingerprint for dep in artifact.metadata.deps
            ):
                return await self._counted(name, found, artifact)
        return await self._counted("", None, None)

    async def put(self, key: ArtifactKey, value: JsonValue, metadata: ArtifactMetadata | None = None) -> None:
        now, given = self._now(), metadata or ArtifactMetadata()
        made = evolve(
            given,
            created_at_ms=given.created_at_ms or now,
            accessed_at_ms=given.accessed_at_ms or given.created_at_ms or now,
        )
        name, content = _name_of(key), self._codec.write(Artifact(key=key, value=value, metadata=made))
        if self.max_bytes is not None and len(content) > self.max_bytes:
            await self._drop(name)  # what stood there is no longer right, and this one would push out all others
            return
        await self.media.documents().put(_COLLECTION, name, content)
        self._note(name, _Use(len(content), made.accessed_at_ms, made.access_count))
        await self._keep_within_bounds()

    async def clear(self) -> None:
        for name in await self.media.documents().keys(_COLLECTION):
            await self._drop(name)
        self._hits = self._misses = 0

    async def clear_by_expr(self, expr_key: str) -> None:
        for name in await self._names(expr_key):
            await self._drop(name)

    async def stats(self) -> ArtifactStats:
        count = len(await self.media.documents().keys(_COLLECTION))
        return ArtifactStats(count=count, capacity=self.capacity, hit_count=self._hits, miss_count=self._misses)

    async def signature(self) -> str:
        names = await self.media.documents().keys(_COLLECTION)  # sorted, and of one length
        return sha256(_DOMAIN + "\n".join(names).encode()).hexdigest()

    async def _counted(self, name: str, found: Document | None, artifact: Artifact | None) -> Artifact | None:
        if found is None or artifact is None:
            self._misses += 1
            return None
        use = self._used.get(name) or _Use(len(found.content), 0, artifact.metadata.access_count)
        use.access_count, use.accessed_at_ms = use.access_count + 1, self._now()
        self._note(name, use)
        self._hits += 1
        seen = evolve(artifact.metadata, accessed_at_ms=use.accessed_at_ms, access_count=use.access_count)
        return evolve(artifact, metadata=seen)

    def _note(self, name: str, use: _Use) -> None:
        """Remember that this one was used last."""
        self._forget(name)
        self._used[name] = use
        self._size += use.size

    def _forget(self, name: str) -> None:
        if (use := self._used.pop(name, None)) is not None:
            self._size -= use.size

    async def _keep_within_bounds(self) -> None:
        if self.capacity is None and self.max_bytes is None:
            return
        if not self._looked_through:
            await self._look_through()
        while self._used and self._is_too_much():
            await self._drop(next(iter(self._used)))  # forgotten before it waits: who else drops, drops another

    def _is_too_much(self) -> bool:
        too_many = self.capacity is not None and len(self._used) > self.capacity
        return too_many or (self.max_bytes is not None and self._size > self.max_bytes)

    async def _look_through(self) -> None:
        """Learn of what others put there, or an earlier process: the first to go."""
        found: list[tuple[str, _Use]] = []
        for name in await self.media.documents().keys(_COLLECTION):
            document = await self.media.documents().get(_COLLECTION, name)
            if document is None:
                continue
            metadata = ArtifactMetadata()
            with suppress(RecordCorrupt):  # the first of all to go; whoever asks for it is told
                metadata = self._codec.read(document.content, name).metadata
            found.append((name, _Use(len(document.content), metadata.accessed_at_ms, metadata.access_count)))
        for name, use in sorted(found, key=lambda one: one[1].accessed_at_ms, reverse=True):
            if name not in self._used:
                self._note(name, use)
                self._used.move_to_end(name, last=False)
        self._looked_through = True

    async def _drop(self, name: str) -> None:
        self._forget(name)
        await self.media.documents().delete(_COLLECTION, name)

    async def _names(self, expr_key: str) -> tuple[str, ...]:
        return await self.media.documents().keys(_COLLECTION, prefix=_prefix_of(expr_key))

    def _now(self) -> int:
        return int(self.clock.now().timestamp() * 1000)


@define(kw_only=True, slots=False)
class MemoryArtifactProvider(InMemory, MediaArtifacts):
    """Artifacts in memory, gone at exit."""


@define(kw_only=True, slots=False)
class FilesystemArtifactProvider(InFiles, MediaArtifacts):
    """Artifacts in the folder ``root``, a file each."""


@define(kw_only=True, slots=False)
class SqliteArtifactProvider(InSqlite, MediaArtifacts):
    """Artifacts in the SQLite file at ``path``."""


def _name_of(key: ArtifactKey) -> str:
    # The expression comes first, so that all of one expression are found by prefix.
    return _prefix_of(key.expr_key) + digest_of_key(key)


def _prefix_of(expr_key: str) -> str:
    return sha256(expr_key.encode()).hexdigest()[:32] + "-"
