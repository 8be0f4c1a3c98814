"""The transport over answers that aioresponses makes up: what embedders who mock aiohttp will see."""

import ssl
from collections.abc import Callable

import pytest
from aiohttp import ClientConnectionError, ClientSession, TraceConfig, TraceRequestStartParams
from aioresponses import aioresponses
from loopback_server import LoopbackServer

from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import Delivery
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest

Requests = Callable[..., HttpRequest]
_URL = "https://api.example.com/v1/chat"


async def _outcomes(request: HttpRequest, *, times: int) -> list[HttpReply | HttpFailure]:
    transport = AiohttpTransport(ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    outcomes = [await transport.exchange(request) for _ in range(times)]
    await transport.aclose()
    return outcomes


async def test_mocked_answers_come_back_in_order(mocked_answers: aioresponses, a_request: Requests) -> None:
    mocked_answers.post(_URL, status=429, headers={"Retry-After": "2"}, body=b"slow down")
    mocked_answers.post(_URL, status=200, payload={"fine": True})

    limited, fine = await _outcomes(a_request(_URL, tier=Tier.CLOUD), times=2)

    assert isinstance(limited, HttpReply)
    assert isinstance(fine, HttpReply)
    assert (limited.status, limited.headers["retry-after"], limited.body) == (429, "2", b"slow down")
    assert (fine.status, fine.body) == (200, b'{"fine": true}')


@pytest.mark.parametrize("size", [0, 1_000, 5_000_000])
async def test_mocked_bodies_of_any_size_are_read_whole(
    size: int, mocked_answers: aioresponses, a_request: Requests
) -> None:
    mocked_answers.post(_URL, body=b"x" * size)
    (reply,) = await _outcomes(a_request(_URL, tier=Tier.CLOUD), times=1)
    assert isinstance(reply, HttpReply)
    assert reply.body == b"x" * size


@pytest.mark.parametrize("error", [ClientConnectionError("gone"), TimeoutError(), ValueError("odd")], ids=repr)
async def test_whatever_a_mock_raises_ends_as_a_failure(
    error: Exception, mocked_answers: aioresponses, a_request: Requests
) -> None:
    mocked_answers.post(_URL, exception=error)
    (outcome,) = await _outcomes(a_request(_URL, tier=Tier.CLOUD), times=1)
    assert isinstance(outcome, HttpFailure)
    assert outcome.delivery is Delivery.AMBIGUOUS  # nobody can say what a mock has done


async def test_a_mock_sees_the_request_as_aiohttp_would_write_it(
    mocked_answers: aioresponses, a_request: Requests, key: str
) -> None:
    mocked_answers.post(_URL, payload={"fine": True})
    await _outcomes(a_request(_URL, tier=Tier.CLOUD), times=1)
    ((asked,),) = mocked_answers.requests.values()
    assert asked.kwargs["headers"]["authorization"] == f"Bearer {key}"
    assert asked.kwargs["data"].getvalue() == b'{"question":"why"}'


async def test_whoever_traces_sessions_sees_every_request(server: LoopbackServer, a_request: Requests) -> None:
    seen: list[str] = []

    async def note(_session: ClientSession, _context: object, started: TraceRequestStartParams) -> None:
        seen.append(str(started.url))

    tracing = TraceConfig()
    tracing.on_request_start.append(note)
    transport = AiohttpTransport()
    await transport.exchange(a_request(server.url))
    (pool,) = transport._pools.values()
    pool.session.trace_configs.append(tracing)  # as instrumentations do, when a session is made
    tracing.freeze()
    await transport.exchange(a_request(server.url))
    await transport.aclose()
    assert seen == [server.url]
