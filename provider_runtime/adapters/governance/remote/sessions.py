"""Sessions: what a client asks is done once, however often the question arrives.

A session lives in the memory of one server process, and a question that changes something belongs to
one: a copy that a network delivers after the server was started anew is refused, since nobody waits
for it. Inside a session each question has a number. Until the client says that it has heard the
answer (``done``), the answer is kept and given again; below that, a late copy is refused.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Final

from attrs import define, field

from provider_runtime.ports.serving import HttpAnswer

_MOST_UNHEARD: Final = 10_000


@define(kw_only=True, eq=False)
class Session:
    """The questions of one client, from one beginning on."""

    client: str
    done: int = 1
    _answers: "dict[int, asyncio.Future[HttpAnswer]]" = field(factory=dict, init=False, repr=False)

    @property
    def under_way(self) -> "tuple[asyncio.Future[HttpAnswer], ...]":
        """What has begun and is not done."""
        return tuple(answer for answer in self._answers.values() if not answer.done())

    async def once(self, op: int, done: int, work: Callable[[], Coroutine[Any, Any, HttpAnswer]]) -> HttpAnswer | None:
        """What ``work`` comes to, or came to before; ``None`` for a question whose answer was heard, or too many.

        The work goes on when whoever asked is gone. An answer that says to try again is not kept.
        """
        self._forget_below(done)
        if op < self.done or (op not in self._answers and len(self._answers) >= _MOST_UNHEARD):
            return None
        answer = self._answers.get(op)
        if answer is None:
            answer = self._answers[op] = asyncio.ensure_future(work())
            answer.add_done_callback(lambda ended: self._ended(op, ended))
        return await asyncio.shield(answer)

    async def rule_out(self, op: int, instead: HttpAnswer) -> None:
        """See to it that the question ``op`` is not done from now on; one under way comes to its end first."""
        answer = self._answers.get(op)
        if answer is not None:
            await asyncio.wait([answer])
        if op not in self._answers:
            kept: asyncio.Future[HttpAnswer] = asyncio.get_running_loop().create_future()
            kept.set_result(instead)
            self._answers[op] = kept

    def _forget_below(self, done: int) -> None:
        if done > self.done:
            for op in [op for op, answer in self._answers.items() if op < done and answer.done()]:
                del self._answers[op]
            self.done = done

    def _ended(self, op: int, answer: "asyncio.Future[HttpAnswer]") -> None:
        to_be_kept = not answer.cancelled() and answer.exception() is None and answer.result().status < 500
        if op < self.done or not to_be_kept:
            self._answers.pop(op, None)


@define(kw_only=True, eq=False)
class Sessions:
    """The sessions of a server. Of idle ones those used last are kept; whoever had another begins anew."""

    make_name: Callable[[], str] = field(repr=False)
    most: int = 10_000
    _sessions: "OrderedDict[str, Session]" = field(factory=OrderedDict, init=False, repr=False)

    def begin(self, client: str) -> str:
        """The name of a new session."""
        if len(self._sessions) >= self.most:
            idle = next((name for name, session in self._sessions.items() if not session.under_way), None)
            if idle is not None:
                del self._sessions[idle]
        name = self.make_name()
        self._sessions[name] = Session(client=client)
        return name

    def find(self, name: str, client: str) -> Session | None:
        """The session of this name, if it is this client's."""
        session = self._sessions.get(name)
        if session is None or session.client != client:
            return None
        self._sessions.move_to_end(name)
        return session

    async def finish(self) -> None:
        """Wait for everything that is under way."""
        while under_way := [answer for session in self._sessions.values() for answer in session.under_way]:
            await asyncio.wait(under_way)
