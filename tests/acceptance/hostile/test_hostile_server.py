"""The server itself: told what to do by a program, counting what it was asked, in the loop at hand or beside it."""

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hostile.catalogue import by_chance, load_scripts
from hostile.plays import CLOSE, OK, RESET, always, failure, for_try, in_turn
from hostile.server import HostileServer

_ASK = b"POST /%b/v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b"


async def _asked(server: HostileServer, name: str, *bodies: bytes) -> list[bytes]:
    """The status of each answer, over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    statuses = []
    try:
        for body in bodies:
            writer.write(_ASK % (name.encode(), len(body), body))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            statuses.append(head.split()[1])
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)
    return statuses


async def test_a_script_may_follow_the_tries_of_a_call_or_the_requests_of_all() -> None:
    scripts = {"tries": for_try((failure(503),), (OK,)), "all": in_turn((failure(503),), (OK,))}
    async with HostileServer(scripts=scripts) as server:
        assert await _asked(server, "tries", b"a", b"b", b"a", b"b", b"a") == [b"503", b"503", b"200", b"200", b"200"]
        assert await _asked(server, "all", b"a", b"b", b"a", b"b") == [b"503", b"200", b"503", b"200"]
        assert await _asked(server, "unheard_of", b"a") == [b"404"]
        assert server.requests == Counter(tries=5, all=4, unheard_of=1)
        assert server.connections == Counter(tries=1, all=1, unheard_of=1)


async def test_a_script_can_be_added_and_replaced_while_it_serves() -> None:
    async with HostileServer(scripts=load_scripts()) as server:
        assert await _asked(server, "dead", b"a") == [b"503"]
        assert server.add("dead", always(OK)) == server.url("dead")
        assert await _asked(server, "dead", b"a") == [b"200"]


async def test_half_dead_is_about_half_and_the_same_each_time() -> None:
    async def drawn() -> list[bytes]:
        async with HostileServer(scripts={"half": by_chance(7, 0.5, unlucky=(failure(503),))}) as server:
            return await _asked(server, "half", *(b"%d" % number for number in range(200)))

    statuses = await drawn()
    assert 70 < statuses.count(b"503") < 130
    assert await drawn() == statuses


@pytest.mark.parametrize("ending", [CLOSE, RESET])
async def test_a_connection_may_end_without_an_answer(ending: object) -> None:
    async with HostileServer(scripts={"gone": always(ending)}) as server:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await _asked(server, "gone", b"a")


async def test_whoever_comes_to_the_trap_is_noted() -> None:
    async with HostileServer(scripts={}) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.trap_port)
        writer.write(b"here I am")
        async with asyncio.timeout(5):
            while len(server.trapped) < 2:  # noqa: ASYNC110 - the trap only keeps a list
                await asyncio.sleep(0)
        writer.close()
        assert server.trapped == [b"a connection", b"here I am"]


def test_a_plain_program_can_run_it_too() -> None:
    program = (
        "import urllib.request\nfrom hostile.catalogue import whole_server\n"
        "with whole_server() as server:\n"
        "    print(urllib.request.urlopen(server.url('ok'), data=b'{}').status, server.requests['ok'])\n"
    )
    folder = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=folder, timeout=60, check=True
    )
    assert done.stdout.split() == ["200", "1"]
