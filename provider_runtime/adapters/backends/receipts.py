"""Receipts, hash-linked, over any journal: written once, chosen a medium by two-line subclasses.

A stored entry is ``{"receipt":…,"receipt_hash":"sha256:…"}``. The hash covers the very bytes that
stand between, which are canonical JSON (RFC 8785), so checking needs no second opinion on how to
write them.
"""

import secrets
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from attrs import define, field, frozen

from provider_runtime.adapters.backends.filesystem import FilesystemJournal
from provider_runtime.adapters.backends.medium import Journal
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.receipts import AttemptRecord, CallReceipt, CallRecord, ChainVerdict

_DOMAIN: Final = b"provider_runtime/receipt/v1\0"
_VERSION: Final = 1
# For null, booleans, integers, text, lists and objects with ASCII keys this is RFC 8785 to the byte.
_CANONICAL: Final = msgspec.json.Encoder(order="sorted", enc_hook=str)
_OPENING: Final = b'{"receipt":'
_HASH_KEY: Final = b',"receipt_hash":"'
_CLOSING: Final = b'"}'
_HASH_LENGTH: Final = len("sha256:") + 64


@frozen(kw_only=True)
class _Link:
    """A place in a chain: what the next receipt has to know of the one before."""

    chain_id: str
    seq: int
    receipt_hash: str


@define(kw_only=True)
class JournalReceipts:
    """The chain of receipts in ``journal``. See ``ReceiptProvider``."""

    journal: Journal = field(repr=False)
    _last: tuple[bytes, _Link] | None = field(default=None, init=False, repr=False)

    async def store(self, record: CallRecord) -> CallReceipt:
        made: list[CallReceipt] = []

        def make(last: bytes | None) -> bytes:
            entry, receipt = _linked(record, self._link(last))
            made.append(receipt)
            self._last = (entry, _Link(chain_id=receipt.chain_id, seq=receipt.seq, receipt_hash=receipt.receipt_hash))
            return entry

        await self.journal.append(make)
        return made[0]

    async def list(self) -> tuple[CallReceipt, ...]:
        return tuple(_receipt(entry, place) for place, entry in enumerate(await self.journal.entries()))

    async def get(self, receipt_id: str) -> CallReceipt | None:
        return next((receipt for receipt in await self.list() if receipt.receipt_id == receipt_id), None)

    async def verify(self, *, head: str | None = None) -> ChainVerdict:
        """Whether every receipt kept is as it was written and follows the one before.

        Where older receipts were dropped by the medium, the chain is checked from the first one kept.
        """
        return verify_chain(await self.journal.entries(), head=head, from_start=not self.journal.drops_oldest)

    async def clear(self) -> None:
        await self.journal.clear()

    def _link(self, last: bytes | None) -> _Link | None:
        """The link to ``last``: remembered if it is what this object wrote, else read."""
        if last is None:
            return None
        if self._last is not None and self._last[0] == last:
            return self._last[1]
        content = _content_of(last)
        if content is None:
            raise RecordCorrupt(
                kind="receipts",
                key="last",
                message="the last receipt cannot be read, so no other can follow it",
                remedy="`provider-runtime receipts verify` shows the place; move the file away to begin a new chain.",
            )
        return _Link(chain_id=content["chain_id"], seq=content["seq"], receipt_hash=_hash_in(last))


@define(kw_only=True)
class InMemoryReceiptProvider(JournalReceipts):
    """Receipts in memory: the last 1,000, gone at exit."""

    journal: Journal = field(factory=MemoryJournal, repr=False)


@define(kw_only=True)
class FilesystemReceiptProvider(JournalReceipts):
    """Receipts in the file at ``path``, one a line; durable once ``store`` has returned."""

    path: Path = field(converter=Path)
    journal: Journal = field(init=False, repr=False)

    @journal.default
    def _make_journal(self) -> Journal:
        return FilesystemJournal(path=self.path)


def verify_chain(entries: tuple[bytes, ...], *, head: str | None = None, from_start: bool = True) -> ChainVerdict:
    """Recompute a chain of stored receipts; ``broken_at`` is the index of the first bad one.

    ``from_start``: the first entry must be the first of the chain; else older ones may be gone.
    """
    before: _Link | None = None
    head_seen = head is None
    for index, entry in enumerate(entries):
        content = _content_of(entry)
        fault = (
            "the receipt cannot be read" if content is None else _fault(entry, content, before, from_start=from_start)
        )
        if content is None or fault:
            good = None if before is None else before.receipt_hash
            return ChainVerdict(valid=False, count=len(entries), head=good, broken_at=index, error=fault)
        before = _Link(chain_id=content["chain_id"], seq=content["seq"], receipt_hash=_hash_in(entry))
        head_seen = head_seen or before.receipt_hash == head
    last = None if before is None else before.receipt_hash
    if not head_seen:
        error = "the noted head is not in the chain: receipts were cut off, or the chain was replaced"
        return ChainVerdict(valid=False, count=len(entries), head=last, broken_at=len(entries), error=error)
    return ChainVerdict(valid=True, count=len(entries), head=last)


