"""Processes that run a batch to its end, or until they are killed: forked from one that has everything loaded.

A child that shall be killed has a thread that sends it ``SIGKILL`` at the moment that chance has chosen: nothing of
Python, no ``finally`` and no buffer, has a say in it.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

from attrs import asdict, define, field, frozen

from provider_runtime import Amount, Budget, FileReceipts, RuntimeSettings, SqliteLedger, open_runtime
from provider_runtime.application.batch.plan import BatchEnd, BatchPlan
from provider_runtime.composition.batches.running import run_batch
from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.builders import a_request

PLENTY = Budget(name="batch-cost", limit=Amount.usd(1000), scope="batch")


@frozen(kw_only=True)
class Order:
    """One run of the batch in ``folder``. ``killed_after_s``: ``None`` to let it come to its end."""

    folder: str
    sandbox_url: str
    concurrency: int = 8
    in_order: bool = False
    killed_after_s: float | None = None


@define
class Children:
    """The process that forks children on order, one after another."""

    _server: "asyncio.subprocess.Process | None" = field(default=None, init=False)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.create_subprocess_exec(
            sys.executable, __file__, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        assert self._server.stdin is not None
        self._server.stdin.close()
        await self._server.wait()

    async def run(self, order: Order) -> int:
        """The exit code of a child that did it: 0 when every line is answered, -9 when it was killed."""
        assert self._server is not None
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        return int(await self._server.stdout.readline())


def settings_of(folder: Path, sandbox_url: str) -> RuntimeSettings:
    """OpenAI at the sandbox, with receipts and a ledger in files."""
    records = [record for record in PRESETS if record.provider_id == "openai"]
    changed: dict[str, Any] = {"base_url": sandbox_url, "tier": Tier.LOCAL, "credential": None}
    return RuntimeSettings(
        providers=[type(record)(**{**_fields(record), **changed}) for record in records],
        credentials={"openai": Secret("sandbox-key")},
        receipts=FileReceipts(path=folder / "receipts.jsonl"),
        budgets=[PLENTY],
        ledger=SqliteLedger(path=folder / "ledger.sqlite"),
    )


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("provider_id", "kind")}


async def _run(order: Order) -> int:
    folder = Path(order.folder)
    plan = BatchPlan(concurrency=order.concurrency, in_order=order.in_order, window=20)
    async with open_runtime(settings_of(folder, order.sandbox_url)) as runtime:
        report = await run_batch(runtime, folder / "in.jsonl", folder / "out.jsonl", plan, resume=True)
    return 0 if report.end is BatchEnd.FINISHED and not report.tally.unanswered else 1


def _child(order: Order) -> None:
    if order.killed_after_s is not None:
        threading.Timer(order.killed_after_s, os.kill, (os.getpid(), signal.SIGKILL)).start()
    code = asyncio.run(_run(order))
    os._exit(code)


async def _everything_loaded() -> None:
    """What is loaded when it is first used is loaded now; no thread is started, and no connection made."""
    import aiohttp  # noqa: F401 - see above

    async with open_runtime(settings_of(Path("nowhere"), "http://127.0.0.1:1")) as runtime:
        await runtime.explain(a_request(model="openai:gpt-5-mini", max_output_tokens=10))


def _serve() -> None:
    asyncio.run(_everything_loaded())
    for line in sys.stdin:
        order = Order(**json.loads(line))
        child = os.fork()
        if child == 0:
            try:
                _child(order)
            finally:
                os._exit(2)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - that is how it answers


if __name__ == "__main__":
    _serve()
