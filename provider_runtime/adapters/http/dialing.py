"""Which sockets are opened: every answer of a name is judged, and again every address that is dialled."""

import asyncio
import errno
import socket
from functools import partial
from http import HTTPStatus
from typing import Final, cast
from weakref import WeakSet

from aiohttp import ClientTimeout, StreamReader, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import AddrInfoType, Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawResponseMessage
from aiohttp.tracing import Trace
from attrs import frozen

from provider_runtime.adapters.http.limits import HttpLimits
from provider_runtime.adapters.http.plain import plain_reply
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.policy.addresses import fault_of_address
from provider_runtime.ports.http import HttpReply
from provider_runtime.ports.system import HostResolver

# A model may think for minutes without a byte: these keep middle boxes from forgetting the connection.
_KEEP_ALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))

_NO_LIMITS: Final = HttpLimits()
_MOST_INTERIM: Final = 100  # heads before the one that counts; real servers send one or two


class AddressRefused(OSError):
    """The address may not be dialled. The text says why, and is ours."""

    def __init__(self, reason: str) -> None:
        """An ``OSError``, so that aiohttp gives the socket back and passes it on."""
        super().__init__(errno.EACCES, reason)
        self.reason = reason


class SpokeFirst(Exception):
    """The server sent something over a new connection before it was asked."""


@frozen(kw_only=True)
class DialRule:
    """Which addresses a pool of connections may lead to. Pools of different rules share nothing."""

    tier: Tier
    allowed_networks: tuple[str, ...]

    def check(self, address: str) -> None:
        """Raises ``AddressRefused``."""
        fault = fault_of_address(address, self.tier, self.allowed_networks)
        if fault is not None:
            raise AddressRefused(f"the address {address:.45} may not be contacted: {fault}")


class SystemResolver:
    """The names that this machine knows, asked in a thread."""

    async def addresses(self, host: str) -> tuple[str, ...]:
        infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(info[4][0]) for info in infos))


