"""A server on loopback that answers as a test wants it to, well or badly."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from attrs import define, field, frozen

Respond = Callable[["Seen", asyncio.StreamWriter], Awaitable[None]]


@frozen(kw_only=True)
class Seen:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes


@define
class Loopback:
    """A server that answers as ``respond`` does; ``seen`` are the requests so far."""

    respond: Respond
    port: int = 0
    seen: list[Seen] = field(factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read requests off one connection until it ends."""
        try:
            while True:
                request = await _read_request(reader)
                self.seen.append(request)
                await self.respond(request, writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side hung up, as some tests want it to
        finally:
            writer.close()


@asynccontextmanager
async def loopback(respond: Respond) -> AsyncIterator[Loopback]:
    """A server that answers as ``respond`` does, until the block ends."""
    served = Loopback(respond)
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.ensure_future(served.serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def answering(status: int, body: bytes, *headers: str) -> Respond:
    """The same answer to everything."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} So", f"content-length: {len(body)}", *headers))

    async def respond(_request: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + b"\r\n" + body)

    return respond


async def echoing(request: Seen, writer: asyncio.StreamWriter) -> None:
    """What was sent, sent back."""
    await answering(200, request.body)(request, writer)


async def hanging_up(_request: Seen, _writer: asyncio.StreamWriter) -> None:
    """No answer, and an end of the connection."""
    raise ConnectionAbortedError


async def stopping_midway(_request: Seen, writer: asyncio.StreamWriter) -> None:
    """The beginning of an answer, and an end of the connection."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
    await writer.drain()
    raise ConnectionAbortedError


async def talking_nonsense(_request: Seen, writer: asyncio.StreamWriter) -> None:
    """Something that is not HTTP."""
    writer.write(b"220 smtp.example.com ESMTP\r\n\r\n")
    await writer.drain()
    raise ConnectionAbortedError


async def _read_request(reader: asyncio.StreamReader) -> Seen:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (entry.partition(":") for entry in lines)}
    return Seen(line=line, headers=headers, body=await reader.readexactly(int(headers.get("content-length", "0"))))
