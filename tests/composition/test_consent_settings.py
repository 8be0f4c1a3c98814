"""What settings say of consent, and what is refused before anything is opened."""

from pathlib import Path
from typing import Any

import pytest

from provider_runtime import (
    ConsentSettings,
    Ed25519Signer,
    FileConsents,
    InvalidSettings,
    MemoryConsents,
    RuntimeSettings,
    SqliteConsents,
    TrustedIssuer,
    new_signing_key,
    open_runtime,
)
from provider_runtime.domain.identity import KeyId

KEY = Ed25519Signer(private_key=new_signing_key(bytes(32))).public_key


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: RuntimeSettings(consents="memory"), "consents"),  # type: ignore[arg-type]  # that is the point
        (lambda: ConsentSettings(place="memory"), "consents.place"),  # type: ignore[arg-type]  # as above
        (lambda: ConsentSettings(issuer="two words"), "consents.issuer"),
        (lambda: ConsentSettings(timeout_s=0), "consents.timeout_s"),
        (lambda: ConsentSettings(timeout_s=True), "consents.timeout_s"),
        (lambda: ConsentSettings(revocations_max_age_s=-1), "consents.revocations_max_age_s"),
        (lambda: ConsentSettings(issuers=(KEY,)), "consents.issuers[0]"),
        (lambda: TrustedIssuer(name="", key=KEY), "consents.name"),
        (lambda: TrustedIssuer(name="desk", key="ed25519:short"), "consents.issuers.key"),
        (lambda: TrustedIssuer(name="desk", key=None), "consents.issuers.key"),  # type: ignore[arg-type]  # as above
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_by_name_with_a_way_out(make: Any, field: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        make()
    assert refused.value.field == field
    assert refused.value.remedy


def test_an_issuer_is_trusted_by_a_public_key_its_text_or_the_id_of_a_key_of_another_kind() -> None:
    other = KeyId("hmac-sha256:0123456789abcdef")
    settings = ConsentSettings(
        issuers=(
            TrustedIssuer(name="desk", key=KEY),
            TrustedIssuer(name="batch", key=str(KEY)),
            TrustedIssuer(name="vault", key=other),
        )
    )
    assert settings.public_keys == (KEY, KEY)
    assert settings.issuers_by_key == {KEY.key_id: {"desk", "batch"}, other: {"vault"}}


@pytest.mark.parametrize("place", [FileConsents(path=Path("c")), SqliteConsents(path=Path("c.sqlite"))])
async def test_consents_that_outlive_a_runtime_need_its_name(place: FileConsents | SqliteConsents) -> None:
    with pytest.raises(InvalidSettings) as refused:
        async with open_runtime(RuntimeSettings(consents=ConsentSettings(place=place))):
            pass
    assert refused.value.field == "name"


async def test_a_list_of_revocations_needs_somebody_who_may_sign_it(tmp_path: Path) -> None:
    settings = ConsentSettings(place=MemoryConsents(), revocations=tmp_path / "revoked.json")
    with pytest.raises(InvalidSettings) as refused:
        async with open_runtime(RuntimeSettings(consents=settings)):
            pass
    assert refused.value.field == "consents.revocations"


@pytest.mark.parametrize("part", ["consents", "consent_signer", "consent_verifier"])
async def test_a_part_that_lacks_methods_of_its_port_is_refused_by_name(part: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        async with open_runtime(RuntimeSettings(), **{part: object()}):
            pass
    assert refused.value.field == part
