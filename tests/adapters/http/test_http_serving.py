"""HttpService over real sockets: what it takes in, what it does not, and what it tells."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import define, field

from provider_runtime.adapters.http.serving import HttpService
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.ports.serving import HttpAnswer, HttpAsked


@define
class Noting:
    """Answers with what it was asked, and remembers it; fails if it is told to."""

    asked: list[HttpAsked] = field(factory=list)
    failure: Exception | None = None

    async def answer(self, asked: HttpAsked) -> HttpAnswer:
        self.asked.append(asked)
        if self.failure is not None:
            raise self.failure
        return HttpAnswer(status=200, body=asked.body)


@asynccontextmanager
async def serving(answerer: Noting, **options: object) -> AsyncIterator[HttpService]:
    service = HttpService(answerer=answerer, ending_s=0.1, **options)  # type: ignore[arg-type]  # options of it
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


async def said(service: HttpService, octets: bytes, *, end: bool = False) -> tuple[int, bytes]:
    """Status and body of the answer to these bytes; 0 where the connection just ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(octets)
    if end:
        writer.write_eof()
    head = await reader.read(65536)
    writer.close()
    if not head:
        return 0, b""
    top, _, body = head.partition(b"\r\n\r\n")
    assert b"Server:" not in top or b"provider" not in top
    return int(top.split()[1]), body


def post(body: bytes, *headers: str, path: str = "/v1/x") -> bytes:
    lines = (f"POST {path} HTTP/1.1", "host: h", f"content-length: {len(body)}", "connection: close", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_a_question_gets_there_with_its_token_and_back() -> None:
    noting = Noting()
    async with serving(noting) as service:
        assert await said(service, post(b"{}", "authorization: Bearer a-token")) == (200, b"{}")
        for header in ("authorization: Basic abc", "authorization: Bearer", "authorization: Bearer a b", "x: y"):
            await said(service, post(b"{}", header))
    first, *others = noting.asked
    assert (first.method, first.path, first.body) == ("POST", "/v1/x", b"{}")
    assert first.bearer is not None
    assert first.bearer.reveal() == "a-token"
    assert "a-token" not in repr(first)
    assert [one.bearer for one in others] == [None] * 4


async def test_what_is_too_large_too_slow_or_packed_is_not_taken_in() -> None:
    noting = Noting()
    async with serving(noting, max_bytes=100, patience_s=0.1) as service:
        status, body = await said(service, post(b"x" * 101))
        assert (status, json.loads(body)["code"]) == (413, "request_too_large")
        status, body = await said(service, b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 50\r\n\r\nhalf")
        assert (status, json.loads(body)["code"]) == (408, "timed_out")
        status, _ = await said(service, post(b"x", "content-encoding: gzip"))
        assert status == 415
        chunked = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
        status, _ = await said(service, chunked + b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n")
        assert status == 413
    assert noting.asked == []


async def test_a_failure_inside_is_an_answer_that_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    noting = Noting(failure=RuntimeError("the token is a-token"))
    async with serving(noting) as service:
        status, body = await said(service, post(b"{}", "authorization: Bearer a-token"))
    assert status == 500
    assert b"a-token" not in body
    assert caplog.records == []


NO_HTTP = {
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a bad header": b"GET / HTTP/1.1\r\nauthorization: Bearer a-token\r\nbad\x00header\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
    "a long line": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nhost: h\r\n\r\n",
}


@pytest.mark.parametrize("case", NO_HTTP)
async def test_what_is_no_http_is_refused_and_not_logged(case: str, caplog: pytest.LogCaptureFixture) -> None:
    noting = Noting()
    async with serving(noting) as service:
        status, _ = await said(service, NO_HTTP[case], end=True)
        assert status in {0, 400}
        assert (await said(service, post(b"{}")))[0] == 200  # it goes on
    assert caplog.records == []
    assert len(noting.asked) == 1


async def test_what_was_begun_is_answered_before_it_ends() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Waiting(Noting):
        async def answer(self, asked: HttpAsked) -> HttpAnswer:
            begun.set()
            await go_on.wait()
            return HttpAnswer(status=200, body=asked.body)

    service = HttpService(answerer=Waiting(), ending_s=30)
    await service.start()
    asking = asyncio.ensure_future(said(service, post(b"{}")))
    await begun.wait()
    ending = asyncio.ensure_future(service.stop())
    await asyncio.sleep(0)
    go_on.set()
    assert await asking == (200, b"{}")
    await ending
    with pytest.raises(OSError, match=r"\S"):
        await asyncio.open_connection("127.0.0.1", service.port)


def test_it_listens_to_others_over_tls_or_behind_a_proxy_alone() -> None:
    with pytest.raises(InvalidSettings, match="clear text"):
        HttpService(answerer=Noting(), host="0.0.0.0")  # noqa: S104 - refused
    assert HttpService(answerer=Noting(), host="10.0.0.7", behind_proxy=True).url == "http://10.0.0.7:0"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert HttpService(answerer=Noting(), host="::", port=5, ssl_context=context).url == "https://[::]:5"
