"""Conversation: a client's side. It asks again where an answer was lost, and takes no silence for a yes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, TypeVar

import msgspec
from attrs import define, field, frozen

from provider_runtime.adapters.governance.remote import messages as said
from provider_runtime.adapters.governance.remote.problems import as_bytes, error_of
from provider_runtime.adapters.system import SystemClock, SystemRandomness
from provider_runtime.domain.errors import (
    BackendError,
    Delivery,
    LedgerUnavailable,
    ProviderRuntimeError,
)
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import AuthHeader, HttpFailure, HttpReply, HttpRequest, HttpTransport
from provider_runtime.ports.system import Clock, Randomness

T = TypeVar("T", bound=msgspec.Struct)
TokenSource: TypeAlias = Callable[[], Awaitable[Secret]]
_HEADERS: Final = {"accept": "application/json", "content-type": "application/json"}
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 1.0
_REMEDY: Final = "See that the governance server runs and can be reached; nothing is spent until then."
_PROBLEMS: Final = msgspec.json.Decoder(said.Problem)
_TRY_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


@define(eq=False)
class _Session:
    """A session as the client has it: the number of its next question, and those whose answers were not heard."""

    name: str
    next: int = 1
    unheard: set[int] = field(factory=set)

    def begin(self) -> int:
        number, self.next = self.next, self.next + 1
        self.unheard.add(number)
        return number

    @property
    def done(self) -> int:
        """Below this, every answer was heard or given up."""
        return min(self.unheard, default=self.next)


@define(eq=False)
class Wishing:
    """One wish on its way: in which session it is asked, as the how-maniest, and whether it may have arrived.

    ``twice_is_once``: the ledger itself knows the wish again, after the server was started anew.
    """

    make: Callable[..., said.Wish]
    twice_is_once: bool = True
    sent: bool = False
    _session: _Session | None = None
    _op: int = 0

    def question(self, session: _Session) -> said.Wish:
        """The wish as it is asked in ``session``."""
        if self._session is not session:
            self._session, self._op = session, session.begin()
        return self.make(session=session.name, op=self._op, done=session.done)

    def may_be_asked_in(self, session: _Session) -> bool:
        """Whether asking it there cannot do it a second time."""
        return self.twice_is_once or not self.sent or self._session is session

    def over(self) -> None:
        """Its answer was heard, or is not waited for any more: a copy that arrives later is refused."""
        if self._session is not None:
            self._session.unheard.discard(self._op)

    def number_in(self, session_name: str) -> int | None:
        """Its number in the session of this name."""
        return self._op if self._session is not None and self._session.name == session_name else None


@frozen(kw_only=True)
class _Lost:
    """A try without an answer. ``sent``: the question may have arrived. ``hopeless``: another try would end alike."""

    why: str
    sent: bool
    hopeless: bool = False


@define(kw_only=True, eq=False)
class Conversation:
    """Asks the server at ``address``, showing ``token`` as it is at that moment.

    One question takes ``timeout_s`` at most, all tries and waits included, and one try ``try_s``.
    ``open_transport`` makes the connections; they are closed by ``hang_up`` until the next question.
    """

    address: ServerAddress
    token: TokenSource = field(repr=False)
    open_transport: Callable[[], HttpTransport] = field(repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    randomness: Randomness = field(factory=SystemRandomness, repr=False)
    timeout_s: float = 4.0
    try_s: float = 2.0
    _transport: HttpTransport | None = field(default=None, init=False, repr=False)
    _session: _Session | None = field(default=None, init=False, repr=False)
    _joining: "asyncio.Task[_Session] | None" = field(default=None, init=False, repr=False)

    async def ask(self, question: said.Question, answer: type[T]) -> T:
        """The answer to a question that changes nothing. Raises ``LedgerUnavailable``, or what the server tells."""
        until = self.clock.monotonic() + self.timeout_s
        return await self._until(until, lambda: self._try(question, answer), None)

    async def wish(self, wishing: Wishing, answer: type[T]) -> T:
        """The answer to a wish, asked until it is heard; done once by the server, however often it is asked.

        Raises ``LedgerUnavailable`` where none was heard in time: then ``wishing`` can be asked on, or
        given up by ``over``. Raises what the server tells.
        """
        until = self.clock.monotonic() + self.timeout_s

        async def attempt() -> "T | said.Problem | _Lost":
            session = await self._joined(until)
            if not wishing.may_be_asked_in(session):
                why = "it was started anew meanwhile, and may have done what was asked; look before you ask again"
                return _Lost(why=why, sent=False, hopeless=True)
            before, wishing.sent = wishing.sent, True  # whoever leaves now does not know better
            found = await self._try(wishing.question(session), answer)
            if isinstance(found, _Lost):
                wishing.sent = before or found.sent
            elif isinstance(found, said.Problem) and found.code == said.SESSION_UNKNOWN:
                self._forget(session)
                return _Lost(why="the server was started anew", sent=False)
            return found

        found = await self._until(until, attempt, wishing)
        wishing.over()
        return found

    async def hang_up(self) -> None:
        """Close every connection. The session goes on: the next question opens one again."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def _until(
        self,
        until: float,
        attempt: "Callable[[], Awaitable[T | said.Problem | _Lost]]",
        wishing: Wishing | None,
    ) -> T:
        wait_s = _FIRST_WAIT_S
        while True:
            found = await attempt()
            if isinstance(found, said.Problem):
                if wishing is not None:
                    wishing.over()
                raise error_of(found)
            if not isinstance(found, _Lost):
                return found
            wait_s = min(_LONGEST_WAIT_S, wait_s * (1.5 + self.randomness.fraction()))
            if found.hopeless or self.clock.monotonic() + wait_s >= until:
                raise self._unavailable(found.why)
            await self.clock.sleep(wait_s)

    async def _joined(self, until: float) -> _Session:
        """The session that questions are asked in; begun by whoever needs it first."""
        if self._session is not None:
            return self._session
        joining = self._joining
        if joining is None or joining.done() or joining.get_loop() is not asyncio.get_running_loop():
            joining = self._joining = asyncio.ensure_future(self._join(until))
            joining.add_done_callback(_looked_at)
        return await asyncio.shield(joining)

    async def _join(self, until: float) -> _Session:
        joined = await self._until(until, lambda: self._try(said.Join(), said.Joined), None)
        if joined.version != said.VERSION:
            raise self._unavailable(f"the server speaks version {joined.version}, and this client {said.VERSION}")
        self._session = _Session(joined.session)
        return self._session

    def _forget(self, session: _Session) -> None:
        if self._session is session:
            self._session = None

    async def _try(self, question: said.Question | said.Wish, answer: type[T]) -> "T | said.Problem | _Lost":
        request = await self._request(question)
        if isinstance(request, _Lost):
            return request
        if self._transport is None:
            self._transport = self.open_transport()
        try:
            async with asyncio.timeout(self.try_s):
                reply = await self._transport.exchange(request)
        except TimeoutError:
            return _Lost(why=f"no answer came within {self.try_s:g} seconds", sent=True)
        if isinstance(reply, HttpFailure):
            return _Lost(why=reply.detail or reply.code.value, sent=reply.delivery is not Delivery.NOT_SENT)
        return _read(reply, answer)

    async def _request(self, question: said.Question | said.Wish) -> "HttpRequest | _Lost":
        """The question as a request. The token is looked up for each try, and goes to its own origin alone."""
        try:
            token = await self.token()
        except ProviderRuntimeError as error:
            return _Lost(why=error.message, sent=False, hopeless=not isinstance(error, BackendError))
        return HttpRequest(
            method="POST",
            url=f"{self.address.url}/v{said.VERSION}/{question.name}",
            tier=self.address.tier,
            allowed_networks=self.address.allowed_networks,
            headers=_HEADERS,
            body=as_bytes(question),
            auth=AuthHeader(name="Authorization", secret=token, origin=self.address.origin, prefix="Bearer "),
        )

    def _unavailable(self, why: str) -> LedgerUnavailable:
        return LedgerUnavailable(
            key=str(self.address.origin),
            message=f"the governance server {self.address.origin} cannot be asked: {why}",
            remedy=_REMEDY,
        )


def _looked_at(joining: "asyncio.Task[_Session]") -> None:
    if not joining.cancelled():
        joining.exception()  # else asyncio would log it where everybody who waited has left


def _read(reply: HttpReply, answer: type[T]) -> "T | said.Problem | _Lost":
    try:
        if reply.status == 200:
            return msgspec.json.decode(reply.body, type=answer)
        problem = _PROBLEMS.decode(reply.body)
    except (msgspec.MsgspecError, RecursionError):
        hopeless = reply.status not in _TRY_AGAIN
        return _Lost(
            why=f"it answered with status {reply.status} and nothing that is ours", sent=True, hopeless=hopeless
        )
    if reply.status in _TRY_AGAIN:
        return _Lost(why=problem.message or problem.code, sent=True)
    return problem
