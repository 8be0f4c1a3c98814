"""``receipts`` on a SQLite file, on long chains, and from a noted mark."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import Result

from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider, SqliteReceiptProvider
from provider_runtime.domain.identity import CallId
from provider_runtime.testing.stages import a_record

Command = Callable[..., Result]


@pytest.fixture(params=[FilesystemReceiptProvider, SqliteReceiptProvider])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A chain of sixty receipts."""
    file = tmp_path / "receipts"
    asyncio.run(_stored(request.param(path=file), 60))
    return file


async def _stored(receipts: FilesystemReceiptProvider | SqliteReceiptProvider, count: int) -> None:
    for number in range(count):
        await receipts.store(a_record(number))
    await receipts.aclose()


def _listed(command: Command, file: Path, *options: str) -> list[int]:
    return [receipt["seq"] for receipt in json.loads(command("receipts", "list", str(file), "--json", *options).stdout)]


def test_all_or_the_last_receipts_are_listed_from_either_kind_of_file(command: Command, kept: Path) -> None:
    assert _listed(command, kept) == list(range(60))
    assert _listed(command, kept, "--last", "3") == [57, 58, 59]


def test_a_table_shows_the_last_fifty_and_says_that_there_may_be_more(command: Command, kept: Path) -> None:
    result = command("receipts", "list", str(kept))
    assert result.stdout.count("01-31") == 50
    assert "--last" in result.stderr
    assert command("receipts", "list", str(kept), "--last", "100").stderr == ""


def test_lines_of_one_batch_are_told_apart(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "receipts.jsonl"

    async def answered() -> None:
        receipts = FilesystemReceiptProvider(path=file)
        for line in (7, 12345):
            await receipts.store(evolve(a_record(), call_id=CallId(f"batch_5f0c12ab34cd-{line}")))
        await receipts.aclose()

    asyncio.run(answered())
    shown = command("receipts", "list", str(file)).stdout
    assert "batch_5f0c…-7" in shown
    assert "batch_…-12345" in shown


def test_a_chain_is_verified_from_a_noted_mark(command: Command, kept: Path) -> None:
    mark = json.loads(command("receipts", "verify", str(kept), "--json").stdout)["mark"]
    result = command("receipts", "verify", str(kept), "--since", mark)
    assert (result.exit_code, "60 receipts" in result.stdout) == (0, True)
    assert command("receipts", "verify", str(kept), "--since", mark.replace("/59/", "/58/")).exit_code == 8
    assert command("receipts", "verify", str(kept), "--since", f"9{mark}").exit_code == 8


def test_a_mark_that_is_none_is_no_traceback(command: Command, kept: Path) -> None:
    result = command("receipts", "verify", str(kept), "--since", "nonsense")
    assert result.exit_code not in {0, 1}
    assert "mark" in result.stderr
