"""TrustingSeveral: one verifier out of several."""

from attrs import frozen

from provider_runtime.domain.seals import Seal, SealVerdict
from provider_runtime.ports.signing import Verifier


@frozen
class TrustingSeveral:
    """Asks one verifier after another until one knows the key."""

    verifiers: tuple[Verifier, ...]

    async def verify(self, content: bytes, seal: Seal, *, purpose: str) -> SealVerdict:
        for verifier in self.verifiers:
            verdict = await verifier.verify(content, seal, purpose=purpose)
            if verdict is not SealVerdict.UNKNOWN_KEY:
                return verdict
        return SealVerdict.UNKNOWN_KEY
