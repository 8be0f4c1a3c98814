"""Servers that do nothing wrong, and must not be mistaken for attackers."""

import gzip
from typing import Final

from hostile.plays import ANSWER, CLOSE, GOOD, OK, Pause, always, as_json, chunks, completion, head_only, response
from hostile.scenario import scenario

_PIECE: Final = -(-len(GOOD) // 10)
_TEN_PIECES: Final = tuple(GOOD[start : start + _PIECE] for start in range(0, len(GOOD), _PIECE))
_REFUSING: Final = {"role": "assistant", "content": None, "refusal": "I would rather not."}


def _slowly() -> tuple[bytes | Pause, ...]:
    head = head_only(b"Content-Type: application/json", b"Transfer-Encoding: chunked")
    pieces = [step for piece in _TEN_PIECES for step in (Pause(0.1), chunks(piece, last=False))]
    return (head, *pieces, chunks())


def _unheard_of() -> bytes:
    whole = completion(vendor_extension={"a": [1, {"b": None}]})
    whole["choices"][0] |= {"finish_reason": "moon_phase", "mood": 0.5}
    whole["choices"][0]["message"] |= {"aura": ["blue"]}
    whole["usage"] |= {"dream_tokens": 3}
    return as_json(whole)


CONTROLS: Final = (
    scenario("ok", always(OK), "ok", "1", "actual"),
    scenario("gzip_ok", always(response(gzip.compress(GOOD), b"Content-Encoding: gzip")), "ok", "1", "actual"),
    scenario("slow_body_ok", always(*_slowly()), "ok", "1", "actual"),
    scenario(
        "http10_close",
        always(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + GOOD, CLOSE),
        "ok",
        "1",
        "actual",
    ),
    scenario("continue_100_then_ok", always(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), "ok", "1", "actual"),
    scenario("bom", always(response(b"\xef\xbb\xbf" + GOOD)), "ok|bad_response", "1", "actual|estimate"),
    scenario(
        "content_type_wrong", always(response(GOOD, media=b"text/plain")), "ok|bad_response", "1", "actual|estimate"
    ),
    scenario("wrong_model", always(response(as_json(completion(model="another-model")))), "ok", "1", "actual"),
    scenario(
        "content_null",
        always(response(as_json(completion(choices=[{"index": 0, "finish_reason": "stop", "message": _REFUSING}])))),
        "ok",
        "1",
        "actual",
        text="",
    ),
    scenario("unknown_fields", always(response(_unheard_of())), "ok", "1", "actual", text=ANSWER),
)
