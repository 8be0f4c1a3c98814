"""No call has become dearer than it was recorded to be, and no call pays for others: counted, not timed."""

import re

import pytest
from counting import EVERY_STAGE
from guard import KINDS, MARGIN, PEAK_MARGIN, VERSION, Counts, compared, counted, grown, growth, read_baselines, total
from hypothesis import given
from hypothesis import strategies as st

BASELINE = read_baselines().get(VERSION, {})
stages = st.dictionaries(st.sampled_from(EVERY_STAGE), st.integers(100, 10_000), min_size=len(EVERY_STAGE))


def counts_of(bytecodes: dict[str, int], peak: int = 10_000) -> Counts:
    return {"bytecodes": bytecodes, "peak_bytes": peak}


@pytest.mark.skipif(not BASELINE, reason=f"there is no baseline for Python {VERSION}: `benchmarks/guard.py --record`")
@pytest.mark.parametrize("kind", KINDS)
def test_no_call_has_become_dearer(kind: str) -> None:
    (found,) = counted(kind)
    assert grown(kind, BASELINE[kind], found) == [], "if it is worth it: python benchmarks/guard.py --record"
    assert all(found["bytecodes"][stage] > 0 for stage in EVERY_STAGE), "a stage has moved: see counting.STAGES"


def test_a_count_is_the_same_each_time() -> None:
    first, again = counted("small", "made=0")
    assert first["bytecodes"] == again["bytecodes"]


def test_a_call_costs_the_same_however_many_were_made_and_are_open_and_stored() -> None:
    assert growth(calls=150, runtimes=20, records=300) == []


@pytest.mark.long
def test_a_call_costs_the_same_after_thousands() -> None:
    assert growth(calls=5_000, runtimes=500, records=20_000) == []


@given(stages, st.sampled_from(EVERY_STAGE))
def test_what_grew_is_named_with_its_stage_and_by_how_much(before: dict[str, int], stage: str) -> None:
    more = int(sum(before.values()) * MARGIN) + 1
    (said,) = grown("small", counts_of(before), counts_of({**before, stage: before[stage] + more}))
    assert f"{stage} +{more:,}" in said
    assert re.search(r"\+3\.\d%", said)


@given(stages, st.sampled_from(EVERY_STAGE))
def test_what_grew_within_the_margin_is_let_pass(before: dict[str, int], stage: str) -> None:
    more = int(sum(before.values()) * MARGIN)
    assert grown("small", counts_of(before), counts_of({**before, stage: before[stage] + more})) == []


def test_memory_that_grew_is_told_too() -> None:
    before = dict.fromkeys(EVERY_STAGE, 100)
    much = int(10_000 * (1 + PEAK_MARGIN)) + 1
    (said,) = grown("tool", counts_of(before), counts_of(before, much))
    assert "a tool call has 10.3 KiB in use at a time" in said


def test_a_baseline_that_is_met_is_said_to_be_reached() -> None:
    counts = counts_of(dict.fromkeys(EVERY_STAGE, 100))
    (target,) = compared({"small": counts}, {"small": counts})
    assert target.reached
    assert target.measured == f"{total(counts):,}"
