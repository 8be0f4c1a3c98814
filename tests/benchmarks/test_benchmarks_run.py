"""Each benchmark runs and finds what it is for: in a tiny form here, in its short form among the long tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from measuring import Findings
from page import SECTIONS

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TINY = {
    "overhead.py": ["--rounds", "1", "--block", "2"],
    "payloads.py": ["--rounds", "1", "--block", "2"],
    "startup.py": ["--rounds", "1"],
}


def run(script: str, *words: str) -> str:
    """What it prints. It may say that a target is not reached: that is no fault of the benchmark."""
    environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS.parent)}
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *words], capture_output=True, text=True, env=environment
    )
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", TINY)
def test_a_benchmark_finds_something(script: str) -> None:
    found = Findings.read(run(script, *TINY[script], "--json"))
    assert found.targets
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("script", [section.script for section in SECTIONS if section.script != "guard.py"])
def test_the_short_form_of_a_benchmark_finds_something(script: str) -> None:
    found = Findings.read(run(script, "--quick", "--json"))
    assert found.tables
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)


@pytest.mark.long
def test_the_page_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    place = tmp_path / "page.md"
    run("page.py", "--quick", "--write", "--only", "startup.py", "--page", str(place))
    written = place.read_text()
    assert "## What was aimed at" in written
    assert "import provider\\_runtime" in written


def test_this_library_makes_the_call_that_others_make(tmp_path: Path) -> None:
    words = ["--folder", str(tmp_path), "--rounds", "1", "--share", "0.02", "--stages", "tool", "crowd"]
    told = run("peers.py", *words, "--peers", "provider_runtime, every gate")
    assert "aiohttp by hand" in told
    assert "failed" not in told


def test_a_library_that_is_not_set_up_is_left_out(tmp_path: Path) -> None:
    words = ["--folder", str(tmp_path), "--rounds", "1", "--share", "0.02", "--stages", "small", "--peers", "openai"]
    assert "openai" not in run("peers.py", *words)
