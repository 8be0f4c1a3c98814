"""Seals: proof that the holder of a key wrote something, and wrote it for this purpose."""

import re
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Self

from attrs import Attribute, field, frozen

from provider_runtime.domain.identity import KeyId

_DOMAIN: Final = b"provider_runtime/seal/v1\0"
_PURPOSE: Final = re.compile(r"[a-z][a-z0-9_./-]{0,63}\Z")
_HEX: Final = re.compile(r"(?:[0-9a-f]{2}){16,128}\Z")
_PUBLIC_KEY: Final = re.compile(r"ed25519:([0-9a-f]{64})\Z")


def _matches(pattern: re.Pattern[str], meaning: str) -> Any:
    def check(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not isinstance(value, str) or not pattern.match(value):
            raise ValueError(f"{attribute.name} must be {meaning}")

    return check


@frozen(kw_only=True)
class Seal:
    """Proof over some bytes: made with the key ``key_id``; ``value`` in hexadecimal digits."""

    key_id: KeyId = field(converter=KeyId)
    value: str = field(validator=_matches(_HEX, "16 to 128 bytes in lower-case hexadecimal digits"))


class SealVerdict(StrEnum):
    """What a seal is worth."""

    GENUINE = "genuine"
    UNKNOWN_KEY = "unknown_key"  # whoever made it is nobody that is trusted here
    FORGED = "forged"  # not made with that key, or over other bytes, or for another purpose


@frozen
class PublicKey:
    """The half of an Ed25519 key that may be known: it can tell a seal from a forgery, and make none.

    ``value`` is 32 bytes in hexadecimal digits. Printed, and parsed, as ``ed25519:…``.
    """

    value: str = field(validator=_matches(re.compile(r"[0-9a-f]{64}\Z"), "64 lower-case hexadecimal digits"))

    @property
    def key_id(self) -> KeyId:
        """The name that seals made with the other half carry."""
        return KeyId(f"ed25519:{sha256(_DOMAIN + bytes.fromhex(self.value)).hexdigest()[:16]}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that ``str`` made this text of. Raises ``ValueError``."""
        found = _PUBLIC_KEY.match(text.strip())
        if found is None:
            raise ValueError("a public key is written ed25519: and 64 hexadecimal digits")
        return cls(found[1])

    def __str__(self) -> str:
        return f"ed25519:{self.value}"


def sealed_bytes(content: bytes, purpose: str) -> bytes:
    """The bytes that a seal is made over: a seal for one purpose is none for another. Raises ``ValueError``."""
    if not _PURPOSE.match(purpose):
        raise ValueError(f"a purpose is a short name such as consent_receipt/1, not {purpose!r:.80}")
    return b"".join((_DOMAIN, purpose.encode(), b"\0", content))
