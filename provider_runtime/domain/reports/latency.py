"""Latencies: how long calls took, as percentiles, in memory that does not grow with their number."""

import math
from collections import Counter
from typing import Final

from attrs import define, field

_STEP: Final = math.log(1.01)  # neighbouring steps are one per cent apart
_NOTHING: Final = -1
"""The step of what took no time at all."""


@define
class Latencies:
    """Durations in microseconds, counted by steps of one per cent: percentiles are exact to that."""

    steps: "Counter[int]" = field(factory=Counter)

    def add(self, duration_us: int, count: int = 1) -> None:
        """Count one more."""
        self.steps[_NOTHING if duration_us < 1 else int(math.log(duration_us) / _STEP)] += count

    def merge(self, other: "Latencies") -> None:
        """Count those of another as well."""
        self.steps.update(other.steps)

    @property
    def count(self) -> int:
        """How many there are."""
        return self.steps.total()

    def percentile_ms(self, percent: float) -> float | None:
        """What so many per cent of the durations are not above, in milliseconds; ``None`` where there are none."""
        rank, seen = math.ceil(self.count * percent / 100), 0
        for step in sorted(self.steps):
            seen += self.steps[step]
            if seen >= rank:
                return 0.0 if step == _NOTHING else math.exp((step + 0.5) * _STEP) / 1000
        return None
