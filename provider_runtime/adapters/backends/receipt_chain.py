"""The chain of receipts as bytes: how one is linked to the one before, and read back.

A stored entry is ``{"receipt":…,"receipt_hash":"sha256:…"}``. The hash covers the very bytes that
stand between, which are canonical JSON (RFC 8785), so checking needs no second opinion on how to
write them.
"""

from hashlib import sha256
from os import urandom
from typing import Any, Final

import msgspec
from attrs import frozen

from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.records.receipts import RECEIPT_FORM, AttemptRecord, CallReceipt, CallRecord

_ID: Final = "rct_"
_ID_SEQ: Final = 10
"""Hex digits of an id that say its number; 22 digits of chance follow."""
_DOMAIN: Final = b"provider_runtime/receipt/v1\0"
_VERSION: Final = 1
# For null, booleans, integers, text, lists and objects with ASCII keys this is RFC 8785 to the byte.
_CANONICAL: Final = msgspec.json.Encoder(order="sorted", enc_hook=str)
_OPENING: Final = b'{"receipt":'
_HASH_KEY: Final = b',"receipt_hash":"'
_CLOSING: Final = b'"}'
_HASH_LENGTH: Final = len("sha256:") + 64


@frozen
class Link:
    """A place in a chain: what the next receipt has to know of the one before."""

    chain_id: str
    seq: int
    receipt_hash: str


def linked(record: CallRecord, before: Link | CallReceipt | None) -> tuple[bytes, CallReceipt]:
    """``record`` as the stored entry after ``before``, and as the receipt it holds."""
    if before is None:
        chain_id, seq, prev_hash = f"chain_{urandom(16).hex()}", 0, None
    else:
        chain_id, seq, prev_hash = before.chain_id, before.seq + 1, before.receipt_hash
    said = {
        "chain_id": chain_id,
        "prev_hash": prev_hash,
        "receipt_id": f"{_ID}{seq:010x}{urandom(11).hex()}",  # so it can be found without an index
        "record": record,
        "seq": seq,
        "version": _VERSION,
    }
    content = _CANONICAL.encode(said)
    receipt_hash = said["receipt_hash"] = _hash_of(content, prev_hash)
    entry = b"".join((_OPENING, content, _HASH_KEY, receipt_hash.encode(), _CLOSING))
    return entry, RECEIPT_FORM.filled(said)


def _hash_of(content: bytes, prev_hash: str | None) -> str:
    return f"sha256:{sha256(_DOMAIN + (prev_hash or '').encode() + content).hexdigest()}"


def is_sound(entry: bytes, content: dict[str, Any]) -> bool:
    """Whether a stored entry has the hash that its ``content`` gives."""
    return hash_in(entry) == _hash_of(entry[len(_OPENING) : -_tail_length()], content["prev_hash"])


def _tail_length() -> int:
    return len(_HASH_KEY) + _HASH_LENGTH + len(_CLOSING)


def hash_in(entry: bytes) -> str:
    """The hash that a stored entry names as its own."""
    return entry[-len(_CLOSING) - _HASH_LENGTH : -len(_CLOSING)].decode(errors="replace")


def content_of(entry: bytes) -> dict[str, Any] | None:
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


def seq_in_id(receipt_id: str) -> int | None:
    """The number of the receipt with this id; ``None`` when it is none of ours."""
    digits = receipt_id.removeprefix(_ID)[:_ID_SEQ]
    is_one = receipt_id.startswith(_ID) and len(digits) == _ID_SEQ and all(one in "0123456789abcdef" for one in digits)
    return int(digits, 16) if is_one else None


def seq_of(entry: bytes) -> int:
    """The number of a stored receipt. ``RecordCorrupt`` when it cannot be read."""
    content = content_of(entry)
    if content is None:
        raise unreadable("unknown")
    seq: int = content["seq"]
    return seq


def receipt_in(entry: bytes, place: str) -> CallReceipt:
    """The receipt in a stored entry. ``place`` names it when it cannot be read: then ``RecordCorrupt``."""
    content = content_of(entry)
    try:
        if content is not None:
            return CallReceipt(**{**content, "record": _record_in(content["record"])}, receipt_hash=hash_in(entry))
    except (TypeError, ValueError, KeyError):
        pass  # raised below as what it means
    raise unreadable(place)


def unreadable(place: str) -> RecordCorrupt:
    """What reading a receipt raises that is none."""
    return RecordCorrupt(
        kind="receipts",
        key=place,
        message=f"receipt number {place} cannot be read",
        remedy="`provider-runtime receipts verify` shows the place and the extent.",
    )


def _record_in(value: dict[str, Any]) -> CallRecord:
    fields: dict[str, Any] = {name: tuple(kept) if isinstance(kept, list) else kept for name, kept in value.items()}
    fields["call_id"] = CallId(value["call_id"])
    fields["runtime_id"] = RuntimeId(value["runtime_id"])
    fields["attempts"] = tuple(AttemptRecord(**attempt) for attempt in value.get("attempts", ()))
    return CallRecord(**fields)
