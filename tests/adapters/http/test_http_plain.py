"""The plain answer read in one look: it reads what aiohttp's parser reads, or leaves it to the parser."""

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpResponseParser
from hypothesis import event, example, given
from hypothesis import strategies as st
from loopback_server import OK, OK_BODY

from provider_runtime.adapters.http.limits import HttpLimits
from provider_runtime.adapters.http.plain import PlainHeaders, plain_reply
from provider_runtime.ports.http import HttpReply

_LIMITS = HttpLimits(max_header_bytes=300, max_headers=8, max_response_bytes=100)

_names = st.sampled_from(
    [
        "x-a",
        "X-A",
        "Date",
        "server",
        "transfer-encodin",
        "content-type",
        "x a",
        "",
        "Connection",
        "connection",
        "upgrade",
        "trailer",
        "Content-Encoding",
        "Content-Length",
        "CONTENT-LENGTH",
        "Transfer-Encoding",
        "transfer-encoding",
    ]
)
_values = st.sampled_from(["1", "a b", "keep-alive", "Keep-Alive", "close", "chunked", "gzip", "identity", "", "a: b"])
_colons = st.sampled_from([": ", ": ", ": ", ": ", ":", ":  ", " : ", ":\t"])
_ends = st.sampled_from(["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", " \r\n", "\r\n ", "\t\r\n", "\x00\r\n"])
_line = st.tuples(_names, _colons, _values, _ends).map("".join)
_starts = st.sampled_from(
    [
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 ",
        "HTTP/1.1 200",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 204 No",
        "HTTP/1.1 100 Go",
        "HTTP/1.1  200 OK",
        "\r\nHTTP/1.1 200 OK",
        "HTTP/1.1 200 O\nK",
    ]
)


@st.composite
def _answers(draw: st.DrawFn) -> bytes:
    """Answers, most of them nearly plain."""
    body = draw(st.binary(max_size=6) | st.sampled_from([b"\r\n", b"\n", b"\r\n\r\nab", OK]))
    size = draw(st.sampled_from([len(body)] * 8 + [len(body) + 1, max(0, len(body) - 1), 999]))
    plain = [f"{name}: {value}\r\n" for name, value in draw(st.lists(st.tuples(_names, _values), max_size=4))]
    lines = [*plain, *draw(st.lists(_line, max_size=1)), f"content-length: {size}\r\n"]
    head = f"{draw(_starts)}\r\n" + "".join(draw(st.permutations(lines))) + draw(st.sampled_from(["\r\n"] * 9 + ["\n"]))
    return head.encode() + body


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop for aiohttp's objects, never run."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def _as_the_parser_reads(answer: bytes, loop: asyncio.AbstractEventLoop) -> tuple[int, dict[str, str], bytes]:
    protocol = ResponseHandler(loop)
    parser = HttpResponseParser(
        protocol,
        loop,
        2**16,
        read_until_eof=True,
        auto_decompress=False,
        max_line_size=_LIMITS.max_header_bytes,
        max_field_size=_LIMITS.max_header_bytes,
        max_headers=_LIMITS.max_headers,
    )
    ((message, content),), upgraded, tail = parser.feed_data(answer)
    assert (message.should_close, message.upgrade, message.chunked, upgraded, tail) == (*[False] * 4, b"")
    assert content.is_eof()
    names = [name.lower() for name in message.headers]
    headers = {name: ", ".join(message.headers.getall(name)) for name in names}
    return message.code, headers, content.read_nowait() if content.total_bytes else b""


@given(answer=_answers())
@example(answer=OK)
@example(answer=b"HTTP/1.1 200 OK\r\nx-a: 1\r\nX-A: 2\r\nContent-Length: 2\r\nconnection: Keep-Alive\r\n\r\n\r\n")
def test_what_is_read_in_one_look_is_what_the_parser_reads(answer: bytes, loop: asyncio.AbstractEventLoop) -> None:
    reply = plain_reply(answer, _LIMITS)
    event("read in one look" if reply else "left to the parser")
    if reply is not None:
        assert (reply.status, dict(reply.headers), reply.body) == _as_the_parser_reads(answer, loop)


@pytest.mark.parametrize(
    "answer",
    [
        OK[:-1],
        OK + b"H",
        OK.replace(b"200", b"201"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK.replace(b"content-length", b"transfer-encoding: chunked\r\ncontent-length"),
        OK.replace(b"content-length", b"content-encoding: gzip\r\ncontent-length"),
        OK.replace(b"content-length", b"connection: close\r\ncontent-length"),
        OK.replace(b"content-length", b"content-length: 1\r\ncontent-length"),
        OK.replace(b"content-length", b"x-odd : 1\r\ncontent-length"),
        OK.replace(b"content-length", b"x-folded: 1\r\n 2\r\ncontent-length"),
        OK.replace(b"content-length", b"x-large: %b\r\ncontent-length" % bytes(300).replace(b"\0", b"x")),
        OK.replace(b"content-length", b"x: y\r\n" * 8 + b"content-length"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n" + b"x" * 101,
    ],
)
def test_whatever_else_there_is_to_say_of_a_body_is_left_to_the_parser(answer: bytes) -> None:
    assert plain_reply(OK, _LIMITS) is not None
    assert plain_reply(answer, _LIMITS) is None


def test_a_body_that_came_as_a_bytearray_is_bytes() -> None:
    reply = plain_reply(bytearray(OK), _LIMITS)
    assert isinstance(reply, HttpReply)
    assert type(reply.body) is bytes
    assert reply.body == OK_BODY


_SEEN = {"x-a": "1, 2", "date": "now: 3"}


@pytest.mark.parametrize("asked_before", [False, True])
def test_headers_are_one_mapping_however_they_are_asked(*, asked_before: bool) -> None:
    headers = PlainHeaders(b"\r\nX-A: 1\r\nDate: now: 3\r\nx-a: 2\r\n")
    if asked_before:
        assert len(headers) == 2
    assert {name: headers[name] for name in ("x-a", "date")} == _SEEN
    assert headers.get("date") == "now: 3"
    assert headers.get("X-A") is None
    assert headers.get("ate") is None
    assert "date: now" not in headers
    assert list(headers) == ["x-a", "date"]
    assert headers == _SEEN
