"""ArtifactProvider, StreamProvider, EffectHandlerRegistry: what an evaluation keeps and asks for."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from provider_runtime.domain.json_values import JsonValue
from provider_runtime.domain.records.artifacts import Artifact, ArtifactKey, ArtifactMetadata, ArtifactStats
from provider_runtime.domain.records.effects import EffectContext, EffectHandler, EffectResult
from provider_runtime.domain.records.streams import Stream


@runtime_checkable
class ArtifactProvider(Protocol):
    """Keeps values that were computed, so that nobody computes them again.

    At capacity the one that was not used for longest goes. A value is JSON; what was kept cannot
    change under whoever has it. Raises ``BackendError`` when the medium fails and ``RecordCorrupt``
    when what is kept does not read back. Source: semantics B.8.
    """

    async def get(self, key: ArtifactKey) -> Artifact | None:
        """What was kept under ``key``; ``None`` is a miss, and an artifact whose value is ``None`` is a hit."""
        ...

    async def get_by_expr(self, expr_key: str, current_fingerprints: Mapping[str, str]) -> Artifact | None:
        """An artifact of this expression all of whose dependencies are as they were, or ``None``.

        A dependency that ``current_fingerprints`` does not name has changed.
        """
        ...

    async def put(self, key: ArtifactKey, value: JsonValue, metadata: ArtifactMetadata | None = None) -> None:
        """Keep ``value``, whatever stood there before. Times that ``metadata`` leaves at 0 are now."""
        ...

    async def clear(self) -> None:
        """Forget every artifact, and the counts of hits and misses."""
        ...

    async def clear_by_expr(self, expr_key: str) -> None:
        """Forget every artifact of this expression."""
        ...

    async def stats(self) -> ArtifactStats:
        """How many there are, and how often one was found."""
        ...

    async def signature(self) -> str:
        """A digest of which keys are kept: the same whatever the order, another once one came or went."""
        ...


@runtime_checkable
class StreamProvider(Protocol):
    """Keeps lazy streams by name: any text that is not empty. In memory, since code cannot be stored.

    Source: semantics B.10.
    """

    def store(self, stream_id: str, stream: Stream[Any]) -> None:
        """Keep ``stream``, whatever stood there before."""
        ...

    def get(self, stream_id: str) -> Stream[Any] | None:
        """The stream itself, with whatever of it was forced; or ``None``."""
        ...

    def invalidate(self, stream_id: str) -> None:
        """Leave nothing there. Nothing there: nothing to do."""
        ...


@runtime_checkable
class EffectHandlerRegistry(Protocol):
    """Knows who carries out which operation. Source: semantics B.6."""

    def register(self, op: str, handler: EffectHandler) -> None:
        """``handler`` carries out ``op`` from now on, whoever did so before."""
        ...

    def unregister(self, op: str) -> None:
        """Nobody carries out ``op`` any more. Nobody did: nothing to do."""
        ...

    def get(self, op: str) -> EffectHandler | None:
        """Who carries out ``op``, or ``None``."""
        ...

    def list(self) -> tuple[str, ...]:
        """Every operation that somebody carries out, sorted."""
        ...

    def has(self, op: str) -> bool:
        """Whether somebody carries out ``op``."""
        ...

    async def perform(self, context: EffectContext, *args: JsonValue) -> EffectResult:
        """Have ``context.op`` carried out.

        A handler that raises, or returns what is no result, comes to an ``EffectError`` that names
        the operation and the class of the exception, not its text. ``RecordMissing`` when nobody
        carries it out. Cancelling the caller cancels the handler.
        """
        ...
