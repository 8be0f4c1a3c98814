"""The connections of one dialling rule, and one exchange over them. Imports aiohttp: import it on first use."""

import asyncio
from email.utils import formatdate
from io import BytesIO
from ssl import SSLContext
from typing import Final

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar
from attrs import field, frozen
from yarl import URL

from provider_runtime.adapters.http.bodies import some_of_body, whole_body
from provider_runtime.adapters.http.dialing import DialRule, GuardedConnector
from provider_runtime.adapters.http.failures import failure_of
from provider_runtime.adapters.http.heads import HeadWriter, UnfitRequest
from provider_runtime.adapters.http.limits import HttpLimits
from provider_runtime.adapters.http.sending import (
    FITS_THIS_AIOHTTP,
    Answer,
    Sending,
    SessionAnswer,
    WantedConnection,
    ask,
)
from provider_runtime.adapters.http.tls import LazyTls
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest
from provider_runtime.ports.system import HostResolver

# Local servers hang up early (uvicorn, hence vLLM, after 5 s): leave before they do.
_KEEP_ALIVE_S: Final = {Tier.LOCAL: 4.0, Tier.CLOUD: 15.0}
_AUTOMATIC_HEADERS: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_AS_AIOHTTP_ASKS: Final = ClientSession._request  # noqa: SLF001 - see _is_untouched
_REMEMBERED: Final = 64
_SWITCHING_PROTOCOLS: Final = 101
# Nobody reads what a redirect says, and these two say nothing: waiting for it could take for ever.
_BODILESS: Final = frozenset((204, 205))


@frozen(kw_only=True, eq=False)
class Pool:
    """Connections that one dialling rule admitted, and the exchanges over them. Belongs to one event loop."""

    session: ClientSession
    connector: GuardedConnector
    loop: asyncio.AbstractEventLoop
    tls: LazyTls
    limits: HttpLimits
    heads: HeadWriter
    one_write: bool
    _wanted: dict[tuple[str, bool], WantedConnection] = field(factory=dict, init=False, repr=False)

    async def exchange(self, request: HttpRequest) -> HttpReply | HttpFailure:
        """See ``HttpTransport``. Cancelled, it leaves no connection behind, and no frame but its own."""
        try:
            sending = Sending(request, self.heads.head_of(request))
        except UnfitRequest as unfit:
            return HttpFailure(code=ErrorCode.HTTP_PROTOCOL, delivery=Delivery.NOT_SENT, detail=str(unfit))
        try:
            if self.one_write and _is_untouched(self.session):
                wanted = self._wanted.get((request.url, request.fresh_connection)) or await self._want(request)
                answer = await ask(sending, self.connector, wanted, self.session.timeout, self.limits)
                return answer if isinstance(answer, HttpReply) else await self._reply(answer, sending)
            return await self._reply(await self._ask_the_session(sending), sending)
        except asyncio.CancelledError as cancelled:
            sending.drop()
            reason = cancelled.args
        except Exception as error:  # noqa: BLE001 - whatever aiohttp raises ends here: it may quote headers
            sending.drop()
            return failure_of(error, sending)
        # Raised afresh: the first one's traceback leads through frames that know the request.
        raise asyncio.CancelledError(*reason)

    async def _ask_the_session(self, sending: Sending) -> SessionAnswer:
        request = sending.request
        url, tls = await self._place(request)
        # aiohttp says less of how far a request got: from here on it may have been sent.
        sending.written = True
        body = None if request.body is None else BytesIO(request.body)  # plain bytes it warns about, when large
        return SessionAnswer(
            await self.session.request(
                request.method, url, data=body, headers=sending.headers(), allow_redirects=False, ssl=tls
            )
        )

    async def _want(self, request: HttpRequest) -> WantedConnection:
        """What the connector is asked for; a provider's is the same call after call."""
        url, tls = await self._place(request)
        wanted = WantedConnection(url, ssl=tls, only_fresh=request.fresh_connection)
        if len(self._wanted) >= _REMEMBERED:
            self._wanted.clear()
        self._wanted[request.url, request.fresh_connection] = wanted
        return wanted

    async def _place(self, request: HttpRequest) -> tuple[URL, SSLContext | bool]:
        url = URL(request.url, encoded=True)
        return url, await self.tls.context() if url.scheme == "https" else True

    async def _reply(self, answer: Answer | SessionAnswer, sending: Sending) -> HttpReply | HttpFailure:
        sending.answered = True
        status = answer.status
        try:
            if not 200 <= status < 600:
                return _no_status(status)
            body: bytes | HttpFailure = b""
            if status >= 400:
                body = await some_of_body(answer, self.limits.max_error_bytes)
            elif status < 300 and status not in _BODILESS:
                body = await whole_body(answer, self.limits.max_response_bytes)
            if isinstance(body, HttpFailure):
                return body
            return HttpReply(status=status, headers=_headers_of(answer), body=body)
        finally:
            answer.let_go()

    async def aclose(self) -> None:
        """Close every connection; an exchange that is under way fails."""
        self.connector.abort()
        await self.session.close()


def open_pool(
    rule: DialRule, *, limits: HttpLimits, resolver: HostResolver, tls: LazyTls, user_agent: str, one_write: bool
) -> Pool:
    """A pool for this event loop. Connects nothing."""
    connector = GuardedConnector(rule, resolver, keep_alive_s=_KEEP_ALIVE_S[rule.tier], limit=limits.max_connections)
    session = ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        raise_for_status=False,
        skip_auto_headers=_AUTOMATIC_HEADERS,
        # No total: the caller bounds the call. Reading has no limit of its own: a model may think for minutes.
        timeout=ClientTimeout(total=None, connect=limits.pool_timeout_s, sock_connect=limits.connect_timeout_s),
        max_line_size=limits.max_header_bytes,
        max_field_size=limits.max_header_bytes,
        max_headers=limits.max_headers,
    )
    # aiohttp repeats a GET whose kept connection was gone. Whether to repeat is the caller's to decide.
    session._retry_connection = False  # noqa: SLF001 - it has no public switch
    return Pool(
        session=session,
        connector=connector,
        loop=asyncio.get_running_loop(),
        tls=tls,
        limits=limits,
        heads=HeadWriter(user_agent),
        one_write=one_write and FITS_THIS_AIOHTTP,
    )


def _no_status(status: int) -> HttpFailure:
    changed = status == _SWITCHING_PROTOCOLS
    return HttpFailure(
        code=ErrorCode.HTTP_PROTOCOL,
        delivery=Delivery.AMBIGUOUS,
        detail="the server changed the protocol without being asked" if changed else "the status is none of HTTP's",
    )


def _is_untouched(session: ClientSession) -> bool:
    """Whether nobody mocks, records or traces what aiohttp's sessions do; else a request goes by the session."""
    return ClientSession._request is _AS_AIOHTTP_ASKS and not session.trace_configs  # noqa: SLF001 - the method they replace


def _headers_of(response: Answer | SessionAnswer) -> dict[str, str]:
    """Names in lower case, repeated ones joined by commas; bytes that are no text are replaced.

    An error that is not dated gets the time at which it came, as RFC 9110 §6.6.1 asks: what it says
    of times is measured against that.
    """
    received = response.headers
    names = [name.lower() for name in received]  # each once, however often it is there
    if len(names) == len(received) and all(map(str.isascii, received.values())):
        headers = dict(zip(names, received.values(), strict=True))
    else:
        headers = {
            name: ", ".join(received.getall(name)).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            for name in names
        }
    if response.status >= 400 and "date" not in headers:
        headers["date"] = formatdate(usegmt=True)
    return headers
