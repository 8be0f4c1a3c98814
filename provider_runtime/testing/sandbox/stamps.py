"""What only this sandbox can make: signatures, sealed texts, identifiers. All follow from its key."""

import base64
import hmac
from hashlib import sha256
from typing import Final

from attrs import field, frozen

LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HEX: Final = "0123456789abcdef"
DIGITS: Final = "0123456789"

_MAC_SIZE: Final = sha256().digest_size


@frozen(kw_only=True)
class Stamps:
    """Signs and seals under ``key``; equal input gives equal output, another key gives another.

    ``scope`` keeps what was made for one wire from being taken by another.
    """

    key: bytes = field(repr=False)

    def signature(self, scope: str, text: str) -> str:
        """A signature over ``text``, such as stands in a thinking block."""
        return base64.b64encode(self._mac("sign", scope, text)).decode()

    def has_signed(self, scope: str, text: str, signature: object) -> bool:
        """Whether ``signature`` was made here, for this scope and exactly this text."""
        return isinstance(signature, str) and hmac.compare_digest(
            self.signature(scope, text).encode(), signature.encode(errors="replace")
        )

    def sealed(self, scope: str, text: str) -> str:
        """``text`` inside an opaque token, as encrypted reasoning travels. Not secret, but tamper-evident."""
        return base64.urlsafe_b64encode(self._mac("seal", scope, text) + text.encode()).decode()

    def opened(self, scope: str, token: object) -> str | None:
        """The text inside ``token``; ``None`` for one that was not sealed here, or was changed since."""
        if not isinstance(token, str):
            return None
        try:
            raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
            text = raw[_MAC_SIZE:].decode()
        except ValueError:
            return None
        return text if hmac.compare_digest(self._mac("seal", scope, text), raw[:_MAC_SIZE]) else None

    def name(self, length: int, alphabet: str, *about: str | bytes) -> str:
        """``length`` characters of ``alphabet`` that follow from ``about``."""
        letters: list[str] = []
        block = 0
        while len(letters) < length:
            digest = hmac.digest(self.key, _joined("name", str(block), *about), sha256)
            letters += [alphabet[byte % len(alphabet)] for byte in digest]
            block += 1
        return "".join(letters[:length])

    def _mac(self, *about: str) -> bytes:
        return hmac.digest(self.key, _joined(*about), sha256)


def _joined(*pieces: str | bytes) -> bytes:
    """The pieces as one, so that no two lists of pieces give the same bytes."""
    raw = [piece.encode() if isinstance(piece, str) else piece for piece in pieces]
    return b"".join(len(piece).to_bytes(8, "big") + piece for piece in raw)
