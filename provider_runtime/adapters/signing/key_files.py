"""KeyFileSigner: seals with a key that lies in a file, read anew for each seal."""

import asyncio
from pathlib import Path

from attrs import field, frozen

from provider_runtime.adapters.credentials.key_files import read_key_file
from provider_runtime.adapters.signing.ed25519 import Ed25519Signer
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.identity import KeyId
from provider_runtime.domain.records.oversight.checkpoints import SealMethod
from provider_runtime.domain.seals import Seal
from provider_runtime.ports.signing import Signer


@frozen(kw_only=True)
class KeyFileSigner:
    """Seals by ``method`` with the key in the file at ``path``, and keeps the key no longer than that takes.

    The file holds the key and nothing else: 64 hexadecimal digits for Ed25519, any text for HMAC.
    """

    path: Path = field(converter=Path)
    method: SealMethod = SealMethod.ED25519

    @property
    def key_id(self) -> KeyId:
        return self._signer().key_id

    async def sign(self, content: bytes, *, purpose: str) -> Seal:
        signer = await asyncio.to_thread(self._signer)
        return await signer.sign(content, purpose=purpose)

    def _signer(self) -> Signer:
        key = read_key_file(str(self.path))
        if key is None:
            raise BackendError(
                kind="signing",
                key=self.path.name,
                message=f"there is no key to sign with in the file {self.path.name}",
                remedy="Name a file that this process can read, with the key and nothing else in it.",
            )
        if self.method is SealMethod.ED25519:
            return Ed25519Signer(private_key=key)
        return HmacSigner(key=key)
