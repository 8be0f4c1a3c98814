"""Servers that point elsewhere. Nothing is followed, wherever it leads."""

from typing import Final

from hostile.plays import GOOD, Asked, Play, Script, head_only, response
from hostile.scenario import Scenario, scenario


def _to(status: int, where: str) -> Script:
    """``where`` may name ``{trap}``, ``{here}`` and ``{scenario}``."""

    def script(asked: Asked) -> Play:
        place = where.format(trap=asked.trap, here=asked.here, scenario=asked.scenario)
        return (head_only(f"Location: {place}".encode(), b"Content-Length: 0", status=b"%d Moved" % status),)

    return script


def _refused(name: str, script: Script) -> Scenario:
    return scenario(name, script, "redirect_blocked", "1", "void")


def _nowhere(_asked: Asked) -> Play:
    return (head_only(b"Content-Length: 0", status=b"302 Found"),)


def _pointing(asked: Asked) -> Play:
    trap = asked.trap.encode()
    lines = (b"Refresh: 0; url=" + trap, b"Link: <" + trap + b">; rel=preload", b'Alt-Svc: h2="' + trap[7:] + b'"')
    return (response(GOOD, *lines, b"Location: " + trap),)


REDIRECTS: Final = (
    *(
        _refused(f"redirect_{status}", _to(status, "{trap}/v1/chat/completions"))
        for status in (301, 302, 303, 307, 308)
    ),
    _refused("redirect_loop", _to(307, "{here}/{scenario}/v1/chat/completions")),
    _refused("redirect_file", _to(302, "file:///etc/passwd")),
    _refused("redirect_metadata", _to(307, "http://169.254.169.254/latest/meta-data/")),
    _refused("redirect_same_origin", _to(308, "{here}/ok/v1/chat/completions")),
    scenario("redirect_no_location", _nowhere, "redirect_blocked|bad_response", "1", "void"),
    scenario("redirect_by_header", _pointing, "ok", "1", "actual"),
)
