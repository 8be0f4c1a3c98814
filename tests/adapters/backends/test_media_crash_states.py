"""After the power failed, whatever the disk then holds: what was told is there, and nothing is half there."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_crashes import NotedFiles

from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Media
from provider_runtime.testing.contracts.media.journals import counting

Work = tuple[str, int]
WORKLOADS = st.lists(
    st.tuples(st.sampled_from(["append", "append together", "put", "put another", "delete"]), st.integers(0, 1)),
    min_size=1,
    max_size=6,
)


async def _do(media: Media, work: Work, number: int, told: list[object]) -> None:
    what, which = work
    journal, documents, key = media.journal(f"j{which}"), media.documents(), f"k{which}"
    if what == "append":
        told.append(("entry", f"j{which}", int(await journal.append(counting))))
    elif what == "append together":
        for entry in await asyncio.gather(*(journal.append(counting) for _ in range(3))):
            told.append(("entry", f"j{which}", int(entry)))  # noqa: PERF401 - one list for everybody
    elif what.startswith("put"):
        told.append(("begun", key, b"%d" % number))
        await documents.put("c", key, b"%d" % number)
        told.append(("stands", key, b"%d" % number))
    else:
        told.append(("begun", key, None))
        await documents.delete("c", key)
        told.append(("stands", key, None))


async def _check(root: Path, told: tuple[object, ...]) -> None:
    media = FilesystemMedia(root=root)
    for name in ("j0", "j1"):
        kept = [int(entry) for entry in (await media.journal(name).read()).entries]
        assert kept == list(range(len(kept)))
        assert {fact[2] for fact in told if isinstance(fact, tuple) and fact[:2] == ("entry", name)} <= set(kept)
        assert await media.journal(name).append(counting) == b"%d" % len(kept)
    for key in ("k0", "k1"):
        facts = [fact for fact in told if isinstance(fact, tuple) and fact[1] == key]
        allowed = [facts[-1][2]] if facts else [None]
        if facts and facts[-1][0] == "begun":  # the old one or the new one
            allowed.append(facts[-2][2] if len(facts) > 1 else None)
        found = await media.documents().get("c", key)
        assert (found.content if found else None) in allowed
        await media.documents().put("c", key, b"afterwards")
    await media.aclose()


async def _all_states(folder: Path, workload: list[Work]) -> int:
    files = NotedFiles(root=folder / "live")
    files.root.mkdir()
    media = FilesystemMedia(root=files.root, files=files)
    for number, work in enumerate(workload):
        await _do(media, work, number, files.told)
    files.note()
    await media.aclose()
    (folder / "states").mkdir()
    states = 0
    for root, told in files.after_each_crash(folder / "states"):
        await _check(root, told)
        states += 1
    return states


async def test_a_power_failure_at_any_moment_loses_nothing_that_was_told(tmp_path: Path) -> None:
    workload = [("append", 0), ("put", 0), ("append together", 0), ("put", 0), ("delete", 0)]
    assert await _all_states(tmp_path, workload) > 20


async def test_a_cleared_journal_is_as_it_was_or_empty_after_a_power_failure(tmp_path: Path) -> None:
    files = NotedFiles(root=tmp_path / "live")
    files.root.mkdir()
    journal = FilesystemJournal(path=files.root / "journal", files=files)
    await journal.append(counting)
    await journal.append(counting)
    files.crashes.clear()
    await journal.clear()
    files.told.append("cleared")
    await journal.append(lambda _last: b"new")
    files.note()
    (tmp_path / "states").mkdir()
    for root, told in files.after_each_crash(tmp_path / "states"):
        entries = (await FilesystemJournal(path=root / "journal").read()).entries
        assert entries in ([(), (b"new",)] if told else [(b"0", b"1"), ()])
    await journal.aclose()


@pytest.mark.long
@pytest.mark.timeout(1800)
@given(workload=WORKLOADS)
@settings(max_examples=200)
def test_a_power_failure_in_any_workload_loses_nothing_that_was_told(workload: list[Work]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_all_states(Path(folder), workload))