def _fault(entry: bytes, content: dict[str, Any], before: _Link | None, *, from_start: bool) -> str | None:
    if _hash_in(entry) != _hash_of(entry[len(_OPENING) : -_tail_length()], content["prev_hash"]):
        return "the receipt does not match its own hash"
    if before is None:
        if content["seq"] == 0:
            return "the first receipt names one before it" if content["prev_hash"] is not None else None
        return "receipts before it are missing" if from_start else None
    if content["prev_hash"] != before.receipt_hash:
        return "the receipt does not follow the one before it"
    if content["seq"] != before.seq + 1 or content["chain_id"] != before.chain_id:
        return "the receipt is out of its place in the chain"
    return None


def _linked(record: CallRecord, before: _Link | None) -> tuple[bytes, CallReceipt]:
    """``record`` as the stored entry after ``before``, and as the receipt it holds."""
    receipt_id = f"rct_{secrets.token_hex(16)}"
    chain_id = before.chain_id if before else f"chain_{secrets.token_hex(16)}"
    seq = before.seq + 1 if before else 0
    prev_hash = before.receipt_hash if before else None
    content = _CANONICAL.encode(
        {
            "version": _VERSION,
            "receipt_id": receipt_id,
            "chain_id": chain_id,
            "seq": seq,
            "prev_hash": prev_hash,
            "record": record,
        }
    )
    receipt_hash = _hash_of(content, prev_hash)
    receipt = CallReceipt(
        receipt_id=receipt_id, chain_id=chain_id, seq=seq, prev_hash=prev_hash, record=record, receipt_hash=receipt_hash
    )
    return _OPENING + content + _HASH_KEY + receipt_hash.encode() + _CLOSING, receipt


def _hash_of(content: bytes, prev_hash: str | None) -> str:
    return f"sha256:{sha256(_DOMAIN + (prev_hash or '').encode() + content).hexdigest()}"


def _tail_length() -> int:
    return len(_HASH_KEY) + _HASH_LENGTH + len(_CLOSING)


def _hash_in(entry: bytes) -> str:
    return entry[-len(_CLOSING) - _HASH_LENGTH : -len(_CLOSING)].decode(errors="replace")


def _content_of(entry: bytes) -> dict[str, Any] | None:
    """What stands under ``receipt`` in a stored entry; ``None`` when it is not an entry at all."""
    try:
        value = msgspec.json.decode(entry)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    content = value.get("receipt") if isinstance(value, dict) else None
    if not isinstance(content, dict) or not entry.startswith(_OPENING) or not entry.endswith(_CLOSING):
        return None
    if entry[-_tail_length() :][: len(_HASH_KEY)] != _HASH_KEY:
        return None
    named = all(isinstance(content.get(name), str) for name in ("receipt_id", "chain_id"))
    linked = "prev_hash" in content and isinstance(content["prev_hash"], str | None)
    sound = named and linked and type(content.get("seq")) is int and isinstance(content.get("record"), dict)
    return content if sound else None


def _receipt(entry: bytes, place: int) -> CallReceipt:
    content = _content_of(entry)
    try:
        if content is not None:
            return CallReceipt(**{**content, "record": _record_in(content["record"])}, receipt_hash=_hash_in(entry))
    except (TypeError, ValueError, KeyError):
        pass  # raised below as what it means
    raise RecordCorrupt(
        kind="receipts",
        key=str(place),
        message=f"receipt number {place} cannot be read",
        remedy="`provider-runtime receipts verify` shows the place and the extent.",
    )


def _record_in(value: dict[str, Any]) -> CallRecord:
    return CallRecord(
        **{
            **value,
            "call_id": CallId(value["call_id"]),
            "runtime_id": RuntimeId(value["runtime_id"]),
            "gates": tuple(value["gates"]),
            "warnings": tuple(value["warnings"]),
            "attempts": tuple(AttemptRecord(**attempt) for attempt in value["attempts"]),
        }
    )
