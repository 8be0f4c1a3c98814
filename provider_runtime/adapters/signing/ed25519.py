"""Ed25519 seals: made with a private key, checked with the public half. Imports cryptography on first use."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.identity import KeyId
from provider_runtime.domain.seals import PublicKey, Seal, SealVerdict, sealed_bytes
from provider_runtime.domain.secrets import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SIZE: Final = 32


@frozen(kw_only=True)
class Ed25519Signer:
    """Seals with ``private_key``, 64 hexadecimal digits. Raises ``BackendError`` without the extra ``crypto``."""

    private_key: Secret

    @property
    def public_key(self) -> PublicKey:
        """What others need to check its seals."""
        return PublicKey(self._loaded().public_key().public_bytes_raw().hex())

    @property
    def key_id(self) -> KeyId:
        return self.public_key.key_id

    async def sign(self, content: bytes, *, purpose: str) -> Seal:
        sealed = sealed_bytes(content, purpose)
        key = self._loaded()
        public = PublicKey(key.public_key().public_bytes_raw().hex())
        return Seal(key_id=public.key_id, value=key.sign(sealed).hex())

    def _loaded(self) -> "Ed25519PrivateKey":
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - an extra, and 20 ms
                Ed25519PrivateKey,
            )
        except ImportError:
            raise _not_installed() from None
        seed = _seed_in(self.private_key)
        if seed is None:
            raise BackendError(
                kind="signing",
                message="the signing key is not 64 hexadecimal digits",
                remedy="Give the seed of an Ed25519 key, as new_signing_key() makes it.",
            )
        return Ed25519PrivateKey.from_private_bytes(seed)


def _trusted(keys: Iterable[PublicKey | str]) -> tuple[PublicKey, ...]:
    return tuple(key if isinstance(key, PublicKey) else PublicKey.parse(key) for key in keys)


@frozen(kw_only=True)
class Ed25519Verifier:
    """Checks seals against the keys it was told to ``trust``, and knows no others."""

    trust: tuple[PublicKey, ...] = field(default=(), converter=_trusted)

    async def verify(self, content: bytes, seal: Seal, *, purpose: str) -> SealVerdict:
        key = next((key for key in self.trust if key.key_id == seal.key_id), None)
        return SealVerdict.UNKNOWN_KEY if key is None else _verdict(key, sealed_bytes(content, purpose), seal)


def new_signing_key(random: bytes) -> Secret:
    """A private key made of 32 bytes that nobody can guess. Raises ``ValueError`` for another number of them."""
    if len(random) != _SIZE:
        raise ValueError(f"a signing key is made of {_SIZE} bytes, not {len(random)}")
    return Secret(random.hex())


def _verdict(key: PublicKey, sealed: bytes, seal: Seal) -> SealVerdict:
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above
    except ImportError:
        raise _not_installed() from None
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.value)).verify(bytes.fromhex(seal.value), sealed)
    except (InvalidSignature, ValueError):  # ValueError: no point of the curve
        return SealVerdict.FORGED
    return SealVerdict.GENUINE


def _seed_in(private_key: Secret) -> bytes | None:
    try:
        seed = bytes.fromhex(private_key.reveal())
    except ValueError:
        return None
    return seed if len(seed) == _SIZE else None


def _not_installed() -> BackendError:
    return BackendError(
        kind="signing",
        message="Ed25519 seals need a library that is not installed",
        remedy="Install provider-runtime[crypto], or seal with HMAC-SHA-256 (HmacSigner).",
    )
