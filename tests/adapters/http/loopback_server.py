"""A server on loopback that does to each request what a test scripts: raw bytes, pauses, hang-ups."""

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import Awaitable, Callable

from attrs import Factory, define, field, frozen

OK_BODY = b'{"fine":true}'
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n" + OK_BODY


@frozen
class Received:
    """A request as the server read it, and the number of the connection it came on."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int


@define(eq=False)
class Peer:
    """The server's end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    gone: asyncio.Event = Factory(asyncio.Event)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def hang_up(self) -> None:
        """End the connection in good order (FIN)."""
        self.writer.close()

    def reset(self) -> None:
        """End the connection with a RST."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Received, Peer], Awaitable[None]]


def sends(*pieces: bytes, then: str = "keep") -> Script:
    """Writes the pieces one by one, then goes on (``keep``), hangs up (``close``), resets or waits."""

    async def script(request: Received, peer: Peer) -> None:
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(0.005)  # so that pieces arrive apart
            await peer.write(piece)
        if then == "close":
            peer.hang_up()
        elif then == "reset":
            await asyncio.sleep(0.005)  # a reset overtakes what has not been read yet
            peer.reset()
        elif then == "wait":
            await waits(request, peer)

    return script


async def waits(_request: Received, peer: Peer) -> None:
    """Says nothing until the other side goes."""
    await peer.reader.read()
    peer.hang_up()


@define(eq=False)
class LoopbackServer:
    """Answers each request with the next of ``scripts``; without one, with ``OK``."""

    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    port: int = 0
    scripts: deque[Script] = Factory(deque)
    received: list[Received] = Factory(list)
    peers: list[Peer] = Factory(list)
    greeting: bytes = b""  # said on each new connection, before anything was asked
    early: bytes = b""  # said once a head is there; the body is then taken only when `patience` is over
    patience: asyncio.Event = Factory(asyncio.Event)
    asked: asyncio.Event = Factory(asyncio.Event)  # set once a first request is there
    answered: int = 0  # requests whose script has come to its end
    ended: asyncio.Condition = Factory(asyncio.Condition)  # one more has
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(factory=set)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def open_connections(self) -> int:
        return sum(not peer.gone.is_set() for peer in self.peers)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def has_answered(self, count: int) -> None:
        """Wait until so many requests got all that their scripts say, and whoever listens has read it."""
        async with self.ended:
            await self.ended.wait_for(lambda: self.answered >= count)
        for _ in range(5):
            await asyncio.sleep(0)  # what was sent has arrived already: each turn of the loop looks

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in self.peers:
            peer.writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        peer = Peer(reader, writer, len(self.peers) + 1)
        self.peers.append(peer)
        try:
            if self.greeting:
                await peer.write(self.greeting)
            while not writer.is_closing():
                line, headers = await _read_head(peer)
                if self.early:
                    await peer.write(self.early)
                    await self.patience.wait()
                body = await peer.reader.readexactly(int(headers.get("content-length", "0")))
                request = Received(line, headers, body, peer.number)
                self.received.append(request)
                self.asked.set()
                script = self.scripts.popleft() if self.scripts else sends(OK)
                await script(request, peer)
                async with self.ended:
                    self.answered += 1
                    self.ended.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            peer.gone.set()
            writer.close()
            self._tasks.discard(task)


async def _read_head(peer: Peer) -> tuple[str, dict[str, str]]:
    head = (await peer.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head[:-4].split("\r\n")
    headers: dict[str, str] = {}
    for header in rest:
        name, _, value = header.partition(": ")
        assert name.lower() not in headers, "a header came twice"
        headers[name.lower()] = value
    return line, headers
