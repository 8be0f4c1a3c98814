"""Servers on loopback, transports pointed at them, and a bridge that keeps aioresponses working."""

import inspect
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses

# loopback_server.py stands beside this file; tests are no package.
sys.path.insert(0, str(Path(__file__).parent))

from loopback_server import LoopbackServer

from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.origins import DEFAULT_PORTS, Origin
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import AuthHeader, HttpRequest

_TLS = Path(__file__).parents[2] / "fixtures" / "tls"
_KEY = "sk-canary-4f9d1c7e2b8a6035"


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    """A server on loopback, to be scripted."""
    server = LoopbackServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def tls_server() -> AsyncIterator[LoopbackServer]:
    """The same over TLS, with a certificate for ``localhost`` that no machine trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_TLS / "localhost.crt", _TLS / "localhost.key")
    server = LoopbackServer(host="localhost", tls=context)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def trusting_tls() -> ssl.SSLContext:
    """A context that trusts ``tls_server`` and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(_TLS / "localhost.crt")
    return context


@pytest.fixture(params=[True, False], ids=["one write", "written by aiohttp"])
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[AiohttpTransport]:
    """A transport with small limits, in both of its ways to write a request."""
    transport = AiohttpTransport(
        one_write=request.param, max_response_bytes=1_000_000, max_error_bytes=1_000, connect_timeout_s=1
    )
    yield transport
    await transport.aclose()


@pytest.fixture
def key() -> str:
    """The credential that ``a_request`` sends, as text to search for."""
    return _KEY


@pytest.fixture
def a_request() -> Callable[..., HttpRequest]:
    """Makes a request with a credential; any field can be given."""

    def make(url: str, **fields: Any) -> HttpRequest:
        usual: dict[str, Any] = {
            "method": "POST",
            "tier": Tier.LOCAL,
            "headers": {"content-type": "application/json"},
            "body": b'{"question":"why"}',
            "auth": AuthHeader(name="authorization", prefix="Bearer ", secret=Secret(_KEY), origin=_origin_of_any(url)),
        }
        return HttpRequest(url=url, **{**usual, **fields})

    return make


def _origin_of_any(url: str) -> Origin:
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else str(parts.hostname)
    return Origin(parts.scheme, host, port)


class _NoParser:
    """All that a protocol asks of its parser when the mocked body fills its buffer."""

    def pause_reading(self) -> None: ...

    def feed_data(self, _data: bytes) -> tuple[tuple[()], bool, bytes]:
        return (), False, b""


class _BridgedResponse(ClientResponse):
    """aioresponses 0.7.9 knows neither ``stream_writer`` nor the parser that aiohttp 3.14 asks for."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        if "stream_writer" in inspect.signature(ClientResponse.__init__).parameters:
            fields.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*args, **fields)

    def __setattr__(self, name: str, value: Any) -> None:
        protocol = getattr(value, "_protocol", None) if name == "content" else None
        if protocol is not None and getattr(protocol, "_parser", protocol) is None:
            protocol._parser = _NoParser()
        super().__setattr__(name, value)


@pytest.fixture
def mocked_answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """Answers by aioresponses, with nothing behind them. It skips connector, resolver, TLS and timeouts."""
    monkeypatch.setattr("aioresponses.core.ClientResponse", _BridgedResponse)
    with aioresponses() as mocked:
        yield mocked
