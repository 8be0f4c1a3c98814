"""A server on loopback that writes down all it is sent, and answers each call as it was planned."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from attrs import define, field, frozen
from tenancy.poison import poison_in

from provider_runtime.testing.sandbox.server import WIRES, answer_of
from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival

CUT: Final = 0  # in place of a status: the connection is cut instead of an answer
_STAMPS: Final = Stamps(key=b"tenancy")


@frozen(kw_only=True)
class Seen:
    """One request as it came: nothing is left out."""

    port: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known.lower() == name), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """Every credential that came along, wherever it stood."""
        found = [self.header(name) for name in ("authorization", "x-api-key", "x-goog-api-key", "cookie")]
        return tuple(value.removeprefix("Bearer ") for value in found if value is not None)

    @property
    def poison(self) -> frozenset[str]:
        return poison_in(self.path, self.headers, self.body)


@frozen(kw_only=True)
class Expected:
    """What a request must be made of: nothing else that belongs to anybody may stand in it."""

    port: int
    path: str
    key: str | None
    poison: frozenset[str]
    fields: tuple[tuple[str, Any], ...]  # by dotted path into the body

    def difference(self, seen: Seen) -> str | None:
        """What of the request is not as it must be."""
        body = msgspec.json.decode(seen.body)
        fields = tuple((name, _within(body, name)) for name, _ in self.fields)
        got = (seen.port, seen.path, seen.keys, seen.poison, fields)
        keys = () if self.key is None else (self.key,)
        wanted = (self.port, self.path, keys, self.poison, self.fields)
        return None if got == wanted else f"came {got}, expected {wanted}"


@define(eq=False, kw_only=True)
class Planned:
    """One call: ``turns`` are the statuses its attempts get; ``held`` attempts wait until ``go_on``.

    ``expected`` is asked as each attempt arrives: what a retry must carry may have changed meanwhile.
    """

    prompt: str
    turns: tuple[int, ...]
    held: bool
    expected: Callable[[], Expected]
    arrived: list[str | None] = field(factory=list)
    here: asyncio.Event = field(factory=asyncio.Event)
    go_on: asyncio.Event = field(factory=asyncio.Event)

    @property
    def last_status(self) -> int | None:
        return self.turns[min(len(self.arrived), len(self.turns)) - 1] if self.arrived else None


@define
class Upstream:
    """Listens on two ports. ``strays`` are requests that nobody planned. Sets a cookie with every answer."""

    ports: tuple[int, ...] = ()
    planned: dict[str, Planned] = field(factory=dict)
    listings: dict[str, str] = field(factory=dict)
    strays: list[Seen] = field(factory=list)
    listed: list[Seen] = field(factory=list)
    _servers: list[asyncio.Server] = field(factory=list)
    _connections: "set[asyncio.Task[None]]" = field(factory=set)

    async def __aenter__(self) -> Self:
        self._servers = [await asyncio.start_server(self._serve, "127.0.0.1", 0) for _ in range(2)]
        self.ports = tuple(server.sockets[0].getsockname()[1] for server in self._servers)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        port = writer.get_extra_info("sockname")[1]
        try:
            while (answer := await self._answer(await _read(reader, port))) is not None:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # whoever called has gone, or the test is over
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _answer(self, seen: Seen) -> bytes | None:
        segment, _, rest = seen.path.removeprefix("/").partition("/")
        if seen.method == "GET" and segment in self.listings:
            self.listed.append(seen)
            return _octets(200, msgspec.json.encode({"object": "list", "data": [{"id": self.listings[segment]}]}), "")
        call = next((self.planned[value] for value in seen.poison if value in self.planned), None)
        if call is None:
            self.strays.append(seen)
            return _octets(404, b"{}", "")
        call.arrived.append(call.expected().difference(seen))
        status = call.last_status
        if call.held:
            call.here.set()
            await call.go_on.wait()
        if status == CUT:
            return None
        if status != 200:
            return _octets(status or 500, b'{"error":{"message":"scripted"}}', call.prompt)
        answer = _answer_as_vendors_do(seen, f"/{rest}")
        return _octets(answer.status, answer.body, call.prompt)


def _within(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name, {})
    return body or None


async def _read(reader: asyncio.StreamReader, port: int) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in head[1:-2]))
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    body = await reader.readexactly(length)
    return Seen(port=port, method=method, path=path, headers=headers, body=body)


def _answer_as_vendors_do(seen: Seen, path: str) -> Answer:
    headers = {name.lower(): value for name, value in seen.headers}
    arrival = Arrival(
        number=1, method=seen.method, path=path, headers=headers, body=seen.body, received_at=datetime.now(tz=UTC)
    )
    return answer_of(next(wire for wire in WIRES if wire.serves(arrival)), arrival, _STAMPS)


def _octets(status: int, body: bytes, cookie: str) -> bytes:
    head = f"HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{head}set-cookie: seen={cookie}; path=/\r\n\r\n".encode() + body
