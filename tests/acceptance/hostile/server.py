"""A hostile server: raw sockets on loopback, one behaviour for each path, and a trap that nobody may touch.

``with hostile_server(scripts) as server:`` runs it in a thread of its own, so that what the server
does never counts as the client's; ``async with HostileServer(scripts=…)`` in the loop at hand.
A request for ``/<scenario>/…`` gets the script of that name.
"""

import asyncio
import socket
import struct
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Self

from attrs import Factory, define, field
from hostile.plays import CLOSE, Asked, Ending, Flood, Pause, Play, Script, Step, failure

_LINGER_NOT: Final = struct.pack("ii", 1, 0)
_UNKNOWN: Final[Play] = (failure(404, b'{"error":{"message":"no such scenario"}}'), CLOSE)


@define(eq=False, kw_only=True)
class HostileServer:
    """Serves ``scripts`` by name; more can be added while it runs.

    ``requests`` and ``connections`` count for each scenario, ``sent`` the bytes handed to the
    sockets. ``recent`` are the last requests, ``trapped`` what came to the trap. ``on_head`` names
    scenarios that answer before the body was read. Of so many bodies it is ``remembered`` how often
    they came.
    """

    scripts: Mapping[str, Script]
    on_head: frozenset[str] = frozenset()
    remembered: int = 10_000
    recent: deque[Asked] = Factory(lambda: deque(maxlen=100))
    requests: Counter[str] = Factory(Counter)
    connections: Counter[str] = Factory(Counter)
    sent: Counter[str] = Factory(Counter)
    trapped: list[bytes] = Factory(list)
    port: int = 0
    trap_port: int = 0
    open: "set[_Connection]" = Factory(set)
    _added: dict[str, Script] = field(factory=dict, init=False)
    _bodies: OrderedDict[tuple[str, bytes], int] = field(factory=OrderedDict, init=False)
    _listeners: list[asyncio.Server] = field(factory=list, init=False)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def trap_origin(self) -> str:
        return f"http://127.0.0.1:{self.trap_port}"

    def url(self, scenario: str, host: str = "127.0.0.1") -> str:
        """The base URL of a provider that behaves like this."""
        return f"http://{host}:{self.port}/{scenario}/v1"

    def add(self, name: str, script: Script) -> str:
        """Serve ``script`` as ``name`` too, and give its base URL."""
        self._added[name] = script
        return self.url(name)

    def script_of(self, name: str) -> Script | None:
        return self._added.get(name) or self.scripts.get(name)

    def asked(self, scenario: str, line: str, head: bytes, body: bytes, on_connection: int) -> Asked:
        """Count a request."""
        self.requests[scenario] += 1
        said = (scenario, body)
        turn = self._bodies[said] = self._bodies.pop(said, 0) + 1
        if len(self._bodies) > self.remembered:
            self._bodies.popitem(last=False)
        asked = Asked(
            scenario,
            line,
            head,
            _headers(head),
            body,
            self.requests[scenario],
            turn,
            on_connection,
            self.origin,
            self.trap_origin,
        )
        self.recent.append(asked)
        return asked

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=1024)
        trap = await loop.create_server(lambda: _Trap(self.trapped), "127.0.0.1", 0)
        self._listeners += [server, trap]
        self.port = server.sockets[0].getsockname()[1]
        self.trap_port = trap.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        for listener in self._listeners:
            listener.close()
        for connection in tuple(self.open):
            connection.abandon()
        await asyncio.sleep(0)


@contextmanager
def hostile_server(scripts: Mapping[str, Script], **fields: object) -> Iterator[HostileServer]:
    """The server in a thread and an event loop of its own."""
    server = HostileServer(scripts=scripts, **fields)
    started, loop = threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with server:
            started.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="hostile server", daemon=True)
    thread.start()
    try:
        assert started.wait(10), "the hostile server did not start"
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


class _Connection(asyncio.Protocol):
    """One connection: reads a request, plays what its scenario says, reads the next."""

    def __init__(self, server: HostileServer) -> None:
        self.server = server
        self.transport: asyncio.Transport
        self.buffer = bytearray()
        self.scenario = ""
        self.count = 0
        self.busy = False
        self.doomed = False
        self.task: asyncio.Task[None] | None = None
        self.room = asyncio.Event()
        self.room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.open.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self.server.open.discard(self)
        self.room.set()
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        self.room.clear()

    def resume_writing(self) -> None:
        self.room.set()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while not self.busy and self._read_request():
            pass

    def abandon(self) -> None:
        self.transport.abort()

    def _read_request(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self.buffer[:end])
        line = head.partition(b"\r\n")[0].decode("latin-1")
        scenario = line.partition(" ")[2].partition("/")[2].partition("/")[0]
        length = 0 if scenario in self.server.on_head else _length_of(head)
        if len(self.buffer) < end + 4 + length:
            return False
        body = bytes(self.buffer[end + 4 : end + 4 + length])
        del self.buffer[: end + 4 + length]
        self._play(scenario, line, head, body)
        return not self.transport.is_closing()

    def _play(self, scenario: str, line: str, head: bytes, body: bytes) -> None:
        self.count += 1
        if scenario != self.scenario:
            self.scenario = scenario
            self.server.connections[scenario] += 1
        script = self.server.script_of(scenario)
        asked = self.server.asked(scenario, line, head, body, self.count)
        if self.doomed:
            self.transport.close()
            return
        if scenario in self.server.on_head:
            self.transport.pause_reading()
        self.busy = True
        self._perform(iter(_UNKNOWN if script is None else script(asked)))

    def _perform(self, steps: Iterator[Step]) -> None:
        # Without a task as long as nothing has to be waited for: under load that is most of the time.
        for step in steps:
            if isinstance(step, bytes):
                self._write(step)
            elif isinstance(step, Ending):
                return self._end(step)
            else:
                self.task = asyncio.get_running_loop().create_task(self._go_on(step, steps))
                return None
        self.busy = False
        return None

    async def _go_on(self, step: Step, steps: Iterator[Step]) -> None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        elif isinstance(step, Flood):
            for piece in step.pieces():
                self._write(piece)
                await self.room.wait()
                if self.transport.is_closing():
                    return
        self.task = None
        self._perform(steps)
        if not self.busy:
            self.data_received(b"")  # what was sent meanwhile

    def _write(self, data: bytes) -> None:
        self.server.sent[self.scenario] += len(data)
        self.transport.write(data)

    def _end(self, ending: Ending) -> None:
        if ending is Ending.CLOSE:
            self.transport.close()
        elif ending is Ending.RESET:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            self.transport.abort()
        elif ending is Ending.CLOSE_ON_NEXT:
            self.doomed = True
            self.busy = False


class _Trap(asyncio.Protocol):
    """Notes who comes, and hangs up."""

    def __init__(self, trapped: list[bytes]) -> None:
        self.trapped = trapped

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.trapped.append(b"a connection")
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.trapped.append(data)
        self.transport.close()


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def _length_of(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length: ")
    return int(rest.partition(b"\r\n")[0]) if found else 0
