"""Fakes of the ports that a call goes through: nothing waits, nothing dials out, everything is remembered."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from attrs import define, field

from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.errors import CredentialMissing, RuntimeClosed
from provider_runtime.domain.identity import CallId, ProviderId, RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.context import ContextOrder
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fake_adapter import FakeAdapter

__all__ = [
    "CountingIds",
    "EventRecorder",
    "FakeAdapter",
    "FakeContextCompiler",
    "FakeTokens",
    "FakeTransport",
    "FixedRandomness",
    "FrozenClock",
]

_NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)

Outcome = HttpReply | HttpFailure


@define
class FakeTransport:
    """Answers from a list, or by a function; ``exchanges`` are the requests so far.

    A request that no answer is left for fails the test. A closed one raises ``RuntimeClosed``.
    """

    answers: "Iterable[Outcome] | Callable[[HttpRequest], Outcome]" = ()
    exchanges: list[HttpRequest] = field(factory=list, init=False)
    closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        if not callable(self.answers):
            self.answers = iter(self.answers)

    async def exchange(self, request: HttpRequest) -> HttpReply | HttpFailure:
        if self.closed:
            raise RuntimeClosed(kind="transport", message="the transport was closed", remedy="Open a fresh one.")
        self.exchanges.append(request)
        await asyncio.sleep(0)  # as a real one, it lets others run before it answers
        if callable(self.answers):
            return self.answers(request)
        for answer in self.answers:
            return answer
        raise AssertionError(f"request number {len(self.exchanges)} was sent, and no answer is left for it")

    async def aclose(self) -> None:
        self.closed = True


@define
class FrozenClock:
    """Time that passes only by ``sleep`` and ``advance``; ``slept`` are the waits so far, in seconds."""

    moment: datetime = _NOON
    slept: list[float] = field(factory=list, init=False)
    _elapsed: float = field(default=0.0, init=False)

    def now(self) -> datetime:
        return self.moment + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)  # cancellable, as every wait
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass; time does not run backwards."""
        self._elapsed += max(0.0, seconds)


@define
class CountingIds:
    """Counts: ``call_1``, ``call_2``; ``rt_1``, ``rt_2``."""

    calls: int = field(default=0, init=False)
    runtimes: int = field(default=0, init=False)

    def next_call_id(self) -> CallId:
        self.calls += 1
        return CallId(f"call_{self.calls}")

    def next_runtime_id(self) -> RuntimeId:
        self.runtimes += 1
        return RuntimeId(f"rt_{self.runtimes}")


@define
class FixedRandomness:
    """The same fraction each time, and tokens that differ but follow from ``seed``."""

    value: float = 0.5
    seed: bytes = b"provider-runtime"
    _tokens: int = field(default=0, init=False)

    def fraction(self) -> float:
        return self.value

    def token(self, size: int) -> bytes:
        self._tokens += 1
        stream = b""
        while len(stream) < size:
            stream += sha256(b"%b %d %d" % (self.seed, self._tokens, len(stream))).digest()
        return stream[:size]


@define
class EventRecorder:
    """Remembers events in order; raises ``failure`` instead, while one is set."""

    events: list[LifecycleEvent] = field(factory=list, init=False)
    failure: Exception | None = None
    _heard: asyncio.Event = field(factory=asyncio.Event, init=False, repr=False)

    @property
    def kinds(self) -> tuple[EventKind, ...]:
        """What happened, in order."""
        return tuple(event.kind for event in self.events)

    def emit(self, event: LifecycleEvent) -> None:
        if self.failure is not None:
            raise self.failure
        self.events.append(event)
        self._heard.set()

    async def wait_for(self, kind: EventKind | str, timeout_s: float = 5.0) -> LifecycleEvent:
        """The first event of ``kind``, as soon as there is one. ``TimeoutError`` when none comes."""
        async with asyncio.timeout(timeout_s):
            while True:
                for event in self.events:
                    if event.kind == kind:
                        return event
                self._heard.clear()
                await self._heard.wait()


@define
class FakeTokens:
    """Knows the credentials it was given, by provider; ``asked`` are the providers asked for, in order."""

    tokens: Mapping[str, str | Secret] = field(factory=dict, repr=False)
    asked: list[ProviderId] = field(factory=list, init=False)

    async def get_token(self, provider_id: ProviderId) -> Secret:
        self.asked.append(provider_id)
        token = self.tokens.get(provider_id)
        if token is None:
            raise CredentialMissing(
                provider=provider_id, message=f"the test gave no credential for {provider_id}", remedy="Give it one."
            )
        return token if isinstance(token, Secret) else Secret(token)


@define
class FakeContextCompiler:
    """Makes a request that names the recipe and the states; ``orders`` are those so far."""

    orders: list[ContextOrder] = field(factory=list, init=False)

    async def compile(self, order: ContextOrder) -> ProviderRequest:
        self.orders.append(order)
        await asyncio.sleep(0)  # as a real one, it lets others run meanwhile
        return a_request(f"Go on by {order.context_ref} from {', '.join(sorted(order.states))}.", model=order.model)
