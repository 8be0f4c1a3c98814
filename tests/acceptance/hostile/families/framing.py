"""Responses whose framing lies, or that are no HTTP at all."""

from typing import Final

from hostile.plays import (
    CLOSE,
    GOOD,
    HANG,
    OK,
    SMUGGLED,
    Flood,
    always,
    as_json,
    chunks,
    completion,
    head_only,
    response,
)
from hostile.scenario import Scenario, scenario

_JSON: Final = b"Content-Type: application/json"
_CHUNKED: Final = head_only(_JSON, b"Transfer-Encoding: chunked")
_SECOND: Final = response(as_json(completion(SMUGGLED)))
_LENGTH: Final = "protocol_error|connection_lost|too_large|bad_response"


def _length(name: str, value: bytes) -> Scenario:
    script = always(head_only(_JSON, b"Content-Length: " + value) + GOOD, CLOSE)
    return scenario(name, script, _LENGTH, "1-2", "unconfirmed|estimate")


def _too_short() -> bytes:
    cut = len(GOOD) // 2
    return head_only(_JSON, b"Content-Length: %d" % cut) + GOOD[:cut] + _SECOND


FRAMING: Final = (
    scenario("cl_too_short_smuggle", always(_too_short()), "bad_response|protocol_error", "1", "estimate|unconfirmed"),
    scenario("extra_response", always(OK + _SECOND), "ok|protocol_error", "1", "actual|unconfirmed"),
    _length("cl_negative", b"-5"),
    _length("cl_garbage", b"many"),
    _length("cl_plus", b"+%d" % len(GOOD)),
    _length("cl_huge", b"9" * 40),
    scenario(
        "cl_conflict",
        always(head_only(_JSON, b"Content-Length: %d" % len(GOOD), b"Content-Length: 5") + GOOD),
        "protocol_error|connection_lost|bad_response",
        "1-2",
        "unconfirmed|estimate",
    ),
    scenario(
        "cl_and_te",
        always(head_only(_JSON, b"Content-Length: 5", b"Transfer-Encoding: chunked") + chunks(GOOD)),
        "ok|protocol_error",
        "1-2",
        "actual|unconfirmed",
    ),
    scenario(
        "chunk_bad_size",
        always(_CHUNKED + b"zz\r\n" + GOOD + b"\r\n0\r\n\r\n"),
        "protocol_error|connection_lost",
        "1-2",
        "unconfirmed",
    ),
    scenario(
        "chunk_huge_size",
        always(_CHUNKED + b"F" * 16 + b"\r\nabcdef", CLOSE),
        "protocol_error|connection_lost|too_large",
        "1-2",
        "unconfirmed",
        large=True,
    ),
    scenario(
        "chunk_truncated",
        always(_CHUNKED + chunks(GOOD, last=False), CLOSE),
        "connection_lost|protocol_error",
        "1",
        "unconfirmed",
    ),
    scenario(
        "chunk_ext_flood",
        always(_CHUNKED + b"%x;" % len(GOOD) + b"e" * 1_000_000 + b"\r\n" + GOOD + b"\r\n0\r\n\r\n"),
        "ok|protocol_error|connection_lost|too_large",
        "1-2",
        "actual|unconfirmed",
        large=True,
    ),
    scenario(
        "trailers_flood",
        always(_CHUNKED + chunks(GOOD)[:-2] + b"a: b\r\n" * 50_000 + b"\r\n"),
        "ok|protocol_error|connection_lost|too_large",
        "1-2",
        "actual|unconfirmed",
        large=True,
    ),
    scenario(
        "many_1xx",
        always(Flood(lambda: [b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" * 100] * 100), OK),
        "ok|protocol_error|timeout|connection_lost",
        "1-2",
        "actual|unconfirmed",
        large=True,
    ),
    scenario(
        "switching_101",
        always(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: Upgrade\r\n\r\n" + _SECOND, HANG),
        "protocol_error|bad_response|connection_lost",
        "1-2",
        "unconfirmed|void|estimate",
    ),
    scenario("http09", always(GOOD, CLOSE), "protocol_error|connection_lost", "1-2", "unconfirmed"),
    scenario(
        "bad_status_line",
        always(OK.replace(b"200 OK", b"abc OK", 1)),
        "protocol_error|connection_lost",
        "1-2",
        "unconfirmed",
    ),
    scenario(
        "http2_preface",
        always(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\x00\x04\x00\x01\x00\x00\x00\x05\x00\xff"),
        "protocol_error|connection_lost",
        "1-2",
        "unconfirmed",
    ),
)
