"""Whatever the size of what is sent: the process does not grow by more than four times the cap."""

import tracemalloc
from pathlib import Path

import pytest
from hostile.catalogue import SCENARIOS
from hostile.observing import CAP, Observed, visiting
from hostile.plays import GOOD, always, chunks, head_only, response
from hostile.rules import kind_of
from hostile.scenario import Scenario, scenario
from hostile.server import HostileServer

_BOUND = 4 * CAP
_LARGE = {name: row for name, row in SCENARIOS.items() if row.large}


async def _grown_by(server: HostileServer, row: Scenario, folder: Path) -> tuple[int, Observed]:
    """The most that was held at a time during a call, in bytes, and the call."""
    async with visiting(server, row, folder) as visitor:
        await visitor.clean_call()  # what is imported or made once counts for no call
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            seen = await visitor.call()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    return peak - before, seen


@pytest.mark.parametrize("row", _LARGE.values(), ids=_LARGE.keys())
async def test_a_size_that_is_meant_to_hurt_takes_no_more_than_four_times_the_cap(
    row: Scenario, server: HostileServer, tmp_path: Path
) -> None:
    grown, seen = await _grown_by(server, row, tmp_path)
    assert grown <= _BOUND
    assert kind_of(seen.outcome) in row.expect


def _filled(piece: bytes) -> bytes:
    """A plausible answer, as large as the cap, that is mostly many small values."""
    room = CAP - len(GOOD) - 20
    return GOOD[:-1] + b', "more":[' + piece * (room // len(piece)) + b"0]}"


@pytest.mark.parametrize(
    "piece",
    [b"[],", b"{},", b'{"":0},', b"0,", b"1.5,", b'"ab",', b"[[[]]],", b'{"a":[{"b":{}}]},'],
    ids=lambda piece: piece.decode(),
)
async def test_a_body_within_the_cap_does_not_unfold_into_many_times_its_size(
    piece: bytes, server: HostileServer, tmp_path: Path
) -> None:
    body = response(_filled(piece))
    server.add("unfolding", always(body))
    row = scenario("unfolding", always(body), "too_large", "1", "estimate")
    grown, seen = await _grown_by(server, row, tmp_path)

    assert grown <= _BOUND
    assert kind_of(seen.outcome) == "too_large"
    assert seen.blocked_s < 0.4  # twice what is promised, for memory is being traced


async def test_a_body_at_the_cap_with_one_long_text_is_an_answer(server: HostileServer, tmp_path: Path) -> None:
    text = b"[a long tale], " * (CAP // 16)
    server.add("long_tale", always(response(GOOD.replace(b"Forty-two", text))))
    async with visiting(server, scenario("long_tale", always(), "ok", "1", "actual"), tmp_path) as visitor:
        seen = await visitor.call()
    assert kind_of(seen.outcome) == "ok"
    assert seen.blocked_s < 0.2


@pytest.mark.parametrize("name", ["huge_body", "endless_chunked", "huge_error_body"])
async def test_the_server_sees_the_client_leave_early(name: str, server: HostileServer, tmp_path: Path) -> None:
    server.sent[name] = 0
    async with visiting(server, SCENARIOS[name], tmp_path) as visitor:
        seen = await visitor.call()
    assert server.sent[name] <= seen.requests * 40_000_000  # the cap, and what fits into the buffers of two sockets


async def test_many_small_chunks_are_as_good_as_a_few_large_ones(server: HostileServer, tmp_path: Path) -> None:
    head = head_only(b"Content-Type: application/json", b"Transfer-Encoding: chunked")
    body = GOOD + b" " * 100_000
    server.add("crumbs", always(head + chunks(*(body[at : at + 1] for at in range(len(body))))))
    async with visiting(server, scenario("crumbs", always(), "ok", "1", "actual"), tmp_path) as visitor:
        seen = await visitor.call()
    assert kind_of(seen.outcome) == "ok"
    assert seen.blocked_s < 0.2
