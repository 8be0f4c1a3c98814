"""What every Signer, together with a Verifier that trusts it, keeps to."""

import pytest
from attrs import evolve

from provider_runtime.domain.identity import KeyId
from provider_runtime.domain.seals import SealVerdict
from provider_runtime.ports.signing import Signer, Verifier

CONTENT = b'{"approved":true}'
PURPOSE = "consent_receipt/1"


class SigningContract:
    """Give the fixtures ``signer``, ``verifier`` (which trusts it) and ``stranger`` (which nobody trusts)."""

    @pytest.fixture
    def signer(self) -> Signer:
        raise NotImplementedError("the subclass says which signer")

    @pytest.fixture
    def verifier(self) -> Verifier:
        raise NotImplementedError("the subclass says which verifier")

    @pytest.fixture
    def stranger(self) -> Signer:
        raise NotImplementedError("the subclass gives a signer with another key")

    def test_they_are_a_signer_and_a_verifier(self, signer: Signer, verifier: Verifier) -> None:
        assert isinstance(signer, Signer)
        assert isinstance(verifier, Verifier)
        assert KeyId(signer.key_id) == signer.key_id

    async def test_what_was_sealed_is_genuine(self, signer: Signer, verifier: Verifier) -> None:
        seal = await signer.sign(CONTENT, purpose=PURPOSE)
        assert seal.key_id == signer.key_id
        assert await verifier.verify(CONTENT, seal, purpose=PURPOSE) is SealVerdict.GENUINE

    @pytest.mark.parametrize("other", [b"", CONTENT[:-1], CONTENT + b" ", CONTENT.replace(b"true", b"True")])
    async def test_other_bytes_under_the_same_seal_are_a_forgery(
        self, signer: Signer, verifier: Verifier, other: bytes
    ) -> None:
        seal = await signer.sign(CONTENT, purpose=PURPOSE)
        assert await verifier.verify(other, seal, purpose=PURPOSE) is SealVerdict.FORGED

    async def test_a_seal_for_one_purpose_is_none_for_another(self, signer: Signer, verifier: Verifier) -> None:
        seal = await signer.sign(CONTENT, purpose=PURPOSE)
        assert await verifier.verify(CONTENT, seal, purpose="receipt_checkpoint/1") is SealVerdict.FORGED

    async def test_no_flipped_bit_of_a_seal_goes_unseen(self, signer: Signer, verifier: Verifier) -> None:
        seal = await signer.sign(CONTENT, purpose=PURPOSE)
        raw = bytes.fromhex(seal.value)
        for place in range(len(raw)):
            flipped = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]]).hex()
            forged = evolve(seal, value=flipped)
            assert await verifier.verify(CONTENT, forged, purpose=PURPOSE) is SealVerdict.FORGED

    async def test_the_seal_of_a_stranger_is_of_an_unknown_key_and_under_a_known_name_a_forgery(
        self, signer: Signer, verifier: Verifier, stranger: Signer
    ) -> None:
        seal = await stranger.sign(CONTENT, purpose=PURPOSE)
        assert await verifier.verify(CONTENT, seal, purpose=PURPOSE) is SealVerdict.UNKNOWN_KEY
        borrowed = evolve(seal, key_id=signer.key_id)
        assert await verifier.verify(CONTENT, borrowed, purpose=PURPOSE) is SealVerdict.FORGED

    @pytest.mark.parametrize("purpose", ["", "two words", "Upper", "nul\0", "x" * 65])
    async def test_a_purpose_is_a_short_name(self, signer: Signer, purpose: str) -> None:
        with pytest.raises(ValueError, match="purpose"):
            await signer.sign(CONTENT, purpose=purpose)
