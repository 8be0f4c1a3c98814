"""The journal in memory: it keeps the last entries, and places among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.backends.medium import START
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.testing.contracts.media.journals import counting


async def test_memory_keeps_only_the_last_entries() -> None:
    journal = MemoryJournal(keep=3)
    for _ in range(10):
        await journal.append(counting)
    assert (await journal.read()).entries == (b"7", b"8", b"9")
    assert await journal.count() == 3
    assert journal.drops_oldest


@given(keep=st.integers(1, 5), before=st.integers(0, 12), after=st.integers(0, 12), limit=st.integers(1, 4))
async def test_reading_on_skips_nothing_and_tells_when_something_was_dropped(
    keep: int, before: int, after: int, limit: int
) -> None:
    journal = MemoryJournal(keep=keep)
    for _ in range(before):
        await journal.append(counting)
    noted = (await journal.read()).end
    for _ in range(after):
        await journal.append(counting)
    if after > keep and noted != START:
        with pytest.raises(RecordCorrupt):
            await journal.read(after=noted)
        return
    seen, end = [], noted
    while (page := await journal.read(after=end, limit=limit)).entries:
        seen += [int(entry) for entry in page.entries]
        end = page.end
    assert seen == list(range(max(before, before + after - keep), before + after))
    assert end == (await journal.tail(1)).end
