"""Several processes at one ledger of consents, and processes that are ended in the middle of it."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from store_children import Child, Children, Failpoint, opened

from provider_runtime.adapters.governance.consents import JournalConsentLedger
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.decisions import UseTaken
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.testing.consents import a_question
from provider_runtime.testing.contracts.governance.consents import answered

KINDS = pytest.mark.parametrize("kind", ["filesystem", "sqlite"])
FAILPOINTS: list[tuple[str, Failpoint]] = [
    *(("filesystem", ("write", at, moment)) for at in (1, 4) for moment in ("before", "in", "after")),
    *(("filesystem", ("sync", at, moment)) for at in (2, 4) for moment in ("before", "after")),
    *(("filesystem", ("rename", 1, moment)) for moment in ("before", "after")),  # of the checkpoint
    *(("sqlite", ("COMMIT", at, moment)) for at in (2,) for moment in ("before", "after")),
    *(("sqlite", ("INSERT INTO entries", 2, moment)) for moment in ("before", "after")),
]


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    forking = Children()
    yield forking
    forking.close()


def _given(kind: str, folder: Path, uses: int) -> None:
    """A ledger with one consent for so many calls."""

    async def main() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        media = opened(kind, folder)
        ledger = JournalConsentLedger(journal=media.journal("consents"), documents=media.documents())
        await answered(ledger, a_question(at=datetime.now(UTC)), ConsentTerms(uses=uses))
        await media.aclose()

    asyncio.run(main())


def _told(child: Child, *, until: int | None = None) -> tuple[set[bytes], set[bytes]]:
    """The uses that the child was told are taken, and given back; it is ended after ``until`` lines."""
    used: set[bytes] = set()
    back: set[bytes] = set()
    for heard, (what, use_id) in enumerate(child.told(), start=1):
        (used if what == b"used" else back).add(use_id)
        if heard == until:
            os.kill(child.pid, signal.SIGKILL)
    return used, back


def _left(kind: str, folder: Path, used: set[bytes], uses: int) -> None:
    """As many uses can still be taken as are left, and no more; what was told is not lost."""
    kept_for_good = {use_id for use_id in used if int(use_id.rpartition(b"_")[2]) % 5}  # of the others, some came back

    async def main() -> None:
        media = opened(kind, folder)
        ledger = JournalConsentLedger(journal=media.journal("consents"), documents=media.documents())
        (kept,) = await ledger.consents()
        # Whatever was told is there; what was asked for and not told may be.
        assert len(kept_for_good) <= kept.used <= uses
        for number in range(uses - kept.used):
            assert isinstance(await ledger.use(kept, f"later_{number}"), UseTaken)
        assert await ledger.use(kept, "too_many") is ConsentFault.USED_UP
        await media.aclose()

    asyncio.run(main())


@KINDS
def test_of_four_processes_with_two_hundred_callers_as_many_get_through_as_there_are_uses(
    children: Children, tmp_path: Path, kind: str
) -> None:
    _given(kind, tmp_path / "store", 10)
    running = [children.start("consent_race", tmp_path / "store", kind, 50) for _ in range(4)]
    used = set().union(*(_told(child)[0] for child in running))
    assert [child.ended() for child in running] == [0] * 4
    assert len(used) == 10
    _left(kind, tmp_path / "store", used, 10)


@pytest.mark.long
@pytest.mark.timeout(1800)
@KINDS
def test_fifty_races(children: Children, tmp_path: Path, kind: str) -> None:
    for number in range(50):
        folder = tmp_path / f"{number}" / "store"
        _given(kind, folder, 10)
        running = [children.start("consent", folder, kind, 50) for _ in range(4)]
        told = [_told(child) for child in running]
        assert [child.ended() for child in running] == [0] * 4
        used, back = (set().union(*(one[at] for one in told)) for at in (0, 1))
        assert len(used - back) <= 10
        _left(kind, folder, used, 10)


@pytest.mark.parametrize(("kind", "failpoint"), FAILPOINTS, ids=lambda value: str(value).replace(" ", "_"))
def test_a_process_that_ends_at_a_failpoint_leaves_no_use_too_many(
    children: Children, tmp_path: Path, kind: str, failpoint: Failpoint
) -> None:
    _given(kind, tmp_path / "store", 40)
    child = children.start("consent", tmp_path / "store", kind, 40, failpoint)
    used, _ = _told(child)
    assert child.ended() == -signal.SIGKILL, "the failpoint was never reached"
    _left(kind, tmp_path / "store", used, 40)


@KINDS
def test_a_process_that_is_killed_leaves_no_use_too_many(children: Children, tmp_path: Path, kind: str) -> None:
    chance = random.Random(kind)  # noqa: S311 - the same moments in every run
    for number in range(6):
        folder = tmp_path / f"{number}" / "store"
        _given(kind, folder, 200)
        child = children.start("consent", folder, kind, 200)
        used, _ = _told(child, until=chance.randint(1, 60))
        assert child.ended() == -signal.SIGKILL
        _left(kind, folder, used, 200)
