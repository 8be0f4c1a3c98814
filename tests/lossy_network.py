"""A network that loses, repeats and keeps back what is sent, as it is told to, between a client and a real server."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum

from attrs import define, field

from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest, HttpTransport


class Mishap(Enum):
    """What befalls one question."""

    NOT_SENT = "nothing leaves"
    QUESTION_LOST = "it never arrives"
    ANSWER_LOST = "it is answered, and nobody hears it"
    TWICE = "it arrives twice, one after the other"
    TWICE_AT_ONCE = "it arrives twice at once"
    LATE = "it arrives much later, when nobody waits for it"
    AGAIN_LATE = "it is answered, and arrives once more much later"
    ANSWER_LOST_AND_LATE = "it is answered, nobody hears it, and it arrives once more much later"
    RESTARTED = "the server is started anew just before it arrives"


_GONE = HttpFailure(code=ErrorCode.CONNECTION_LOST, delivery=Delivery.AMBIGUOUS, detail="gone", may_heal=True)
_UNSENT = HttpFailure(code=ErrorCode.CONNECT_FAILED, delivery=Delivery.NOT_SENT, detail="nobody there", may_heal=True)


@define(eq=False)
class Network:
    """What all connections of a test go through: mishaps to come, and questions that were kept back."""

    mishaps: deque[Mishap] = field(factory=deque)
    late: list[HttpRequest] = field(factory=list)
    restart: Callable[[], Awaitable[None]] | None = None
    restarting: Awaitable[None] | None = None

    def transport(self) -> HttpTransport:
        """Another connection."""
        return LossyTransport(self)

    async def quiet(self) -> None:
        """Let nothing more happen, and wait for the server to be up."""
        self.mishaps.clear()
        if self.restarting is not None:
            await self.restarting

    async def deliver_late(self, number: int) -> None:
        """Let one of the questions arrive that were kept back; its answer goes nowhere."""
        real = AiohttpTransport()
        await real.exchange(self.late.pop(number))
        await real.aclose()


@define(eq=False)
class LossyTransport:
    """Real exchanges, but for what befalls them."""

    network: Network
    _real: AiohttpTransport = field(factory=AiohttpTransport)

    async def exchange(self, request: HttpRequest) -> HttpReply | HttpFailure:
        mishap = self.network.mishaps.popleft() if self.network.mishaps else None
        match mishap:
            case Mishap.NOT_SENT:
                return _UNSENT
            case Mishap.QUESTION_LOST:
                return _GONE
            case Mishap.LATE:
                self.network.late.append(request)
                return _GONE
            case Mishap.RESTARTED if self.network.restart is not None:
                # Whoever asks may be gone before it is up again.
                self.network.restarting = asyncio.ensure_future(self.network.restart())
                await asyncio.shield(self.network.restarting)
            case Mishap.TWICE_AT_ONCE:
                reply, _ = await asyncio.gather(self._real.exchange(request), self._real.exchange(request))
                return reply
        reply = await self._real.exchange(request)
        if mishap is Mishap.TWICE:
            await self._real.exchange(request)
        if mishap in {Mishap.AGAIN_LATE, Mishap.ANSWER_LOST_AND_LATE}:
            self.network.late.append(request)
        return _GONE if mishap in {Mishap.ANSWER_LOST, Mishap.ANSWER_LOST_AND_LATE} else reply

    async def aclose(self) -> None:
        await self._real.aclose()
