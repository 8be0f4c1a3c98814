"""Signer and Verifier: seals made with a key, and told from forgeries."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.identity import KeyId
from provider_runtime.domain.seals import Seal, SealVerdict


@runtime_checkable
class Signer(Protocol):
    """Seals bytes with one key, which it never gives away.

    Async: the key may be in another process, or in a device. ``purpose`` is what the bytes are
    (``consent_receipt/1``): a seal made for one purpose is worth nothing for another.
    Raises ``BackendError`` when the key cannot be reached, and ``ValueError`` for a purpose that is no
    short name.
    """

    @property
    def key_id(self) -> KeyId:
        """The name of the key, worked out from it; reading it raises ``BackendError`` as sealing would."""
        ...

    async def sign(self, content: bytes, *, purpose: str) -> Seal:
        """A seal over ``content``."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """Tells seals from forgeries, by the keys that it was told to trust and no others.

    Raises ``BackendError`` when it cannot say: that is no verdict, and nothing may pass on it.
    """

    async def verify(self, content: bytes, seal: Seal, *, purpose: str) -> SealVerdict:
        """What ``seal`` over ``content`` is worth."""
        ...