class GuardedResolver(AbstractResolver):
    """Resolves once and hands on what was judged: one forbidden answer among many refuses them all."""

    def __init__(self, rule: DialRule, resolver: HostResolver) -> None:
        self._rule = rule
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of ``host``. Raises ``AddressRefused``, or ``OSError`` where there is none."""
        addresses = await self._addresses(host)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
        for address in addresses:
            self._rule.check(address)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
            for address in addresses
        ]

    async def _addresses(self, host: str) -> tuple[str, ...]:
        try:
            return await self._resolver.addresses(host)
        except (OSError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
        except BaseException:  # noqa: BLE001, S110 - however a resolver breaks, the name has no address
            pass
        raise socket.gaierror(socket.EAI_FAIL, "the resolver failed")

    async def close(self) -> None:
        """Nothing is held open."""


class GuardedProtocol(ResponseHandler):
    """Reads answers: a plain one as it comes in, any other by aiohttp's parser.

    Gives up on a server that announces an answer again and again: aiohttp takes as many interim
    heads (1xx) as come, one after the other, and lets nobody else in meanwhile. ``uses`` counts the
    requests that it was handed out for.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.uses = 0
        self._interim = 0
        self._first: asyncio.Future[HttpReply | None] | None = None
        self._limits = _NO_LIMITS
        self._method = ""

    def take(self, *, only_fresh: bool) -> bool:
        """Count one more use, if nothing unasked for has arrived; a connection that was used is not fresh."""
        if self.should_close or (only_fresh and self.uses):
            return False
        self.uses += 1
        return True

    def first(self, method: str, limits: HttpLimits) -> "asyncio.Future[HttpReply | None]":
        """What the first piece of an answer is: the whole of it if it is plain, else ``None``, and ``read`` has it.

        Ask before the request is written. What comes after a plain answer, or with nobody asking, is
        kept unread, and makes the connection unfit to be kept.
        """
        self._parser = None  # what an earlier answer left of it
        self._method, self._limits = method, limits
        self._first = self._loop.create_future()
        return self._first

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        first = self._first
        if first is not None and not first.done():
            self._first = None
            reply = plain_reply(data, self._limits) if self._method != "HEAD" else None
            first.set_result(reply)
            if reply is not None:
                return
            self._parse()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The end: whoever waits meets it in ``read``."""
        super().connection_lost(exc)
        if self._first is not None and not self._first.done():
            self._first.set_result(None)

    def _parse(self) -> None:
        limits = self._limits
        self.set_response_params(
            skip_payload=self._method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            max_line_size=limits.max_header_bytes,
            max_field_size=limits.max_header_bytes,
            max_headers=limits.max_headers,
        )

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """One head, as the parser found it."""
        if not is_interim(data[0].code):
            self._interim = 0
        elif self._interim == _MOST_INTERIM:
            if self.transport is not None:
                self.abort()  # before the exception is set: it forgets one
                self.set_exception(HttpProcessingError(message="too many interim heads"))
            return
        else:
            self._interim += 1
        super().feed_data(data, size)


def is_interim(status: int) -> bool:
    """Whether a head with this status is followed by another one."""
    return 100 <= status < 200 and status != HTTPStatus.SWITCHING_PROTOCOLS


class GuardedConnector(TCPConnector):
    """Dials by one rule, and hands out no connection on which something unasked for has arrived."""

    def __init__(self, rule: DialRule, resolver: HostResolver, *, keep_alive_s: float, limit: int) -> None:
        """Connects nothing yet. At most ``limit`` connections at a time; an idle one lives ``keep_alive_s``."""
        self._rule = rule
        self._opened: WeakSet[ResponseHandler] = WeakSet()
        super().__init__(
            resolver=GuardedResolver(rule, resolver),
            # Looked up anew for each connection (those made at once share the answer), so that it is judged anew.
            ttl_dns_cache=0,
            socket_factory=self._judged_socket,
            keepalive_timeout=keep_alive_s,
            limit=limit,
        )
        self._factory = partial(GuardedProtocol, self._loop)  # type: ignore[assignment]  # a subclass; it has no public switch

    def _judged_socket(self, target: AddrInfoType) -> socket.socket:
        # Called for every connection, those to address literals included: they never see a resolver.
        family, kind, protocol, _name, address = target
        self._rule.check(str(address[0]))
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEP_ALIVE:
            if hasattr(socket, option):
                made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        return made

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        """A connection with nothing on it: what a server sent unasked is never read as an answer.

        A request that asks for a fresh one gets none that was kept: where one has gone stale, so may
        the others have that were opened with it.
        """
        only_fresh = getattr(req, "only_fresh", False)
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = cast("GuardedProtocol", connection.protocol)  # as the factory makes them
            fresh = not protocol.uses
            if protocol.take(only_fresh=only_fresh):
                return connection
            connection.close()
            if fresh:
                raise SpokeFirst

    async def kept_for(self, req: ClientRequest, *, only_fresh: bool) -> Connection | None:
        """A connection that was kept and is fit for this request, by a shorter way than ``connect``."""
        connection = await self._get(req.connection_key, [])
        if connection is None or cast("GuardedProtocol", connection.protocol).take(only_fresh=only_fresh):
            return connection
        connection.close()
        return None

    def abort(self) -> None:
        """Drop every connection at once: closing one would wait for a peer that does not read."""
        for protocol in tuple(self._opened):
            protocol.abort()

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> ResponseHandler:
        protocol = await super()._create_connection(req, traces, timeout)
        self._opened.add(protocol)
        if (closed := protocol.closed) is not None:
            closed.add_done_callback(_note)
        return protocol


def _note(closed: "asyncio.Future[None]") -> None:
    # How a connection ended is told to whoever reads from it; asyncio need not log it as overlooked.
    if not closed.cancelled():
        closed.exception()
