"""Which calls are worth a look of their own: the dearest, the slowest, those tried again, the last that went wrong."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final

from attrs import define, field, frozen

from provider_runtime.domain.identity import CallId
from provider_runtime.domain.records.receipts import CallOutcome, CallReceipt
from provider_runtime.domain.reports.sums import began_at

_EACH: Final = 6


@define(kw_only=True)
class Top:
    """The receipts with the highest ``rank``, ``most`` of them; a rank of ``None`` counts for nothing."""

    reason: str
    rank: Callable[[CallReceipt], float | None]
    most: int = _EACH
    _heap: list[tuple[float, int, CallReceipt]] = field(factory=list, init=False)
    _numbers: "count[int]" = field(factory=count, init=False)  # of equals, none is compared further

    def add(self, receipt: CallReceipt) -> None:
        """Look at one more."""
        rank = self.rank(receipt)
        if rank is None:
            return
        entry = (rank, -next(self._numbers), receipt)
        if len(self._heap) < self.most:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    @property
    def found(self) -> tuple[CallReceipt, ...]:
        """Those that are kept, the highest first."""
        return tuple(receipt for _, _, receipt in sorted(self._heap, key=lambda entry: entry[:2], reverse=True))


@frozen(kw_only=True)
class NotableCall:
    """A call, and why it is looked at."""

    receipt: CallReceipt
    reasons: tuple[str, ...]


@define(kw_only=True)
class Notable:
    """The calls of a report that are shown one by one. ``chosen``: calls shown in any case, by how their ids begin."""

    chosen: tuple[str, ...] = ()
    _asked_for: list[CallReceipt] = field(factory=list, init=False)
    _tops: tuple[Top, ...] = field(init=False)

    @_tops.default
    def _make_tops(self) -> tuple[Top, ...]:
        return (
            Top(reason="failed last", rank=lambda one: _when(one, CallOutcome.FAILED)),
            Top(reason="refused last", rank=lambda one: _when(one, CallOutcome.REFUSED), most=3),
            Top(reason="tried most often", rank=_tries),
            Top(reason="slowest", rank=_answered_us),
            Top(reason="dearest", rank=lambda one: one.record.cost_nano_usd or None),
        )

    def add(self, receipt: CallReceipt) -> None:
        """Look at one more."""
        if any(receipt.record.call_id.startswith(name) for name in self.chosen) and len(self._asked_for) < 100:
            self._asked_for.append(receipt)
        for top in self._tops:
            top.add(receipt)

    @property
    def calls(self) -> tuple[NotableCall, ...]:
        """Each call once: those that were asked for, then the others."""
        reasons: dict[CallId, list[str]] = {}
        receipts: dict[CallId, CallReceipt] = {}
        named = [("asked for", receipt) for receipt in self._asked_for]
        named += [(top.reason, receipt) for top in self._tops for receipt in top.found]
        for reason, receipt in named:
            call_id = receipt.record.call_id
            receipts.setdefault(call_id, receipt)
            if reason not in reasons.setdefault(call_id, []):
                reasons[call_id].append(reason)
        return tuple(NotableCall(receipt=receipts[call_id], reasons=tuple(why)) for call_id, why in reasons.items())


def _when(receipt: CallReceipt, outcome: CallOutcome) -> float | None:
    return began_at(receipt.record).timestamp() if receipt.record.outcome is outcome else None


def _tries(receipt: CallReceipt) -> float | None:
    tries = len(receipt.record.attempts)
    return tries if tries > 1 else None


def _answered_us(receipt: CallReceipt) -> float | None:
    return receipt.record.duration_us if receipt.record.outcome is CallOutcome.ANSWERED else None
