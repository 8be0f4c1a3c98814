"""Receipts as text and back: what was sealed is what is read, whatever release wrote it."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from attrs import asdict, fields

from provider_runtime.domain.identity import ProfileId
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.receipts import RECEIPT_VERSION, ConsentReceipt, ConsentSurface

_KIND: Final = "provider_runtime.consent_receipt"
_LONGEST: Final = 64 * 1024
_FIELDS: Final = frozenset(attribute.name for attribute in fields(ConsentReceipt))
_TIMES: Final = ("decided_at", "valid_from", "valid_until")


def receipt_text(receipt: ConsentReceipt) -> str:
    """The receipt as one line of JSON: equal receipts in equal text, and no two others."""
    contents = {"kind": _KIND, **asdict(receipt)}
    return json.dumps(contents, sort_keys=True, separators=(",", ":"), default=_plain)


def read_receipt(text: str) -> ConsentReceipt | ConsentFault:
    """The receipt that stands in ``text``, or why it cannot be gone by. Never raises.

    A field that this release does not know is passed over, unless the receipt calls it critical.
    """
    try:
        contents = json.loads(text, object_pairs_hook=_once) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        return ConsentFault.UNREADABLE
    if not isinstance(contents, dict) or contents.get("kind") != _KIND:
        return ConsentFault.UNREADABLE
    if type(contents.get("version")) is not int or contents["version"] != RECEIPT_VERSION:
        return ConsentFault.UNKNOWN_VERSION
    critical = contents.get("critical", [])
    if not isinstance(critical, list) or not all(isinstance(name, str) for name in critical):
        return ConsentFault.UNREADABLE
    if not _FIELDS.issuperset(critical):
        return ConsentFault.UNKNOWN_CRITICAL
    try:
        return ConsentReceipt(**{name: _READERS.get(name, _as_is)(contents[name]) for name in _FIELDS & set(contents)})
    except (ValueError, TypeError):
        return ConsentFault.UNREADABLE


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names stand once: of two, readers would pick as they like."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    raise TypeError(f"a receipt holds no {type(value).__name__}")


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(value)


def _as_is(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _unless_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {**dict.fromkeys(_TIMES, _moment), "surface": _unless_none(ConsentSurface), "profile": _unless_none(ProfileId)}
)
