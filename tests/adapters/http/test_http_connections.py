"""Connections: kept, lost, shared, cancelled and closed."""

import asyncio
import gc
import socket
from collections.abc import Callable
from typing import Any

import pytest
from loopback_server import OK, OK_BODY, LoopbackServer, Peer, Received, sends, waits

from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import Delivery, ErrorCode, RuntimeClosed
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest, HttpTransport

Requests = Callable[..., HttpRequest]
_SMUGGLED = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nSMUGGLED"


async def _body(transport: AiohttpTransport, request: HttpRequest) -> bytes:
    outcome = await transport.exchange(request)
    assert isinstance(outcome, HttpReply), outcome
    return outcome.body


def test_it_is_an_http_transport() -> None:
    assert isinstance(AiohttpTransport(), HttpTransport)


async def test_one_connection_serves_one_call_after_another(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    for _ in range(20):
        await _body(transport, a_request(server.url))
    assert {request.connection for request in server.received} == {1}


async def test_calls_at_once_never_get_each_others_answers(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    async def echo(received: Received, peer: Peer) -> None:
        await asyncio.sleep(0.001 * (received.body[-1] % 7))
        await peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(received.body) + received.body)

    server.scripts.extend([echo] * 300)
    bodies = [b"call %d" % number for number in range(300)]
    answers = await asyncio.gather(*(_body(transport, a_request(server.url, body=body)) for body in bodies))
    assert answers == bodies


async def test_a_kept_connection_that_closes_on_the_next_request_is_told_apart(
    server: LoopbackServer, a_request: Requests
) -> None:
    transport = AiohttpTransport()
    await _body(transport, a_request(server.url))
    server.scripts.append(sends(then="close"))

    lost = await transport.exchange(a_request(server.url))

    assert isinstance(lost, HttpFailure)
    assert (lost.code, lost.delivery) == (ErrorCode.CONNECTION_LOST, Delivery.AMBIGUOUS)
    assert lost.reused
    assert lost.may_heal
    assert await _body(transport, a_request(server.url)) == OK_BODY
    assert [request.connection for request in server.received] == [1, 1, 2]
    await transport.aclose()


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_in_silence(
    then: str, server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(sends(OK, then=then))
    await _body(transport, a_request(server.url))
    await server.peers[0].gone.wait()
    await asyncio.sleep(0.01)

    assert await _body(transport, a_request(server.url)) == OK_BODY


async def test_how_an_idle_connection_ended_is_nothing_for_asyncio_to_report(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests, caplog: pytest.LogCaptureFixture
) -> None:
    server.scripts.append(sends(OK, then="reset"))
    await _body(transport, a_request(server.url))
    await server.peers[0].gone.wait()
    await asyncio.sleep(0.01)
    await _body(transport, a_request(server.url))
    gc.collect()

    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_idle_connections_are_left_before_the_server_leaves(a_request: Requests) -> None:
    transport = AiohttpTransport()
    for tier in Tier:
        await transport.exchange(a_request("http://169.254.0.1/", tier=tier))

    kept = {tier: pool.session.connector._keepalive_timeout for (tier, _), pool in transport._pools.items()}
    assert kept == {Tier.LOCAL: 4.0, Tier.CLOUD: 15.0}
    await transport.aclose()


@pytest.mark.parametrize(
    "script",
    [
        sends(OK + _SMUGGLED),
        sends(OK[: -len(OK_BODY)], OK_BODY + _SMUGGLED),
        sends(OK, _SMUGGLED),
        sends(OK, b"rubbish"),
    ],
    ids=["with the answer", "with its end", "after it", "rubbish after it"],
)
async def test_an_answer_that_nobody_asked_for_is_never_read_as_the_next_one(
    script: Any, server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(script)
    assert await _body(transport, a_request(server.url)) == OK_BODY
    await server.has_answered(1)

    assert await _body(transport, a_request(server.url)) == OK_BODY
    assert [request.connection for request in server.received] == [1, 2]


async def test_half_of_such_an_answer_is_forgotten(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(sends(OK, _SMUGGLED[:20]))
    await _body(transport, a_request(server.url))
    await server.has_answered(1)

    server.scripts.append(sends(_SMUGGLED[20:] + OK))
    after = await transport.exchange(a_request(server.url))

    assert isinstance(after, HttpFailure)
    assert after.code is ErrorCode.HTTP_PROTOCOL
    assert await _body(transport, a_request(server.url)) == OK_BODY


@pytest.mark.parametrize(
    "half", [b"", b"HTTP/1.1 200 OK\r\n", OK[:-5]], ids=["no answer", "half a head", "half a body"]
)
async def test_cancelled_it_drops_the_connection_and_leaves_no_task(
    half: bytes, server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    await _body(transport, a_request(server.url))
    server.scripts.append(sends(half, then="wait"))
    tasks = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await transport.exchange(a_request(server.url))

    await asyncio.wait_for(server.peers[0].gone.wait(), 1)
    (pool,) = transport._pools.values()
    assert pool.session.connector is not None
    assert not pool.session.connector._acquired
    assert not pool.session.connector._conns
    assert not [task for task in asyncio.all_tasks() - tasks if "_serve" not in repr(task)]
    assert await _body(transport, a_request(server.url)) == OK_BODY


@pytest.mark.parametrize("way", ["cancelled", "closed", "answered"])
async def test_what_is_still_unsent_when_an_exchange_ends_is_never_sent(
    way: str, server: LoopbackServer, a_request: Requests
) -> None:
    transport = AiohttpTransport()
    server.early = (
        b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n" if way == "answered" else b"HTTP/1.1 100 X\r\n\r\n"
    )
    exchange = asyncio.create_task(transport.exchange(a_request(server.url, body=bytes(20_000_000))))
    await asyncio.sleep(0.05)
    if way == "cancelled":
        exchange.cancel()
    if way == "closed":
        await asyncio.wait_for(transport.aclose(), 1)
    await asyncio.gather(exchange, return_exceptions=True)

    server.patience.set()  # from here on the server would take the rest
    await asyncio.wait_for(server.peers[0].gone.wait(), 1)
    assert server.received == []
    await transport.aclose()


async def test_a_cancellation_keeps_its_reason(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(waits)
    task = asyncio.create_task(transport.exchange(a_request(server.url)))
    await server.asked.wait()
    task.cancel("because")

    with pytest.raises(asyncio.CancelledError, match="because"):
        await task
    assert task.cancelled()


async def test_a_drip_does_not_outlast_the_callers_patience(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(sends(*(bytes([one]) for one in OK[:-1] * 10)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await transport.exchange(a_request(server.url))
    assert await _body(transport, a_request(server.url)) == OK_BODY


async def test_nobody_listening_is_a_failure_before_sending(transport: AiohttpTransport, a_request: Requests) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refused = await transport.exchange(a_request(f"http://127.0.0.1:{port}/"))

    assert isinstance(refused, HttpFailure)
    assert (refused.code, refused.delivery) == (ErrorCode.CONNECT_FAILED, Delivery.NOT_SENT)
    assert refused.may_heal


async def test_waiting_for_a_free_connection_has_an_end(server: LoopbackServer, a_request: Requests) -> None:
    transport = AiohttpTransport(max_connections=1, pool_timeout_s=0.05)
    server.scripts.append(waits)
    first = asyncio.create_task(transport.exchange(a_request(server.url)))
    await server.asked.wait()

    second = await transport.exchange(a_request(server.url))

    assert isinstance(second, HttpFailure)
    assert (second.code, second.delivery) == (ErrorCode.CONNECT_FAILED, Delivery.NOT_SENT)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await _body(transport, a_request(server.url)) == OK_BODY
    await transport.aclose()


async def test_two_transports_share_no_connection(server: LoopbackServer, a_request: Requests) -> None:
    one, other = AiohttpTransport(), AiohttpTransport()
    await _body(one, a_request(server.url))
    await _body(other, a_request(server.url))
    await one.aclose()
    await _body(other, a_request(server.url))
    await other.aclose()
    assert [request.connection for request in server.received] == [1, 2, 2]


async def test_closed_it_refuses_and_closing_twice_is_closing_once(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    await _body(transport, a_request(server.url))
    await transport.aclose()
    await transport.aclose()

    with pytest.raises(RuntimeClosed):
        await transport.exchange(a_request(server.url))
    await asyncio.wait_for(server.peers[0].gone.wait(), 1)


@pytest.mark.parametrize("half", [b"", OK[:20], OK[:-5]], ids=["no answer", "half a head", "half a body"])
async def test_closing_ends_the_exchange_that_is_under_way_with_a_failure(
    half: bytes, server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(sends(half, then="wait"))
    task = asyncio.create_task(transport.exchange(a_request(server.url)))
    await server.asked.wait()
    await asyncio.sleep(0.01)
    await transport.aclose()

    outcome = await asyncio.wait_for(task, 1)
    assert isinstance(outcome, HttpFailure)
    assert (outcome.code, outcome.delivery) == (ErrorCode.CONNECTION_LOST, Delivery.AMBIGUOUS)


def test_each_asyncio_run_gets_connections_of_its_own(a_request: Requests) -> None:
    transport = AiohttpTransport()

    async def once() -> bytes:
        server = LoopbackServer()
        await server.start()
        body = await _body(transport, a_request(server.url))
        for peer in server.peers:
            peer.hang_up()
            await peer.gone.wait()
        await asyncio.sleep(0.01)
        await server.stop()
        return body

    assert [asyncio.run(once()), asyncio.run(once())] == [OK_BODY, OK_BODY]
    asyncio.run(transport.aclose())


async def test_another_event_loop_is_told_so(server: LoopbackServer, a_request: Requests) -> None:
    transport = AiohttpTransport()
    await _body(transport, a_request(server.url))
    elsewhere = await asyncio.to_thread(lambda: asyncio.run(transport.exchange(a_request(server.url))))

    assert isinstance(elsewhere, HttpFailure)
    assert (elsewhere.code, elsewhere.delivery) == (ErrorCode.CONNECT_FAILED, Delivery.NOT_SENT)
    assert len(server.received) == 1
    await transport.aclose()


async def test_a_request_that_asks_for_a_fresh_connection_gets_none_that_was_kept(
    server: LoopbackServer, a_request: Requests
) -> None:
    transport = AiohttpTransport()
    await asyncio.gather(*(_body(transport, a_request(server.url)) for _ in range(3)))
    kept = {request.connection for request in server.received}
    await _body(transport, a_request(server.url, fresh_connection=True))
    assert server.received[-1].connection not in kept
    await transport.aclose()
