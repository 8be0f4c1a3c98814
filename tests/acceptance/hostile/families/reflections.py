"""Servers that repeat what they were sent: the key, the prompt, forged log lines."""

from typing import Final

from hostile.plays import Asked, Play, always, as_json, completion, error_body, failure, head_only, response
from hostile.scenario import scenario

FORGED: Final = (
    "all is well\r\n2026-01-01 00:00:00 CRITICAL root: forged\n\x1b[2J\x1b[31mTraceback (most recent call last):\n"
    '  File "forged.py", line 1, in <module>\n\u202eevil\u2066 \u2028next\x00\x07'
)


def _unauthorised(asked: Asked) -> Play:
    said = asked.authorization
    body = error_body(f"Incorrect API key provided: {said}", "invalid_api_key", "invalid_request_error")
    lines = (f"WWW-Authenticate: Bearer realm={said}", f"X-Request-Id: {said}", f"X-Echo: {said}")
    return (failure(401, body, *(line.encode() for line in lines)),)


def _dump(asked: Asked) -> Play:
    page = b"<html><body><h1>Server Error</h1><pre>" + asked.head + b"</pre></body></html>"
    return (response(page, status=b"500 Internal Server Error", media=b"text/html"),)


def _as_answer(asked: Asked) -> Play:
    return (response(as_json(completion(asked.authorization))),)


def _prompt(asked: Asked) -> Play:
    return (failure(400, error_body("Invalid prompt: " + asked.body.decode(), "invalid_prompt")),)


def _in_location(asked: Asked) -> Play:
    where = f"Location: {asked.here}/ok/v1?key={asked.authorization.removeprefix('Bearer ')}".encode()
    return (head_only(where, b"Content-Length: 0", status=b"302 Found"),)


REFLECTIONS: Final = (
    scenario("reflect_auth_401", _unauthorised, "auth", "1", "void"),
    scenario("reflect_auth_html_500", _dump, "server_error", "1-3", "void"),
    scenario("reflect_auth_200", _as_answer, "ok", "1", "actual", text=None),
    scenario("reflect_prompt_400", _prompt, "invalid_request", "1", "void"),
    scenario("reflect_auth_location", _in_location, "redirect_blocked", "1", "void"),
    scenario("log_injection", always(failure(500, error_body(FORGED))), "server_error", "1-3", "void"),
)
