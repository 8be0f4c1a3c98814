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
    it finds in the medium when it begins counts as used when it was made.
    """

    capacity: int | None = field(default=None, validator=optional(whole(1)))
    max_bytes: int | None = field(default=None, validator=optional(whole(1)))
    clock: Clock = field(factory=SystemClock, repr=False)
    _codec: RecordCodec[Artifact] = field(
        factory=lambda: RecordCodec(kind="artifact", of=Artifact), init=False, repr=False
    )
    _used: "OrderedDict[str, _Use] | None" = field(default=None, init=False, repr=False)
    """By name, the one that was not used for longest first."""
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
        used = await self._index()
        if self.max_bytes is not None and len(content) > self.max_bytes:
            await self._drop(name)  # what stood there is no longer right, and this one would push out all others
            return
        await self.media.documents().put(_COLLECTION, name, content)
        used[name] = _Use(len(content), made.accessed_at_ms, made.access_count)
        used.move_to_end(name)
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
        used = await self._index()
        use = used.setdefault(name, _Use(len(found.content), 0, artifact.metadata.access_count))
        use.access_count, use.accessed_at_ms = use.access_count + 1, self._now()
        used.move_to_end(name)
        self._hits += 1
        seen = evolve(artifact.metadata, accessed_at_ms=use.accessed_at_ms, access_count=use.access_count)
        return evolve(artifact, metadata=seen)

    async def _index(self) -> "OrderedDict[str, _Use]":
        if self._used is None:
            found: list[tuple[str, _Use]] = []
            for name in await self.media.documents().keys(_COLLECTION):
                document = await self.media.documents().get(_COLLECTION, name)
                if document is None:
                    continue
                metadata = ArtifactMetadata()
                with suppress(RecordCorrupt):  # the first to go; whoever asks for it is told
                    metadata = self._codec.read(document.content, name).metadata
                use = _Use(len(document.content), metadata.accessed_at_ms, metadata.access_count)
                found.append((name, use))
            if self._used is None:  # nobody else was faster meanwhile
                self._used = OrderedDict(sorted(found, key=lambda one: one[1].accessed_at_ms))
        return self._used

    async def _keep_within_bounds(self) -> None:
        used = await self._index()
        while used and (
            (self.capacity is not None and len(used) > self.capacity)
            or (self.max_bytes is not None and sum(use.size for use in used.values()) > self.max_bytes)
        ):
            await self._drop(next(iter(used)))

    async def _drop(self, name: str) -> None:
        (await self._index()).pop(name, None)
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
