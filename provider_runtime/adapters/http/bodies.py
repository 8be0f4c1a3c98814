"""Bodies read and unpacked under a cap, in steps that never hold the event loop for long."""

import asyncio
import zlib
from contextlib import suppress
from typing import Final

from aiohttp import ClientPayloadError, StreamReader
from attrs import define, field

from provider_runtime.adapters.http.sending import Answer, SessionAnswer
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.ports.http import HttpFailure

_STEP: Final = 1 << 20
_PATIENCE_S: Final = 2.0  # with the body of an error
_PLAIN: Final = frozenset(("", "identity"))
_GZIP: Final = frozenset(("gzip", "x-gzip"))
_DEFLATE: Final = "deflate"
_MAX_FILES: Final = 100  # a body of countless empty gzip files is another kind of bomb


class TooLarge(Exception):
    """The body passed the cap."""


class Unreadable(Exception):
    """The body is packed in a way that was not asked for, or its packing is broken. The text says which."""


@define
class Intake:
    """Bytes as they come, up to ``limit``."""

    limit: int
    size: int = 0
    pieces: list[bytes] = field(factory=list)

    def add(self, piece: bytes) -> None:
        """Keep ``piece``, or what of it fits. Raises ``TooLarge`` when not all of it did."""
        self.size += len(piece)
        if self.size > self.limit:
            self.pieces.append(piece[: self.limit - self.size])
            raise TooLarge
        self.pieces.append(piece)

    def joined(self) -> bytes:
        """Everything so far."""
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)


async def whole_body(answer: Answer | SessionAnswer, limit: int) -> bytes | HttpFailure:
    """The body, unpacked; or why there is none: larger than ``limit`` bytes, or not to be unpacked.

    Raises what aiohttp raises for a body that is cut.
    """
    intake = Intake(limit)
    declared = answer.headers.get("Content-Length", "")
    try:
        if declared.isdecimal() and int(declared) > limit:
            raise TooLarge  # noqa: TRY301 - a promise of too much is too much
        await _read(answer, intake)
    except TooLarge:
        return HttpFailure(
            code=ErrorCode.RESPONSE_TOO_LARGE,
            delivery=Delivery.ANSWERED_BAD,
            detail=f"the answer is larger than {limit} bytes",
            remedy="Ask for less, or raise max_response_bytes.",
        )
    except Unreadable as unreadable:
        return HttpFailure(code=ErrorCode.BAD_RESPONSE, delivery=Delivery.ANSWERED_BAD, detail=str(unreadable))
    return intake.joined()


async def some_of_body(answer: Answer | SessionAnswer, limit: int) -> bytes:
    """What can be had of an error's body soon, up to ``limit`` bytes: its status has said what matters."""
    intake = Intake(limit)
    with suppress(Exception):  # too large, cut, garbled or late is all one here, and aiohttp has many names for it
        async with asyncio.timeout(_PATIENCE_S):
            await _read(answer, intake)
    return intake.joined()


async def _read(answer: Answer | SessionAnswer, intake: Intake) -> None:
    content, protocol = answer.content, answer.protocol
    if protocol is None:
        return await _take(answer, intake)  # the body came with the head

    def wake(_closed: object) -> None:
        # A body that breaks the framing ends the connection, but aiohttp tells no one who is waiting for more of it.
        if not content.is_eof() and content.exception() is None:
            content.set_exception(protocol.exception() or ClientPayloadError("the connection is closed"))

    closed = protocol.closed
    if closed is None:
        wake(None)
        return await _take(answer, intake)
    closed.add_done_callback(wake)
    try:
        return await _take(answer, intake)
    finally:
        closed.remove_done_callback(wake)


async def _take(answer: Answer | SessionAnswer, intake: Intake) -> None:
    coding = ", ".join(answer.headers.getall("Content-Encoding", ())).strip().lower()
    if coding in _PLAIN:
        while not answer.content.at_eof():
            intake.add(await answer.content.readany())
    elif coding in _GZIP or coding == _DEFLATE:
        await _unpack(answer.content, coding, intake)
    else:
        raise Unreadable("the answer is packed in a way that was not asked for")


async def _unpack(content: StreamReader, coding: str, intake: Intake) -> None:
    unpacker = _Unpacker(coding, intake)
    packed_size = 0
    try:
        while packed := await content.readany():
            packed_size += len(packed)
            if packed_size > intake.limit:
                raise TooLarge
            await unpacker.feed(packed)
    except zlib.error:
        raise Unreadable("the answer's packing is broken") from None
    if not unpacker.at_end:
        raise Unreadable("the answer ends in the middle of its packing")


@define
class _Unpacker:
    """Unpacks into ``intake``, a step at a time. A gzip body may be several files, one after the other."""

    coding: str
    intake: Intake
    _engine: "zlib._Decompress | None" = None
    _files: int = 0

    @property
    def at_end(self) -> bool:
        """Whether what was fed so far could be all."""
        return self._engine is None or self._engine.eof

    async def feed(self, packed: bytes) -> None:
        """Unpack ``packed``. Raises ``zlib.error``, ``Unreadable`` or ``TooLarge``."""
        while True:
            if self._engine is None or self._engine.eof:
                if not packed:
                    return
                self._engine = self._next_engine(packed)
            piece = self._engine.decompress(packed, _STEP)
            self.intake.add(piece)
            packed = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
            if len(piece) == _STEP:
                await asyncio.sleep(0)  # there may be more inside: let others run, and the deadline strike
            elif not packed:
                return

    def _next_engine(self, packed: bytes) -> "zlib._Decompress":
        self._files += 1
        if self._files > (_MAX_FILES if self.coding in _GZIP else 1):
            raise Unreadable("the answer goes on after the end of its packing")
        if self.coding in _GZIP:
            return zlib.decompressobj(zlib.MAX_WBITS + 16)
        # `deflate` should come in a zlib wrapper; some servers leave the wrapper off.
        return zlib.decompressobj(zlib.MAX_WBITS if packed[0] & 0x0F == 8 else -zlib.MAX_WBITS)
