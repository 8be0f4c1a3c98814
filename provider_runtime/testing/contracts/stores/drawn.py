"""Settings for contracts that draw: each example meets the same store, in the loop of its own test."""

from typing import Final

from hypothesis import HealthCheck, settings

DRAWN: Final = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow],
    max_examples=10,
    deadline=None,
)
