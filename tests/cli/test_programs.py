"""The command line as a program of its own: how it starts, how it is interrupted, how its pipe breaks."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.receipts import SqliteReceiptProvider
from provider_runtime.adapters.call_traces.store import SqliteCallTraces
from provider_runtime.testing.sandbox import Fault, Sandbox

PROGRAM = [sys.executable, "-m", "provider_runtime"]
# As a newcomer's shell: no keys, nothing registered, and output is buffered.
KEYLESS = {
    name: value
    for name, value in os.environ.items()
    if not name.endswith("_API_KEY") and not name.startswith("PYTHONUNBUFFERED")
} | {"PROVIDER_RUNTIME_DATA": str(Path(tempfile.mkdtemp(prefix="none-")) / "yet")}


def test_the_package_is_a_program() -> None:
    done = subprocess.run([*PROGRAM, "models", "list", "haiku"], capture_output=True, text=True, env=KEYLESS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "anthropic:claude-haiku" in done.stdout


def test_a_failure_has_its_exit_code_and_no_traceback(tmp_path: Path) -> None:
    words = [*PROGRAM, "run", "Hi.", "-m", "openai:x", "--data", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, env=KEYLESS)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_output_to_a_file_is_not_folded_at_80_columns() -> None:
    plain = {name: value for name, value in KEYLESS.items() if name != "COLUMNS"}
    done = subprocess.run([*PROGRAM, "models", "list", "claude"], capture_output=True, text=True, env=plain)
    starts = [line.split()[0] for line in done.stdout.splitlines()[1:-1]]
    assert starts
    assert all(":" in start for start in starts)


@pytest.mark.parametrize(
    "words",
    [["models", "list"], ["explain", "Hi.", "-m", "openai:gpt-5-mini", "--body"], ["explain", "Hi.", "-m", "openai:x"]],
    ids=["table", "bytes", "plan"],
)
def test_a_reader_that_goes_away_is_no_traceback(words: list[str]) -> None:
    with subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=KEYLESS
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        said = program.stderr.read()
    assert said == ""


async def test_an_interrupted_call_ends_with_130_and_one_line_and_is_recorded(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        sandbox.fail_next(1, Fault.slow(60))
        program = await asyncio.create_subprocess_exec(
            *[*PROGRAM, "run", "Hi.", "-m", "llama-3", "--base-url", sandbox.compatible_url, "--data", str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=KEYLESS,
        )
        while not sandbox.requests:  # noqa: ASYNC110 - the sandbox has no event for an arrival
            await asyncio.sleep(0.001)
        program.send_signal(signal.SIGINT)
        out, said = await program.communicate()
    assert program.returncode == 130
    assert (out, said) == (b"", b"Interrupted.\n")
    receipts = SqliteReceiptProvider(path=tmp_path / "receipts.sqlite")
    assert [receipt.record.outcome.value for receipt in await receipts.list()] == ["cancelled"]
    await receipts.aclose()
    traces = SqliteCallTraces(path=tmp_path / "traces.sqlite")
    assert [trace.last.kind.value for trace in await traces.latest(9)] == ["call_cancelled"]
    await traces.aclose()
