"""The transport over answers that aioresponses makes up: what embedders who mock aiohttp will see."""

import ssl
from collections.abc import Callable

import pytest
from aiohttp import ClientConnectionError
from aioresponses import aioresponses

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
    assert outcome.delivery is Delivery.NOT_SENT
