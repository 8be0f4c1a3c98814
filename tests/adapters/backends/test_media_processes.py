"""Several processes at one store, and processes that are ended in the middle of it."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_children import Children, Failpoint, opened

from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.domain.errors import BackendError
from provider_runtime.testing.contracts.media.journals import counting

KINDS = pytest.mark.parametrize("kind", ["filesystem", "sqlite"])
FAILPOINTS: list[tuple[str, Failpoint]] = [
    *(("filesystem", ("write", at, moment)) for at in (1, 3) for moment in ("before", "in", "after")),
    *(
        ("filesystem", (name, at, moment))
        for name in ("sync", "rename")
        for at in (1, 3)
        for moment in ("before", "after")
    ),
    *(("filesystem", (name, 1, "after")) for name in ("open_to_append", "create", "make_folder", "sync_folder")),
    *(
        ("sqlite", (statement, at, moment))
        for statement in ("BEGIN IMMEDIATE", "INSERT INTO entries", "INSERT INTO documents", "COMMIT")
        for at in (2, 3)
        for moment in ("before", "after")
    ),
    *(("sqlite", (statement, 1, "after")) for statement in ("PRAGMA journal_mode", "CREATE TABLE entries", "COMMIT")),
]


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    forking = Children()
    yield forking
    forking.close()


class Told:
    """What a child was told is kept."""

    def __init__(self) -> None:
        self.entries: set[int] = set()
        self.document = -1

    def hear(self, line: list[bytes]) -> None:
        what, *numbers = line
        if what == b"entries":
            self.entries |= {int(number) for number in numbers}
        else:
            self.document = int(numbers[0])


async def _check(kind: str, folder: Path, told: set[int], document: int) -> None:
    """What was told is there, nothing is half there, and the store goes on."""
    media = opened(kind, folder)
    kept = [int(entry) for entry in (await media.journal("steps").read()).entries]
    assert kept == list(range(len(kept)))
    assert told <= set(kept)
    found = await media.documents().get("c", "k")
    number = int(found.content.rstrip(b".")) if found else -1
    assert number in {document, document + 1}
    assert found is None or number == -1 or len(found.content) == len(b"%d" % number) + 5000
    assert await asyncio.wait_for(media.journal("steps").append(counting), 10) == b"%d" % len(kept)
    await media.documents().put("c", "k", b"-1")
    assert not [name for name in folder.rglob("*") if name.name.startswith(".new-")]
    if isinstance(media, SqliteMedia):
        await media.check()
    await media.aclose()


@pytest.mark.parametrize(("kind", "failpoint"), FAILPOINTS, ids=lambda value: str(value).replace(" ", "_"))
def test_a_process_that_ends_at_a_failpoint_loses_nothing_it_was_told_is_kept(
    children: Children, tmp_path: Path, kind: str, failpoint: Failpoint
) -> None:
    child, told = children.start("write", tmp_path / "store", kind, 20, failpoint), Told()
    for line in child.told():
        told.hear(line)
    assert child.ended() == -signal.SIGKILL, "the failpoint was never reached"
    asyncio.run(_check(kind, tmp_path / "store", told.entries, told.document))


def _kill(children: Children, kind: str, folder: Path, after: int) -> None:
    child, told = children.start("write", folder, kind, 1000), Told()
    for heard, line in enumerate(child.told(), start=1):
        told.hear(line)
        if heard == after:
            os.kill(child.pid, signal.SIGKILL)
    assert child.ended() == -signal.SIGKILL
    asyncio.run(_check(kind, folder, told.entries, told.document))


@KINDS
def test_a_process_that_is_killed_loses_nothing_it_was_told_is_kept(
    children: Children, tmp_path: Path, kind: str
) -> None:
    for number in range(12):
        _kill(children, kind, tmp_path / f"{number // 3}" / "store", after=1 + number)


@pytest.mark.long
@pytest.mark.timeout(1800)
@KINDS
def test_three_hundred_kills(children: Children, tmp_path: Path, kind: str) -> None:
    chance = random.Random(kind)  # noqa: S311 - the same moments in every run
    for number in range(300):
        _kill(children, kind, tmp_path / f"{number // 10}" / "store", after=chance.randint(1, 40))


@KINDS
def test_several_processes_write_one_journal(children: Children, tmp_path: Path, kind: str) -> None:
    running = [children.start("write", tmp_path / "store", kind, 40) for _ in range(3)]
    told = Told()
    for child in running:
        for line in child.told():
            told.hear(line)
    assert [child.ended() for child in running] == [0, 0, 0]
    assert told.entries == set(range(3 * 40 * 4))

    async def kept() -> list[int]:
        media = opened(kind, tmp_path / "store")
        try:
            return [int(entry) for entry in (await media.journal("steps").read()).entries]
        finally:
            await media.aclose()

    assert asyncio.run(kept()) == list(range(480))


@KINDS
def test_comparing_and_setting_loses_nothing_between_processes(children: Children, tmp_path: Path, kind: str) -> None:
    running = [children.start("add", tmp_path / "store", kind, 20) for _ in range(3)]
    for child in running:
        assert list(child.told()) == []
    assert [child.ended() for child in running] == [0, 0, 0]

    async def amount() -> bytes:
        media = opened(kind, tmp_path / "store")
        try:
            found = await media.documents().get("bank", "account")
            return found.content if found else b""
        finally:
            await media.aclose()

    assert asyncio.run(amount()) == b"60"


@KINDS
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork to survive")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forking beside threads is what is looked at
async def test_a_store_in_use_refuses_to_be_used_in_a_fork(tmp_path: Path, kind: str) -> None:
    media = opened(kind, tmp_path)
    await media.journal("steps").append(counting)
    await media.journal("steps").count()
    child = os.fork()
    if child == 0:  # the child: no pytest, no way out but this
        outcome = 1
        try:
            for asked in (media.journal("steps").append(counting), media.journal("steps").count()):
                try:
                    asked.send(None)
                except BackendError as error:
                    outcome = 0 if "forked" in str(error) else 2
        finally:
            os._exit(outcome)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert await media.journal("steps").append(counting) == b"1"
    await media.aclose()
