"""Memories of several runtimes, used in turns and at once; and one whose process is ended in the middle."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from provider_runtime import CallOptions, ProviderRuntime, SqliteStores, StoreSettings
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import FakeAdapter

MEMO = CallOptions(memo=True)
TELLING = """
import asyncio, sys
from provider_runtime import ProviderRuntime, SqliteStores
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeAdapter
async def main():
    builder = ProviderRuntime.builder().with_adapter(FakeAdapter("ada"))
    async with builder.with_recording(SqliteStores(path=sys.argv[1])).build() as runtime:
        for number in range(10_000):
            await runtime.run(a_request(f"Question {number}", model="ada:m"))
            print(number, flush=True)
asyncio.run(main())
"""


def numbering(name: str) -> FakeAdapter:
    """Each answer is another: who gets it twice got it from memory."""
    counts = {"so far": 0}

    def answer(_prepared: PreparedExchange) -> ProviderResponse:
        counts["so far"] += 1
        return a_response(f"{name} {counts['so far']}", provider="ada")

    return FakeAdapter("ada", answer)


async def answers_of(turns: list[tuple[int, int]]) -> dict[int, list[str]]:
    """What each of two runtimes answers when they are asked in these turns: which runtime, which question."""
    told: dict[int, list[str]] = {0: [], 1: []}
    builders = [ProviderRuntime.builder().with_adapter(numbering(f"runtime {one}")) for one in (0, 1)]
    first, second = (builder.with_stores(StoreSettings()).build() for builder in builders)
    async with first as one, second as other:
        for which, question in turns:
            response = await (one, other)[which].run(a_request(f"Question {question}", model="ada:m"), MEMO)
            told[which].append(response.text)
    return told


@settings(max_examples=10, deadline=None)
@given(turns=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), max_size=8))
def test_any_interleaving_gives_each_runtime_what_it_would_have_got_alone(turns: list[tuple[int, int]]) -> None:
    together = asyncio.run(answers_of(turns))
    for which in (0, 1):
        alone = asyncio.run(answers_of([turn for turn in turns if turn[0] == which]))
        assert together[which] == alone[which]


def test_what_a_killed_process_had_answered_is_in_its_recording(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    child = subprocess.Popen([sys.executable, "-c", TELLING, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(7)]
    os.kill(child.pid, signal.SIGKILL)
    child.stdout.close()
    child.wait()
    assert told == [f"{number}\n" for number in range(7)]

    async def replay() -> list[str]:
        builder = ProviderRuntime.builder().with_adapter(
            FakeAdapter("ada", [])
        )  # asked for anything, it fails the test
        async with builder.with_replay(SqliteStores(path=path)).build() as runtime:
            return [(await runtime.run(a_request(f"Question {number}", model="ada:m"))).text for number in range(7)]

    assert asyncio.run(replay()) == ["A fake answer."] * 7
