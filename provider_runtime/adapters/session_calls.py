"""Calls of a session: asked and written down, or answered again from what was written."""

from collections import Counter
from hashlib import sha256
from typing import Final, Protocol

from attrs import define, field
from cattrs import Converter

from provider_runtime.adapters.serialization import make_converter, request_to_json, response_from_json, to_json
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.conversation.messages import MessageRole
from provider_runtime.domain.conversation.parts import TextPart
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProviderRuntimeError, RecordMissing
from provider_runtime.domain.json_values import JsonObject, freeze_object
from provider_runtime.domain.records.sessions import SessionAnswer, SessionEvent, SessionEventKind, SessionMoment
from provider_runtime.ports.stores.sessions import SessionProvider
from provider_runtime.ports.system import Clock

_HASH: Final = "request_hash"
_OCCURRENCE: Final = "occurrence"


class Runs(Protocol):
    """Whoever makes calls: a ``ProviderRuntime``, or one of the two below."""

    async def run(self, request: ProviderRequest, options: CallOptions | None = None) -> ProviderResponse: ...


@define(kw_only=True, eq=False)
class RecordedCalls:
    """Calls made through ``runtime``, each told in the log of a session, with its answer kept for replay.

    The answers are text of the conversation: they are kept where ``sessions`` keeps them. A call that
    fails leaves an event with its error code.
    """

    runtime: Runs = field(repr=False)
    sessions: SessionProvider = field(repr=False)
    name: str
    clock: Clock = field(factory=SystemClock, repr=False)
    _converter: Converter = field(factory=make_converter, init=False, repr=False)

    async def run(self, request: ProviderRequest, options: CallOptions | None = None) -> ProviderResponse:
        """As the ``run`` of a runtime. Raises ``BackendError``, too, where the session cannot be kept."""
        asked = self._converter.unstructure(request)
        hashed = request_hash(self._converter, request)
        await self._tell(SessionEventKind.LLM_REQUEST, _asked_last(request), {_HASH: hashed})
        try:
            response = await self.runtime.run(request, options)
        except ProviderRuntimeError as error:
            await self._tell(SessionEventKind.ERROR, "", {_HASH: hashed, "error_code": error.code.value})
            raise
        answer = SessionAnswer(
            request_hash=hashed,
            request=asked,
            response=self._converter.unstructure(response),
            at=self.clock.now(),
            duration_ms=None if response.duration_s is None else round(response.duration_s * 1000),
            tokens=response.usage.total_tokens,
        )
        occurrence = await self.sessions.keep_answer(self.name, answer)
        await self._tell(SessionEventKind.LLM_RESPONSE, response.text, {_HASH: hashed, _OCCURRENCE: occurrence})
        return response

    async def _tell(self, kind: SessionEventKind, preview: str, data: dict[str, object]) -> None:
        await self.sessions.record(self.name, SessionEvent(kind=kind, preview=preview, data=freeze_object(data)))


@define(kw_only=True, eq=False)
class ReplayedCalls:
    """The calls that led from the checkpoint of ``moment`` to it, answered as they were then. Nobody is asked.

    What was asked several times is answered in the order it was then. Whatever was not asked between
    those two points is ``RecordMissing``: the replay has left the path.
    """

    sessions: SessionProvider = field(repr=False)
    name: str
    moment: SessionMoment = field(repr=False)
    _converter: Converter = field(factory=make_converter, init=False, repr=False)
    _given: Counter[str] = field(factory=Counter, init=False, repr=False)

    async def run(self, request: ProviderRequest, options: CallOptions | None = None) -> ProviderResponse:  # noqa: ARG002 - as the `run` of a runtime
        """The answer that ``request`` got."""
        hashed = request_hash(self._converter, request)
        recorded = [data for data in self._answers() if data.get(_HASH) == hashed]
        turn = self._given[hashed]
        if turn >= len(recorded):
            raise _never_asked(self.name, hashed, turn)
        occurrence = recorded[turn].get(_OCCURRENCE)
        kept = await self.sessions.answer_to(self.name, hashed, occurrence if isinstance(occurrence, int) else 0)
        if kept is None:
            raise _never_asked(self.name, hashed, turn)
        self._given[hashed] += 1
        return response_from_json(self._converter, to_json(self._converter, kept.response))

    def _answers(self) -> list[JsonObject]:
        events = (logged.event for logged in self.moment.replay)
        return [event.data for event in events if event.kind is SessionEventKind.LLM_RESPONSE]


def request_hash(converter: Converter, request: ProviderRequest) -> str:
    """SHA-256 of ``request`` in the canonical form, in lower-case hex."""
    return sha256(request_to_json(converter, request)).hexdigest()


def _asked_last(request: ProviderRequest) -> str:
    """The words that the model is to answer to, for a preview."""
    for message in reversed(request.messages):
        if message.role is MessageRole.USER:
            return " ".join(part.text for part in message.content if isinstance(part, TextPart))
    return ""


def _never_asked(name: str, hashed: str, turn: int) -> RecordMissing:
    times = "" if turn == 0 else f" for time number {turn + 1}"
    return RecordMissing(
        kind="session answer",
        key=f"{name}/{hashed[:16]}",
        message=f"this was not asked{times} between the checkpoint and the moment that is replayed",
        remedy="Jump to a later moment, or ask the model and record its answer.",
    )
