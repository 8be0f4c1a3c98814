"""Whole answers: what arrives at the server, and what comes back."""

import asyncio
import gzip
import time
import zlib
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest
from loopback_server import OK, OK_BODY, LoopbackServer, sends

from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.ports.http import HttpReply, HttpRequest

Requests = Callable[..., HttpRequest]


async def _reply(transport: AiohttpTransport, request: HttpRequest) -> HttpReply:
    outcome = await transport.exchange(request)
    assert isinstance(outcome, HttpReply), outcome
    return outcome


async def test_the_body_arrives_byte_for_byte_with_the_headers_given_and_the_credential(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests, key: str
) -> None:
    body = b'{"text":"\xc3\xa9\x00 "}'
    reply = await _reply(transport, a_request(f"{server.url}/v1/chat?api-version=1", body=body))

    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, OK_BODY, "application/json")
    received = server.received[0]
    assert (received.line, received.body) == ("POST /v1/chat?api-version=1 HTTP/1.1", body)
    assert received.headers == {
        "host": f"127.0.0.1:{server.port}",
        "accept-encoding": "identity",
        "user-agent": "provider-runtime",
        "content-type": "application/json",
        "authorization": f"Bearer {key}",
        "content-length": str(len(body)),
    }


async def test_a_get_has_no_body_and_no_credential_unless_given(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    await _reply(transport, a_request(server.url, method="GET", body=None, auth=None, headers={}))

    assert server.received[0].line == "GET / HTTP/1.1"
    assert set(server.received[0].headers) == {"host", "accept-encoding", "user-agent"}


async def test_a_body_larger_than_any_socket_buffer_arrives_whole(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    body = bytes(range(256)) * 40_000
    await _reply(transport, a_request(server.url, body=body))
    await _reply(transport, a_request(server.url))

    assert server.received[0].body == body
    assert server.received[1].connection == 1


async def test_an_answer_that_comes_before_the_body_was_taken_is_returned_and_ends_the_connection(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.early = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}"
    reply = await _reply(transport, a_request(server.url, body=bytes(20_000_000)))
    assert (reply.status, reply.body) == (413, b"{}")

    server.early = b""
    await _reply(transport, a_request(server.url))
    assert [request.connection for request in server.received] == [2]


@pytest.mark.parametrize("status", [201, 204, 206, 299, 304, 400, 401, 404, 429, 500, 503, 529, 599])
async def test_every_status_is_just_a_reply(
    status: int, server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    length = b"" if status in {204, 304} else b"content-length: 2\r\n"
    body = b"" if status in {204, 304} else b"{}"
    server.scripts.append(sends(b"HTTP/1.1 %03d X\r\n%b\r\n%b" % (status, length, body)))

    reply = await _reply(transport, a_request(server.url))

    assert (reply.status, reply.body) == (status, body)
    assert (await _reply(transport, a_request(server.url))).body == OK_BODY


async def test_answers_that_were_announced_are_waited_out(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(sends(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK))
    assert (await _reply(transport, a_request(server.url))).body == OK_BODY


async def test_a_body_may_come_in_pieces_in_chunks_or_end_with_the_connection(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    pieces = [bytes([piece]) for piece in OK]
    server.scripts.append(sends(*pieces))
    server.scripts.append(
        sends(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n")
    )
    server.scripts.append(sends(b"HTTP/1.0 200 OK\r\n\r\n", b"{}", then="close"))

    assert (await _reply(transport, a_request(server.url))).body == OK_BODY
    assert (await _reply(transport, a_request(server.url))).body == b"{}"
    assert (await _reply(transport, a_request(server.url))).body == b"{}"


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(OK_BODY)),
        ("X-GZIP", gzip.compress(OK_BODY[:5]) + gzip.compress(OK_BODY[5:])),
        ("deflate", zlib.compress(OK_BODY)),
        ("deflate", zlib.compress(OK_BODY, wbits=-15)),
        ("identity", OK_BODY),
        ("gzip", b""),
    ],
    ids=["gzip", "two gzip files", "deflate", "bare deflate", "identity", "nothing"],
)
@pytest.mark.parametrize("in_pieces", [False, True], ids=["at once", "byte by byte"])
async def test_what_was_packed_unasked_is_unpacked(
    coding: str,
    packed: bytes,
    in_pieces: bool,  # noqa: FBT001 - a parameter of the test
    server: LoopbackServer,
    transport: AiohttpTransport,
    a_request: Requests,
) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {len(packed)}\r\n\r\n".encode()
    server.scripts.append(sends(head, *(bytes([one]) for one in packed)) if in_pieces else sends(head + packed))

    assert (await _reply(transport, a_request(server.url))).body == (OK_BODY if packed else b"")
    assert (await _reply(transport, a_request(server.url))).body == OK_BODY
    assert server.received[1].connection == 1


async def test_a_body_of_exactly_the_cap_is_returned_plain_and_packed(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    body = b"x" * 1_000_000
    packed = gzip.compress(body)
    server.scripts.append(sends(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + body))
    server.scripts.append(
        sends(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed) + packed)
    )

    assert (await _reply(transport, a_request(server.url))).body == body
    assert (await _reply(transport, a_request(server.url))).body == body


@pytest.mark.parametrize(
    ("answer", "then", "body"),
    [
        (b"content-length: 100000000\r\n\r\n" + b"o" * 5_000, "keep", b"o" * 1_000),
        (b"content-length: 100\r\n\r\noops", "reset", b"oops"),
        (b"transfer-encoding: chunked\r\n\r\n4\r\noops\r\nzz\r\n", "keep", b"oops"),
        (b"content-encoding: br\r\ncontent-length: 4\r\n\r\noops", "keep", b""),
        (b"content-encoding: gzip\r\ncontent-length: 4\r\n\r\noops", "keep", b""),
    ],
    ids=["too long", "cut", "garbled", "packed strangely", "packed badly"],
)
async def test_an_error_is_returned_with_what_can_be_had_of_its_body(
    answer: bytes, then: str, body: bytes, server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    head, separator, rest = answer.partition(b"\r\n\r\n")
    server.scripts.append(sends(b"HTTP/1.1 503 Busy\r\nretry-after: 3\r\n" + head + separator, rest, then=then))

    reply = await _reply(transport, a_request(server.url))

    assert (reply.status, reply.headers["retry-after"]) == (503, "3")
    assert reply.body == body
    assert (await _reply(transport, a_request(server.url))).body == OK_BODY


@pytest.mark.parametrize("status", [204, 205, 300, 302, 304, 307])
async def test_nobody_waits_for_the_body_of_a_status_that_has_none_worth_reading(
    status: int, server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    done = status in {204, 304}  # HTTP has it that these end with their head
    server.scripts.append(
        sends(b"HTTP/1.1 %d X\r\n\r\n" % status, b"" if done else b"abc", then="keep" if done else "wait")
    )
    async with asyncio.timeout(1):
        reply = await _reply(transport, a_request(server.url))

    assert (reply.status, reply.body) == (status, b"")
    assert (await _reply(transport, a_request(server.url))).body == OK_BODY


async def test_an_error_does_not_wait_for_the_rest_of_its_body_for_ever(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(sends(b"HTTP/1.1 401 No\r\ncontent-length: 99\r\n\r\nwho are you?", then="wait"))
    async with asyncio.timeout(10):
        reply = await _reply(transport, a_request(server.url))

    assert (reply.status, reply.body) == (401, b"who are you?")
    assert (await _reply(transport, a_request(server.url))).body == OK_BODY


async def test_an_error_without_a_date_is_dated_when_it_comes(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(sends(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"))
    server.scripts.append(sends(b"HTTP/1.1 503 Busy\r\ndate: long ago\r\ncontent-length: 0\r\n\r\n"))
    before = int(time.time())
    dated, long_ago = [(await _reply(transport, a_request(server.url))).headers["date"] for _ in range(2)]

    assert before <= parsedate_to_datetime(dated).timestamp() <= time.time()
    assert long_ago == "long ago"


async def test_header_names_are_lower_case_repeated_ones_joined_and_bytes_that_are_no_text_replaced(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Request-ID: r1\r\nVia: a\r\nVIA: b\r\nX-Odd: \xe9\xff\r\ncontent-length: 2\r\n\r\n{}"
    server.scripts.append(sends(head))

    headers = (await _reply(transport, a_request(server.url))).headers

    assert headers == {"x-request-id": "r1", "via": "a, b", "x-odd": "\ufffd\ufffd", "content-length": "2"}
