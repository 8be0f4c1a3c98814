"""HmacSigner: seals that only the holders of one secret can make or check."""

import hmac
from hashlib import sha256
from typing import Final

from attrs import field, frozen

from provider_runtime.domain.identity import KeyId
from provider_runtime.domain.seals import Seal, SealVerdict, sealed_bytes
from provider_runtime.domain.secrets import Secret

_NAMING: Final = b"provider_runtime/seal/v1/hmac key id"


@frozen(kw_only=True)
class HmacSigner:
    """HMAC-SHA-256 under ``key``. Whoever can check such a seal can make one: keep signer and checker together."""

    key: Secret
    key_id: KeyId = field(init=False)

    @key_id.default
    def _name_of_key(self) -> KeyId:
        return KeyId(f"hmac-sha256:{self._digest(_NAMING)[:16]}")

    async def sign(self, content: bytes, *, purpose: str) -> Seal:
        return Seal(key_id=self.key_id, value=self._digest(sealed_bytes(content, purpose)))

    async def verify(self, content: bytes, seal: Seal, *, purpose: str) -> SealVerdict:
        if seal.key_id != self.key_id:
            return SealVerdict.UNKNOWN_KEY
        genuine = hmac.compare_digest(self._digest(sealed_bytes(content, purpose)), seal.value)
        return SealVerdict.GENUINE if genuine else SealVerdict.FORGED

    def _digest(self, content: bytes) -> str:
        return hmac.digest(self.key.reveal().encode(), content, sha256).hex()
