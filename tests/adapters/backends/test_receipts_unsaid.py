"""Receipts leave out what nobody said; those that say ``null`` of it, as all once did, read and prove the same."""

from pathlib import Path
from typing import Final

import msgspec
import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import CallOptions, ProviderRuntime
from provider_runtime.adapters.backends.receipt_chain import linked, receipt_in
from provider_runtime.adapters.backends.receipt_check import verify_chain
from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.records.receipts import CALL_RECORD_FORM, CallOutcome, CallRecord
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import FakeAdapter
from provider_runtime.testing.stages import a_record
from provider_runtime.testing.strategies import values_of

WRITTEN_OUT: Final = Path(__file__).parents[2] / "fixtures" / "receipts" / "every_field.jsonl"


def saying_less(record: CallRecord) -> CallRecord:
    return CALL_RECORD_FORM.filled({name: value for name, value in vars(record).items() if value not in (None, ())})


@given(records=st.lists(st.tuples(values_of(CallRecord), st.booleans()), max_size=4))
def test_a_receipt_reads_back_as_it_was_written_whether_it_says_that_it_has_nothing_to_say_or_not(
    records: list[tuple[CallRecord, bool]],
) -> None:
    entries, before = [], None
    for record, all_said in records:
        entry, before = linked(record if all_said else saying_less(record), before)
        assert receipt_in(entry, "0") == before
        assert before.record == record
        entries.append(entry)
    assert verify_chain(tuple(entries)).valid


@given(record=values_of(CallRecord))
def test_what_nobody_said_stands_in_no_receipt(record: CallRecord) -> None:
    entry, _ = linked(saying_less(record), None)
    assert msgspec.json.decode(entry)["receipt"]["record"].keys() == vars(saying_less(record)).keys()


async def test_receipts_with_every_field_written_out_still_read_and_verify_and_are_carried_on(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    path.write_bytes(WRITTEN_OUT.read_bytes())
    receipts = FilesystemReceiptProvider(path=path)
    wanted = [a_record(0, CallOutcome.ANSWERED), a_record(1, CallOutcome.REFUSED)]
    assert [receipt.record for receipt in await receipts.list()] == wanted
    assert all(value is None or value == () for value in (wanted[0].role, wanted[0].consent_id, wanted[0].passed_over))
    await receipts.store(saying_less(a_record(2)))
    assert (await receipts.verify()).count == 3
    assert (await receipts.verify()).valid


async def test_the_receipt_of_a_call_reads_back_from_a_file_as_the_runtime_made_it(tmp_path: Path) -> None:
    receipts = FilesystemReceiptProvider(path=tmp_path / "receipts.jsonl")
    ada = FakeAdapter(ProviderId("ada"), [a_response(provider=ProviderId("ada"))])
    async with ProviderRuntime.builder().with_adapter(ada).with_part("receipts", receipts).build() as runtime:
        await runtime.run(a_request(model="ada:m-1"), CallOptions(metadata={"team": "search"}))
        (receipt,) = await receipts.list()
    assert receipt.record == CallRecord(**{one.name: getattr(receipt.record, one.name) for one in fields(CallRecord)})
    assert receipt.record.labels == ("team=search",)
    stored = msgspec.json.decode((tmp_path / "receipts.jsonl").read_bytes())["receipt"]["record"]
    assert stored.keys() < {one.name for one in fields(CallRecord)}
    assert "passed_over" not in stored


@pytest.mark.parametrize("missing", ["call_id", "outcome", "started_at"])
def test_a_receipt_without_a_field_that_each_must_have_is_none(missing: str) -> None:

    said = {name: value for name, value in vars(a_record()).items() if name != missing}
    entry, _ = linked(CALL_RECORD_FORM.filled(said), None)
    with pytest.raises(RecordCorrupt):
        receipt_in(entry, "0")
