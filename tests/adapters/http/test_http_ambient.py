"""What the transport does not do: follow, remember, or listen to its surroundings."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from loopback_server import OK, OK_BODY, LoopbackServer, sends

from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.ports.http import HttpReply, HttpRequest

Requests = Callable[..., HttpRequest]


@pytest.fixture
async def trap() -> AsyncIterator[LoopbackServer]:
    """Another server, which nobody is meant to reach."""
    trap = LoopbackServer()
    await trap.start()
    yield trap
    await trap.stop()


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(
    status: int, server: LoopbackServer, trap: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    for location in (trap.url, server.url, "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/", ""):
        answer = f"HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 2\r\n\r\n{{}}"
        server.scripts.append(sends(answer.encode()))
        reply = await transport.exchange(a_request(server.url))
        assert isinstance(reply, HttpReply)
        assert (reply.status, reply.body) == (status, b"")

    assert len(server.received) == 5
    assert trap.peers == []


async def test_headers_that_point_elsewhere_change_nothing(
    server: LoopbackServer, trap: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    pointers = f'refresh: 0; url={trap.url}\r\nlink: <{trap.url}>; rel=preload\r\nalt-svc: h2=":{trap.port}"\r\n'
    server.scripts.append(sends(OK.replace(b"\r\n", b"\r\n" + pointers.encode(), 1)))
    await transport.exchange(a_request(server.url))
    await transport.exchange(a_request(server.url))

    assert len(server.received) == 2
    assert trap.peers == []


async def test_no_cookie_is_kept(server: LoopbackServer, transport: AiohttpTransport, a_request: Requests) -> None:
    # By name, not by address: many cookie jars ignore addresses.
    url = f"http://localhost:{server.port}/"
    cookies = b"set-cookie: a=1\r\nset-cookie: b=2; domain=localhost\r\n"
    server.scripts.append(sends(OK.replace(b"\r\n", b"\r\n" + cookies, 1)))

    for _ in range(2):
        reply = await transport.exchange(a_request(url))
        assert isinstance(reply, HttpReply)
        assert reply.body == OK_BODY
    assert all("cookie" not in request.headers for request in server.received)


async def test_proxies_and_netrc_of_the_environment_are_not_looked_at(
    server: LoopbackServer,
    trap: LoopbackServer,
    transport: AiohttpTransport,
    a_request: Requests,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, trap.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    reply = await transport.exchange(a_request(server.url, auth=None))

    assert isinstance(reply, HttpReply)
    assert "authorization" not in server.received[0].headers
    assert trap.peers == []


async def test_a_get_on_a_connection_that_closes_is_not_sent_again(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    request = a_request(server.url, method="GET", body=None)
    await transport.exchange(request)
    server.scripts.append(sends(then="close"))
    await transport.exchange(request)

    assert len(server.received) == 2
