"""What every HttpTransport keeps to, against a real server on loopback that the contract starts."""

import asyncio
import gzip
import socket

import pytest

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import Delivery, ErrorCode, RuntimeClosed
from provider_runtime.domain.origins import origin_of
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import AuthHeader, HttpFailure, HttpReply, HttpRequest, HttpTransport
from provider_runtime.testing.contracts.loopback import (
    Loopback,
    Seen,
    answering,
    echoing,
    hanging_up,
    loopback,
    stopping_midway,
    talking_nonsense,
)

_BODY = b'{"a":"\xc3\xa9","n":1}'
_LIMIT_S = 10.0


class HttpTransportContract:
    """Give the fixture ``transport``: open, with limits that let an answer of a megabyte through."""

    @pytest.fixture
    def transport(self) -> HttpTransport:
        raise NotImplementedError("the subclass says which transport")

    def test_it_is_a_transport(self, transport: HttpTransport) -> None:
        assert isinstance(transport, HttpTransport)

    async def test_the_body_arrives_byte_for_byte_and_the_answer_comes_back(self, transport: HttpTransport) -> None:
        async with loopback(answering(200, b'{"ok":true}', "x-request-id: req_1", "X-Mixed: Case")) as server:
            reply = await _exchange(transport, server, body=_BODY)
        assert isinstance(reply, HttpReply)
        assert (reply.status, reply.body) == (200, b'{"ok":true}')
        assert reply.headers["x-request-id"] == "req_1"
        assert reply.headers["x-mixed"] == "Case"
        assert server.seen[0].line.startswith("POST /v1/things ")
        assert server.seen[0].body == _BODY

    async def test_headers_and_the_credential_arrive_as_given(self, transport: HttpTransport) -> None:
        async with loopback(answering(200, b"{}")) as server:
            auth = _auth(server, name="authorization", prefix="Bearer ")
            await _exchange(transport, server, headers={"x-version": "1"}, auth=auth)
        assert server.seen[0].headers["x-version"] == "1"
        assert server.seen[0].headers["authorization"] == "Bearer secret-key"

    async def test_without_a_body_none_is_sent(self, transport: HttpTransport) -> None:
        async with loopback(answering(200, b"[]")) as server:
            reply = await _exchange(transport, server, method="GET", body=None)
        assert isinstance(reply, HttpReply)
        assert server.seen[0].body == b""
        assert server.seen[0].line.startswith("GET ")

    @pytest.mark.parametrize("status", [201, 400, 401, 404, 429, 500, 503, 529])
    async def test_an_error_answer_is_an_answer(self, transport: HttpTransport, status: int) -> None:
        async with loopback(answering(status, b"no")) as server:
            reply = await _exchange(transport, server)
        assert isinstance(reply, HttpReply)
        assert (reply.status, reply.body) == (status, b"no")

    async def test_a_redirect_is_an_answer_and_is_not_followed(self, transport: HttpTransport) -> None:
        async with loopback(answering(307, b"", "location: /elsewhere")) as server:
            reply = await _exchange(transport, server)
        assert isinstance(reply, HttpReply)
        assert reply.status == 307
        assert len(server.seen) == 1

    async def test_a_cookie_is_not_kept(self, transport: HttpTransport) -> None:
        async with loopback(answering(200, b"{}", "set-cookie: who=somebody")) as server:
            for _ in range(2):
                await _exchange(transport, server)
        assert all("cookie" not in request.headers for request in server.seen)

    async def test_a_packed_answer_is_unpacked(self, transport: HttpTransport) -> None:
        async with loopback(answering(200, gzip.compress(b"x" * 10_000), "content-encoding: gzip")) as server:
            reply = await _exchange(transport, server)
        assert isinstance(reply, HttpReply)
        assert reply.body == b"x" * 10_000

    async def test_a_large_answer_comes_whole(self, transport: HttpTransport) -> None:
        async with loopback(answering(200, b"y" * 1_000_000)) as server:
            reply = await _exchange(transport, server)
        assert isinstance(reply, HttpReply)
        assert len(reply.body) == 1_000_000

    async def test_nobody_listening_is_a_failure_in_which_nothing_was_sent(self, transport: HttpTransport) -> None:
        with socket.socket() as unused:  # bound and not listening: nobody else can take the port
            unused.bind(("127.0.0.1", 0))
            outcome = await transport.exchange(_request(f"http://127.0.0.1:{unused.getsockname()[1]}"))
        assert isinstance(outcome, HttpFailure)
        assert outcome.code is ErrorCode.CONNECT_FAILED
        assert outcome.delivery is Delivery.NOT_SENT

    async def testhanging_up_instead_of_answering_leaves_it_open_whether_it_was_done(
        self, transport: HttpTransport
    ) -> None:
        async with loopback(hanging_up) as server:
            outcome = await _exchange(transport, server)
        assert isinstance(outcome, HttpFailure)
        assert outcome.delivery is Delivery.AMBIGUOUS

    async def test_half_an_answer_is_none(self, transport: HttpTransport) -> None:
        async with loopback(stopping_midway) as server:
            outcome = await _exchange(transport, server)
        assert isinstance(outcome, HttpFailure)
        assert outcome.delivery is Delivery.AMBIGUOUS

    async def test_what_is_not_http_is_a_failure(self, transport: HttpTransport) -> None:
        async with loopback(talking_nonsense) as server:
            outcome = await _exchange(transport, server)
        assert isinstance(outcome, HttpFailure)

    async def test_a_failure_shows_neither_credential_nor_body(self, transport: HttpTransport) -> None:
        async with loopback(hanging_up) as server:
            auth = _auth(server, name="x-api-key")
            outcome = await _exchange(transport, server, auth=auth, body=b"what was said")
        assert "secret-key" not in repr(outcome)
        assert "what was said" not in repr(outcome)

    async def test_many_exchanges_at_once_get_each_their_own_answer(self, transport: HttpTransport) -> None:
        async with loopback(echoing) as server:
            bodies = [b"%d" % number for number in range(50)]
            replies = await asyncio.gather(*(_exchange(transport, server, body=body) for body in bodies))
        assert [reply.body for reply in replies if isinstance(reply, HttpReply)] == bodies

    async def test_a_cancelled_exchange_leaves_nothing_for_the_next_one_to_read(self, transport: HttpTransport) -> None:
        arrived, go_on = asyncio.Event(), asyncio.Event()

        async def late_once(request: Seen, writer: asyncio.StreamWriter) -> None:
            if request.body == b"first":
                arrived.set()
                await go_on.wait()
            await echoing(request, writer)

        async with loopback(late_once) as server:
            first = asyncio.ensure_future(_exchange(transport, server, body=b"first"))
            await asyncio.wait_for(arrived.wait(), _LIMIT_S)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            go_on.set()
            reply = await _exchange(transport, server, body=b"second")
        assert isinstance(reply, HttpReply)
        assert reply.body == b"second"

    async def test_closing_twice_is_harmless_and_using_it_afterwards_is_an_error(
        self, transport: HttpTransport
    ) -> None:
        async with loopback(answering(200, b"{}")) as server:
            await _exchange(transport, server)
            await transport.aclose()
            await transport.aclose()
            with pytest.raises(RuntimeClosed):
                await _exchange(transport, server)
        assert len(server.seen) == 1


def _request(
    url: str,
    *,
    method: str = "POST",
    body: bytes | None = _BODY,
    headers: dict[str, str] | None = None,
    auth: AuthHeader | None = None,
) -> HttpRequest:
    return HttpRequest(
        method=method, url=f"{url}/v1/things", tier=Tier.LOCAL, headers=headers or {}, body=body, auth=auth
    )


def _auth(server: Loopback, *, name: str, prefix: str = "") -> AuthHeader:
    origin = origin_of(server.url)
    assert origin is not None
    return AuthHeader(name=name, prefix=prefix, secret=Secret("secret-key"), origin=origin)


async def _exchange(
    transport: HttpTransport,
    server: Loopback,
    *,
    method: str = "POST",
    body: bytes | None = _BODY,
    headers: dict[str, str] | None = None,
    auth: AuthHeader | None = None,
) -> HttpReply | HttpFailure:
    request = _request(server.url, method=method, body=body, headers=headers, auth=auth)
    return await asyncio.wait_for(transport.exchange(request), _LIMIT_S)
