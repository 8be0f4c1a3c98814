"""Pace: how fast a batch goes, and how long it will still take."""

from collections import deque

from attrs import define, field, frozen

from provider_runtime.domain.batches.tally import Tally
from provider_runtime.domain.errors import ProviderError

_LOOKED_BACK_S = 30.0
_MOST_MARKS = 300


@frozen(kw_only=True)
class BatchProgress:
    """How far a run has come: ``done`` of ``total`` lines are kept, ``running`` calls are under way.

    ``lines_per_s`` is that of the last half minute, ``seconds_left`` what it makes of the rest; ``None`` as
    long as nobody can say. ``waits_for`` is why lines are waiting, when a provider cannot be asked.
    ``tally`` goes on counting: read it now, or copy it.
    """

    done: int
    total: int
    running: int
    tally: Tally
    lines_per_s: float | None = None
    seconds_left: float | None = None
    waits_for: ProviderError | None = None


@define(kw_only=True)
class Pace:
    """Measures the pace of one run, over its last half minute. Lines of earlier runs do not count."""

    _marks: "deque[tuple[float, int]]" = field(factory=lambda: deque(maxlen=_MOST_MARKS), init=False)

    def mark(self, now: float, done: int) -> None:
        """So many lines are done by ``now``. A tenth of a second is as fine as it gets."""
        if not self._marks or now - self._marks[-1][0] >= _LOOKED_BACK_S / _MOST_MARKS:
            self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] > _LOOKED_BACK_S:
            self._marks.popleft()

    def lines_per_s(self, now: float, done: int) -> float | None:
        """The pace; ``None`` before there are two moments to compare."""
        if not self._marks:
            return None
        since, before = self._marks[0]
        return (done - before) / (now - since) if now > since else None
