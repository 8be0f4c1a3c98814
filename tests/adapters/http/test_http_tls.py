"""TLS: the chain and the name are verified, or nothing is sent."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback_server import OK_BODY, LoopbackServer

from provider_runtime.adapters.http.tls import LazyTls, tls_context
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest

Requests = Callable[..., HttpRequest]


async def _outcome(request: HttpRequest, context: ssl.SSLContext | None = None) -> HttpReply | HttpFailure:
    transport = AiohttpTransport(ssl_context=context)
    outcome = await transport.exchange(request)
    await transport.aclose()
    return outcome


def _is_tls_failure(outcome: object) -> bool:
    return (
        isinstance(outcome, HttpFailure)
        and (outcome.code, outcome.delivery) == (ErrorCode.TLS_FAILED, Delivery.NOT_SENT)
        and not outcome.may_heal
    )


async def test_a_certificate_that_is_trusted_and_names_the_host_lets_the_request_through(
    tls_server: LoopbackServer, trusting_tls: ssl.SSLContext, a_request: Requests
) -> None:
    outcome = await _outcome(a_request(tls_server.url), trusting_tls)
    assert isinstance(outcome, HttpReply)
    assert outcome.body == OK_BODY


async def test_a_large_body_arrives_whole_over_tls(
    tls_server: LoopbackServer, trusting_tls: ssl.SSLContext, a_request: Requests
) -> None:
    body = bytes(range(256)) * 10_000
    assert isinstance(await _outcome(a_request(tls_server.url, body=body), trusting_tls), HttpReply)
    assert tls_server.received[0].body == body


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tls_server: LoopbackServer, a_request: Requests
) -> None:
    assert _is_tls_failure(await _outcome(a_request(tls_server.url)))
    assert tls_server.received == []


async def test_a_certificate_for_another_name_is_refused(
    tls_server: LoopbackServer, trusting_tls: ssl.SSLContext, a_request: Requests
) -> None:
    assert _is_tls_failure(await _outcome(a_request(f"https://127.0.0.1:{tls_server.port}"), trusting_tls))
    assert tls_server.received == []


async def test_a_server_that_speaks_no_tls_is_refused(server: LoopbackServer, a_request: Requests) -> None:
    server.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert _is_tls_failure(await _outcome(a_request(server.url.replace("http:", "https:"))))
    assert server.received == []


async def test_the_context_is_made_once(tls_server: LoopbackServer) -> None:
    lazy = LazyTls(None)
    assert await lazy.context() is await lazy.context()


async def test_a_context_that_was_handed_in_is_the_one_used(trusting_tls: ssl.SSLContext) -> None:
    assert await LazyTls(trusting_tls).context() is trusting_tls


def test_our_own_context_verifies_and_writes_no_key_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    context = tls_context()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.keylog_filename is None
    assert not (tmp_path / "keys").exists()
