"""A call is cancelled wherever the server has left it waiting: nothing of it stays behind."""

import asyncio
from pathlib import Path

import pytest
from attrs import evolve
from hostile.catalogue import SCENARIOS
from hostile.leaks import gave_away, needles, told_by
from hostile.observing import visiting
from hostile.plays import GOOD, HANG, OK, Play, bytewise, chunks, head_only, response
from hostile.rules import kind_of
from hostile.server import HostileServer

from provider_runtime.testing.builders import a_request

_HEAD = head_only(b"Content-Type: application/json", b"Transfer-Encoding: chunked")
_KEPT = "on a connection that was kept"
STAGES: dict[str, Play] = {
    "before the head": (HANG,),
    "in the head": (b"HTTP/1.1 200 OK\r\nContent-", HANG),
    "before the body": (response(GOOD)[: -len(GOOD)], HANG),
    "in the body": (response(GOOD)[:-5], HANG),
    "in a chunk": (_HEAD + chunks(GOOD, last=False)[:-9], HANG),
    "before the last chunk": (_HEAD + chunks(GOOD, last=False), HANG),
    "in the body of an error": (b"HTTP/1.1 500 X\r\ncontent-length: 99\r\n\r\nabc", HANG),
    "while it drips": tuple(bytewise(OK, 0.05)),
    _KEPT: (HANG,),
}


async def _gone(server: HostileServer, kept: int) -> None:
    async with asyncio.timeout(5):
        while len(server.open) > kept:  # noqa: ASYNC110 - the server lives in another thread
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("stage", STAGES)
async def test_cancelled_anywhere_it_leaves_one_receipt_no_task_no_connection_and_tells_nothing(
    stage: str, server: HostileServer, tmp_path: Path
) -> None:
    name = "left_waiting"
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()

    def script(_asked: object) -> Play:
        loop.call_soon_threadsafe(seen.set)
        return STAGES[stage]

    server.add(name, script)
    async with visiting(server, evolve(SCENARIOS["no_response"], name=name, deadline_s=30.0), tmp_path) as visitor:
        if stage == _KEPT:
            await visitor.clean_call()
        await _gone(server, 1)
        before = asyncio.all_tasks()
        call = asyncio.ensure_future(visitor.runtime.run(a_request(visitor.prompt, model="hostile:m")))
        await seen.wait()
        await asyncio.sleep(0.02)  # what the server says is on its way
        call.cancel("enough")
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await call
        await _gone(server, 0)
        left = asyncio.all_tasks() - before - {call}
        clean = await visitor.clean_call()
        outcomes = [str(receipt.record.outcome) for receipt in await visitor.runtime.receipts.list()]

    assert left == set()
    assert kind_of(clean.outcome) == "ok"
    assert outcomes[-2:] == ["cancelled", "answered"]
    assert outcomes.count("cancelled") == 1
    sought = needles(visitor.key) | needles(visitor.prompt)
    assert [line[:120] for line in told_by(cancelled.value) if gave_away(line, sought)] == []
