"""What every medium keeps to: journals that only grow."""

import asyncio
from functools import partial

import pytest

from provider_runtime.adapters.backends.medium import START, Journal, Media, Position, Tail
from provider_runtime.domain.errors import BackendError, ErrorCode, RecordCorrupt
from provider_runtime.testing.contracts.media.names import IMPOSSIBLE_NAMES, ODD_NAMES


def counting(last: bytes | None) -> bytes:
    """The next whole number: each entry made of the one before."""
    return b"%d" % (0 if last is None else int(last) + 1)


def _as_it_is(entry: bytes, _last: bytes | None) -> bytes:
    return entry


class JournalContract:
    """Give the fixture ``media``, empty."""

    @pytest.fixture
    def media(self) -> Media:
        raise NotImplementedError("the subclass says which medium")

    @pytest.fixture
    def journal(self, media: Media) -> Journal:
        return media.journal("steps")

    async def test_an_empty_journal_has_nothing(self, journal: Journal) -> None:
        page = await journal.read()
        assert (page.entries, page.end, page.torn) == ((), START, 0)
        assert (await journal.tail(5)).entries == ()
        assert await journal.count() == 0

    async def test_each_entry_is_made_of_the_one_before(self, journal: Journal) -> None:
        assert [await journal.append(counting) for _ in range(3)] == [b"0", b"1", b"2"]
        assert (await journal.read()).entries == (b"0", b"1", b"2")
        assert await journal.count() == 3

    async def test_an_entry_may_be_any_bytes(self, journal: Journal) -> None:
        odd = [b"", b"\x00\xff\r", b"a\nb\n", "é✓".encode(), b"x" * 200_000, b"00000001 00000000 x 00000001\n"]
        for entry in odd:
            await journal.append(partial(_as_it_is, entry))
        assert list((await journal.read()).entries) == odd
        assert list((await journal.tail(3)).entries) == odd[-3:]

    async def test_appending_at_once_loses_nothing_and_keeps_the_order_of_asking(self, journal: Journal) -> None:
        made = await asyncio.gather(*(journal.append(counting) for _ in range(100)))
        assert made == [b"%d" % number for number in range(100)]
        assert list((await journal.read()).entries) == made

    async def test_an_entry_that_could_not_be_made_is_not_kept_and_blocks_nobody(self, journal: Journal) -> None:
        def failing(_last: bytes | None) -> bytes:
            raise ValueError("no")

        await journal.append(counting)
        outcomes = await asyncio.gather(
            journal.append(failing), journal.append(counting), journal.append(failing), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [ValueError, bytes, ValueError]
        assert (await journal.read()).entries == (b"0", b"1")

    async def test_a_cancelled_append_is_whole_or_nothing_and_never_comes_after_a_later_one(
        self, journal: Journal
    ) -> None:
        for steps in range(12):
            appending = asyncio.ensure_future(journal.append(counting))
            for _ in range(steps % 3):
                await asyncio.sleep(0)
            appending.cancel()
            await asyncio.gather(appending, return_exceptions=True)
            last = await journal.append(counting)
            entries = (await journal.read()).entries
            assert entries[-1] == last
            assert [int(entry) for entry in entries] == list(range(len(entries)))

    async def test_journals_are_apart(self, media: Media, journal: Journal) -> None:
        other = media.journal("Steps")
        for _ in range(3):
            await journal.append(counting)
        await other.append(counting)
        await journal.clear()
        assert (await other.read()).entries == (b"0",)
        assert await journal.count() == 0

    @pytest.mark.parametrize("name", IMPOSSIBLE_NAMES, ids=ascii)
    def test_a_name_that_cannot_be_kept_is_refused(self, media: Media, name: str) -> None:
        with pytest.raises(BackendError) as refused:
            media.journal(name)
        assert refused.value.code is ErrorCode.NAME_INVALID

    async def test_odd_names_are_names_like_others(self, media: Media) -> None:
        for number, name in enumerate(ODD_NAMES):
            await media.journal(name).append(partial(_as_it_is, b"%d" % number))
        for number, name in enumerate(ODD_NAMES):
            assert (await media.journal(name).read()).entries == (b"%d" % number,)

    # ── reading on ──────────────────────────────────────────────────────────────────────────

    async def test_pages_follow_one_another(self, journal: Journal) -> None:
        for _ in range(10):
            await journal.append(counting)
        end, pages = START, []
        while (page := await journal.read(after=end, limit=4)).entries:
            pages.append([int(entry) for entry in page.entries])
            end = Position.parse(str(page.end))
        assert pages == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        assert (await journal.read(after=end)).end == end
        await journal.append(counting)
        assert (await journal.read(after=end)).entries == (b"10",)

    @pytest.mark.parametrize("limit", [0, 1, 3, 7, 8])
    async def test_the_tail_is_the_last_entries_in_order(self, journal: Journal, limit: int) -> None:
        for _ in range(7):
            await journal.append(counting)
        page = await journal.tail(limit)
        assert [int(entry) for entry in page.entries] == list(range(max(7 - limit, 0), 7))
        assert page.end == (await journal.read()).end

    @pytest.mark.parametrize("count", [0, 1, 2, 7, 40])
    async def test_a_place_among_entries_in_order_is_located(self, journal: Journal, count: int) -> None:
        numbered = [b"%d %s" % (number, b"x" * (number * number % 977)) for number in range(count)]
        for entry in numbered:
            await journal.append(partial(_as_it_is, entry))
        for wanted in range(count + 1):
            position = await journal.locate(lambda entry, wanted=wanted: int(entry.split()[0]) < wanted)  # type: ignore[misc]  # bound at once
            assert list((await journal.read(after=position)).entries) == numbered[wanted:]
        assert await journal.locate(lambda _entry: True) == (await journal.read()).end
        assert await journal.locate(lambda _entry: False) == START

    async def test_locating_looks_at_few_entries(self, journal: Journal) -> None:
        for number in range(300):
            await journal.append(partial(_as_it_is, b"%03d" % number))
        seen: list[bytes] = []

        def is_before(entry: bytes) -> bool:
            seen.append(entry)
            return int(entry) < 217

        position = await journal.locate(is_before)
        assert (await journal.read(after=position, limit=1)).entries == (b"217",)
        assert len(seen) <= 12

    async def test_what_judging_an_entry_raises_is_raised(self, journal: Journal) -> None:
        def failing(_entry: bytes) -> bool:
            raise ValueError("no")

        await journal.append(counting)
        with pytest.raises(ValueError, match="no"):
            await journal.locate(failing)

    async def test_a_position_that_was_cleared_away_is_told(self, journal: Journal) -> None:
        for _ in range(5):
            await journal.append(counting)
        noted = (await journal.read()).end
        await journal.clear()
        for _ in range(6):
            with pytest.raises(RecordCorrupt):
                await journal.read(after=noted)
            await journal.append(lambda _last: b"other")

    async def test_a_position_of_nowhere_is_told(self, journal: Journal) -> None:
        await journal.append(counting)
        end = (await journal.read()).end
        for offset, check in ((end.offset + 1, end.check), (end.offset, "00000000"), (2**62, end.check)):
            made_up = Position(offset=offset, check=check)
            with pytest.raises(RecordCorrupt):
                await journal.read(after=made_up)

    # ── deciding ────────────────────────────────────────────────────────────────────────────

    async def test_a_step_sees_what_came_since_and_adds_one_entry_or_none(self, journal: Journal) -> None:
        await journal.append(counting)
        noted = (await journal.read()).end
        await journal.append(counting)
        seen: list[tuple[bytes, ...]] = []

        def step(tail: Tail) -> bytes | None:
            seen.append(tail.since(noted))
            assert tail.last == b"1"
            return None

        end = await journal.decide(step)
        assert (seen, end) == ([(b"1",)], (await journal.read()).end)
        assert await journal.decide(lambda tail: b"last was " + (tail.last or b"")) != end
        assert (await journal.read()).entries == (b"0", b"1", b"last was 1")

    async def test_of_many_who_decide_at_once_exactly_as_many_are_let_in_as_there_is_room(
        self, journal: Journal
    ) -> None:
        noted, admitted = START, 0

        def step(tail: Tail) -> bytes | None:
            nonlocal noted, admitted
            admitted += len(tail.since(noted))
            noted = tail.end
            return b"in" if admitted < 10 else None

        before = (await journal.read()).end
        await asyncio.gather(*(journal.decide(step) for _ in range(100)))
        assert (await journal.read(after=before)).entries == (b"in",) * 10

    async def test_a_step_with_a_position_of_another_journal_fails_alone(self, journal: Journal) -> None:
        await journal.append(counting)
        lost = Position(offset=12345, check="12345678")

        def step(tail: Tail) -> bytes | None:
            return b"%d" % len(tail.since(lost))

        outcomes = await asyncio.gather(journal.decide(step), journal.append(counting), return_exceptions=True)
        assert isinstance(outcomes[0], RecordCorrupt)
        assert outcomes[1] == b"1"

    # ── clearing, closing ───────────────────────────────────────────────────────────────────

    async def test_clearing_begins_anew(self, journal: Journal) -> None:
        await journal.append(counting)
        await journal.clear()
        await journal.clear()
        assert (await journal.read()).entries == ()
        assert await journal.append(counting) == b"0"
        assert await journal.count() == 1

    async def test_clearing_takes_its_turn_among_appends(self, journal: Journal) -> None:
        await asyncio.gather(
            *(journal.append(counting) for _ in range(5)),
            journal.clear(),
            *(journal.append(counting) for _ in range(3)),
        )
        assert (await journal.read()).entries == (b"0", b"1", b"2")

    async def test_closing_ends_what_was_asked_for_and_refuses_more(self, media: Media, journal: Journal) -> None:
        appending = [asyncio.ensure_future(journal.append(counting)) for _ in range(20)]
        await asyncio.sleep(0)
        await media.aclose()
        assert await asyncio.gather(*appending) == [b"%d" % number for number in range(20)]
        await media.aclose()
        reading = (journal.read(), journal.tail(1), journal.count(), journal.locate(lambda _entry: True))
        for asked in (journal.append(counting), journal.decide(lambda _tail: None), journal.clear(), *reading):
            with pytest.raises(BackendError, match="closed"):
                await asked

    async def test_a_flushed_one_goes_on(self, media: Media, journal: Journal) -> None:
        appending = [asyncio.ensure_future(journal.append(counting)) for _ in range(5)]
        await asyncio.sleep(0)
        await media.flush()
        assert all(task.done() for task in appending)
        assert await journal.append(counting) == b"5"
        await media.flush()
        assert await journal.count() == 6
