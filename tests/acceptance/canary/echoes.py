"""A server that says again whatever it was sent, wherever an answer has room for it: key, prompt and headers."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from attrs import define, field, frozen

from provider_runtime.testing.sandbox.server import WIRES, answer_of
from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Arrival

_KEY_HEADERS: Final = ("authorization", "x-api-key", "x-goog-api-key")
_PRESENT: Final = "x-team"


@frozen(kw_only=True)
class Asked:
    """One request: its ``scenario`` is the first segment of its path; ``again`` counts those before it there."""

    scenario: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    again: int

    @property
    def key(self) -> str:
        found = (self.headers[name] for name in _KEY_HEADERS if name in self.headers)
        return next(found, "none").removeprefix("Bearer ")

    @property
    def everything(self) -> str:
        """All of it, as a careless server prints it."""
        return f"key {self.key}, headers {self.headers}, body {self.body.decode()}"


@frozen(kw_only=True)
class Said:
    """What the server answers; ``None`` in place of one: nothing, until the caller goes."""

    status: int
    body: bytes
    headers: dict[str, str] = field(factory=dict)


def _echo_headers(asked: Asked) -> dict[str, str]:
    return {
        "x-echo": asked.key,
        "set-cookie": f"session={asked.key}; path=/",
        "www-authenticate": f"Bearer realm={asked.key}",
        "x-team": asked.headers.get(_PRESENT, "none"),
    }


def _vendor(asked: Asked) -> Said:
    arrival = Arrival(
        number=1,
        method=asked.method,
        path=asked.path,
        headers=asked.headers,
        body=asked.body,
        received_at=datetime.now(tz=UTC),
    )
    answer = answer_of(next(wire for wire in WIRES if wire.serves(arrival)), arrival, Stamps(key=b"canary"))
    return Said(status=answer.status, body=answer.body, headers={**_echo_headers(asked), **answer.headers})


def _error(asked: Asked, status: int, **names: str) -> Said:
    told = {"message": f"This is what came: {asked.everything}", "type": "failure", "code": "failure"}
    body = msgspec.json.encode({"type": "error", "error": {**told, **names}})
    return Said(status=status, body=body, headers=_echo_headers(asked))


def _throttled(asked: Asked) -> Said:
    if asked.again:
        return _vendor(asked)
    said = _error(asked, 429)
    return Said(status=429, body=said.body, headers={**said.headers, "retry-after-ms": "1"})


def _page(asked: Asked) -> Said:
    page = f"<html><pre>{asked.everything}</pre></html>".encode()
    return Said(status=500, body=page, headers={**_echo_headers(asked), "content-type": "text/html"})


def _half(asked: Asked) -> Said:
    return Said(status=200, body=b'{"choices": "' + asked.everything.encode(), headers=_echo_headers(asked))


def _redirect(asked: Asked) -> Said:
    where = f"/ok{asked.path}?key={asked.key}"
    return Said(status=302, body=asked.everything.encode(), headers={**_echo_headers(asked), "location": where})


def _named_after_the_key(asked: Asked) -> Said:
    said = _error(asked, 400, type=asked.key, code=asked.key, status=asked.key)
    ids = {"x-request-id": asked.key, "request-id": asked.key}
    return Said(status=400, body=said.body, headers={**said.headers, **ids})


def _answer_named_after_the_key(asked: Asked) -> Said:
    """A whole answer in which every name that a caller may note down is the key."""
    said = _vendor(asked)
    ids = {"x-request-id": asked.key, "request-id": asked.key}
    body = msgspec.json.decode(said.body)
    names = ("id", "model", "modelVersion", "responseId", "system_fingerprint", "service_tier")
    renamed = {name: asked.key if name in names else value for name, value in body.items()}
    return Said(status=200, body=msgspec.json.encode(renamed), headers={**said.headers, **ids})


SCENARIOS: Final[dict[str, Callable[[Asked], Said | None]]] = {
    "ok": _vendor,
    "rejected": lambda asked: _error(asked, 401),
    "refused": lambda asked: _error(asked, 400),
    "throttled": _throttled,
    "page": _page,
    "half": _half,
    "redirect": _redirect,
    "named": _named_after_the_key,
    "answer_named": _answer_named_after_the_key,
    "silent": lambda _asked: None,
}


@define
class EchoServer:
    """Serves every scenario at ``url``; ``asked`` are the requests so far. With ``tls`` it speaks https."""

    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(factory=list)
    port: int = field(default=0, init=False)
    _server: Any = field(default=None, init=False)
    _again: Counter[tuple[str, str]] = field(factory=Counter, init=False)
    _connections: "set[asyncio.Task[None]]" = field(factory=set, init=False)

    def url(self, scenario: str) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}/{scenario}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while True:
                said = SCENARIOS[(asked := await self._read(reader)).scenario](asked)
                if said is None:
                    await reader.read()  # until the caller goes
                    return
                writer.write(_octets(said))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # whoever called has gone, or the test is over
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> Asked:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        scenario, _, rest = path.removeprefix("/").partition("/")
        sent = (scenario, body.decode())
        asked = Asked(
            scenario=scenario, method=method, path=f"/{rest}", headers=headers, body=body, again=self._again[sent]
        )
        self._again[sent] += 1
        self.asked.append(asked)
        return asked


def _octets(said: Said) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in {"content-type": "application/json", **said.headers}.items()]
    head = f"HTTP/1.1 {said.status} Said\r\n{''.join(lines)}content-length: {len(said.body)}\r\n\r\n"
    return head.encode() + said.body
