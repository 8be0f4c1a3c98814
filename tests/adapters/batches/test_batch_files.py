"""The files of a batch: who may go on with them, what a crash leaves, and what damage is found out."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from store_crashes import NotedFiles
from store_faults import CHANGING, FaultyFiles, broken, no_room

from provider_runtime import BackendError, RecordCorrupt
from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls
from provider_runtime.adapters.batches.canonical import CanonicalForm
from provider_runtime.adapters.batches.files.store import BatchFiles, folder_of, opened_batch
from provider_runtime.domain.batches.head import BatchHead
from provider_runtime.domain.errors import BatchConflict
from provider_runtime.testing.contracts.batches.stores import an_answer

HEAD = BatchHead(batch_id="batch_one", form="canonical", input_sha256="a" * 64, input_bytes=99, lines=20)


def opening(
    folder: Path, wanted: BatchHead = HEAD, *, resume: bool = True, files: FileSystemCalls | None = None
) -> AbstractAsyncContextManager[BatchFiles]:
    return opened_batch(folder / "out.jsonl", CanonicalForm(), wanted, last=20, resume=resume, files=files)


async def kept_in(folder: Path, *numbers: int) -> None:
    async with opening(folder) as store:
        for number in numbers:
            await store.begin(number)
            await store.keep(number, an_answer(number, store))


# ── who may go on ───────────────────────────────────────────────────────────────────────────


async def test_a_batch_that_was_begun_is_not_begun_again_by_accident(tmp_path: Path) -> None:
    await kept_in(tmp_path, 1)
    before = (tmp_path / "out.jsonl").read_bytes()
    with pytest.raises(BatchConflict, match="resume"):
        async with opening(tmp_path, resume=False):
            pass
    assert (tmp_path / "out.jsonl").read_bytes() == before


async def test_a_file_that_no_batch_wrote_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("dear diary")
    for resume in (True, False):
        with pytest.raises(BatchConflict, match="no batch has written"):
            async with opening(tmp_path, resume=resume):
                pass
    assert (tmp_path / "out.jsonl").read_text() == "dear diary"


@pytest.mark.parametrize(
    "change",
    [
        {"input_sha256": "b" * 64},
        {"input_bytes": 100},
        {"form": "openai"},
        {"model": "openai:gpt-5-mini"},
        {"in_order": True},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_batch_goes_on_only_with_what_it_was_begun_with(tmp_path: Path, change: dict[str, Any]) -> None:
    await kept_in(tmp_path, 1)
    with pytest.raises(BatchConflict) as conflict:
        async with opening(tmp_path, evolve(HEAD, batch_id="another name, which does not count", **change)):
            pass
    assert conflict.value.field == next(iter(change))


async def test_the_name_of_a_batch_is_that_of_its_first_run(tmp_path: Path) -> None:
    await kept_in(tmp_path, 1)
    async with opening(tmp_path, evolve(HEAD, batch_id="batch_two")) as store:
        assert store.batch_id == "batch_one"


async def test_two_processes_do_not_run_one_batch(tmp_path: Path) -> None:
    async with opening(tmp_path):
        with pytest.raises(BatchConflict, match="another process"):
            async with opening(tmp_path):
                pass
    async with opening(tmp_path):
        pass


# ── what is there ───────────────────────────────────────────────────────────────────────────


async def test_the_tally_counts_what_earlier_runs_kept(tmp_path: Path) -> None:
    await kept_in(tmp_path, 1, 2, 3)
    async with opening(tmp_path) as store:
        assert (store.tally.lines, store.tally.failed_with) == (3, {"overloaded": 3})


async def test_a_line_that_was_cut_off_is_set_aside_and_asked_again(tmp_path: Path) -> None:
    await kept_in(tmp_path, 1, 2)
    output = tmp_path / "out.jsonl"
    output.write_bytes(output.read_bytes()[:-9])
    async with opening(tmp_path) as store:
        assert (store.has_kept(1), store.has_kept(2), store.interruptions(2)) == (True, False, 1)
        await store.keep(2, an_answer(2, store))
    assert [json.loads(line)["line"] for line in output.read_bytes().splitlines()] == [1, 2]
    assert (tmp_path / "out.jsonl.torn").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{}", "no answer of this batch"),
        (b'{"line":1,"call_id":"batch_one-1","outcome":"failed","error":{"code":"x"}}', "has its answer already"),
        (b'{"line":21,"call_id":"batch_one-21","outcome":"failed","error":{"code":"x"}}', "does not have"),
        (b'{"line":999999999999,"outcome":"invalid","error":{"code":"x"}}', "does not have"),
        (b'{"line":2,"call_id":"batch_two-2","outcome":"failed","error":{"code":"x"}}', "another batch"),
    ],
)
async def test_answers_that_somebody_else_wrote_are_not_gone_on_with(tmp_path: Path, line: bytes, said: str) -> None:
    await kept_in(tmp_path, 1)
    with (tmp_path / "out.jsonl").open("ab") as output:
        output.write(line + b"\n")
    with pytest.raises(RecordCorrupt, match=said):
        async with opening(tmp_path):
            pass


async def test_a_line_never_gets_a_second_answer(tmp_path: Path) -> None:
    async with opening(tmp_path) as store:
        await store.keep(1, an_answer(1, store))
        with pytest.raises(RecordCorrupt, match="no second one"):
            await store.keep(1, an_answer(1, store))


async def test_steps_that_are_damaged_are_not_gone_on_with(tmp_path: Path) -> None:
    await kept_in(tmp_path, 1, 2, 3)
    steps = folder_of(tmp_path / "out.jsonl") / "steps.journal"
    content = bytearray(steps.read_bytes())
    content[30] ^= 1
    steps.write_bytes(content)
    with pytest.raises(RecordCorrupt):
        async with opening(tmp_path):
            pass


async def test_a_finished_batch_leaves_answers_and_a_short_note_for_their_owner_alone(tmp_path: Path) -> None:
    async with opening(tmp_path) as store:
        for number in range(1, 21):
            await store.begin(number)
            await store.keep(number, an_answer(number, store))
        await store.finish()
    found = {str(path.relative_to(tmp_path)): path.stat() for path in tmp_path.rglob("*") if path.is_file()}
    names = ("out.jsonl", "out.jsonl.batch/lock", "out.jsonl.batch/steps.journal", "out.jsonl.batch/steps.journal.lock")
    assert sorted(found) == sorted(names)
    assert found["out.jsonl.batch/steps.journal"].st_size < 400
    assert all(facts.st_mode & 0o077 == 0 for facts in found.values())
    async with opening(tmp_path) as store:
        assert (store.tally.lines, store.interruptions(1)) == (20, 0)


# ── crashes and broken disks ────────────────────────────────────────────────────────────────


async def test_whatever_a_crash_leaves_the_next_run_goes_on_and_no_line_is_lost_or_doubled(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    files = NotedFiles(root=there)
    files.note()
    async with opening(there, files=files) as store:
        for number in (1, 2, 3):
            await store.begin(number)
            files.told.append(("begun", number))
            await store.keep(number, an_answer(number, store))
            files.told.append(("kept", number))
        await store.park(5, an_answer(5, store))
        files.told.append(("parked", 5))
    states = 0
    (tmp_path / "crashed").mkdir()
    for folder, told in files.after_each_crash(tmp_path / "crashed"):
        states += 1
        async with opening(folder) as store:
            kept = {number for step, number in told if step == "kept"}  # type: ignore[misc]  # pairs, as told above
            assert kept <= {number for number in range(1, 21) if store.has_kept(number)}
            assert ("parked", 5) not in told or dict(store.parked) == {5: an_answer(5, store)}
            for number in (1, 2, 3):
                assert ("begun", number) not in told or store.has_kept(number) or store.interruptions(number) == 1
                if not store.has_kept(number):
                    await store.keep(number, an_answer(number, store))
        lines = [json.loads(line)["line"] for line in (folder / "out.jsonl").read_bytes().splitlines()]
        assert sorted(lines) == [1, 2, 3]
    assert states > 20


async def test_a_crash_while_a_batch_is_finished_leaves_it_finished_or_about_to_be(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    await kept_in(there, *range(1, 21))
    names = ("steps.journal", "steps.journal.lock", "lock")
    before = {name: (folder_of(there / "out.jsonl") / name).read_bytes() for name in names}
    answers = (there / "out.jsonl").read_bytes()
    for at in range(1, 8):
        for moment in (False, True):
            folder = tmp_path / f"{at}-{moment}"
            folder_of(folder / "out.jsonl").mkdir(parents=True)
            for name, content in before.items():
                (folder_of(folder / "out.jsonl") / name).write_bytes(content)
            (folder / "out.jsonl").write_bytes(answers)
            with contextlib.suppress(BackendError):
                async with opening(folder, files=FaultyFiles(at=at, after=moment, lasting=True)) as store:
                    await store.finish()
            async with opening(folder) as store:
                assert (store.tally.lines, store.batch_id) == (20, "batch_one")
                await store.finish()


@pytest.mark.parametrize("make", [broken, no_room], ids=["broken", "full"])
async def test_a_disk_that_fails_anywhere_is_an_error_of_ours_and_what_was_told_is_there_for_the_next_run(
    tmp_path: Path, make: Any
) -> None:
    @asynccontextmanager
    async def failing(folder: Path, at: int) -> AsyncIterator[tuple[FaultyFiles, set[int]]]:
        folder.mkdir()
        files, told = FaultyFiles(at=at, make=make, of=CHANGING, lasting=True), set[int]()
        try:
            async with opening(folder, files=files) as store:
                for number in (1, 2):
                    await store.begin(number)
                    await store.keep(number, an_answer(number, store))
                    told.add(number)
                await store.finish()
        except BackendError:
            pass
        yield files, told

    for at in range(1, 60):
        folder = tmp_path / f"{at}"
        async with failing(folder, at) as (files, told):
            pass
        async with opening(folder) as store:
            assert told <= {number for number in (1, 2) if store.has_kept(number)}
        if len(files.done) < at:
            break
    assert at > 10


async def test_a_run_that_is_left_in_the_middle_of_writing_has_written_it(tmp_path: Path) -> None:
    async with opening(tmp_path) as store:
        writing = asyncio.ensure_future(store.keep(1, an_answer(1, store)))
        await asyncio.sleep(0)
        writing.cancel()
    async with opening(tmp_path) as store:
        assert store.has_kept(1)
