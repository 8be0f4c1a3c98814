"""ArtifactAnswers: answers as artifacts, so that whatever keeps artifacts keeps them."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Final

from attrs import field, frozen
from cattrs import Converter

from provider_runtime.adapters.serialization import DocumentFault, make_converter, structure
from provider_runtime.domain.calls.answers import AnswerKey, Kept, KeptAnswer, KeptFailure
from provider_runtime.domain.conversation.response import Attempt
from provider_runtime.domain.errors import (
    BackendError,
    CircuitOpen,
    CredentialsRejected,
    ProtocolError,
    ProviderError,
    ProviderStatusError,
    RateLimitWait,
    RecordCorrupt,
    SerializationError,
    TransportError,
)
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.json_values import JsonObject, JsonValue, freeze_object
from provider_runtime.domain.records.artifacts import ArtifactKey, ArtifactMetadata
from provider_runtime.ports.stores.evaluation import ArtifactProvider

_KIND: Final = "kept answer"
_ANSWER: Final = "answer/v1"
_FAILURE: Final = "failure/v1"
# The names are part of the format: a class may be renamed, its name here stays.
_FAILURES: Final[Mapping[str, type[ProviderError]]] = MappingProxyType(
    {
        "circuit_open": CircuitOpen,
        "credentials_rejected": CredentialsRejected,
        "protocol": ProtocolError,
        "provider": ProviderError,
        "rate_limit_wait": RateLimitWait,
        "serialization": SerializationError,
        "status": ProviderStatusError,
        "transport": TransportError,
    }
)


@frozen(kw_only=True)
class StoredFailure:
    """A failure as it is written: the name of its class, and its facts."""

    failure: str
    facts: JsonObject
    kept_at: datetime
    call_id: CallId
    attempts: tuple[Attempt, ...] = ()


@frozen(kw_only=True)
class ArtifactAnswers:
    """Answers in ``artifacts``. See ``AnswerStore``.

    The expression of an artifact is the digest of the body, its dependencies are whatever else the
    request is made of, its parameters the terms and the occurrence. So ``clear_by_expr`` forgets
    every answer to the same bytes.
    """

    artifacts: ArtifactProvider = field(repr=False)

    @cached_property
    def _converter(self) -> Converter:
        return make_converter()  # not before the first use: it costs as much as opening a runtime

    async def find(self, key: AnswerKey) -> Kept | None:
        found = await self.artifacts.get(_artifact_key(key))
        return None if found is None else self._read(found.value, key)

    async def keep(self, key: AnswerKey, kept: Kept) -> None:
        took_s = sum(attempt.duration_s for attempt in kept.attempts)
        metadata = ArtifactMetadata(
            created_at_ms=max(0, int(kept.kept_at.timestamp() * 1000)), compute_time_ms=max(0, int(took_s * 1000))
        )
        await self.artifacts.put(_artifact_key(key), self._written(kept), metadata)

    async def is_empty(self) -> bool:
        return (await self.artifacts.stats()).count == 0

    def _written(self, kept: Kept) -> JsonValue:
        try:
            content = self._converter.unstructure(kept if isinstance(kept, KeptAnswer) else self._stored(kept))
            return freeze_object({_ANSWER if isinstance(kept, KeptAnswer) else _FAILURE: content})
        except (ValueError, TypeError, RecursionError):  # their text may quote the answer
            pass
        raise BackendError(
            kind=_KIND,
            message="this answer cannot be written as JSON",
            remedy="JSON holds finite numbers, whole characters, and no more than 200 levels.",
        )

    def _stored(self, kept: KeptFailure) -> StoredFailure:
        names = {kind: name for name, kind in _FAILURES.items()}
        kind = next(kind for kind in type(kept.error).__mro__ if kind in names)  # a class of somebody else's: as ours
        return StoredFailure(
            failure=names[kind],
            facts=freeze_object(self._converter.unstructure(kept.error, kind)),
            kept_at=kept.kept_at,
            call_id=kept.call_id,
            attempts=kept.attempts,
        )

    def _read(self, value: JsonValue, key: AnswerKey) -> Kept:
        try:
            return self._structured(value)
        except DocumentFault as found:
            fault = found
        raise RecordCorrupt(
            kind=_KIND,
            key=key.body_sha256[:16],
            message=f"the kept answer does not read back: {fault.field or '$'}: {fault.message}",
            remedy="Ask anew, or forget it: clear the store of artifacts.",
        )

    def _structured(self, value: JsonValue) -> Kept:
        if isinstance(value, JsonObject) and value.keys() == {_ANSWER}:
            return structure(self._converter, KeptAnswer, value[_ANSWER])
        if not isinstance(value, JsonObject) or value.keys() != {_FAILURE}:
            raise DocumentFault(message="this is no kept answer")
        stored = structure(self._converter, StoredFailure, value[_FAILURE])
        kind = _FAILURES.get(stored.failure)
        if kind is None:
            raise DocumentFault(message="this failure is not known", field=f"{_FAILURE}.failure")
        return KeptFailure(
            error=structure(self._converter, kind, stored.facts),
            kept_at=stored.kept_at,
            call_id=stored.call_id,
            attempts=stored.attempts,
        )


def _artifact_key(key: AnswerKey) -> ArtifactKey:
    occurrence = "" if key.occurrence is None else f"#{key.occurrence}"
    return ArtifactKey(expr_key=key.body_sha256, deps_fingerprint=key.asked, params_key=key.terms + occurrence)
