"""Signers and verifiers under their contract."""

import pytest

from provider_runtime.adapters.signing.ed25519 import Ed25519Signer, Ed25519Verifier, new_signing_key
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.adapters.signing.trusting import TrustingSeveral
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.signing import Signer, Verifier
from provider_runtime.testing.contracts.signing import SigningContract

_ONE, _OTHER = bytes(range(32)), bytes(range(1, 33))


class TestEd25519(SigningContract):
    @pytest.fixture
    def signer(self) -> Ed25519Signer:
        return Ed25519Signer(private_key=new_signing_key(_ONE))

    @pytest.fixture
    def verifier(self, signer: Ed25519Signer) -> Verifier:
        return Ed25519Verifier(trust=(signer.public_key,))

    @pytest.fixture
    def stranger(self) -> Signer:
        return Ed25519Signer(private_key=new_signing_key(_OTHER))


class TestHmac(SigningContract):
    @pytest.fixture
    def signer(self) -> HmacSigner:
        return HmacSigner(key=Secret("a-key-that-two-sides-hold"))

    @pytest.fixture
    def verifier(self, signer: HmacSigner) -> Verifier:
        return signer

    @pytest.fixture
    def stranger(self) -> Signer:
        return HmacSigner(key=Secret("a-key-that-nobody-trusts"))


class TestTrustingSeveral(SigningContract):
    @pytest.fixture
    def signer(self) -> Ed25519Signer:
        return Ed25519Signer(private_key=new_signing_key(_ONE))

    @pytest.fixture
    def verifier(self, signer: Ed25519Signer) -> Verifier:
        other = HmacSigner(key=Secret("a-key-that-two-sides-hold"))
        return TrustingSeveral((other, Ed25519Verifier(trust=(str(signer.public_key),))))

    @pytest.fixture
    def stranger(self) -> Signer:
        return Ed25519Signer(private_key=new_signing_key(_OTHER))
