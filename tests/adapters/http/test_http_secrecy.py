"""The credential reaches the provider and nothing else: no log, no failure, no traceback."""

import asyncio
import logging
import sys
import traceback
from collections.abc import Callable

import pytest
from loopback_server import LoopbackServer, sends, waits

from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.ports.http import HttpFailure, HttpRequest

Requests = Callable[..., HttpRequest]
_TROUBLE = (
    sends(then="close"),
    sends(then="reset"),
    sends(b"rubbish\r\n\r\n"),
    sends(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1", then="reset"),
    sends(b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\n1"),
)


def _told(record: logging.LogRecord) -> str:
    return f"{record.getMessage()} {record.args!r} {record.exc_info!r} {record.exc_text!r} {record.stack_info!r}"


async def test_no_failure_and_no_log_line_holds_the_credential_or_the_question(
    server: LoopbackServer,
    transport: AiohttpTransport,
    a_request: Requests,
    key: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0  # every callback is slow enough to be logged
    request = a_request(server.url, body=b"the question of questions")
    told = [repr(request), repr(transport)]

    for script in _TROUBLE:
        server.scripts.append(script)
        outcome = await transport.exchange(request)
        assert isinstance(outcome, HttpFailure)
        told.append(repr(outcome))
    loop.set_debug(False)

    told += [_told(record) for record in caplog.records]
    assert any("Executing" in line for line in told)  # else nothing was searched
    assert [request.headers["authorization"] for request in server.received] == [f"Bearer {key}"] * len(_TROUBLE)
    assert not [line for line in told if key in line or "question of questions" in line]


async def test_no_frame_of_a_cancelled_exchange_holds_the_credential(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests, key: str
) -> None:
    server.scripts.append(waits)
    with pytest.raises(TimeoutError) as raised:
        async with asyncio.timeout(0.05):
            await transport.exchange(a_request(server.url))

    cancelled = raised.value.__cause__
    assert isinstance(cancelled, asyncio.CancelledError)
    assert cancelled.__context__ is None
    files = [frame.f_code.co_filename for frame, _line in traceback.walk_tb(cancelled.__traceback__)]
    assert [name for name in files if "provider_runtime" in name]
    assert not [name for name in files if "aiohttp" in name]
    shown = traceback.TracebackException.from_exception(cancelled, capture_locals=True)
    ours = [frame for frame in shown.stack if "provider_runtime" in frame.filename]
    assert not [frame for frame in ours if key in str(frame.locals)]


async def test_a_failure_carries_no_exception(
    server: LoopbackServer, transport: AiohttpTransport, a_request: Requests
) -> None:
    server.scripts.append(sends(b"rubbish\r\n\r\n"))
    outcome = await transport.exchange(a_request(server.url))

    assert sys.exc_info() == (None, None, None)
    assert isinstance(outcome, HttpFailure)
    assert "rubbish" not in repr(outcome)
