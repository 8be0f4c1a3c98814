"""A provider with every fault at once: what becomes of a request follows from its call, its try and a seed."""

import re
from array import array
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from attrs import Factory, define
from hostile.plays import CLOSE, HANG, Asked, Pause, Play, as_json, completion, failure, response, then_reset

_NUMBER: Final = re.compile(rb"call (\d+)\b")


def saying(number: int) -> str:
    """What the answer to this call says, so that it cannot be taken for another's."""
    return f"answer {number}"


def number_in(body: bytes) -> int:
    """The number of the call that made this request."""
    found = _NUMBER.search(body)
    assert found is not None, "a request of no call"
    return int(found[1])


def answer(number: int) -> bytes:
    return response(as_json(completion(saying(number))))


def _faults(number: int) -> Mapping[str, Play]:
    good = answer(number)
    head, body = good.partition(b"\r\n\r\n")[::2]
    return {
        "reset before the head": then_reset(),
        "reset in the head": then_reset(head[:20]),
        "reset in the body": then_reset(good[:-30]),
        "closed before the head": (CLOSE,),
        "closed in the body": (good[:-30], CLOSE),
        "no last chunk": (head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked"), CLOSE),
        "500": (failure(500),),
        "503": (failure(503),),
        "502, a page": (failure(502, b"<html>no</html>"),),
        "504": (failure(504),),
        "429": (failure(429, None, b"Retry-After: 0.01"),),
        "429, later": (failure(429, None, b"Retry-After: 86400"),),
        "400": (failure(400),),
        "slow": (Pause(0.05), good),
        "in pieces": (good[:40], Pause(0.01), good[40:-9], Pause(0.01), good[-9:]),
        "not json": (response(b'{"choices": [{'),),
        "a page": (response(b"<html>hello</html>"),),
        "an error object": (response(as_json({"error": {"message": "no", "code": "server_error"}})),),
        "nothing": (response(b""),),
    }


FAULTS: Final = tuple(_faults(0))


@define(eq=False)
class Faulty:
    """Does something odd to ``share`` of all requests, and answers the others.

    Equal for equal ``seed``, whatever order the requests come in. A call whose number is in
    ``ignored`` is never answered. ``counted`` are the requests so far, by number of their call.
    """

    seed: int
    share: float
    counted: "array[int]"
    ignored: frozenset[int] = frozenset()
    done: Counter[str] = Factory(Counter)
    """How often which fault was."""

    def __call__(self, asked: Asked) -> Play:
        number = number_in(asked.body)
        self.counted[number] += 1
        if number in self.ignored:
            self.done["no answer"] += 1
            return (HANG,)
        die = int.from_bytes(sha256(b"%d %d %d" % (self.seed, number, asked.turn)).digest()[:8]) / 2**64
        if die >= self.share:
            return (answer(number),)
        fault = FAULTS[int(die / self.share * len(FAULTS))]
        self.done[fault] += 1
        return _faults(number)[fault]
