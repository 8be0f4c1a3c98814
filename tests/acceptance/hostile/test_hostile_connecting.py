"""What goes wrong before anything is sent: nothing was billed, and only what may heal is tried again."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectorError
from aiohttp.client_reqrep import ConnectionKey
from hostile.observing import SkippingClock

from provider_runtime import ErrorCode, ProviderError, ProviderRuntime, RuntimeSettings, Secret, open_runtime
from provider_runtime.adapters.http.failures import failure_of
from provider_runtime.adapters.http.sending import Sending
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.composition.presets import local_server
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import Billed, Delivery
from provider_runtime.ports.http import HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FixedRandomness

_TLS = Path(__file__).parents[2] / "fixtures" / "tls"
# What a server that knows nothing newer than TLS 1.0 answers: the head of its hello.
_OLD_HELLO = b"\x02\x00\x00\x26\x03\x01" + bytes(32) + b"\x00\x00\x2f\x00"
_TLS_1_0 = b"\x16\x03\x01" + len(_OLD_HELLO).to_bytes(2, "big") + _OLD_HELLO
_ALERT = b"\x15\x03\x01\x00\x02\x02\x28"


@asynccontextmanager
async def _runtime(url: str, **parts: Any) -> AsyncIterator[ProviderRuntime]:
    settings = RuntimeSettings(
        providers=(local_server(url, provider_id="hostile"),),
        credentials={"hostile": Secret("sk-of-nobody")},
        connect_timeout_s=0.2,
        deadline_s=20,
    )
    async with open_runtime(settings, clock=SkippingClock(), randomness=FixedRandomness(), **parts) as runtime:
        yield runtime


async def _failed(url: str, **parts: Any) -> ProviderError:
    async with _runtime(url, **parts) as runtime:
        with pytest.raises(ProviderError) as failed:
            await runtime.run(a_request(model="hostile:m"))
        assert len(await runtime.receipts.list()) == 1
    error = failed.value
    assert (error.delivery, error.billed, error.sent) == (Delivery.NOT_SENT, Billed.NO, False)
    return error


@contextmanager
def _a_full_backlog() -> Iterator[int]:
    """The port of a listener that takes nobody in any more."""
    waiting: list[socket.socket] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
    for each in waiting:
        each.close()


async def test_nobody_listening_is_tried_again_and_costs_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = await _failed(f"http://127.0.0.1:{port}/v1")
    assert error.code is ErrorCode.CONNECT_FAILED
    assert len(error.attempts) == 3


async def test_a_listener_that_takes_nobody_in_is_left_after_the_time_to_connect() -> None:
    with _a_full_backlog() as port:
        error = await _failed(f"http://127.0.0.1:{port}/v1")
    assert error.code is ErrorCode.CONNECT_FAILED
    assert len(error.attempts) == 3
    assert all(attempt.duration_s < 2 for attempt in error.attempts)


@pytest.mark.parametrize(
    "number", [errno.ECONNREFUSED, errno.ECONNRESET, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EMFILE, errno.EIO]
)
def test_whatever_keeps_a_connection_from_being_opened_may_heal_and_was_not_sent(number: int) -> None:
    key = ConnectionKey("h", 1, is_ssl=False, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
    sending = Sending(request=HttpRequest(method="POST", url="http://h", tier=Tier.LOCAL), head=b"")
    failure = failure_of(ClientConnectorError(key, OSError(number, "unlucky")), sending)
    assert (failure.code, failure.delivery) == (ErrorCode.CONNECT_FAILED, Delivery.NOT_SENT)
    assert failure.may_heal
    assert "unlucky" not in failure.detail


# ── names that move ─────────────────────────────────────────────────────────────────────────


class _Rebinding:
    """A name that leads here at first, and to the metadata service of a cloud from then on."""

    def __init__(self) -> None:
        self.asked = 0

    async def addresses(self, _host: str) -> tuple[str, ...]:
        self.asked += 1
        return ("127.0.0.1",) if self.asked == 1 else ("169.254.169.254",)


async def test_a_name_that_moves_between_two_calls_is_judged_again_and_refused() -> None:
    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    resolver = _Rebinding()
    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = AiohttpTransport(resolver=resolver)
    async with server, _runtime(f"http://localhost:{port}/v1", transport=transport) as runtime:
        codes = []
        for _ in range(2):
            with pytest.raises(ProviderError) as failed:
                await runtime.run(a_request(model="hostile:m"))
            codes.append((failed.value.code, len(failed.value.attempts)))
    await transport.aclose()

    assert codes == [(ErrorCode.INVALID_REQUEST, 1), (ErrorCode.ENDPOINT_BLOCKED, 1)]
    assert resolver.asked == 2


# ── TLS ─────────────────────────────────────────────────────────────────────────────────────


async def _tls_failure(answer: bytes) -> ProviderError:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greetings.append(await reader.read(65536))
        writer.write(answer)
        await reader.read()
        writer.close()

    greetings: list[bytes] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        error = await _failed(f"https://localhost:{server.sockets[0].getsockname()[1]}/v1")
    assert len(greetings) == 1
    assert greetings[0][0] == 0x16  # a TLS hello, and nothing in the clear after it
    return error


@pytest.mark.parametrize("answer", [_TLS_1_0, _ALERT, b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["1.0", "alert", "no"])
async def test_a_server_that_does_not_speak_a_safe_tls_is_never_asked_twice_nor_in_the_clear(answer: bytes) -> None:
    error = await _tls_failure(answer)
    assert error.code is ErrorCode.TLS_FAILED
    assert len(error.attempts) == 1


@pytest.mark.parametrize("certificate", ["localhost.crt", "expired.crt"])
async def test_a_certificate_that_is_not_trusted_or_out_of_date_is_refused_once(certificate: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_TLS / certificate, _TLS / "localhost.key")
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if certificate == "expired.crt":
        trusting.load_verify_locations(_TLS / certificate)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(65536))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    transport = AiohttpTransport(ssl_context=trusting)
    async with server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/v1"
        error = await _failed(url, transport=transport)
    await transport.aclose()

    assert error.code is ErrorCode.TLS_FAILED
    assert len(error.attempts) == 1
    assert not any(asked)
    if certificate == "expired.crt":
        assert "expired" in str(error)
