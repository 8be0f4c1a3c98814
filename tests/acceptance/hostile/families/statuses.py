"""Every status that a server may answer with, and statuses that there are not."""

from typing import Final

from hostile.plays import GOOD, OK, Script, always, as_json, error_body, failure, for_try, head_only, response
from hostile.scenario import Scenario, scenario

_WRONG: Final = "protocol_error|server_error|bad_response|connection_lost|timeout"
# status: what it is, how many requests, what is settled
_FOR_EVER: Final[dict[int, tuple[str, str, str]]] = {
    400: ("invalid_request", "1", "void"),
    401: ("auth", "1", "void"),
    402: ("quota_exhausted", "1", "void"),
    403: ("permission", "1", "void"),
    404: ("not_found", "1", "void"),
    405: ("invalid_request", "1", "void"),
    406: ("invalid_request", "1", "void"),
    408: ("timeout|server_error", "3", "void"),
    409: ("conflict", "3", "void"),
    410: ("not_found|invalid_request", "1", "void"),
    413: ("request_too_large", "1", "void"),
    415: ("invalid_request", "1", "void"),
    418: ("invalid_request", "1", "void"),
    422: ("invalid_request", "1", "void"),
    425: ("server_error|overloaded|rate_limited", "3", "void"),
    429: ("rate_limited", "3", "void"),
    431: ("invalid_request|request_too_large", "1", "void"),
    451: ("permission|invalid_request", "1", "void"),
    500: ("server_error", "3", "void"),
    501: ("server_error", "1", "void"),
    502: ("server_error", "3", "void"),
    503: ("overloaded|server_error", "3", "void"),
    504: ("server_error|timeout", "1-3", "unconfirmed|void"),
    505: ("server_error", "1", "void"),
    507: ("server_error", "1", "void"),
    511: ("server_error", "1", "void"),
    520: ("server_error", "3", "void"),
    521: ("server_error", "3", "void"),
    522: ("server_error", "3", "void"),
    524: ("server_error|timeout", "1-3", "unconfirmed|void"),
    529: ("overloaded", "3", "void"),
    599: ("server_error", "1-3", "void"),
}


def _empty(status: int) -> Script:
    return always(head_only(status=b"%d X" % status))


def _odd(status: bytes) -> Scenario:
    script = always(response(GOOD, status=status + b" X"))
    return scenario(f"status_{status.decode()}", script, _WRONG, "1-3", "void|unconfirmed|estimate")


def _fine(status: int, expect: str) -> Scenario:
    script = always(response(GOOD, status=b"%d X" % status))
    return scenario(f"status_{status}", script, expect, "1", "actual|estimate")


def _nothing(status: int) -> Scenario:
    return scenario(f"status_{status}", _empty(status), "bad_response|redirect_blocked", "1", "void|estimate")


_MONEY: Final = as_json(
    {
        "type": "error",
        "error": {
            "type": "rate_limit_error",
            "message": "Your workspace has reached its spend limit.",
            "details": {"error_code": "enforced_spend_limit_reached"},
        },
    }
)
_BAD_GATEWAY: Final = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

STATUSES: Final = (
    *(scenario(f"status_{status}", always(failure(status)), *row) for status, row in _FOR_EVER.items()),
    _fine(201, "ok|bad_response"),
    _fine(202, "bad_response|ok"),
    _fine(206, "bad_response|ok"),
    _fine(299, "bad_response|ok"),
    _nothing(204),
    _nothing(205),
    _nothing(304),
    _odd(b"000"),
    _odd(b"099"),
    _odd(b"600"),
    _odd(b"999"),
    scenario(
        "html_502",
        always(response(_BAD_GATEWAY, status=b"502 Bad Gateway", media=b"text/html")),
        "server_error",
        "3",
        "void",
    ),
    scenario("empty_500", always(failure(500, b"")), "server_error", "3", "void"),
    scenario("error_string_500", always(failure(500, as_json({"error": "boom"}))), "server_error", "3", "void"),
    scenario("auth_then_ok", for_try((failure(401),), (OK,)), "auth", "1", "void"),
    scenario(
        "quota_429",
        always(failure(429, error_body("You exceeded your current quota.", "insufficient_quota"))),
        "quota_exhausted",
        "1",
        "void",
    ),
    scenario("spend_limit_429", always(failure(429, _MONEY)), "quota_exhausted|rate_limited", "1-3", "void"),
)
