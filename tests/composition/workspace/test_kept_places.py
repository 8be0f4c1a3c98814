"""What a configuration file says of governance, ledgers, stores and checkpoints becomes those of the runtime."""

from pathlib import Path
from typing import Any

import pytest

from provider_runtime import RuntimeSettings
from provider_runtime.composition.consents.settings import FileConsents, SqliteConsents, TrustedIssuer
from provider_runtime.composition.governance.settings import SqliteAudit
from provider_runtime.composition.settings import RemoteLedger
from provider_runtime.composition.stores.places import FileStores, SqliteStores
from provider_runtime.domain.errors import InvalidSettings


def settings(tmp_path: Path, **said: Any) -> RuntimeSettings:
    return RuntimeSettings.from_mapping(said, folder=tmp_path)


def test_governance_is_that_of_the_profile_with_its_audit_in_the_data_folder(tmp_path: Path) -> None:
    made = settings(tmp_path, governance={"profile": "strict", "grants": ["model.call"]}).governance
    assert made is not None
    assert made.profile is not None
    assert (made.profile.name, [grant.type for grant in made.grants]) == ("strict", ["model.call"])
    assert made.audit == SqliteAudit(path=tmp_path / ".provider-runtime" / "audit.sqlite")


def test_a_ledger_at_a_server_needs_its_address_and_a_token(tmp_path: Path) -> None:
    token = {"type": "env", "name": "LEDGER_TOKEN"}
    ledger = {"medium": "remote", "url": "https://budgets.example.com", "credential": token}
    made = settings(tmp_path, ledger=ledger).ledger
    assert isinstance(made, RemoteLedger)
    assert made.url == "https://budgets.example.com"
    for missing in ("url", "credential"):
        with pytest.raises(InvalidSettings) as refused:
            settings(tmp_path, ledger={key: value for key, value in ledger.items() if key != missing})
        assert refused.value.field == f"ledger.{missing}"


def test_stores_and_recordings_are_where_the_file_says(tmp_path: Path) -> None:
    made = settings(tmp_path, stores={}, record="run.sqlite")
    assert made.stores is not None
    assert made.stores.place == SqliteStores(path=tmp_path / ".provider-runtime" / "stores.sqlite")
    assert made.record == SqliteStores(path=tmp_path / "run.sqlite")
    assert settings(tmp_path, replay="run").replay == FileStores(path=tmp_path / "run")
    assert settings(tmp_path).stores is None


def test_checkpoints_lie_beside_the_file_and_not_in_the_data_folder(tmp_path: Path) -> None:
    made = settings(tmp_path, checkpoints={"path": "heads.jsonl", "key_file": "seal.key", "every": 10}).checkpoints
    assert made is not None
    assert (made.path, made.key_file, made.every) == (tmp_path / "heads.jsonl", tmp_path / "seal.key", 10)
    with pytest.raises(InvalidSettings) as refused:
        settings(tmp_path, checkpoints={"path": "heads.jsonl"})
    assert refused.value.field == "checkpoints.key_file"


def test_a_profile_that_nobody_knows_is_refused_where_it_was_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as refused:
        settings(tmp_path, governance={"profile": "nonsense"})
    assert "governance profile" in refused.value.message


def test_consents_lie_in_the_data_folder_and_count_when_a_named_issuer_signed_them(tmp_path: Path) -> None:
    key = "ed25519:" + "ab" * 32
    said = {"issuer": "service", "issuers": [{"name": "desk", "key": key}], "revocations": "revoked.json"}
    made = settings(tmp_path, consents=said).consents
    assert made is not None
    assert made.place == SqliteConsents(path=tmp_path / ".provider-runtime" / "consents.sqlite")
    assert (made.issuer, made.issuers) == ("service", (TrustedIssuer(name="desk", key=key),))
    assert made.revocations == tmp_path / "revoked.json"
    in_files = settings(tmp_path, consents={"medium": "file", "path": "asked"}).consents
    assert in_files is not None
    assert in_files.place == FileConsents(path=tmp_path / ".provider-runtime" / "asked")
    assert settings(tmp_path).consents is None


@pytest.mark.parametrize(
    "wrong",
    [{"issuers": [{"name": "desk", "key": "no key"}]}, {"issuer": "two words"}, {"medium": "memory", "path": "x"}],
)
def test_consents_that_cannot_be_are_refused_with_their_place(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings) as refused:
        settings(tmp_path, consents=wrong)
    assert refused.value.field is not None
    assert refused.value.field.startswith("consents")
