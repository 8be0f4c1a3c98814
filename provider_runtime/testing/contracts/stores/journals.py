"""What every ReceiptProvider keeps to."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Final

import pytest
from attrs import asdict

from provider_runtime.domain.errors import BackendError, RecordCorrupt
from provider_runtime.domain.records.receipts import CallOutcome, CallReceipt, ChainVerdict
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.testing.stages import a_record

_DOMAIN: Final = b"provider_runtime/receipt/v1\0"
_AT_ONCE: Final = 50

Stored = dict[str, Any]
"""A receipt as JSON, ``receipt_hash`` among its fields; what is ``None`` in the record is left out."""
Edit = Callable[[list[Stored]], list[Stored]]
Rewrite = Callable[[Edit], Awaitable[None]]


def hash_of(stored: Stored) -> str:
    """The hash that this receipt should have. Source: reliability, "Receipts"."""
    content = {name: value for name, value in stored.items() if name != "receipt_hash"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return f"sha256:{sha256(_DOMAIN + (stored['prev_hash'] or '').encode() + canonical).hexdigest()}"


def as_stored(receipt: CallReceipt) -> Stored:
    """A receipt as the JSON that its hash covers, and the hash."""
    stored: Stored = json.loads(json.dumps(asdict(receipt)))
    return stored


class ReceiptProviderContract:
    """Give the fixtures ``receipts``, empty, and ``rewrite``, which changes what is stored behind its back."""

    @pytest.fixture
    def receipts(self) -> ReceiptProvider:
        raise NotImplementedError("the subclass says which provider")

    @pytest.fixture
    def rewrite(self, receipts: ReceiptProvider) -> Rewrite:
        """A function that replaces what is stored by what the edit it is given makes of that."""
        raise NotImplementedError("the subclass knows where its receipts lie")

    async def _verdict_after(self, receipts: ReceiptProvider, rewrite: Rewrite, edit: Edit) -> ChainVerdict:
        for number in range(4):
            await receipts.store(a_record(number))
        await rewrite(edit)
        return await receipts.verify()

    # ── keeping ─────────────────────────────────────────────────────────────────────────────

    def test_it_is_a_receipt_provider(self, receipts: ReceiptProvider) -> None:
        assert isinstance(receipts, ReceiptProvider)

    async def test_what_is_stored_can_be_listed_and_found_again(self, receipts: ReceiptProvider) -> None:
        stored = [await receipts.store(a_record(number)) for number in range(3)]
        assert list(await receipts.list()) == stored
        for receipt in stored:
            assert await receipts.get(receipt.receipt_id) == receipt

    async def test_a_receipt_holds_the_record_as_it_was_given(self, receipts: ReceiptProvider) -> None:
        for number, outcome in enumerate(CallOutcome):
            record = a_record(number, outcome)
            assert (await receipts.store(record)).record == record
        assert [receipt.record.outcome for receipt in await receipts.list()] == list(CallOutcome)

    async def test_an_unknown_id_finds_nothing(self, receipts: ReceiptProvider) -> None:
        await receipts.store(a_record())
        assert await receipts.get("rct_00000000000000000000000000000000") is None

    async def test_ids_are_unique_and_say_what_they_are(self, receipts: ReceiptProvider) -> None:
        ids = [(await receipts.store(a_record())).receipt_id for _ in range(20)]
        assert len(set(ids)) == 20
        assert all(name.startswith("rct_") for name in ids)

    async def test_a_list_that_was_handed_out_does_not_grow(self, receipts: ReceiptProvider) -> None:
        await receipts.store(a_record())
        before = await receipts.list()
        await receipts.store(a_record())
        assert len(before) == 1

    # ── page by page ────────────────────────────────────────────────────────────────────────

    async def test_pages_follow_one_another_to_the_end(self, receipts: ReceiptProvider) -> None:
        stored = [await receipts.store(a_record(number)) for number in range(7)]
        seen, after = [], None
        for _ in range(4):
            page = await receipts.page(after=after, limit=3)
            seen.append(page.receipts)
            after = page.next
            if after is None:
                break
        assert [len(part) for part in seen] == [3, 3, 1]
        assert [receipt for part in seen for receipt in part] == stored

    async def test_an_empty_chain_has_one_empty_page(self, receipts: ReceiptProvider) -> None:
        page = await receipts.page()
        assert (page.receipts, page.next) == ((), None)
        assert await receipts.latest(5) == ()

    async def test_the_latest_are_the_last_in_order(self, receipts: ReceiptProvider) -> None:
        stored = [await receipts.store(a_record(number)) for number in range(5)]
        assert list(await receipts.latest(2)) == stored[-2:]
        assert list(await receipts.latest(9)) == stored

    async def test_receipts_are_found_by_their_number_and_before_it(self, receipts: ReceiptProvider) -> None:
        assert await receipts.before(3) == ()
        stored = [await receipts.store(a_record(number)) for number in range(9)]
        for seq in range(9):
            assert await receipts.before(seq + 1, 1) == (stored[seq],)
        assert list(await receipts.before(7, 3)) == stored[4:7]
        assert list(await receipts.before(2, 5)) == stored[:2]
        assert list(await receipts.before(99)) == stored
        assert list(await receipts.before(99, 2)) == stored[-2:]
        assert await receipts.before(0) == ()

    @pytest.mark.parametrize("name", ["", "rct_", "rct_zz", "call_1", "rct_ffffffffff" + "0" * 22, "rct_-000000001"])
    async def test_an_id_of_nothing_finds_nothing(self, receipts: ReceiptProvider, name: str) -> None:
        await receipts.store(a_record())
        assert await receipts.get(name) is None

    async def test_a_page_of_a_chain_that_was_cleared_is_told(self, receipts: ReceiptProvider) -> None:
        for number in range(4):
            await receipts.store(a_record(number))
        noted = (await receipts.page(limit=2)).next
        await receipts.clear()
        await receipts.store(a_record(9))
        with pytest.raises(RecordCorrupt):
            await receipts.page(after=noted)

    @pytest.mark.parametrize("text", ["", "nonsense", "-1.x", "1", "1.x/2", "1.x/a/b/c"])
    async def test_a_text_that_never_was_a_place_is_told(self, receipts: ReceiptProvider, text: str) -> None:
        with pytest.raises(RecordCorrupt):
            await receipts.verify(since=text)
        with pytest.raises(RecordCorrupt):
            await receipts.page(after=text)

    # ── the chain ───────────────────────────────────────────────────────────────────────────

    async def test_an_empty_chain_is_whole(self, receipts: ReceiptProvider) -> None:
        verdict = await receipts.verify()
        assert (verdict.valid, verdict.count, verdict.head) == (True, 0, None)

    async def test_each_receipt_follows_the_one_before_in_one_chain(self, receipts: ReceiptProvider) -> None:
        stored = [await receipts.store(a_record(number)) for number in range(5)]
        assert [receipt.seq for receipt in stored] == list(range(5))
        assert [receipt.prev_hash for receipt in stored] == [None, *(before.receipt_hash for before in stored[:-1])]
        assert len({receipt.chain_id for receipt in stored}) == 1

    async def test_a_hash_can_be_recomputed_by_anybody(self, receipts: ReceiptProvider) -> None:
        for number, outcome in enumerate(CallOutcome):
            receipt = await receipts.store(a_record(number, outcome))
            assert receipt.receipt_hash == hash_of(as_stored(receipt))

    async def test_a_chain_that_nobody_touched_is_whole(self, receipts: ReceiptProvider) -> None:
        last = [await receipts.store(a_record(number)) for number in range(5)][-1]
        verdict = await receipts.verify()
        assert (verdict.valid, verdict.count, verdict.head) == (True, 5, last.receipt_hash)
        assert (verdict.broken_at, verdict.error) == (None, None)

    async def test_clearing_forgets_everything_and_begins_a_new_chain(self, receipts: ReceiptProvider) -> None:
        old = await receipts.store(a_record())
        await receipts.clear()
        assert await receipts.list() == ()
        assert await receipts.get(old.receipt_id) is None
        new = await receipts.store(a_record())
        assert (new.seq, new.prev_hash) == (0, None)
        assert new.chain_id != old.chain_id
        assert (await receipts.verify()).valid

    async def test_clearing_nothing_is_harmless(self, receipts: ReceiptProvider) -> None:
        await receipts.clear()
        assert await receipts.list() == ()

    async def test_a_chain_may_be_verified_from_where_it_was_good(
        self, receipts: ReceiptProvider, rewrite: Rewrite
    ) -> None:
        for number in range(3):
            await receipts.store(a_record(number))
        mark = (await receipts.verify()).mark
        for number in range(2):
            last = await receipts.store(a_record(number))
        verdict = await receipts.verify(since=mark)
        assert (verdict.valid, verdict.count, verdict.head) == (True, 5, last.receipt_hash)
        assert verdict == await receipts.verify()
        assert (await receipts.verify(since=verdict.mark)).count == 5

        def edit(stored: list[Stored]) -> list[Stored]:
            stored[3]["record"]["duration_us"] = 1
            return stored

        await rewrite(edit)
        broken = await receipts.verify(since=mark)
        assert (broken.valid, broken.broken_at, broken.count) == (False, 3, 5)

    async def test_a_mark_that_another_chain_took_the_place_of_is_told(self, receipts: ReceiptProvider) -> None:
        for number in range(3):
            await receipts.store(a_record(number))
        mark = (await receipts.verify()).mark
        await receipts.clear()
        for number in range(4):
            await receipts.store(a_record(number))
        verdict = await receipts.verify(since=mark)
        assert not verdict.valid
        assert verdict.error

    # ── several at once ─────────────────────────────────────────────────────────────────────

    async def test_receipts_stored_at_once_give_one_unbroken_chain(self, receipts: ReceiptProvider) -> None:
        stored = await asyncio.gather(*(receipts.store(a_record(number)) for number in range(_AT_ONCE)))
        assert sorted(receipt.seq for receipt in stored) == list(range(_AT_ONCE))
        kept = await receipts.list()
        assert list(kept) == sorted(stored, key=lambda receipt: receipt.seq)
        assert (await receipts.verify()).valid

    async def test_a_store_that_is_cancelled_leaves_a_whole_receipt_or_none(self, receipts: ReceiptProvider) -> None:
        for number in range(10):
            storing = asyncio.ensure_future(receipts.store(a_record(number)))
            for _ in range(number % 3):
                await asyncio.sleep(0)  # cancelled before it began, and at its first steps
            storing.cancel()
            await asyncio.gather(storing, return_exceptions=True)
            last = await receipts.store(a_record(99))
            assert (await receipts.list())[-1] == last  # what was given up never comes later
        kept = await receipts.list()
        assert [receipt.seq for receipt in kept] == list(range(len(kept)))
        assert (await receipts.verify()).valid

    # ── its end ─────────────────────────────────────────────────────────────────────────────

    async def test_flushing_waits_for_what_was_asked_for(self, receipts: ReceiptProvider) -> None:
        storing = [asyncio.ensure_future(receipts.store(a_record(number))) for number in range(5)]
        await asyncio.sleep(0)
        await receipts.flush()
        assert all(task.done() for task in storing)
        assert (await receipts.store(a_record(5))).seq == 5

    async def test_a_closed_one_refuses(self, receipts: ReceiptProvider) -> None:
        await receipts.store(a_record())
        await receipts.aclose()
        await receipts.aclose()
        for asked in (receipts.store(a_record()), receipts.list(), receipts.verify(), receipts.latest(1)):
            with pytest.raises(BackendError, match="closed"):
                await asked

    # ── tampering ───────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize("index", range(4))
    @pytest.mark.parametrize("change", [("duration_us", 1), ("outcome", "refused"), ("provider", "other")])
    async def test_a_changed_field_breaks_the_chain_at_that_receipt(
        self, receipts: ReceiptProvider, rewrite: Rewrite, index: int, change: tuple[str, Any]
    ) -> None:
        def edit(stored: list[Stored]) -> list[Stored]:
            stored[index]["record"][change[0]] = change[1]
            return stored

        verdict = await self._verdict_after(receipts, rewrite, edit)
        assert (verdict.valid, verdict.broken_at) == (False, index)
        assert verdict.error

    async def test_a_change_that_was_hashed_anew_breaks_the_link_of_the_next(
        self, receipts: ReceiptProvider, rewrite: Rewrite
    ) -> None:
        def edit(stored: list[Stored]) -> list[Stored]:
            stored[1]["record"]["cost_nano_usd"] = 0
            stored[1]["receipt_hash"] = hash_of(stored[1])
            return stored

        verdict = await self._verdict_after(receipts, rewrite, edit)
        assert (verdict.valid, verdict.broken_at) == (False, 2)

    async def test_a_first_receipt_that_names_one_before_it_is_broken(
        self, receipts: ReceiptProvider, rewrite: Rewrite
    ) -> None:
        def edit(stored: list[Stored]) -> list[Stored]:
            stored[0]["prev_hash"] = "sha256:" + "0" * 64
            stored[0]["receipt_hash"] = hash_of(stored[0])
            return stored

        verdict = await self._verdict_after(receipts, rewrite, edit)
        assert (verdict.valid, verdict.broken_at) == (False, 0)

    @pytest.mark.parametrize(
        ("edit", "broken_at"),
        [
            pytest.param(lambda stored: [*stored[:1], *stored[2:]], 1, id="one removed"),
            pytest.param(lambda stored: [stored[0], stored[2], stored[1], stored[3]], 1, id="two swapped"),
            pytest.param(lambda stored: [*stored[:2], stored[1], *stored[2:]], 2, id="one repeated"),
            pytest.param(lambda stored: [*stored[:1], *reversed(stored[1:])], 1, id="all but the first turned round"),
        ],
    )
    async def test_a_chain_out_of_order_is_broken_where_the_order_is(
        self, receipts: ReceiptProvider, rewrite: Rewrite, edit: Edit, broken_at: int
    ) -> None:
        verdict = await self._verdict_after(receipts, rewrite, edit)
        assert (verdict.valid, verdict.broken_at) == (False, broken_at)

    async def test_a_cut_tail_shows_against_a_head_noted_earlier(
        self, receipts: ReceiptProvider, rewrite: Rewrite
    ) -> None:
        for number in range(4):
            last = await receipts.store(a_record(number))
        assert (await receipts.verify(head=last.receipt_hash)).valid
        await rewrite(lambda stored: stored[:-1])
        assert (await receipts.verify()).valid  # nothing in the chain itself says that it went on
        assert not (await receipts.verify(head=last.receipt_hash)).valid

    async def test_a_head_noted_earlier_is_found_though_the_chain_went_on(self, receipts: ReceiptProvider) -> None:
        early = await receipts.store(a_record(1))
        await receipts.store(a_record(2))
        assert (await receipts.verify(head=early.receipt_hash)).valid

    async def test_another_chain_in_its_place_shows_against_a_head_noted_earlier(
        self, receipts: ReceiptProvider
    ) -> None:
        noted = await receipts.store(a_record())
        await receipts.clear()
        await receipts.store(a_record())
        assert not (await receipts.verify(head=noted.receipt_hash)).valid
