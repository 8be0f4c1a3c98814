"""The page about events: complete, and as the code has it."""

import pytest
import reference_events
from attrs import fields

from provider_runtime.domain.records.events import ENDINGS, EventKind, LifecycleEvent


def test_every_kind_and_every_field_has_a_meaning() -> None:
    assert set(reference_events.KINDS) == set(EventKind)
    assert list(reference_events.FIELDS) == [field.name for field in fields(LifecycleEvent)]
    assert all(
        meaning.endswith((".", "`.")) for meaning in {**reference_events.KINDS, **reference_events.FIELDS}.values()
    )


@pytest.fixture(scope="module")
def carried() -> dict[EventKind, frozenset[str]]:
    return reference_events.fields_by_kind()


def test_the_code_emits_every_kind(carried: dict[EventKind, frozenset[str]]) -> None:
    assert set(carried) == set(EventKind)


def test_every_field_is_set_by_some_event(carried: dict[EventKind, frozenset[str]]) -> None:
    assert {field.name for field in fields(LifecycleEvent)} == set().union(*carried.values())


def test_what_tells_calls_apart_stands_in_every_event_of_a_call(carried: dict[EventKind, frozenset[str]]) -> None:
    for kind, told in carried.items():
        assert {"kind", "runtime_id", "at"} <= told
        if kind.value.startswith("runtime_"):
            assert told == {"kind", "runtime_id", "at"}, "the page says that they have only what all have"
            continue
        if kind.value.startswith(("profile_", "swap_")):
            assert told >= ({"profile_id"} if kind.value.startswith("profile_") else {"swap_id", "job_id", "role"})
            continue
        if kind.value.startswith("cloud_"):
            assert {"provider", "tier", "model_asked", "profile_id"} <= told
            continue
        if kind.value.startswith("budget_"):
            assert {"call_id", "budget", "budget_owner", "budget_unit", "budget_limit", "budget_taken"} <= told
            continue
        assert {"call_id", "trace_id", "labels", "model_asked"} <= told
    assert all("duration_s" in carried[kind] for kind in ENDINGS)
