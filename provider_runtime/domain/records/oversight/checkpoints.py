"""Checkpoints: how far a chain of receipts had come at some moment, sealed, to be kept elsewhere."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from attrs import Attribute, field, frozen

from provider_runtime.domain.checks import FILLED, is_a, number, whole
from provider_runtime.domain.seals import Seal

CHECKPOINT_PURPOSE: Final = "receipt_checkpoint/1"
"""What the seal of a checkpoint is made for."""


class SealMethod(StrEnum):
    """How a checkpoint is sealed."""

    ED25519 = "ed25519"  # the private key seals, the public one tells; needs the extra `crypto`
    HMAC_SHA256 = "hmac-sha256"  # whoever can tell can seal


@frozen(kw_only=True)
class ChainHead:
    """The last receipt of a chain at some moment. Its hash covers every receipt before it."""

    chain_id: str = field(validator=FILLED)
    seq: int = field(validator=whole(0))
    receipt_hash: str = field(validator=FILLED)


def _has_a_zone(_instance: object, attribute: "Attribute[datetime]", at: object) -> None:
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise ValueError(f"{attribute.name} must be a time with its time zone")


@frozen(kw_only=True)
class NotedHead:
    """A head that is known to have been the last at ``at``: its seal was checked, or the caller noted it himself."""

    head: ChainHead = field(validator=is_a(ChainHead))
    at: datetime = field(validator=_has_a_zone)


@frozen(kw_only=True)
class Checkpoint:
    """A head as somebody sealed it. Worth nothing before its seal was checked.

    A chain of receipts shows by itself what was changed, removed or moved in it, and not that its end
    was cut off, or all of it written anew. Against a checkpoint that lies elsewhere, it does.
    Source: reliability §3.7.
    """

    head: ChainHead = field(validator=is_a(ChainHead))
    at: datetime = field(validator=_has_a_zone)
    seal: Seal = field(validator=is_a(Seal))


@frozen(kw_only=True)
class Checkpoints:
    """How a runtime keeps checkpoints of its receipts.

    One after ``every`` receipts, one ``within_s`` after the first that none covers, and one when the
    runtime closes. ``path`` is the file that they are appended to, one a line; let it lie where whoever can write the
    receipts cannot. ``key_file`` holds the key that seals them (64 hexadecimal digits for ``ed25519``,
    any text for ``hmac-sha256``); it is read at each checkpoint and kept nowhere. Raises ``ValueError``
    and ``TypeError``.
    """

    path: Path = field(converter=Path)
    key_file: Path = field(converter=Path)
    method: SealMethod = field(default=SealMethod.ED25519, converter=SealMethod)
    every: int = field(default=100, validator=whole(1))
    within_s: float = field(default=60.0, validator=number(0.1, 86_400))


def checkpoint_statement(head: ChainHead, at: datetime) -> bytes:
    """The bytes that a checkpoint is sealed over: the same for the same head and moment, whoever writes them."""
    contents = {
        "chain_id": head.chain_id,
        "seq": head.seq,
        "receipt_hash": head.receipt_hash,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    return json.dumps(contents, sort_keys=True, separators=(",", ":")).encode()
