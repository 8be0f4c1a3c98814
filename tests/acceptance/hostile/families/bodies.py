"""Bodies that are no JSON, or JSON that is not the answer to the question."""

from typing import Final

from hostile.plays import GOOD, Asked, Play, Script, always, as_json, completion, error_body, response
from hostile.scenario import Scenario, scenario

_PAGE: Final = b"<!doctype html><html><body>Please log in to the network.</body></html>"
_EVENTS: Final = b"data: " + GOOD + b"\n\ndata: [DONE]\n\n"
_MESSAGE: Final = {"role": ["assistant"], "content": 42}


def _bad(name: str, body: bytes, settle: str = "estimate", **more: object) -> Scenario:
    return scenario(name, always(response(body)), "bad_response", "1", settle, **more)


def _either(name: str, body: bytes, **more: object) -> Scenario:
    return scenario(name, always(response(body)), "ok|bad_response", "1", "actual|estimate", **more)


def nested(depth: int, opening: bytes, closing: bytes) -> bytes:
    """A plausible answer with something ``depth`` levels deep beside it."""
    return GOOD[:-1] + b', "extra": ' + opening * depth + b"0" + closing * depth + b"}"


def _twice() -> bytes:
    other = as_json(completion("another answer"))
    return GOOD[:-1] + b", " + other[1:]


def _text(escaped: bytes) -> bytes:
    """The answer, with an escape in its text."""
    marker = "@@@"
    return as_json(completion(marker)).replace(marker.encode(), escaped)


def _mislabelled(body: bytes, media: bytes) -> Script:
    return always(response(body, media=media))


def _error_200(asked: Asked) -> Play:
    del asked
    return (response(as_json({"error": {"message": "later", "type": "overloaded_error", "code": 503}})),)


BODIES: Final = (
    scenario("html_200", _mislabelled(_PAGE, b"text/html"), "bad_response", "1", "void|estimate"),
    _bad("html_200_as_json", _PAGE),
    _bad("empty_200", b""),
    _bad("whitespace_200", b" " * 1_000_000, large=True),
    _bad("invalid_json", b"{'a': 1,}"),
    _bad("truncated_json", GOOD[: len(GOOD) // 2]),
    _bad("trailing_garbage", GOOD + b" and so on"),
    _bad("two_documents", GOOD + b"\n" + GOOD),
    scenario("sse_body", _mislabelled(_EVENTS, b"text/event-stream"), "bad_response", "1", "estimate"),
    _bad("json_number", b"42"),
    _bad("json_null", b"null"),
    _bad("json_array", b"[]"),
    _bad("json_string", as_json(GOOD.decode())),
    _bad("wrong_types", as_json({"id": {}, "choices": "none", "usage": []})),
    _bad("wrong_types_deep", as_json(completion(choices=[{"index": 0, "finish_reason": "stop", "message": _MESSAGE}]))),
    _bad("missing_choices", as_json(completion(choices=...))),
    _bad("empty_choices", as_json(completion(choices=[]))),
    scenario("error_200", _error_200, "overloaded|server_error|bad_response", "1-3", "void|estimate"),
    scenario(
        "error_200_quota",
        always(response(error_body("pay first", "insufficient_quota", "insufficient_quota"))),
        "quota_exhausted|bad_response",
        "1",
        "void|estimate",
    ),
    _bad("deep_json_list", b"[" * 100_000 + b"]" * 100_000, large=True),
    _bad("deep_json_dict", nested(100_000, b'{"a":', b"}"), large=True),
    _either("deep_json_900", nested(900, b"[", b"]")),
    _bad("huge_int", GOOD[:-1] + b', "extra": ' + b"7" * 1_000_000 + b"}", large=True),
    _bad("nan_infinity", GOOD[:-1] + b', "a": NaN, "b": Infinity, "c": -Infinity}'),
    _bad("duplicate_keys", _twice()),
    _bad("invalid_utf8", _text(b"\xff\xfe\x80")),
    _bad("overlong_utf8", _text(b"\xc0\xaf")),
    scenario(
        "utf16_body",
        _mislabelled(GOOD.decode().encode("utf-16"), b"application/json; charset=utf-16"),
        "bad_response|ok",
        "1",
        "estimate|actual",
    ),
    scenario(
        "charset_unknown",
        _mislabelled(GOOD, b"application/json; charset=evil-charset"),
        "ok|bad_response",
        "1",
        "actual|estimate",
    ),
    _either("lone_surrogate", _text(rb"half \ud83d a pair"), text=None),
    scenario("nul_in_text", always(response(_text(rb"before\u0000after"))), "ok", "1", "actual", text="before\0after"),
    scenario(
        "control_chars_text",
        always(response(as_json(completion("\x1b[31m\u202e\u2028")))),
        "ok",
        "1",
        "actual",
        text="\x1b[31m\u202e\u2028",
    ),
)
