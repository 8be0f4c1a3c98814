"""Whether a chain of receipts is whole: recomputed entry by entry, and held against what was noted of it."""

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any, Final

from attrs import define, field, frozen

from provider_runtime.adapters.backends.receipt_chain import Link, content_of, hash_in, is_sound
from provider_runtime.domain.records.oversight.checkpoints import NotedHead
from provider_runtime.domain.records.receipts import ChainVerdict

_REPLACED: Final = "the noted receipt is not in its place: receipts were cut off, or the chain was replaced"


@define(kw_only=True)
class ChainCheck:
    """Recomputes a chain one entry at a time.

    ``from_start``: the first entry must be the first of its chain; else older ones may be gone.
    ``begins_at``: the first entry must be this one. ``head``: a hash that must be met. ``noted``: heads
    that must be met in their places.
    """

    from_start: bool = True
    begins_at: Link | None = None
    head: str | None = None
    noted: "NotedHeads" = field(factory=lambda: NotedHeads.of(()))
    last: Link | None = field(default=None, init=False)
    """The last good receipt."""
    met: int = field(default=0, init=False)
    """So many noted heads stood in their places."""
    covered: int = field(default=0, init=False)
    """So many receipts does the last of those cover."""
    _head_met: bool = field(init=False)

    @_head_met.default
    def _make_head_met(self) -> bool:
        return self.head is None

    @property
    def last_hash(self) -> str | None:
        """The hash of the last good receipt."""
        return None if self.last is None else self.last.receipt_hash

    def add(self, entry: bytes) -> str | None:
        """What is wrong with ``entry`` as the next; ``None`` when nothing is."""
        content = content_of(entry)
        if content is None:
            return "the receipt cannot be read"
        link = Link(content["chain_id"], content["seq"], hash_in(entry))
        fault = _fault(entry, content, self.last, from_start=self.from_start and self.begins_at is None)
        if fault is None and self.last is None and self.begins_at not in {None, link}:
            fault = _REPLACED
        if fault is None:
            fault = self.noted.fault_of(link)
        if fault is None:
            self.last = link
            self._head_met = self._head_met or link.receipt_hash == self.head
            if times := self.noted.times_at(link.seq):
                self.met, self.covered = self.met + times, link.seq + 1
        return fault

    def missing(self) -> str | None:
        """What is wrong with a chain that ends here; ``None`` when nothing is."""
        if self.begins_at is not None and self.last is None:
            return _REPLACED
        if (fault := self.noted.fault_of_end(self.last)) is not None:
            return fault
        return (
            None if self._head_met else "the noted head is not in the chain: receipts were cut off, or it was replaced"
        )


@frozen
class NotedHeads:
    """The heads that a chain is held against, by number; those that contradict each other are all kept."""

    by_seq: Mapping[int, tuple[NotedHead, ...]]
    chain_id: str | None
    last: NotedHead | None

    @classmethod
    def of(cls, noted: Iterable[NotedHead], *, behind: int = -1) -> "NotedHeads":
        """Those of ``noted`` whose number is greater than ``behind``."""
        by_seq: dict[int, tuple[NotedHead, ...]] = {}
        for one in noted:
            if one.head.seq > behind:
                by_seq[one.head.seq] = (*by_seq.get(one.head.seq, ()), one)
        last = by_seq[max(by_seq)][0] if by_seq else None
        return cls(by_seq, None if last is None else last.head.chain_id, last)

    def times_at(self, seq: int) -> int:
        """How often the receipt of this number was noted."""
        return len(self.by_seq.get(seq, ()))

    def fault_of(self, link: Link) -> str | None:
        """What is wrong with ``link`` in the light of what was noted."""
        if self.chain_id is not None and link.chain_id != self.chain_id:
            return f"the receipt is of another chain than the checkpoints{_when(self.last)}: the chain was replaced"
        for one in self.by_seq.get(link.seq, ()):
            if (one.head.chain_id, one.head.receipt_hash) != (link.chain_id, link.receipt_hash):
                return (
                    f"another receipt stood in this place{_when(one)}: the chain was written anew from here or before"
                )
        return None

    def fault_of_end(self, last: Link | None) -> str | None:
        """What is wrong with a chain that ends with ``last``."""
        end = -1 if last is None else last.seq
        if self.last is None or self.last.head.seq <= end:
            return None
        return f"the tail was cut off: {self.last.head.seq + 1} receipts stood here{_when(self.last)}, {end + 1} do now"


def _when(noted: NotedHead | None) -> str:
    return "" if noted is None else f" at {noted.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def verify_chain(
    entries: tuple[bytes, ...],
    *,
    head: str | None = None,
    from_start: bool = True,
    noted: Iterable[NotedHead] = (),
) -> ChainVerdict:
    """Recompute a chain of stored receipts; ``broken_at`` is the index of the first bad one."""
    check = ChainCheck(head=head, from_start=from_start, noted=NotedHeads.of(noted))
    for index, entry in enumerate(entries):
        if fault := check.add(entry):
            return broken(check, count=len(entries), at=index, error=fault)
    if fault := check.missing():
        return broken(check, count=len(entries), at=len(entries), error=fault)
    return whole(check, count=len(entries))


def broken(check: ChainCheck, *, count: int, at: int, error: str) -> ChainVerdict:
    """The verdict on a chain of ``count`` receipts, of which number ``at`` is the first that is not good."""
    return ChainVerdict(
        valid=False,
        count=count,
        head=check.last_hash,
        broken_at=at,
        error=error,
        checkpoints=check.met,
        covered=check.covered,
    )


def whole(check: ChainCheck, *, count: int, mark: str | None = None) -> ChainVerdict:
    """The verdict on a good chain of ``count`` receipts."""
    return ChainVerdict(
        valid=True, count=count, head=check.last_hash, mark=mark, checkpoints=check.met, covered=check.covered
    )


def _fault(entry: bytes, content: dict[str, Any], before: Link | None, *, from_start: bool) -> str | None:
    if not is_sound(entry, content):
        return "the receipt does not match its own hash"
    if before is None:
        if content["seq"] == 0:
            return "the first receipt names one before it" if content["prev_hash"] is not None else None
        return "receipts before it are missing" if from_start else None
    if content["chain_id"] != before.chain_id:
        return "the receipt is of another chain"
    if content["seq"] > before.seq + 1:
        return f"receipts before it are missing: {content['seq'] - before.seq - 1}"
    if content["seq"] <= before.seq:
        return f"the receipt is out of its place in the chain: it is number {content['seq']}"
    if content["prev_hash"] != before.receipt_hash:
        return "the receipt does not follow the one before it: one of the two was made anew"
    return None
