"""Hours of mixed faults, in short: every call ends as it may, and all books agree."""

from pathlib import Path

import pytest
from hostile.server import HostileServer
from under_load.faults import FAULTS
from under_load.soaking import Soak, SoakReport, soaked

_MIB = 1024 * 1024


def _what_holds_in_every_soak(report: SoakReport) -> None:
    assert report.wrong == ()
    assert report.answered + report.failed.total() == report.calls
    assert report.answered > report.calls / 2
    assert set(FAULTS) <= set(report.faults), "not every fault had its turn"


async def test_under_mixed_faults_every_call_ends_and_every_attempt_is_told_of(
    server: HostileServer, spare: HostileServer, tmp_path: Path
) -> None:
    report = await soaked(Soak(calls=800, width=64, folder=tmp_path), server, spare)
    _what_holds_in_every_soak(report)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_long_soak_takes_no_more_memory_at_its_end(
    server: HostileServer, spare: HostileServer, tmp_path: Path
) -> None:
    report = await soaked(Soak(calls=20_000, width=64, folder=tmp_path), server, spare)
    _what_holds_in_every_soak(report)
    assert report.growth is None or report.growth < _MIB
