"""What lines come to together, and what a batch must find again."""

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.batches.head import BatchHead
from provider_runtime.domain.batches.lines import LineOutcome, LineRecord
from provider_runtime.domain.batches.tally import Tally
from provider_runtime.domain.errors import BatchConflict

RECORDS = st.builds(
    LineRecord,
    number=st.integers(1, 10**6),
    outcome=st.sampled_from(LineOutcome),
    provider=st.sampled_from(["openai", "anthropic", None]),
    model=st.sampled_from(["a", "b", None]),
    input_tokens=st.integers(0, 10**6) | st.none(),
    output_tokens=st.integers(0, 10**6) | st.none(),
    cost_usd=st.decimals(0, 10**6, places=12) | st.none(),
    gate=st.sampled_from(["budget", None]),
    code=st.sampled_from(["overloaded", None]),
    asked_again=st.integers(0, 3),
)
HEAD = BatchHead(batch_id="b", form="canonical", input_sha256="0", input_bytes=1, lines=1)


@given(records=st.lists(RECORDS, max_size=30))
def test_a_tally_is_the_sum_of_its_records_whatever_their_order(records: list[LineRecord]) -> None:
    forwards, backwards = Tally(), Tally()
    for record in records:
        forwards.add(record)
    for record in reversed(records):
        backwards.add(record)
    assert forwards == backwards
    asked = [record for record in records if record.outcome is not LineOutcome.INVALID]
    total = forwards.total
    assert (forwards.lines, forwards.invalid, total.lines) == (len(records), len(records) - len(asked), len(asked))
    assert total.cost_usd == sum((record.cost_usd or Decimal(0) for record in asked), Decimal(0))
    assert total.input_tokens == sum(record.input_tokens or 0 for record in asked)
    assert sum(forwards.refused_by.values()) == total.refused
    assert sum(forwards.failed_with.values()) == total.failed
    assert forwards.unanswered == len(records) - total.answered


def test_lines_that_name_ever_new_models_do_not_fill_the_memory() -> None:
    tally = Tally()
    for number in range(1, 3001):
        tally.add(LineRecord(number=number, outcome="failed", provider="openai", model=f"m{number}"))
    assert len(tally.models) == 1001
    assert tally.models["others"].failed == 2000


def test_a_model_that_has_not_the_shape_of_a_name_is_not_told() -> None:
    tally = Tally()
    tally.add(LineRecord(number=1, outcome="failed", provider="openai", model="what the user said, in full"))
    assert list(tally.models) == ["?"]


def test_a_batch_goes_on_with_what_it_was_begun_with_under_whatever_name() -> None:
    HEAD.refuse_unless_same(evolve(HEAD, batch_id="other"))
    with pytest.raises(BatchConflict):
        HEAD.refuse_unless_same(evolve(HEAD, input_sha256="1"))
