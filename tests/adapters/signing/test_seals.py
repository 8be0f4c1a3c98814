"""Seals as others make them, and what never shows."""

import asyncio
import subprocess
import sys

import pytest

from provider_runtime.adapters.signing.ed25519 import Ed25519Signer, Ed25519Verifier, new_signing_key
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.seals import PublicKey, Seal, SealVerdict, sealed_bytes
from provider_runtime.domain.secrets import Secret


def test_the_public_key_is_that_of_the_published_test_vector() -> None:
    """RFC 8032, section 7.1, test 1."""
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    signer = Ed25519Signer(private_key=Secret(seed))
    assert signer.public_key.value == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_another_program_checks_a_seal_with_the_library_alone() -> None:
    signer = Ed25519Signer(private_key=new_signing_key(bytes(range(32))))
    seal = asyncio.run(signer.sign(b"content", purpose="test/1"))
    program = (
        "import sys; from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey as K;"
        "key, seal, content = map(bytes.fromhex, sys.argv[1:]); K.from_public_bytes(key).verify(seal, content)"
    )
    sealed = sealed_bytes(b"content", "test/1")
    subprocess.run([sys.executable, "-c", program, signer.public_key.value, seal.value, sealed.hex()], check=True)


def test_a_public_key_is_parsed_as_it_is_printed_and_nothing_else_is() -> None:
    key = Ed25519Signer(private_key=new_signing_key(bytes(range(32)))).public_key
    assert PublicKey.parse(str(key)) == key
    assert key.key_id == PublicKey.parse(f" {key}\n").key_id
    for text in ("", key.value, f"ed25519:{key.value}00", f"rsa:{key.value}", f"ed25519:{key.value.upper()}"):
        with pytest.raises(ValueError, match="public key"):
            PublicKey.parse(text)


async def test_a_key_that_is_none_is_an_error_that_does_not_quote_it() -> None:
    for text in ("deadbeef", "not-hexadecimal-at-all", "ab" * 33):
        with pytest.raises(BackendError) as refused:
            await Ed25519Signer(private_key=Secret(text)).sign(b"", purpose="test/1")
        assert text not in f"{refused.value!r} {refused.value}"
    with pytest.raises(ValueError, match="32 bytes"):
        new_signing_key(b"short")


async def test_a_public_key_that_is_no_point_of_the_curve_makes_nothing_genuine() -> None:
    nowhere = PublicKey("ff" * 32)
    seal = Seal(key_id=nowhere.key_id, value="00" * 64)
    assert await Ed25519Verifier(trust=(nowhere,)).verify(b"", seal, purpose="test/1") is SealVerdict.FORGED


async def test_a_seal_of_another_length_is_a_forgery() -> None:
    signer = Ed25519Signer(private_key=new_signing_key(bytes(range(32))))
    for seal in (Seal(key_id=signer.key_id, value="00" * 16), Seal(key_id=signer.key_id, value="00" * 128)):
        verdict = await Ed25519Verifier(trust=(signer.public_key,)).verify(b"", seal, purpose="test/1")
        assert verdict is SealVerdict.FORGED


def test_no_signer_shows_its_key() -> None:
    seed = bytes(range(32)).hex()
    for signer in (Ed25519Signer(private_key=Secret(seed)), HmacSigner(key=Secret(seed))):
        assert seed not in repr(signer)


def test_the_id_of_a_shared_key_tells_nothing_of_it_and_two_keys_have_two() -> None:
    one, other = HmacSigner(key=Secret("one-shared-key")), HmacSigner(key=Secret("another-shared-key"))
    assert one.key_id != other.key_id
    assert one.key_id == HmacSigner(key=Secret("one-shared-key")).key_id


async def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    with pytest.raises(BackendError, match=r"provider-runtime\[crypto\]"):
        await Ed25519Signer(private_key=new_signing_key(bytes(32))).sign(b"", purpose="test/1")
    trusted = PublicKey("00" * 32)
    with pytest.raises(BackendError, match=r"provider-runtime\[crypto\]"):
        await Ed25519Verifier(trust=(trusted,)).verify(
            b"", Seal(key_id=trusted.key_id, value="00" * 64), purpose="test/1"
        )
