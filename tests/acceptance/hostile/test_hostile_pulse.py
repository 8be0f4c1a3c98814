"""What is measured as holding the event loop: computing, and not the collector's walk over the whole process."""

import asyncio
import time

import pytest
from hostile.observing import Pulse

_SPELL_S = 0.1


def _compute() -> None:
    end = time.thread_time() + _SPELL_S
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize(
    ("generation", "seen"), [pytest.param(0, True, id="a young collection"), pytest.param(2, False, id="a full one")]
)
async def test_the_pulse_counts_what_computes_but_no_full_collection(generation: int, *, seen: bool) -> None:
    pulse = Pulse()
    beating = asyncio.create_task(pulse.beat())
    await asyncio.sleep(0)
    pulse.collecting("start", {"generation": generation})
    _compute()
    pulse.collecting("stop", {"generation": generation})
    await asyncio.sleep(0.01)
    beating.cancel()

    assert (pulse.longest >= _SPELL_S) is seen
