"""A runtime is cheap enough to make for one request: counted, not timed.

What one costs in time and memory is measured by ``benchmarks/runtimes.py``. Here are the things
that make it stay so: nothing that grows with what others do, and nothing that stays behind.
"""

import asyncio
import gc
import os
import sys
import threading
import tracemalloc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType

import msgspec
import pytest
from dependency_injector.containers import DynamicContainer

import provider_runtime
from provider_runtime import ModelCatalog, ModelInfo, ProviderRuntime, RuntimeSettings, local_server, open_runtime
from provider_runtime.composition.presets import PRESETS
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTransport, FrozenClock
from provider_runtime.testing.settings import cloud_settings

PACKAGE = str(Path(provider_runtime.__file__).parent)
KIB = 1024
MEASURED = 20  # runtimes: enough that what the first one pays for all of them is small
ANSWER = msgspec.json.encode(
    {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris."}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }
)


class Steps:
    """Counts the calls of this package's functions, and of nobody else's: the collector's work is not ours."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        self.count += event == "call" and frame.f_code.co_filename.startswith(PACKAGE)


async def steps_of(call: Callable[[], Awaitable[object]]) -> int:
    """How many calls of this package's functions it takes: the same number each time, if no clock ticks."""
    steps, watching = Steps(), sys.getprofile()
    sys.setprofile(steps)
    try:
        await call()
    finally:
        sys.setprofile(watching)
    return steps.count


def a_vendor(_request: HttpRequest) -> HttpReply:
    return HttpReply(status=200, headers={"content-type": "application/json"}, body=ANSWER)


REQUEST = a_request(model="openrouter:some/model")


@asynccontextmanager
async def a_crowd(count: int) -> AsyncIterator[list[ProviderRuntime]]:
    async with AsyncExitStack() as stack:
        settings = cloud_settings()
        yield [
            await stack.enter_async_context(
                open_runtime(settings, transport=FakeTransport(a_vendor), clock=FrozenClock())
            )
            for _ in range(count)
        ]


async def open_and_close(settings: RuntimeSettings) -> None:
    async with open_runtime(settings):
        pass


# ── nothing grows ───────────────────────────────────────────────────────────────────────────


async def test_a_call_takes_as_many_steps_alone_as_among_200_other_runtimes() -> None:
    async with a_crowd(1) as (runtime,):
        await runtime.run(REQUEST)  # what is worked out once
        alone = await steps_of(lambda: runtime.run(REQUEST))
        async with a_crowd(200):
            among_many = await steps_of(lambda: runtime.run(REQUEST))
    assert alone == among_many
    assert alone > 50, "the count must see the call"


async def test_the_two_hundredth_call_takes_as_many_steps_as_the_second() -> None:
    async with a_crowd(1) as (runtime,):
        await runtime.run(REQUEST)
        early = await steps_of(lambda: runtime.run(REQUEST))
        for _ in range(200):
            await runtime.run(REQUEST)
        late = await steps_of(lambda: runtime.run(REQUEST))
    assert early == late


async def test_opening_a_runtime_takes_as_many_steps_for_a_catalog_of_5000_models_as_for_one_of_5() -> None:
    def settings(models: int) -> RuntimeSettings:
        listed = [
            ModelInfo(provider="anthropic", model_id=f"claude-{number}", max_output_tokens=number + 1)
            for number in range(models)
        ]
        return cloud_settings(catalog=ModelCatalog(models=listed))

    small, large = settings(5), settings(5000)
    for first_use in (small, large):
        await open_and_close(first_use)
    of_small, of_large = await steps_of(lambda: open_and_close(small)), await steps_of(lambda: open_and_close(large))
    assert of_large <= of_small + 2
    assert of_small > 20, "the count must see the opening"


async def test_opening_a_runtime_takes_as_many_steps_alone_as_among_200_others() -> None:
    settings = cloud_settings()
    await open_and_close(settings)
    alone = await steps_of(lambda: open_and_close(settings))
    async with a_crowd(200):
        assert await steps_of(lambda: open_and_close(settings)) == alone


async def test_each_further_provider_adds_the_same_few_steps() -> None:
    def settings(count: int) -> RuntimeSettings:
        return RuntimeSettings(
            providers=[local_server("http://localhost:1/v1", provider_id=f"p{n}") for n in range(count)]
        )

    steps = []
    for count in (1, 2, 51):
        wanted = settings(count)
        await open_and_close(wanted)
        steps.append(await steps_of(lambda wanted=wanted: open_and_close(wanted)))
    each = steps[1] - steps[0]
    assert 0 < each < 60
    assert steps[2] - steps[0] == 50 * each


# ── little is kept ──────────────────────────────────────────────────────────────────────────


@contextmanager
def kept_bytes() -> Iterator[Callable[[], int]]:
    """What is kept of all that was allocated since."""

    def kept() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    gc.collect()
    tracemalloc.start()
    try:
        yield kept
    finally:
        tracemalloc.stop()


async def test_an_idle_runtime_with_four_providers_keeps_less_than_20_kib() -> None:
    await open_and_close(cloud_settings())
    settings = cloud_settings()
    with kept_bytes() as kept:
        async with AsyncExitStack() as stack:
            for _ in range(MEASURED):
                await stack.enter_async_context(open_runtime(settings))
            assert kept() / MEASURED < 20 * KIB


async def test_an_open_runtime_keeps_no_container() -> None:
    def containers() -> int:
        gc.collect()
        return sum(isinstance(thing, DynamicContainer) for thing in gc.get_objects())

    before = containers()
    async with a_crowd(3):
        assert containers() == before


class Answering(asyncio.Protocol):
    """Answers whatever comes in one piece."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data:
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(ANSWER)}\r\n\r\n"
            self.transport.write(head.encode() + ANSWER)


@pytest.fixture
async def settings() -> AsyncIterator[RuntimeSettings]:
    """Settings that lead to a server on loopback, real connections and all."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield RuntimeSettings(providers=[local_server(f"http://127.0.0.1:{port}/v1")])


LOCAL_REQUEST = a_request(model="local:m")


async def test_a_runtime_that_made_a_call_keeps_less_than_48_kib_both_ends_of_its_connection_included(
    settings: RuntimeSettings,
) -> None:
    async with open_runtime(settings) as first:
        await first.run(LOCAL_REQUEST)
    with kept_bytes() as kept:
        async with AsyncExitStack() as stack:
            for _ in range(MEASURED):
                runtime = await stack.enter_async_context(open_runtime(settings))
                await runtime.run(LOCAL_REQUEST)
            assert kept() / MEASURED < 48 * KIB


# ── nothing stays behind ────────────────────────────────────────────────────────────────────


def census() -> dict[str, int]:
    """What a runtime could leave behind in this process."""
    gc.collect()
    return {
        "objects": sum(str(type(thing).__module__).startswith("provider_runtime.") for thing in gc.get_objects()),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "timers": len(asyncio.get_running_loop()._scheduled),  # type: ignore[attr-defined]  # asyncio's own heap of them
        "files": len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0,  # noqa: PTH208 - a generator would hold a file open itself
    }


async def test_twenty_runtimes_that_made_a_call_leave_nothing_behind(settings: RuntimeSettings) -> None:
    async def open_call_and_close() -> None:
        async with open_runtime(settings) as runtime:
            await runtime.run(LOCAL_REQUEST)

    async def settle() -> dict[str, int]:
        for _ in range(5):  # the server's ends of the connections close in turns of the loop
            await asyncio.sleep(0)
        return census()

    await open_call_and_close()
    before = await settle()
    for _ in range(MEASURED):
        await open_call_and_close()
    after = await settle()
    assert {what: count - before[what] for what, count in after.items() if count > before[what]} == {}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.provider_id)
async def test_a_closed_runtime_is_freed(preset: provider_runtime.ProviderConfig) -> None:
    async with open_runtime(RuntimeSettings(providers=[preset])) as runtime:
        last_sight = weakref.ref(runtime)
        del runtime
    gc.collect()
    assert last_sight() is None
