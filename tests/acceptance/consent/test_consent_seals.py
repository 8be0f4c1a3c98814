"""Consents of others: whoever signs, shares or revokes them, only what is proven counts."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from consenting.breaking import BREAKDOWNS, REQUEST, consented, refusal_of
from consenting.cloud import opened, settings_in

from provider_runtime import (
    ConsentFault,
    ConsentSettings,
    ConsentTerms,
    Ed25519Signer,
    ErrorCode,
    FileConsents,
    GuardFailed,
    HmacSigner,
    MissingProviderRuntimeError,
    Secret,
    SignedReceipt,
    SqliteConsents,
    TrustedIssuer,
    new_signing_key,
)
from provider_runtime.adapters.governance.revocation_file import write_revocations
from provider_runtime.domain.policy.consent.reading import receipt_text
from provider_runtime.testing.consents import a_receipt
from provider_runtime.testing.sandbox import Sandbox

OWN, OTHER = (Ed25519Signer(private_key=new_signing_key(bytes([number] * 32))) for number in (1, 2))


def shared(tmp_path: Path, kind: str = "sqlite", **overrides: Any) -> ConsentSettings:
    place: Any = SqliteConsents(path=tmp_path / "c.sqlite") if kind == "sqlite" else FileConsents(path=tmp_path / "c")
    usual = {"place": place, "issuers": (TrustedIssuer(name="desk", key=OWN.public_key),), "issuer": "desk"}
    return ConsentSettings(**{**usual, **overrides})


@pytest.mark.parametrize("kind", ["sqlite", "files"])
async def test_a_signed_consent_outlives_the_runtime_it_was_given_to(
    sandbox: Sandbox, tmp_path: Path, kind: str
) -> None:
    settings = settings_in(sandbox, consents=shared(tmp_path, kind))
    async with opened(sandbox, settings, consent_signer=OWN) as runtime:
        await consented(runtime, ConsentTerms(uses=2))
        await runtime.run(REQUEST)
    async with opened(sandbox, settings) as runtime:  # which can check, and not sign
        await runtime.run(REQUEST)
        assert (await refusal_of(runtime)).fault is ConsentFault.USED_UP
        with pytest.raises(MissingProviderRuntimeError) as missing:
            await consented(runtime)
    assert missing.value.missing_fields == ("consent_signer",)
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("kind", ["sqlite", "files"])
async def test_no_file_of_consents_holds_a_word_or_a_key(sandbox: Sandbox, tmp_path: Path, kind: str) -> None:
    settings = settings_in(sandbox, consents=shared(tmp_path, kind))
    async with opened(sandbox, settings, consent_signer=OWN) as runtime:
        await consented(runtime)
        await runtime.run(REQUEST)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        kept = b"".join(path.read_bytes() for path in files)
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert b"consent_" in kept
    for word in (b"Wilhelmina", b"sandbox-key", bytes([1] * 32), bytes([1] * 32).hex().encode()):
        assert word not in kept


async def test_a_consent_signed_by_somebody_else_in_our_name_is_spoofed(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_in(sandbox, consents=shared(tmp_path))
    async with opened(sandbox, settings, consent_signer=OTHER) as runtime:
        await consented(runtime)
        assert (await refusal_of(runtime)).fault is ConsentFault.UNKNOWN_KEY
    assert sandbox.requests == ()


async def test_a_trusted_key_does_not_sign_in_another_s_name(sandbox: Sandbox, tmp_path: Path) -> None:
    issuers = (TrustedIssuer(name="desk", key=OWN.public_key), TrustedIssuer(name="batch", key=OTHER.public_key))
    settings = settings_in(sandbox, consents=shared(tmp_path, issuers=issuers))
    async with opened(sandbox, settings, consent_signer=OTHER) as runtime:
        await consented(runtime)
        assert (await refusal_of(runtime)).fault is ConsentFault.ISSUER
    assert sandbox.requests == ()


async def test_an_unsigned_consent_in_a_shared_ledger_counts_for_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_in(sandbox, consents=shared(tmp_path, issuers=()))
    async with opened(sandbox, settings) as runtime:
        question = await runtime.request_consent(REQUEST)
        unsigned = evolve(runtime.consents, signer=None)
        with pytest.raises(MissingProviderRuntimeError):
            await unsigned.approve(question.request_id, user_id="ada")
        text = receipt_text(a_receipt(question, at=runtime.clock.now()))
        await runtime.consents.record(SignedReceipt(text=text))
        assert (await refusal_of(runtime)).fault is ConsentFault.UNSIGNED
    assert sandbox.requests == ()


async def test_a_key_that_two_sides_share_seals_and_checks(sandbox: Sandbox, tmp_path: Path) -> None:
    shared_key = HmacSigner(key=Secret("a-key-that-two-sides-hold"))
    issuers = (TrustedIssuer(name="desk", key=shared_key.key_id),)
    settings = settings_in(sandbox, consents=shared(tmp_path, issuers=issuers))
    parts = {"consent_signer": shared_key, "consent_verifier": shared_key}
    async with opened(sandbox, settings, **parts) as runtime:
        await consented(runtime)
        await runtime.run(REQUEST)
    assert len(sandbox.requests) == 1


async def test_a_decision_signed_elsewhere_counts_once_it_is_brought_here(sandbox: Sandbox, tmp_path: Path) -> None:
    async with opened(sandbox, settings_in(sandbox, consents=shared(tmp_path))) as runtime:
        question = await runtime.request_consent(REQUEST)
        text = receipt_text(a_receipt(question, at=runtime.clock.now()))
        seal = await OWN.sign(text.encode(), purpose="consent_receipt/1")
        await runtime.consents.record(SignedReceipt(text=text, seal=seal))
        await runtime.run(REQUEST)
    assert len(sandbox.requests) == 1


async def test_a_seal_that_was_made_for_something_else_proves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    async with opened(sandbox, settings_in(sandbox, consents=shared(tmp_path))) as runtime:
        question = await runtime.request_consent(REQUEST)
        text = receipt_text(a_receipt(question, at=runtime.clock.now()))
        seal = await OWN.sign(text.encode(), purpose="receipt_checkpoint/1")
        await runtime.consents.record(SignedReceipt(text=text, seal=seal))
        assert (await refusal_of(runtime)).fault is ConsentFault.FORGED
    assert sandbox.requests == ()


VERIFIERS: dict[str, Callable[..., Any]] = {name: instead for name, (instead, _) in BREAKDOWNS.items()}


@pytest.mark.parametrize("breakdown", VERIFIERS)
async def test_a_verifier_that_breaks_down_lets_nothing_through(
    sandbox: Sandbox, tmp_path: Path, breakdown: str
) -> None:
    class Broken:
        async def verify(self, content: bytes, seal: object, *, purpose: str) -> Any:
            return await VERIFIERS[breakdown]()

    settings = settings_in(sandbox, consents=shared(tmp_path, timeout_s=0.5))
    async with opened(sandbox, settings, consent_signer=OWN, consent_verifier=Broken()) as runtime:
        await consented(runtime)
        refused = await refusal_of(runtime)
    assert refused.code is ErrorCode.GUARD_FAILED
    assert sandbox.requests == ()


# ── a list of revocations from outside ──────────────────────────────────────────────────────


async def test_what_a_signed_list_revokes_is_no_consent(sandbox: Sandbox, tmp_path: Path) -> None:
    listed = tmp_path / "revoked.json"
    settings = settings_in(sandbox, consents=shared(tmp_path, revocations=listed))
    async with opened(sandbox, settings, consent_signer=OWN) as runtime:
        await write_revocations(listed, [], as_of=runtime.clock.now(), signer=OWN)
        question = await runtime.request_consent(REQUEST)
        terms = ConsentTerms(uses=9)
        receipt = await runtime.consents.approve(question.request_id, user_id="ada", terms=terms)
        await runtime.run(REQUEST)
        await write_revocations(listed, [receipt.consent_id], as_of=runtime.clock.now(), signer=OWN)
        assert (await refusal_of(runtime)).fault is ConsentFault.REVOKED
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("case", ["missing", "old", "somebody else's", "no list", "changed"])
async def test_a_list_that_cannot_be_gone_by_lets_nothing_through(sandbox: Sandbox, tmp_path: Path, case: str) -> None:
    listed = tmp_path / "revoked.json"
    settings = settings_in(sandbox, consents=shared(tmp_path, revocations=listed))
    async with opened(sandbox, settings, consent_signer=OWN) as runtime:
        now = runtime.clock.now()
        as_of = now - timedelta(minutes=6) if case == "old" else now
        if case != "missing":
            await write_revocations(listed, [], as_of=as_of, signer=OTHER if case == "somebody else's" else OWN)
        if case == "no list":
            listed.write_text("[]")
        if case == "changed":
            listed.write_text(listed.read_text().replace("[]", '[\\"consent_1\\"]'))
        with pytest.raises(GuardFailed):
            await runtime.request_consent(REQUEST)
        refused = await refusal_of(runtime)
    wanted = ConsentFault.REVOCATIONS_STALE if case == "old" else ConsentFault.REVOCATIONS_UNREACHABLE
    assert (refused.code, refused.fault) == (ErrorCode.GUARD_FAILED, wanted)
    assert sandbox.requests == ()
