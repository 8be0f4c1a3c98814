"""What one call takes of the interpreter, counted and not timed: the same figures on a busy machine and on a slow one.

    python benchmarks/counting.py KIND [made=3000] [open=50] [stored=3000] [messages=400] …

Counts the bytecodes that the code of this package runs for one ``run()`` with every gate judging, by the stage of
the call that runs them, and the most bytes that a call has in use at a time. Of several calls the cheapest counts.
Then counts again in other circumstances, each in a runtime of its own: so many calls were made before, so many
runtimes are open beside it, so many receipts are stored, the conversation is so long. Prints a JSON object for
each. Run it with PYTHONHASHSEED=0.
"""

import asyncio
import gc
import json
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

from attrs import frozen
from governed import ALL_GATES, every_gate, opened, our_call, our_request
from measuring import Call, mock_server
from mock_server import chat_answer
from said import history

import provider_runtime
from provider_runtime import MemoryReceipts
from provider_runtime.ports.http import HttpReply, HttpRequest

PACKAGE: Final = str(Path(provider_runtime.__file__).parent) + "/"
# A stage is what runs below these files, up to the next such file.
STAGES: Final = {
    "routing": ("application/assignments", "application/routing"),
    "preparation": ("application/preparation",),
    "clearance": ("application/clearance", "application/gates/"),
    "ledgers": ("application/budgets/", "application/consents/", "adapters/governance/"),
    "sending": ("application/sending/attempts", "application/sending/trying"),
    "transport": ("adapters/http/",),
    "settlement": ("application/accounting/", "adapters/backends/receipts"),
}
DECODING, REST = "decoding", "the rest of run()"
EVERY_STAGE: Final = (*STAGES, DECODING, REST)
WARM: Final = 20
CALLS: Final = 5  # of which the cheapest counts


class Bytecodes:
    """Counts the bytecodes of this package by stage, while the interpreter tells it of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._places: dict[CodeType, Place] = {}
        self._stages: dict[FrameType, str] = {}

    @contextmanager
    def told(self) -> Iterator[None]:
        """From Python 3.12 on a trace function hears of few bytecodes, and monitoring tells of all."""
        if sys.version_info < (3, 12):
            sys.settrace(self._traced)
            try:
                yield
            finally:
                sys.settrace(None)
            return
        tell, tool = sys.monitoring, sys.monitoring.PROFILER_ID
        tell.use_tool_id(tool, "counting")
        tell.register_callback(tool, tell.events.INSTRUCTION, self._ran)
        tell.set_events(tool, tell.events.INSTRUCTION)
        try:
            yield
        finally:
            tell.set_events(tool, 0)
            tell.free_tool_id(tool)

    def _traced(self, frame: FrameType, event: str, _argument: object) -> Any:
        if event == "call":
            if not self._place(frame).ours:
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            self._count(frame)
        return self._traced

    def _ran(self, _code: CodeType, _offset: int) -> None:
        frame = sys._getframe(1)  # noqa: SLF001 - whose bytecode it is, monitoring does not say
        if self._place(frame).ours:
            self._count(frame)

    def _count(self, frame: FrameType) -> None:
        stage = self._stages.get(frame)
        if stage is None:
            stage = self._stages[frame] = self._stage(frame)
        self.counts[stage] += 1

    def _place(self, frame: FrameType) -> "Place":
        found = self._places.get(frame.f_code)
        if found is None:
            found = self._places[frame.f_code] = Place.of(frame)
        return found

    def _stage(self, frame: FrameType) -> str:
        above: FrameType | None = frame
        while above is not None:
            place = self._place(above)
            if place.begins is not None:
                return place.begins
            above = above.f_back
        return REST


@frozen
class Place:
    """Where code stands: whether it is ours, and the stage that begins there."""

    ours: bool
    begins: str | None

    @classmethod
    def of(cls, frame: FrameType) -> "Place":
        name, module = frame.f_code.co_filename, str(frame.f_globals.get("__name__", ""))
        file = name.removeprefix(PACKAGE)
        if not name.startswith(PACKAGE):  # what attrs makes of a class
            return cls("provider_runtime." in f"{name} {module}", None)
        begins = next((stage for stage, places in STAGES.items() if file.startswith(places)), None)
        if file.startswith("adapters/wire/") and frame.f_code.co_name.lstrip("_").startswith("decode"):
            begins = DECODING
        return cls(ours=True, begins=begins)


async def bytecodes_of(call: Call, calls: int) -> dict[str, int]:
    """By stage, of the cheapest of several calls."""
    found = []
    gc.collect()
    gc.disable()
    for _ in range(calls):
        counting = Bytecodes()
        with counting.told():
            await call()
        found.append(counting.counts)
    gc.enable()
    cheapest = min(found, key=lambda counts: sum(counts.values()))
    return {stage: cheapest[stage] for stage in EVERY_STAGE}


class Answering:
    """A transport that has the answer already: what a network takes is not counted."""

    def __init__(self, kind: str) -> None:
        self.body = chat_answer(kind)

    async def exchange(self, _request: HttpRequest) -> HttpReply:
        return HttpReply(status=200, headers={"content-type": "application/json"}, body=self.body)

    async def aclose(self) -> None:
        pass


async def peak_of(call: Call, calls: int) -> int:
    """The most bytes in use at a time beyond those before, of the cheapest of several calls."""
    peaks = []
    for _ in range(WARM):
        await call()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    for _ in range(calls):
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        await call()
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    gc.enable()
    return min(peaks)


@frozen
class Circumstances:
    """In which a call is counted: how many were made before, are open, are stored; how long the conversation is."""

    made: int = 0
    open: int = 0
    stored: int = 0
    messages: int = 0


async def counted(kind: str, circumstances: Circumstances) -> dict[str, Any]:
    """Everything about one kind of call."""
    said = history(circumstances.messages) if circumstances.messages else None
    request = our_request(kind, said)
    with mock_server() as server:
        base = f"{server}/{kind}/v1"
        async with AsyncExitStack() as stack:
            for _ in range(circumstances.open):
                await stack.enter_async_context(opened(base, ALL_GATES))
            kept = {"receipts": MemoryReceipts(keep=max(1000, 2 * circumstances.stored))}
            runtime = await stack.enter_async_context(every_gate(base, settings=kept))
            call = our_call(runtime, request)
            for _ in range(WARM + circumstances.made):
                await call()
            for _ in range(circumstances.stored):
                await runtime.receipts.store((await runtime.receipts.latest(1))[0].record)
            found: dict[str, Any] = {"bytecodes": await bytecodes_of(call, CALLS)}
        async with every_gate(base, transport=Answering(kind)) as runtime:
            found["peak_bytes"] = await peak_of(our_call(runtime, request), CALLS)
    return found


def main() -> None:
    kind, *others = sys.argv[1:]
    named = (dict([other.split("=")]) for other in others)
    several = [Circumstances(), *(Circumstances(**{name: int(count) for name, count in one.items()}) for one in named)]
    for circumstances in several:
        print(json.dumps(asyncio.run(counted(kind, circumstances))))


if __name__ == "__main__":
    main()
