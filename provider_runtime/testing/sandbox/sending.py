"""An answer on its way out, whole or as a fault leaves it."""

from typing import TYPE_CHECKING

import msgspec
from attrs import evolve

from provider_runtime.testing.sandbox.scripting import Fault, Mishap, Scripted
from provider_runtime.testing.sandbox.traffic import Answer

if TYPE_CHECKING:
    from aiohttp import web


def as_answer(scripted: Scripted) -> Answer:
    """What was scripted, as it will be sent."""
    body = scripted.body.encode() if isinstance(scripted.body, str) else scripted.body
    if body is None:
        body = b"" if scripted.json is None else msgspec.json.encode(scripted.json)
    headers = {"content-type": "application/json"} if scripted.json is not None else {}
    return Answer(status=scripted.status, body=body, headers={**headers, **scripted.headers})


def after_mishap(answer: Answer, fault: Fault) -> Answer:
    """What is left of ``answer`` before it is sent."""
    match fault.mishap:
        case Mishap.STATUS if fault.retry_after_s is not None:
            return evolve(answer, headers={**answer.headers, "retry-after": f"{fault.retry_after_s:g}"})
        case Mishap.HTML:
            page = f"<html><head><title>{fault.code}</title></head><body><h1>Sandbox gateway</h1></body></html>"
            return Answer(status=fault.code, body=page.encode(), headers={"content-type": "text/html"})
        case Mishap.MALFORMED_JSON:
            return evolve(answer, body=answer.body[: len(answer.body) // 2])
        case _:
            return answer


async def send(answer: Answer, fault: Fault | None, request: "web.Request") -> "web.StreamResponse":
    """``answer`` over the wire; a fault may cut the connection before or within it."""
    from aiohttp import web  # noqa: PLC0415 - the server runs, so it is imported already

    mishap = fault.mishap if fault else None
    if mishap is Mishap.DROPPED_CONNECTION:
        _cut(request)
        return web.Response()
    if mishap is not Mishap.TRUNCATED_BODY:
        return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))
    cut = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    cut.content_length = len(answer.body)
    await cut.prepare(request)
    await cut.write(answer.body[: len(answer.body) // 2])
    _cut(request, flush=True)
    return cut


def _cut(request: "web.Request", *, flush: bool = False) -> None:
    transport = request.transport
    if transport is None:  # the client was faster
        return
    if flush:
        transport.close()
    else:
        transport.abort()
