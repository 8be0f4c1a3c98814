"""How often a durable call waits for the disk: counted by the operating system."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CALLS = """
import asyncio, sys
from pathlib import Path
from provider_runtime import (
    Amount, Budget, RuntimeSettings, Secret, SqliteLedger, SqliteReceipts, local_server, open_runtime,
)
from provider_runtime.ports.http import HttpReply
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTransport

ANSWER = b'{"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"model":"m"}'

async def main(folder, calls):
    settings = RuntimeSettings(
        providers=(local_server("http://localhost:8000/v1"),),
        credentials={"local": Secret("sk-mock-0123456789")},
        budgets=(Budget(name="calls", limit=Amount.calls(1000)),),
        ledger=SqliteLedger(path=folder / "ledger.sqlite"),
        receipts=SqliteReceipts(path=folder / "receipts.sqlite"),
    )
    transport = FakeTransport(lambda _request: HttpReply(status=200, body=ANSWER))
    async with open_runtime(settings, transport=transport) as runtime:
        for _ in range(calls):
            await runtime.run(a_request(model="local:m"))

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""
STRACE = shutil.which("strace")


def waits(folder: Path, calls: int) -> int:
    """How often a process that makes so many calls, one after another, waits for the disk."""
    folder.mkdir()
    seen = folder / "seen"
    traced = [str(STRACE), "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(seen)]
    subprocess.run([*traced, sys.executable, "-c", CALLS, str(folder), str(calls)], check=True)
    return sum("sync(" in line for line in seen.read_text().splitlines())


def can_trace() -> bool:
    """Whether this machine lets a process be looked at."""
    return (
        STRACE is not None and subprocess.run([STRACE, "-qq", "-e", "trace=none", "true"], check=False).returncode == 0
    )


@pytest.mark.skipif(not can_trace(), reason="strace is not there, or not allowed")
def test_a_call_with_ledger_and_receipt_in_sqlite_waits_twice_for_the_disk(tmp_path: Path) -> None:
    few, many = waits(tmp_path / "few", 5), waits(tmp_path / "many", 45)
    assert many - few == 2 * 40, "once for the hold before it is sent, once for the receipt"
