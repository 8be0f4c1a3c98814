"""Bodies that are too large, packed or unpacked, and packing that is none."""

import gzip
import random
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import repeat
from typing import Final

from hostile.plays import CLOSE, GOOD, Asked, Flood, Play, always, head_only, response
from hostile.scenario import scenario

_JSON: Final = b"Content-Type: application/json"
_PIECE: Final = b"x" * 65_536
_GZIP: Final = b"Content-Encoding: gzip"
_NOISE: Final = random.Random(1).randbytes(20_000)  # noqa: S311 - the same noise each time


def _flood(total: int) -> Flood:
    return Flood(lambda: repeat(_PIECE, total // len(_PIECE) + 1))


def _chunks() -> Iterator[bytes]:
    return repeat(b"10000\r\n" + _PIECE + b"\r\n", 250_000_000 // len(_PIECE))


@cache
def bomb(mebibytes: int) -> bytes:
    """A gzip file that unpacks to so many mebibytes of nothing."""
    engine = _engine()
    packed = b"".join(engine.compress(bytes(1 << 20)) for _ in range(mebibytes))
    return packed + engine.flush()


def _engine() -> "zlib._Compress":
    return zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS + 16)


def _gzip_bomb(_asked: Asked) -> Play:
    return (response(bomb(64) * 16, _GZIP),)


def _gzip_double(_asked: Asked) -> Play:
    return (response(gzip.compress(bomb(64)), b"Content-Encoding: gzip, gzip"),)


def _length(size: int) -> bytes:
    return b"Content-Length: %d" % size


SIZES: Final = (
    scenario(
        "huge_body",
        always(head_only(_JSON, _length(200_000_000)), _flood(200_000_000), CLOSE),
        "too_large",
        "1",
        "unconfirmed|estimate",
        large=True,
    ),
    scenario(
        "endless_chunked",
        always(head_only(_JSON, b"Transfer-Encoding: chunked"), Flood(_chunks), CLOSE),
        "too_large",
        "1",
        "unconfirmed|estimate",
        large=True,
    ),
    scenario(
        "huge_error_body",
        always(head_only(_JSON, _length(100_000_000), status=b"500 X"), _flood(100_000_000), CLOSE),
        "server_error|too_large",
        "1-3",
        "void|unconfirmed",
        large=True,
    ),
    scenario("gzip_bomb", _gzip_bomb, "too_large|bad_response", "1", "unconfirmed|estimate", large=True),
    scenario(
        "gzip_double", _gzip_double, "too_large|bad_response|protocol_error", "1", "unconfirmed|estimate", large=True
    ),
    scenario(
        "gzip_garbage",
        always(response(_NOISE, _GZIP)),
        "bad_response|protocol_error|connection_lost",
        "1",
        "unconfirmed|estimate",
    ),
    scenario(
        "gzip_truncated",
        always(response(gzip.compress(GOOD)[: len(gzip.compress(GOOD)) // 2], _GZIP)),
        "bad_response|protocol_error|connection_lost",
        "1",
        "unconfirmed|estimate",
    ),
    scenario(
        "br_garbage",
        always(response(_NOISE, b"Content-Encoding: br")),
        "bad_response|protocol_error|connection_lost",
        "1",
        "unconfirmed|estimate",
    ),
    scenario(
        "encoding_unknown",
        always(response(GOOD, b"Content-Encoding: x-evil")),
        "ok|bad_response|protocol_error",
        "1",
        "actual|estimate|unconfirmed",
    ),
)
