"""What a server can do wrong, what is made of it, and that the next exchange knows nothing of it."""

import asyncio
import gzip
import time
from collections.abc import Callable

import pytest
from attrs import frozen
from loopback_server import OK, OK_BODY, LoopbackServer, Peer, Received, Script, sends

from provider_runtime.adapters.http.bodies import Intake, _Unpacker
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest

_HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _HEAD + b"transfer-encoding: chunked\r\n\r\n"
_MAX = 1_000_000  # the cap of the transport fixture


@frozen
class Case:
    """A script of the server, and what the exchange has to make of it."""

    script: Script
    code: ErrorCode
    delivery: Delivery = Delivery.AMBIGUOUS
    may_heal: bool = False


async def _endless_chunks(_request: Received, peer: Peer) -> None:
    await peer.write(_CHUNKED)
    while True:
        await peer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


async def _endless_files(_request: Received, peer: Peer) -> None:
    await peer.write(_HEAD + b"content-encoding: gzip\r\n\r\n")
    while True:
        await peer.write(gzip.compress(b"") * 1000)


async def _endless_packing(_request: Received, peer: Peer) -> None:
    await peer.write(_HEAD + b"content-encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10])
    while True:
        await peer.write(b"\x00\x00\x00\xff\xff" * 10_000)  # stored blocks of no bytes


def _packed(coding: bytes, body: bytes) -> bytes:
    return _HEAD + b"content-encoding: %b\r\ncontent-length: %d\r\n\r\n" % (coding, len(body)) + body


_LOST = ErrorCode.CONNECTION_LOST
_NOT_HTTP = ErrorCode.HTTP_PROTOCOL
_TOO_LARGE = ErrorCode.RESPONSE_TOO_LARGE
_BAD = ErrorCode.BAD_RESPONSE
_ANSWERED = Delivery.ANSWERED_BAD

CASES = {
    "hangs up before answering": Case(sends(then="close"), _LOST, may_heal=True),
    "resets before answering": Case(sends(then="reset"), _LOST, may_heal=True),
    "hangs up in the head": Case(sends(_HEAD + b"content-le", then="close"), _LOST, may_heal=True),
    "resets in the head": Case(sends(_HEAD + b"content-le", then="reset"), _LOST, may_heal=True),
    "hangs up in the body": Case(sends(_HEAD + b"content-length: 9\r\n\r\n123", then="close"), _LOST),
    "resets in the body": Case(sends(_HEAD + b"content-length: 9\r\n\r\n123", then="reset"), _LOST),
    "leaves out the last chunk": Case(sends(_CHUNKED + b"2\r\n{}\r\n", then="close"), _LOST),
    "resets between chunks": Case(sends(_CHUNKED + b"2\r\n{}\r\n", then="reset"), _LOST),
    "sends a chunk of no known size": Case(sends(_CHUNKED + b"zz\r\n{}\r\n"), _NOT_HTTP),
    "sends such a chunk later": Case(sends(_CHUNKED + b"2\r\n{}\r\n", b"zz\r\n{}\r\n"), _NOT_HTTP),
    "promises a chunk larger than memory": Case(sends(_CHUNKED + b"F" * 16 + b"\r\nhello\r\n", then="close"), _LOST),
    "greets instead of answering": Case(sends(b"220 ready\r\n"), _NOT_HTTP),
    "answers as HTTP/0.9": Case(sends(b"<html>hi</html>", then="close"), _NOT_HTTP),
    "answers as HTTP/2": Case(sends(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80"), _NOT_HTTP),
    "sends a status that is a word": Case(sends(b"HTTP/1.1 abc OK\r\n\r\n"), _NOT_HTTP),
    "sends a header of a megabyte": Case(sends(_HEAD + b"x: " + b"a" * 1_000_000 + b"\r\n\r\n"), _NOT_HTTP),
    "sends ten thousand headers": Case(sends(_HEAD + b"".join(b"x%d: a\r\n" % n for n in range(10_000))), _NOT_HTTP),
    "sends fifty thousand trailers": Case(sends(_CHUNKED + b"0\r\n" + b"a: b\r\n" * 50_000), _NOT_HTTP),
    "sends a NUL in a header": Case(sends(_HEAD + b"x: a\x00b\r\ncontent-length: 2\r\n\r\n{}"), _NOT_HTTP),
    "promises a negative length": Case(sends(_HEAD + b"content-length: -1\r\n\r\n"), _NOT_HTTP),
    "promises a signed length": Case(sends(_HEAD + b"content-length: +2\r\n\r\n{}"), _NOT_HTTP),
    "promises two lengths": Case(sends(_HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{} "), _NOT_HTTP),
    "promises a length and chunks": Case(
        sends(_HEAD + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), _NOT_HTTP
    ),
    "switches protocols": Case(sends(b"HTTP/1.1 101 Go\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nxx"), _NOT_HTTP),
    **{
        f"answers with status {status}": Case(sends(b"HTTP/1.1 %b X\r\n\r\n" % status, then="close"), _NOT_HTTP)
        for status in (b"000", b"099", b"600", b"999")
    },
    "promises more than the cap": Case(sends(_HEAD + b"content-length: 1000001\r\n\r\n{}"), _TOO_LARGE, _ANSWERED),
    "never ends": Case(_endless_chunks, _TOO_LARGE, _ANSWERED),
    "sends a gzip bomb": Case(sends(_packed(b"gzip", gzip.compress(bytes(50 * _MAX)))), _TOO_LARGE, _ANSWERED),
    "sends gzip files without end": Case(_endless_files, _BAD, _ANSWERED),
    "sends packing with nothing in it": Case(_endless_packing, _TOO_LARGE, _ANSWERED),
    "packs twice": Case(sends(_packed(b"gzip, gzip", gzip.compress(gzip.compress(b"{}")))), _BAD, _ANSWERED),
    "packs with brotli": Case(sends(_packed(b"br", b"\x0b\x01\x80{}\x03")), _BAD, _ANSWERED),
    "packs with something unheard of": Case(sends(_packed(b"x-evil", b"{}")), _BAD, _ANSWERED),
    "calls garbage gzip": Case(sends(_packed(b"gzip", b"\x8f\x02 no gzip at all")), _BAD, _ANSWERED),
    "cuts the gzip but not the body": Case(sends(_packed(b"gzip", gzip.compress(OK_BODY)[:-9])), _BAD, _ANSWERED),
    "adds garbage to the gzip": Case(sends(_packed(b"gzip", gzip.compress(OK_BODY) + b"more")), _BAD, _ANSWERED),
    "adds garbage to the deflate": Case(
        sends(_packed(b"deflate", b"\x78\x9c\x03\x00\x00\x00\x00\x01!")), _BAD, _ANSWERED
    ),
}


@pytest.mark.parametrize("warm", [False, True], ids=["on a new connection", "on a kept connection"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_server_that_breaks_the_rules_is_a_failure_and_the_next_exchange_is_clean(
    case: Case,
    warm: bool,  # noqa: FBT001 - a parameter of the test
    server: LoopbackServer,
    transport: AiohttpTransport,
    a_request: Callable[..., HttpRequest],
) -> None:
    if warm:
        assert isinstance(await transport.exchange(a_request(server.url)), HttpReply)
    server.scripts.append(case.script)

    outcome = await transport.exchange(a_request(server.url))

    assert isinstance(outcome, HttpFailure)
    assert (outcome.code, outcome.delivery, outcome.may_heal) == (case.code, case.delivery, case.may_heal)
    assert outcome.detail
    assert len(server.received) == 1 + warm  # nothing was sent again

    after = await transport.exchange(a_request(server.url))
    assert isinstance(after, HttpReply)
    assert after.body == OK_BODY
    if case.delivery is Delivery.AMBIGUOUS:
        assert server.received[-1].connection != server.received[-2].connection


async def test_the_deadline_strikes_in_the_middle_of_a_bomb(
    server: LoopbackServer, a_request: Callable[..., HttpRequest]
) -> None:
    transport = AiohttpTransport(max_response_bytes=1 << 40)
    bomb = gzip.compress(bytes(10_000_000)) * 90
    server.scripts.append(sends(_packed(b"gzip", bomb)))
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await transport.exchange(a_request(server.url))

    assert time.monotonic() - started < 1  # all of it would take several seconds
    await transport.aclose()


async def test_unpacking_lets_others_run_after_each_step() -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    await _Unpacker("gzip", Intake(1 << 30)).feed(gzip.compress(bytes(30 << 20)))
    others.cancel()

    assert turns >= 30  # a step is a mebibyte


_INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n"


async def test_a_few_interim_heads_are_passed_over(
    server: LoopbackServer, a_request: Callable[..., HttpRequest]
) -> None:
    transport = AiohttpTransport()
    for _ in range(3):  # one connection: the count begins anew with each answer
        server.scripts.append(sends(_INTERIM * 60 + OK))
        assert isinstance(await transport.exchange(a_request(server.url)), HttpReply)
    await transport.aclose()


async def test_a_server_that_announces_its_answer_again_and_again_is_given_up(
    server: LoopbackServer, a_request: Callable[..., HttpRequest]
) -> None:
    transport = AiohttpTransport()
    server.scripts.append(sends(_INTERIM * 5000 + OK))
    failure = await transport.exchange(a_request(server.url))
    assert isinstance(failure, HttpFailure)
    assert (failure.code, failure.delivery) == (ErrorCode.HTTP_PROTOCOL, Delivery.AMBIGUOUS)
    assert isinstance(await transport.exchange(a_request(server.url)), HttpReply)
    await transport.aclose()
