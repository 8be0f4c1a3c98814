"""How a request gets onto a connection: in one write, and with the credential in sight of one frame."""

import asyncio
from typing import Any, Final

import aiohttp
from aiohttp.client_reqrep import ClientRequest, ClientResponse, RequestInfo
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter
from attrs import define
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from provider_runtime.adapters.http.heads import opening_of
from provider_runtime.ports.http import HttpRequest

# `OneWriteRequest` leans on how these versions of aiohttp treat a request. Others get the public way.
FITS_THIS_AIOHTTP: Final = aiohttp.__version__.startswith("3.14.")

_NO_HEADERS: Final = CIMultiDictProxy(CIMultiDict[str]())


@define(kw_only=True)
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
        auth = self.request.auth
        credential = "" if auth is None else f"{opening_of(auth)}{auth.secret.reveal()}\r\n"
        return b"".join((self.head, credential.encode("ascii"), b"\r\n", self.request.body or b""))

    def headers(self) -> dict[str, str]:
        """The headers, credential included, for aiohttp to write."""
        lines = self.head.decode("ascii").split("\r\n")[1:-1]
        headers = dict(line.split(": ", 1) for line in lines if not line.startswith("content-length:"))
        auth = self.request.auth
        return headers if auth is None else headers | {auth.name: auth.prefix + auth.secret.reveal()}


class OneWriteRequest(ClientRequest):
    """A request that is written as the bytes that were judged, in one go.

    aiohttp's own builds the head from parts and, before Python 3.12, starts a task to write the
    body: a quarter of the cost of a small call. It also keeps every header, credential included,
    within reach of exceptions; this one has no headers to show. ``data`` is a ``Sending``.
    """

    proxy: URL | None = None
    proxy_auth = None
    proxy_headers = None
    server_hostname: str | None = None
    fresh = False  # set by the connector when it opened a connection for this request
    only_fresh = False  # whether it has to

    # Not calling super: that builds what is replaced here. The attributes are those that session,
    # connector and response read.
    def __init__(  # noqa: PLR0913 - the names that aiohttp passes
        self,
        method: str,
        url: URL,
        *,
        data: Sending,
        loop: asyncio.AbstractEventLoop,
        response_class: type[ClientResponse],
        timer: Any,
        session: aiohttp.ClientSession,
        ssl: Any,
        traces: list[Any],
        **_other: Any,
    ) -> None:
        """Called by the session. ``_other``: proxies, cookies and the like, of which there are none."""
        self.method = method
        self.url = self.original_url = url
        self.headers = CIMultiDict()
        self.loop = loop
        self.response_class = response_class
        self._sending = data
        self.only_fresh = data.request.fresh_connection
        self._timer = timer
        self._session = session
        self._ssl = ssl
        self._traces = traces

    @property
    def request_info(self) -> RequestInfo:
        """What errors quote: nothing but address and method."""
        return RequestInfo(self.url, self.method, _NO_HEADERS, self.original_url)

    async def send(self, conn: Connection) -> ClientResponse:
        """Write head and body at once. Raises ``ConnectionResetError`` when the connection is gone already."""
        sending, protocol = self._sending, conn.protocol
        sending.reused = not self.fresh
        transport = None if protocol is None else protocol.transport
        if protocol is None or transport is None or transport.is_closing():
            raise ConnectionResetError("gone before anything was written")
        sending.write_to(transport)
        writer = StreamWriter(protocol, self.loop)
        # A large body is still on its way: as in aiohttp, an answer that comes earlier ends the connection.
        rest = self.loop.create_task(_until_written(writer, conn)) if protocol.writing_paused else None
        self.response = self.response_class(
            self.method,
            self.original_url,
            writer=rest,
            continue100=None,
            timer=self._timer,
            request_info=self.request_info,
            traces=self._traces,
            loop=self.loop,
            session=self._session,
            stream_writer=writer,
        )
        return self.response


async def _until_written(writer: StreamWriter, conn: Connection) -> None:
    try:
        await writer.drain()
    except asyncio.CancelledError:
        _abort(conn)
        raise
    except Exception:  # noqa: BLE001 - the reader of the answer meets the same failure, and reports it
        _abort(conn)


def _abort(conn: Connection) -> None:
    if conn.transport is not None:
        conn.transport.abort()  # to close would be to send the rest first
    conn.close()
