"""What a server may do to one request, as data: bytes, pauses, floods, and the ways to end a connection."""

import json
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from typing import Any, Final, TypeAlias

from attrs import frozen

ANSWER: Final = "Forty-two, said the machine: 7c1f0e9d4b82a6535e"  # also what no record may repeat
SMUGGLED: Final = "SMUGGLED-3f9b2d7a"  # what no call may ever be answered with


@frozen
class Asked:
    """One request as the server read it.

    ``number`` counts the requests of its scenario, ``turn`` those with these very bytes (the tries
    of one call, as long as calls differ), ``on_connection`` those of its connection. ``here`` and
    ``trap`` are the origins of the two listeners.
    """

    scenario: str
    line: str
    head: bytes
    headers: dict[str, str]
    body: bytes
    number: int
    turn: int
    on_connection: int
    here: str
    trap: str

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")


@frozen
class Pause:
    """Say nothing for so many seconds."""

    seconds: float


@frozen
class Flood:
    """Bytes one after the other, only as fast as they are taken; over when the client has gone."""

    pieces: Callable[[], Iterable[bytes]]


class Ending(Enum):
    """How a play ends, unless the connection is simply kept."""

    CLOSE = auto()  # FIN
    RESET = auto()  # RST
    HANG = auto()  # nothing more, for as long as the client stays
    CLOSE_ON_NEXT = auto()  # kept, and closed when the next request has been read


Step: TypeAlias = bytes | Pause | Flood | Ending
Play: TypeAlias = tuple[Step, ...]
Script: TypeAlias = Callable[[Asked], Play]

CLOSE: Final = Ending.CLOSE
RESET: Final = Ending.RESET
HANG: Final = Ending.HANG
CLOSE_ON_NEXT: Final = Ending.CLOSE_ON_NEXT
_A_MOMENT: Final = Pause(0.01)  # what was sent before is read before a reset overtakes it


# ── what is answered ────────────────────────────────────────────────────────────────────────


def completion(text: object = ANSWER, **changes: Any) -> dict[str, Any]:
    """A correct chat completion that says ``text``. ``changes`` replace its fields; ``...`` takes one out."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    whole |= {"usage": usage} | changes
    return {name: value for name, value in whole.items() if value is not ...}


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


GOOD: Final = as_json(completion())


def response(body: bytes = b"", *lines: bytes, status: bytes = b"200 OK", media: bytes = b"application/json") -> bytes:
    """A response with an honest length; ``lines`` are further header lines."""
    head = (b"HTTP/1.1 " + status, b"Content-Type: " + media, b"Content-Length: %d" % len(body), *lines)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def head_only(*lines: bytes, status: bytes = b"200 OK") -> bytes:
    """A response head with these header lines and no others."""
    return b"\r\n".join((b"HTTP/1.1 " + status, *lines)) + b"\r\n\r\n"


def chunks(*pieces: bytes, last: bool = True) -> bytes:
    """A chunked body, with its last chunk or without."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if last else b"")


def error_body(message: str, code: str | None = None, kind: str = "error") -> bytes:
    """An error as OpenAI words it."""
    return as_json({"error": {"message": message, "type": kind, "code": code}})


def failure(status: int, body: bytes | None = None, *lines: bytes) -> bytes:
    """An error response with its usual body."""
    return response(error_body("no") if body is None else body, *lines, status=b"%d X" % status)


def bytewise(data: bytes, seconds: float) -> Iterator[Step]:
    """``data`` byte by byte, with a pause before each."""
    for byte in data:
        yield Pause(seconds)
        yield bytes([byte])


# ── scripts ─────────────────────────────────────────────────────────────────────────────────

OK: Final = response(GOOD)


def always(*steps: Step) -> Script:
    """The same for every request."""
    return lambda _asked: steps


def then_reset(*steps: Step) -> Play:
    return (*steps, _A_MOMENT, RESET)


def for_try(*plays: Play) -> Script:
    """The first try of a call gets the first play, the next the second …; the last one stays."""
    return lambda asked: plays[min(asked.turn, len(plays)) - 1]


def in_turn(*plays: Play) -> Script:
    """Requests get the plays one after the other, and around again, whoever asks."""
    return lambda asked: plays[(asked.number - 1) % len(plays)]
