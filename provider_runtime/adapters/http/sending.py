"""How a request gets onto a connection: in one write, and with the credential in sight of one frame."""

import asyncio
from functools import cached_property
from ssl import SSLContext
from typing import Final, cast

import aiohttp
from aiohttp import ClientTimeout, StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest, ClientResponse, ConnectionKey, RequestInfo
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter
from attrs import define, frozen
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from provider_runtime.adapters.http.dialing import GuardedConnector, GuardedProtocol, is_interim
from provider_runtime.adapters.http.limits import HttpLimits
from provider_runtime.ports.http import HttpReply, HttpRequest

# `ask` leans on how these versions of aiohttp treat a connection. Others are asked the public way.
FITS_THIS_AIOHTTP: Final = aiohttp.__version__.startswith("3.14.")

_NO_HEADERS: Final = CIMultiDictProxy(CIMultiDict[str]())


@define
class Sending:
    """One request on its way, and how far it got.

    ``written``: bytes of it may have reached the provider. ``reused``: the connection had
    answered before. ``answered``: a whole response head came back.
    """

    request: HttpRequest
    head: bytes
    written: bool = False
    reused: bool = False
    answered: bool = False
    _transport: asyncio.Transport | None = None

    def write_to(self, transport: asyncio.Transport) -> None:
        """Write the whole request."""
        self._transport = transport
        self.written = True
        transport.write(self._octets())

    def drop(self) -> None:
        """Give up on an answer. Nothing that is still unsent goes out, however long the peer takes to read."""
        if self._transport is not None and not self.answered:
            self._transport.abort()

    def _octets(self) -> bytes:
        # With `headers`, the only place that sees the credential.
        auth, body = self.request.auth, self.request.body or b""
        if auth is None:
            return b"%b\r\n%b" % (self.head, body)
        return b"%b%b\r\n\r\n%b" % (self.head, auth.secret.reveal().encode("ascii"), body)

    def headers(self) -> dict[str, str]:
        """The headers, credential included, for aiohttp to write."""
        lines = self.head.decode("ascii").split("\r\n")[1:-1]
        headers = dict(line.split(": ", 1) for line in lines if not line.startswith("content-length:"))
        auth = self.request.auth
        return headers if auth is None else headers | {auth.name: auth.prefix + auth.secret.reveal()}


class WantedConnection(ClientRequest):
    """What the connector is asked for: a connection to this address. It is never sent, and knows no header."""

    proxy: URL | None = None
    proxy_auth = None
    proxy_headers = None
    server_hostname: str | None = None

    # Not calling super: that builds a request. The attributes are those that the connector reads.
    def __init__(self, url: URL, *, ssl: SSLContext | bool, only_fresh: bool) -> None:
        """``only_fresh``: a connection that was used before will not do."""
        self.url = url
        self.only_fresh = only_fresh
        self._ssl = ssl

    @cached_property
    def connection_key(self) -> ConnectionKey:
        """The same for every request: worked out once."""
        return super().connection_key

    @property
    def request_info(self) -> RequestInfo:
        """What errors quote: nothing but the address."""
        return RequestInfo(self.url, "", _NO_HEADERS, self.url)


@define(kw_only=True, eq=False)
class Answer:
    """An answer whose head has come, and the connection over which the rest of it comes.

    ``rest``: the end of a large request may still be on its way.
    """

    status: int
    headers: CIMultiDictProxy[str]
    content: StreamReader
    connection: Connection
    rest: "asyncio.Task[None] | None"

    @property
    def protocol(self) -> ResponseHandler | None:
        """What reads from the connection; ``None`` where there is no more to be read."""
        return None if self.content.is_eof() else self.connection.protocol

    def let_go(self) -> None:
        """See ``let_go``."""
        let_go(self.connection, self.rest, whole=self.content.is_eof())


@frozen(eq=False)
class SessionAnswer:
    """The same of a request that went by aiohttp's session, which may be mocked or traced."""

    response: ClientResponse

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        return self.response.headers

    @property
    def content(self) -> StreamReader:
        return self.response.content

    @property
    def protocol(self) -> ResponseHandler | None:
        return self.response.connection and self.response.connection.protocol

    def let_go(self) -> None:
        if not self.response.closed:  # a body read to its end has given its connection back already
            transport = self.response.connection and self.response.connection.transport
            self.response.close()
            if transport:
                transport.abort()


async def ask(
    sending: Sending, connector: GuardedConnector, wanted: WantedConnection, opening: ClientTimeout, limits: HttpLimits
) -> HttpReply | Answer:
    """Write a request in one go, and read its answer if that is plain, or the head of it.

    Without aiohttp's session, request and response objects, which take half the time of a small call,
    keep every header, credential included, within reach of exceptions, and do not say how far a
    request got. ``opening`` bounds the opening of a connection, and nothing else. Raises
    ``ConnectionResetError`` when the connection is gone already.
    """
    connection = await connector.kept_for(wanted, only_fresh=wanted.only_fresh)
    if connection is None:
        connection = await connector.connect(wanted, [], opening)
    rest = None
    try:
        protocol = cast("GuardedProtocol", connection.protocol)
        sending.reused = protocol.uses > 1
        transport = protocol.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("gone before anything was written")  # noqa: TRY301 - met like any other loss
        first = protocol.first(sending.request.method, limits)
        sending.write_to(transport)
        if protocol.writing_paused:
            # A large body is still on its way: as in aiohttp, an answer that comes earlier ends the connection.
            loop = asyncio.get_running_loop()
            rest = loop.create_task(_until_written(StreamWriter(protocol, loop), connection))
        reply = await first
        if reply is not None:
            let_go(connection, rest, whole=True)
            return reply
        message, content = await protocol.read()
        while is_interim(message.code):
            message, content = await protocol.read()
    except BaseException:
        if rest is not None:
            rest.cancel()
        connection.close()
        raise
    return Answer(status=message.code, headers=message.headers, content=content, connection=connection, rest=rest)


async def _until_written(writer: StreamWriter, connection: Connection) -> None:
    try:
        await writer.drain()
    except asyncio.CancelledError:
        abort(connection)
        raise
    except Exception:  # noqa: BLE001 - the reader of the answer meets the same failure, and reports it
        abort(connection)


def let_go(connection: Connection, rest: "asyncio.Task[None] | None", *, whole: bool) -> None:
    """Keep the connection for the next request if this one was sent and answered to the end; else drop it."""
    if whole and (rest is None or rest.done()):
        connection.release()
        return
    if rest is not None:
        rest.cancel()
    abort(connection)


def abort(connection: Connection) -> None:
    """Drop the connection at once: to close it would be to send the rest first."""
    if connection.transport is not None:
        connection.transport.abort()
    connection.close()
