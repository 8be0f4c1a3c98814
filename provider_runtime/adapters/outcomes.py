"""MemoryOutcomes: what became of named calls, in this process."""

from collections import OrderedDict
from copy import copy

from attrs import define, field, frozen

from provider_runtime.domain.checks import whole
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import CallId
from provider_runtime.ports.stores.outcomes import Claim, Claimed, OtherRequest, Outcome, UnderWay


@frozen
class _Entry:
    digest: str
    outcome: Outcome | None  # None while the call is under way


@define(kw_only=True, eq=False)
class MemoryOutcomes:
    """The last ``keep`` outcomes, gone at exit. Calls under way are never forgotten.

    Hand the same store to several runtimes only if their calls may answer each other's.
    """

    keep: int = field(default=1000, validator=whole(1))
    _entries: OrderedDict[CallId, _Entry] = field(factory=OrderedDict, init=False, repr=False)
    _settled: int = field(default=0, init=False)

    async def claim(self, call_id: CallId, digest: str) -> Claim:
        entry = self._entries.get(call_id)
        if entry is None:
            self._entries[call_id] = _Entry(digest, None)
            return Claimed()
        if entry.digest != digest:
            return OtherRequest()
        if entry.outcome is None:
            return UnderWay()
        self._entries.move_to_end(call_id)
        return copy(entry.outcome) if isinstance(entry.outcome, ProviderError) else entry.outcome

    async def keep_outcome(self, call_id: CallId, outcome: Outcome) -> None:
        entry = self._entries.get(call_id)
        if entry is None:
            return
        kept = copy(outcome) if isinstance(outcome, ProviderError) else outcome
        self._entries[call_id] = _Entry(entry.digest, kept)
        self._entries.move_to_end(call_id)
        self._settled += entry.outcome is None
        if self._settled > self.keep:
            oldest = next(name for name, one in self._entries.items() if one.outcome is not None)
            del self._entries[oldest]
            self._settled -= 1

    async def release(self, call_id: CallId) -> None:
        entry = self._entries.get(call_id)
        if entry is not None and entry.outcome is None:
            del self._entries[call_id]
