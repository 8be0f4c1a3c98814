"""Every type of the domain can be drawn."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import provider_runtime.domain
from provider_runtime import ProviderRequest, ProviderStatusError, State
from provider_runtime.testing.strategies import values_of

NOT_DRAWN = {
    "PatternIndex": "an index over any tables of patterns; what it finds is held against the tables themselves",
    "ConsentIndex": "made of the entries of a journal",
    "KeptConsent": "as above",
    **dict.fromkeys(
        ("Figures", "Latencies", "Report", "Steps", "Sums", "Tally", "Top"),
        "counts what it is told; a value of it is made by counting",
    ),
}


def the_domain() -> Iterator[type]:
    """Every class of the domain that is made of fields; what begins with an underscore is nobody else's business."""
    for module in pkgutil.walk_packages(provider_runtime.domain.__path__, f"{provider_runtime.domain.__name__}."):
        for name, found in vars(importlib.import_module(module.name)).items():
            is_own = inspect.isclass(found) and found.__module__ == module.name and not name.startswith("_")
            if is_own and attrs.has(found):
                yield found


DRAWN = [kind for kind in the_domain() if kind.__name__ not in NOT_DRAWN]


@pytest.mark.parametrize("kind", DRAWN, ids=lambda kind: kind.__name__)
def test_values_of_this_type_are_drawn(kind: type) -> None:
    drawn = drawn_of(kind, 3)
    assert drawn
    assert all(isinstance(value, kind) for value in drawn)


@pytest.mark.long
@pytest.mark.parametrize("kind", DRAWN, ids=lambda kind: kind.__name__)
def test_many_values_of_this_type_are_drawn(kind: type) -> None:
    assert all(isinstance(value, kind) for value in drawn_of(kind, 100))


# What a class refuses is not drawn, and some refuse most of what chance comes up with.
PATIENT = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def drawn_of(kind: type, count: int) -> list[Any]:
    drawn: list[Any] = []

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=PATIENT)
    @given(values_of(kind))
    def draw(value: Any) -> None:
        drawn.append(value)

    draw()
    return drawn


def test_every_exception_is_a_type_of_the_domain() -> None:
    assert set(NOT_DRAWN) <= {kind.__name__ for kind in the_domain()}


@pytest.mark.parametrize("kind", [ProviderRequest, State, ProviderStatusError])
def test_what_is_drawn_is_not_always_the_same(kind: type) -> None:
    assert len({repr(attrs.asdict(value, recurse=False)) for value in drawn_of(kind, 20)}) > 5


def test_a_type_that_nothing_is_known_of_is_said_to_be_one() -> None:
    with pytest.raises(LookupError, match="Iterator"):
        values_of(Iterator)


@given(st.data())
def test_single_values_and_enumerations_are_drawn_too(data: st.DataObject) -> None:
    for kind in (str, int, bool, bytes, float):
        assert isinstance(data.draw(values_of(kind)), kind)
