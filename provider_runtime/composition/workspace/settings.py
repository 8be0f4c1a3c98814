"""From a configuration to the settings of a runtime: paths found, references followed, defaults put in."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from provider_runtime.adapters.catalog_files import read_catalog, read_prices
from provider_runtime.adapters.credentials.key_files import read_key_file
from provider_runtime.composition.consents.settings import (
    ConsentSettings,
    FileConsents,
    MemoryConsents,
    SqliteConsents,
    TrustedIssuer,
)
from provider_runtime.composition.governance.settings import Audit, FileAudit, Governance, MemoryAudit, SqliteAudit
from provider_runtime.composition.settings import (
    FileLedger,
    FileReceipts,
    KeyringSecrets,
    MemoryLedger,
    MemoryReceipts,
    RemoteLedger,
    RuntimeSettings,
    SecretFile,
    SqliteLedger,
    SqliteReceipts,
)
from provider_runtime.composition.stores.places import (
    FileStores,
    MemoryStores,
    SqliteStores,
    StorePlace,
    StoreSettings,
)
from provider_runtime.composition.workspace.config import WorkspaceConfig
from provider_runtime.composition.workspace.outside import from_environment
from provider_runtime.composition.workspace.places import (
    GovernanceRules,
    Kept,
    KeptCheckpoints,
    KeptConsents,
    KeptLedger,
    KeptSecrets,
    LedgerMedium,
    Medium,
    SecretMedium,
)
from provider_runtime.composition.workspace.reading import ReadConfig, caller_layer, fault_at, read_config
from provider_runtime.domain.catalog.credentials import EnvCredential, KeyFileCredential
from provider_runtime.domain.errors import ConfigError, InvalidSettings
from provider_runtime.domain.profiles.experts import DEFAULT_EXPERTS, ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.records.oversight.checkpoints import Checkpoints
from provider_runtime.domain.secrets import Secret, secret_in

T = TypeVar("T")
SECRETS_NAME: Final = "secrets.json"
_RECEIPTS: Final = {Medium.SQLITE: "receipts.sqlite", Medium.FILE: "receipts.jsonl"}
_LEDGER: Final = {LedgerMedium.SQLITE: "ledger.sqlite", LedgerMedium.FILE: "ledger"}
_AUDIT: Final = {Medium.SQLITE: "audit.sqlite", Medium.FILE: "audit"}
_CONSENTS: Final = {Medium.SQLITE: "consents.sqlite", Medium.FILE: "consents"}
_STORES: Final = {Medium.SQLITE: "stores.sqlite", Medium.FILE: "stores"}
_SQLITE: Final = frozenset((".sqlite", ".sqlite3", ".db"))


def settings_of_file(file: Path, environment: Mapping[str, str], others: Mapping[str, Any]) -> RuntimeSettings:
    """The settings that ``file`` and the variables of ``environment`` describe. See ``RuntimeSettings.from_file``."""
    if not file.is_file():
        raise InvalidSettings(
            field=file.name,
            message=f"there is no file {file}",
            remedy="Make one: provider-runtime init. Or name another.",
        )
    return settings_of(read_config(file, [from_environment(environment)]), environment, **others)


def settings_of_mapping(
    tree: Mapping[str, Any], folder: Path, environment: Mapping[str, str], others: Mapping[str, Any]
) -> RuntimeSettings:
    """The settings that plain values describe. See ``RuntimeSettings.from_mapping``."""
    return settings_of(read_config(None, [caller_layer(tree)], folder=folder), environment, **others)


def settings_of(
    read: ReadConfig, environment: Mapping[str, str], *, data: Path | None = None, **others: Any
) -> RuntimeSettings:
    """Everything that ``read`` says; ``others`` go before it, field by field. ``data``: another data folder.

    References to secrets are followed now: variables in ``environment``, files where they are. Raises
    a ``ConfigError`` that says where the value was said.
    """
    config = read.config
    folder = data or data_folder_of(read)
    fields: dict[str, Any] = {
        "providers": tuple(config.providers.values()),
        "secrets": secrets_place(config.secrets, folder),
        "token_provider_only": config.token_provider_only,
        "default_provider": config.default_provider,
        "policy": config.policy,
        "leakage": config.leakage,
        "leak_rules": None if config.leak_rules is None else read.folder / Path(config.leak_rules).expanduser(),
        "retry": config.retry,
        "fallback": config.fallback,
        "parameters": config.parameters,
        "limits": config.limits,
        "fair_by": config.fair_by,
        "circuit": config.circuit,
        "deadline_s": config.deadline_s,
        "connect_timeout_s": config.connect_timeout_s,
        "max_response_bytes": config.max_response_bytes,
        "gate_timeout_s": config.gate_timeout_s,
        "receipts": _receipts(config.receipts, folder),
        "budgets": tuple(limit.budget for limit in config.budgets),
        "checkpoints": _checkpoints(read, config.checkpoints),
        "ledger": _ledger(read, config.ledger, folder),
        "governance": _governance(config.governance, folder),
        "consents": _consents(read, config.consents, folder),
        "stores": None if config.stores is None else StoreSettings(place=_stores(config.stores, folder)),
        "record": _recording(read, config.record),
        "replay": _recording(read, config.replay),
        "receipt_key": _followed(read, "receipt_key", config.receipt_key, environment),
        "guarded_secrets": tuple(
            secret
            for number, reference in enumerate(config.guarded_secrets)
            if (secret := _followed(read, f"guarded_secrets[{number}]", reference, environment)) is not None
        ),
        "catalog": _from_file(read, "catalog", config.catalog, read_catalog),
        "prices": _from_file(read, "prices", config.prices, read_prices),
        "name": config.name,
        "labels": config.labels,
        "experts": experts_of(config),
        "swaps": config.swaps,
    }
    if "profile" not in others:
        fields["profile"] = profile_of(read, config.profiles.values())
    return _made(read, {**fields, **others})


def experts_of(config: WorkspaceConfig) -> tuple[ExpertRole, ...]:
    """The experts that ship, if they are wanted, and those that are written: of one role the later one counts."""
    return (*(DEFAULT_EXPERTS if config.default_experts else ()), *config.experts.values())


def data_folder_of(read: ReadConfig) -> Path:
    """The folder of what is kept."""
    return read.folder / Path(read.config.data).expanduser()


def profile_of(read: ReadConfig, known: Iterable[WorkProfile]) -> WorkProfile | None:
    """The profile that the configuration names, among those that are ``known``: by its id, or by its name."""
    wanted = read.config.profile
    if wanted is None:
        return None
    profiles = tuple(known)
    for profile in profiles:
        if wanted in {profile.profile_id, profile.name}:
            return profile
    names = ", ".join(sorted({profile.name for profile in profiles})) or "there is none"
    raise fault_at(
        "profile",
        f"no work profile is called {wanted!r:.80}",
        f"Known here: {names}. `provider-runtime profiles add` keeps one, and [profiles.NAME] in the file makes one.",
        read.origins,
    )


def _made(read: ReadConfig, fields: Mapping[str, Any]) -> RuntimeSettings:
    try:
        return RuntimeSettings(**fields)
    except ConfigError as fault:
        path = getattr(fault, "field", None) or ""
        invalid = fault_at(path, fault.message, fault.remedy, read.origins) if path else fault
    raise invalid


def _receipts(kept: Kept, folder: Path) -> MemoryReceipts | FileReceipts | SqliteReceipts:
    if kept.medium is Medium.MEMORY:
        return MemoryReceipts()
    place = folder / Path(kept.path or _RECEIPTS[kept.medium]).expanduser()
    return FileReceipts(path=place) if kept.medium is Medium.FILE else SqliteReceipts(path=place)


def _ledger(
    read: ReadConfig, kept: KeptLedger, folder: Path
) -> MemoryLedger | FileLedger | SqliteLedger | RemoteLedger:
    if kept.medium is LedgerMedium.REMOTE:
        if kept.url is None or kept.credential is None:
            missing = "url" if kept.url is None else "credential"
            raise fault_at(f"ledger.{missing}", f"a remote ledger needs a {missing}", "Add it.", read.origins)
        return RemoteLedger(url=kept.url, credential=kept.credential, allowed_networks=kept.allowed_networks)
    if kept.medium is LedgerMedium.MEMORY:
        return MemoryLedger()
    place = folder / Path(kept.path or _LEDGER[kept.medium]).expanduser()
    return FileLedger(path=place) if kept.medium is LedgerMedium.FILE else SqliteLedger(path=place)


def _checkpoints(read: ReadConfig, kept: KeptCheckpoints | None) -> Checkpoints | None:
    if kept is None:
        return None
    if kept.path is None or kept.key_file is None:
        missing = "path" if kept.path is None else "key_file"
        raise fault_at(f"checkpoints.{missing}", f"checkpoints need a {missing}", "Add it.", read.origins)
    path, key_file = (read.folder / Path(name).expanduser() for name in (kept.path, kept.key_file))
    return Checkpoints(path=path, key_file=key_file, method=kept.method, every=kept.every, within_s=kept.within_s)


def _governance(rules: GovernanceRules | None, folder: Path) -> Governance | None:
    if rules is None:
        return None
    kept = rules.audit
    audit: Audit = MemoryAudit()
    if kept.medium is not Medium.MEMORY:
        place = folder / Path(kept.path or _AUDIT[kept.medium]).expanduser()
        audit = FileAudit(path=place) if kept.medium is Medium.FILE else SqliteAudit(path=place)
    return Governance(profile=rules.profile, grants=rules.grants, audit=audit)


def _consents(read: ReadConfig, kept: KeptConsents | None, folder: Path) -> ConsentSettings | None:
    if kept is None:
        return None
    place: MemoryConsents | FileConsents | SqliteConsents = MemoryConsents()
    if kept.medium is not Medium.MEMORY:
        path = folder / Path(kept.path or _CONSENTS[kept.medium]).expanduser()
        place = FileConsents(path=path) if kept.medium is Medium.FILE else SqliteConsents(path=path)
    try:
        return ConsentSettings(
            place=place,
            issuers=[TrustedIssuer(name=issuer.name, key=issuer.key) for issuer in kept.issuers],
            issuer=kept.issuer,
            revocations=None if kept.revocations is None else read.folder / Path(kept.revocations).expanduser(),
            revocations_max_age_s=kept.revocations_max_age_s,
            timeout_s=kept.timeout_s,
        )
    except InvalidSettings as fault:
        invalid = fault_at("consents.issuers", fault.message, fault.remedy, read.origins)
    raise invalid


def _stores(kept: Kept, folder: Path) -> StorePlace:
    if kept.medium is Medium.MEMORY:
        return MemoryStores()
    place = folder / Path(kept.path or _STORES[kept.medium]).expanduser()
    return FileStores(path=place) if kept.medium is Medium.FILE else SqliteStores(path=place)


def _recording(read: ReadConfig, name: str | None) -> StorePlace | None:
    if name is None:
        return None
    place = read.folder / Path(name).expanduser()
    return SqliteStores(path=place) if place.suffix.lower() in _SQLITE else FileStores(path=place)


def secrets_place(kept: KeptSecrets, folder: Path) -> SecretFile | KeyringSecrets:
    """Where named keys are kept; a file is looked for in ``folder``, the data folder."""
    if kept.medium is SecretMedium.KEYRING:
        return KeyringSecrets() if kept.service is None else KeyringSecrets(service=kept.service)
    return SecretFile(path=folder / Path(kept.path or SECRETS_NAME).expanduser())


def _followed(
    read: ReadConfig,
    path: str,
    reference: EnvCredential | KeyFileCredential | None,
    environment: Mapping[str, str],
) -> Secret | None:
    match reference:
        case EnvCredential(names=names):
            found = next((secret for name in names if (secret := secret_in(environment.get(name)))), None)
            place = f"the variable {' or '.join(names)}"
        case KeyFileCredential(path=file):
            found = read_key_file(str(read.folder / Path(file).expanduser()))
            place = f"the file {file}"
        case None:
            return None
    if found is None:
        raise fault_at(path, f"there is no key in {place}", "Put it there, or take the reference out.", read.origins)
    return found


def _from_file(read: ReadConfig, path: str, name: str | None, parse: Callable[[bytes], T]) -> T | None:
    if name is None:
        return None
    try:
        content = (read.folder / Path(name).expanduser()).read_bytes()
    except OSError as failure:
        invalid = fault_at(path, f"{name} cannot be read: {failure.strerror}", "Name another file.", read.origins)
    else:
        try:
            return parse(content)
        except ConfigError as fault:
            invalid = fault_at(path, f"{name}: {fault.message}", fault.remedy, read.origins)
    raise invalid
