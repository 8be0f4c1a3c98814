"""Neither key nor prompt nor answer comes to light, whatever the server does, with every log at its loudest."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.catalogue import SCENARIOS
from hostile.leaks import LogSink, gave_away, needles, place, told_by, told_by_files
from hostile.observing import Observed, Visitor, visiting
from hostile.plays import ANSWER
from hostile.scenario import Scenario
from hostile.server import HostileServer


@pytest.fixture
def logs() -> Iterator[LogSink]:
    """Everything that is logged, asyncio's own chatter included."""
    sink, root = LogSink(), logging.getLogger()
    level = root.level
    root.addHandler(sink)
    root.setLevel(logging.DEBUG)
    yield sink
    root.setLevel(level)
    root.removeHandler(sink)


async def _heard(visitor: Visitor, logs: LogSink) -> tuple[Observed, list[str]]:
    """A call with asyncio in debug mode, and every line that it left anywhere."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0  # every step of every task is slow enough to be logged
    seen = await visitor.call()
    loop.set_debug(False)
    told = [*logs.told, repr(visitor.events.events), repr(await visitor.runtime.receipts.list())]
    told += told_by_files(visitor.kept.parent)
    if isinstance(seen.outcome, BaseException):
        told += told_by(seen.outcome)
    return seen, told


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
async def test_key_prompt_and_answer_are_nowhere_but_in_the_response(
    scenario: Scenario,
    server: HostileServer,
    tmp_path: Path,
    logs: LogSink,
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with visiting(server, scenario, tmp_path) as visitor:
        _seen, told = await _heard(visitor, logs)
        sought = {"key": needles(visitor.key), "prompt": needles(visitor.prompt), "answer": needles(ANSWER)}
    told += capfd.readouterr()

    assert any("Executing" in line for line in logs.told)  # else nothing was searched
    found = {(what, place(line)) for what, pieces in sought.items() for line in told if gave_away(line, pieces)}
    assert sorted(found) == []
