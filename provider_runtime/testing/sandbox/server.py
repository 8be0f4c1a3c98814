"""Sandbox: the vendors' side of the conversation, over real HTTP on this machine."""

import asyncio
import secrets
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from attrs import define, field, frozen

from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.ports.system import Clock
from provider_runtime.testing.sandbox.scripting import Fault, Mishap, Scripted
from provider_runtime.testing.sandbox.sending import after_mishap, as_answer, send
from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, RecordedRequest, Refused
from provider_runtime.testing.sandbox.wires.anthropic.messages import AnthropicMessages
from provider_runtime.testing.sandbox.wires.chat.compatible import CompatibleChat
from provider_runtime.testing.sandbox.wires.chat.openai_chat import OpenAIChat
from provider_runtime.testing.sandbox.wires.chat.openrouter import OpenRouter
from provider_runtime.testing.sandbox.wires.gemini.generate import GeminiGenerate
from provider_runtime.testing.sandbox.wires.ollama.chat import OllamaChat
from provider_runtime.testing.sandbox.wires.openai.responses import OpenAIResponses
from provider_runtime.testing.sandbox.wires.wire import Wire

if TYPE_CHECKING:
    from aiohttp import web

# The first that says it is addressed answers. Anthropic is known by its headers, so it is asked first.
WIRES: Final[tuple[Wire, ...]] = (
    OpenRouter(),
    CompatibleChat(),
    OllamaChat(),
    AnthropicMessages(),
    GeminiGenerate(),
    OpenAIChat(),
    OpenAIResponses(),
)
_ELSEWHERE: Final[Wire] = OpenAIResponses()  # speaks for paths that nobody serves
_LARGEST_BODY: Final = 256 * 1024 * 1024
_SHUTDOWN_S: Final = 0.5
_UNREADABLE: Final = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)


@frozen(kw_only=True)
class _Plan:
    """What shall happen to a request, instead of or after the answer the sandbox would give."""

    where: str | None
    what: Scripted | Fault

    def concerns(self, arrival: Arrival, kind: ProviderKind | None) -> bool:
        return self.where is None or self.where in {arrival.path, kind}


@define(kw_only=True)
class Sandbox:
    """A server on loopback that speaks as OpenAI, Anthropic, Gemini, OpenRouter, Ollama and compatible servers do.

    ``async with Sandbox() as sandbox:`` serves at ``sandbox.url`` until the block ends. It checks
    requests as strictly as the vendors and answers by itself; ``script`` and ``fail_next`` put
    other answers, or mishaps, first. Nothing carries over from one request to the next: equal
    requests get equal answers, but for request ids and the time. Signatures and encrypted reasoning
    are good for the sandbox that made them, or one with the same ``key``.

    ``port`` 0 takes any that is free. No key is secret here: every one is accepted but
    ``"wrong-key"``; the model ``"no-such-model"`` does not exist.
    """

    port: int = 0
    key: bytes = field(factory=lambda: secrets.token_bytes(32), repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    _recorded: list[RecordedRequest] = field(factory=list, init=False, repr=False)
    _faults: deque[_Plan] = field(factory=deque, init=False, repr=False)
    _scripts: deque[_Plan] = field(factory=deque, init=False, repr=False)
    _arrivals: int = field(default=0, init=False, repr=False)
    _runner: "web.AppRunner | None" = field(default=None, init=False, repr=False)

    @property
    def url(self) -> str:
        """Where it listens: the base URL of OpenAI, Anthropic, Gemini, OpenRouter and Ollama records alike."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def compatible_url(self) -> str:
        """The base URL for a record of kind ``openai_compatible``."""
        return f"{self.url}/compatible/v1"

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """Every request that came in whole, oldest first."""
        return tuple(self._recorded)

    def script(self, where: str, *answers: Scripted) -> None:
        """Give these answers, in this order, before any of its own.

        ``where`` is a path (``/v1/messages``) or a kind of provider (``anthropic``).
        """
        self._scripts.extend(_Plan(where=where, what=answer) for answer in answers)

    def fail_next(self, count: int, fault: Fault, *, where: str | None = None) -> None:
        """Let ``fault`` befall the next ``count`` requests; ``where`` as for ``script``, ``None`` for any."""
        self._faults.extend([_Plan(where=where, what=fault)] * count)

    def clear(self) -> None:
        """Forget the requests so far, and whatever was scripted."""
        self._recorded.clear()
        self._faults.clear()
        self._scripts.clear()

    async def __aenter__(self) -> Self:
        from aiohttp import web  # noqa: PLC0415 - only who starts a server pays for it

        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: "web.Request") -> "web.StreamResponse":
        self._arrivals += 1
        arrival = Arrival(
            number=self._arrivals,
            method=request.method,
            path=request.path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            received_at=self.clock.now(),
        )
        wire = next((wire for wire in WIRES if wire.serves(arrival)), None)
        kind = wire.kind if wire else None
        self._recorded.append(RecordedRequest.of(arrival, kind))
        fault = _taken(self._faults, arrival, kind)
        scripted = None if fault else _taken(self._scripts, arrival, kind)
        if isinstance(scripted, Scripted):
            await asyncio.sleep(scripted.delay_s)
            return await send(as_answer(scripted), None, request)
        stamps = Stamps(key=self.key)
        if not isinstance(fault, Fault):
            return await send(answer_of(wire, arrival, stamps), None, request)
        if fault.mishap is Mishap.SLOW:
            await asyncio.sleep(fault.seconds)
        if fault.mishap is Mishap.STATUS:
            speaker = wire or _ELSEWHERE
            answer = speaker.refusal(speaker.failure(fault.code), arrival, stamps)
        else:
            answer = answer_of(wire, arrival, stamps)
        return await send(after_mishap(answer, fault), fault, request)


def answer_of(wire: Wire | None, arrival: Arrival, stamps: Stamps) -> Answer:
    """What the vendor that speaks ``wire`` answers; ``None``: the address is nobody's."""
    if wire is None:
        nowhere = Refused(f"Invalid URL ({arrival.method} {arrival.path})", status=404)
        return _ELSEWHERE.refusal(nowhere, arrival, stamps)
    try:
        return wire.answer(arrival, stamps)
    except Refused as refused:
        return wire.refusal(refused, arrival, stamps)
    except _UNREADABLE as failure:
        # A shape that no check foresaw: to a vendor just another bad request, told so that it can be found.
        unreadable = Refused(f"Sandbox: the request has a shape it cannot read ({type(failure).__name__})")
        return wire.refusal(unreadable, arrival, stamps)


def _taken(plans: deque[_Plan], arrival: Arrival, kind: ProviderKind | None) -> Scripted | Fault | None:
    """The first plan that concerns the request, taken out of the queue."""
    for plan in plans:
        if plan.concerns(arrival, kind):
            plans.remove(plan)
            return plan.what
    return None
