"""RuntimeSettings: everything one runtime is told, in one frozen value."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, TypeVar

from attrs import Attribute, field, frozen
from attrs.converters import optional
from attrs.validators import optional as optional_check

from provider_runtime.composition.consents.settings import ConsentSettings
from provider_runtime.composition.governance.settings import Governance, governance_of
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.stores.places import StorePlace, StoreSettings, is_a_place
from provider_runtime.domain.calls.parameters import NO_PARAMETERS, ModelParameters
from provider_runtime.domain.calls.runtime_labels import labels_of
from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import InvalidSettings, InvalidTimeout, MissingProviderRuntimeError
from provider_runtime.domain.identity import ProviderId, Role, RuntimeId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, tuple_of
from provider_runtime.domain.policy.budgets.limits import Budget
from provider_runtime.domain.policy.fallback import FallbackPolicy
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy
from provider_runtime.domain.policy.resilience.rate_limits import RateLimits
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.profiles.swapping import SwapPolicy
from provider_runtime.domain.records.oversight.checkpoints import Checkpoints
from provider_runtime.domain.secrets import Secret


def _positive(_instance: object, attribute: "Attribute[float]", value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86_400:
        raise InvalidTimeout(
            field=attribute.name,
            message=f"{attribute.name} must be more than 0 and at most 86400 seconds",
            remedy="Give a positive number of seconds.",
        )


def _is_a(*kinds: type) -> Callable[[object, "Attribute[Any]", object], None]:
    """A value of one of these classes, or ``None`` where that is the default. Its error quotes nothing of the value."""

    def check(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not isinstance(value, kinds) and (value is not None or attribute.default is not None):
            raise _wrong_kind(attribute.name, kinds, value)

    return check


def _wrong_kind(name: str, kinds: tuple[type, ...], value: object) -> InvalidSettings:
    wanted = " or ".join(kind.__name__ for kind in kinds)
    return InvalidSettings(
        field=name, message=f"{name} must be {wanted}, not {type(value).__name__}", remedy=f"Give a {wanted}."
    )


def _filled(_instance: object, attribute: "Attribute[str]", value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidSettings(
            field=attribute.name, message=f"{attribute.name} must not be empty", remedy="Give it a name."
        )


def _at_least_one(_instance: object, attribute: "Attribute[int]", value: object) -> None:
    if type(value) is not int or value < 1:
        raise InvalidSettings(
            field=attribute.name,
            message=f"{attribute.name} must be a whole number, 1 or more",
            remedy="Give a positive whole number.",
        )


NameT = TypeVar("NameT", ProviderId, RuntimeId)


def _named(kind: Callable[[str], NameT], field_name: str, text: str) -> NameT:
    try:
        return kind(text)
    except ValueError as fault:
        raise InvalidSettings(field=field_name, message=str(fault), remedy="Give another name.") from None


def _provider_id(text: str | None) -> ProviderId | None:
    return None if text is None else _named(ProviderId, "default_provider", text)


def _runtime_id(text: str | None) -> RuntimeId | None:
    return None if text is None else _named(RuntimeId, "runtime_id", text)


def _own_copy(credentials: Mapping[str, Secret]) -> Mapping[ProviderId, Secret]:
    """A copy that cannot be written to: runtimes opened with the same settings share it."""
    return MappingProxyType({_named(ProviderId, "credentials", name): secret for name, secret in credentials.items()})


def _by_role(experts: Iterable[ExpertRole] | Mapping[Role, ExpertRole]) -> Mapping[Role, ExpertRole]:
    given = tuple(experts.values() if isinstance(experts, Mapping) else experts)
    for number, expert in enumerate(given):
        if not isinstance(expert, ExpertRole):
            raise _wrong_kind(f"experts[{number}]", (ExpertRole,), expert)
    return MappingProxyType({expert.role: expert for expert in given})  # a later one replaces: semantics B.13


def _own_limits(limits: Mapping[str, RateLimits]) -> Mapping[ProviderId, RateLimits]:
    return MappingProxyType({_named(ProviderId, "limits", name): limit for name, limit in limits.items()})


@frozen(kw_only=True)
class MemoryReceipts:
    """Receipts in memory: the last ``keep`` of them, gone at exit. Raises ``InvalidSettings``."""

    keep: int = field(default=1000, validator=_at_least_one)


@frozen(kw_only=True)
class FileReceipts:
    """Receipts in a file, one a line, kept for good."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class SqliteReceipts:
    """Receipts in a SQLite file, kept for good. Calls that end together share one wait for the disk."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class MemoryLedger:
    """What budgets have left is kept in memory, by this runtime alone, and begins anew with the next."""


@frozen(kw_only=True)
class FileLedger:
    """What budgets have left is kept in a folder of files, for good. Several processes may share it."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class SqliteLedger:
    """What budgets have left is kept in a SQLite file, for good. Several processes may share it."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class RemoteLedger:
    """What budgets have left is kept by the governance server at ``url``, for processes on several machines.

    ``credential`` says where the token is that the server knows this client by; it goes to that
    address alone. https, or http on this machine; ``allowed_networks`` are private networks that
    the server may be in. While the server is away, no call is made that counts against a budget.
    Raises ``InvalidSettings``.
    """

    url: str
    credential: CredentialRef = field(
        validator=_is_a(EnvCredential, KeyFileCredential, NamedKeyCredential, KeyringCredential)
    )
    allowed_networks: tuple[str, ...] = field(default=(), converter=tuple_of)
    address: ServerAddress = field(init=False, eq=False, repr=False)

    @address.default
    def _parse(self) -> ServerAddress:
        return ServerAddress.parse(self.url, self.allowed_networks, setting="ledger.url")


@frozen(kw_only=True)
class SecretFile:
    """Named keys in a file of their own, for its owner's eyes only."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class KeyringSecrets:
    """Named keys in the keyring of the operating system, as entries of ``service``. Needs the extra ``keyring``."""

    service: str = field(default="provider-runtime", validator=_filled)


@frozen(kw_only=True)
class RuntimeSettings:
    """What one runtime is told. Nothing is borrowed from another runtime or from the process.

    ``credentials`` are secrets handed over directly, by provider id; they beat what a record
    refers to. ``secrets`` is where named keys are kept. With ``token_provider_only`` no credential
    comes from anywhere but the ``TokenProvider``: that of a call is passed over, too.
    ``parameters`` hold for every call that does not say otherwise, and ``fallback`` names who is
    asked instead when a provider fails. ``catalog`` and ``prices`` left at ``None`` mean the
    shipped ones. ``limits`` bound what each provider is asked for in a minute and at a time; where
    calls have to wait, those of different ``fair_by`` labels take turns. ``circuit``: a provider that
    fails again and again is left alone for a while. ``deadline_s`` bounds a whole call,
    ``connect_timeout_s`` one connection. ``leakage`` says what becomes of a call that holds a secret; left
    at ``None``, it is refused. ``leak_rules`` is a file of rules for secrets besides those that ship, and
    ``guarded_secrets`` are values that must not leave although no provider gets them. ``receipt_key``
    keys the digests in receipts; a runtime without one makes its own. ``checkpoints`` seal now and then how
    far the chain of receipts has come, and keep that elsewhere. ``max_response_bytes`` bounds one
    answer. ``profile`` says which model plays the role of a request for ``role:worker``; ``experts``
    are roles with a prompt and parameters of their own (``DEFAULT_EXPERTS`` are some), the later one
    counting for a role. ``swaps`` bound how models are swapped for others in the middle of a job.
    ``budgets`` bound what calls may come to, all of them together; ``ledger`` is where what was spent is
    kept. ``governance`` says which capabilities calls have, and where each decision about them is written
    down; the name of a governance profile will do. ``gate_timeout_s``: so long a gate is waited for before
    the call is refused. ``consents`` says where people's consents are kept, which ``policy.consent`` may want.
    ``name`` is what the runtime is called through every change of its settings, by default its ``runtime_id``:
    budgets of scope ``runtime`` and consents go by it. A registry gives both. ``labels`` (tenant, team) stand in
    receipt, events and trace of every call; those in ``CallOptions.metadata`` go before. ``stores`` is where
    ``runtime.stores`` keeps families of records, and where answers are memoized for calls that ask for it. With
    ``record`` every answer is kept there, and with ``replay`` each comes from such a recording, and nothing is sent.
    Raises ``InvalidSettings`` or ``InvalidTimeout``.
    """

    providers: tuple[ProviderConfig, ...] = field(default=(), converter=tuple_of)
    credentials: Mapping[ProviderId, Secret] = field(factory=dict, converter=_own_copy, repr=False)
    secrets: SecretFile | KeyringSecrets | None = field(default=None, validator=_is_a(SecretFile, KeyringSecrets))
    token_provider_only: bool = field(default=False, validator=_is_a(bool))
    default_provider: ProviderId | None = field(default=None, converter=_provider_id)
    policy: GovernancePolicy = field(factory=GovernancePolicy, validator=_is_a(GovernancePolicy))
    retry: RetryPolicy = field(factory=RetryPolicy, validator=_is_a(RetryPolicy))
    fallback: FallbackPolicy | None = field(default=None, validator=_is_a(FallbackPolicy))
    parameters: ModelParameters = field(default=NO_PARAMETERS, validator=_is_a(ModelParameters))
    limits: Mapping[ProviderId, RateLimits] = field(factory=dict, converter=_own_limits)
    fair_by: str = field(default="tenant", validator=_is_a(str))
    circuit: bool = field(default=True, validator=_is_a(bool))
    deadline_s: float = field(default=600.0, validator=_positive)
    connect_timeout_s: float = field(default=5.0, validator=_positive)
    max_response_bytes: int = field(default=8 * 1024 * 1024, validator=_at_least_one)
    receipts: MemoryReceipts | FileReceipts | SqliteReceipts = field(
        factory=MemoryReceipts, validator=_is_a(MemoryReceipts, FileReceipts, SqliteReceipts)
    )
    checkpoints: Checkpoints | None = field(default=None, validator=_is_a(Checkpoints))
    budgets: tuple[Budget, ...] = field(default=(), converter=tuple_of)
    ledger: MemoryLedger | FileLedger | SqliteLedger | RemoteLedger = field(
        factory=MemoryLedger, validator=_is_a(MemoryLedger, FileLedger, SqliteLedger, RemoteLedger)
    )
    governance: Governance | None = field(default=None, converter=governance_of, validator=_is_a(Governance))
    gate_timeout_s: float = field(default=5.0, validator=_positive)
    consents: ConsentSettings | None = field(default=None, validator=_is_a(ConsentSettings))
    leakage: LeakagePolicy | None = field(default=None, validator=_is_a(LeakagePolicy))
    leak_rules: Path | None = field(default=None, converter=optional(Path))
    guarded_secrets: tuple[Secret, ...] = field(default=(), converter=tuple_of, repr=False)
    receipt_key: Secret | None = field(default=None, validator=_is_a(Secret))
    catalog: ModelCatalog | None = field(default=None, validator=_is_a(ModelCatalog))
    prices: PricingTable | None = field(default=None, validator=_is_a(PricingTable))
    runtime_id: RuntimeId | None = field(default=None, converter=_runtime_id)
    name: RuntimeId | None = field(default=None, converter=_runtime_id)
    labels: JsonObject = field(default=EMPTY_OBJECT, converter=labels_of)
    profile: WorkProfile | None = field(default=None, validator=_is_a(WorkProfile))
    experts: Mapping[Role, ExpertRole] = field(factory=dict, converter=_by_role)
    swaps: SwapPolicy = field(factory=SwapPolicy, validator=_is_a(SwapPolicy))
    stores: StoreSettings | None = field(default=None, validator=_is_a(StoreSettings))
    record: StorePlace | None = field(default=None, validator=optional_check(is_a_place))
    replay: StorePlace | None = field(default=None, validator=optional_check(is_a_place))

    @providers.validator
    def _ids_are_unique(self, _attribute: "Attribute[object]", providers: Iterable[object]) -> None:
        ids: list[ProviderId] = []
        for number, config in enumerate(providers):
            if not isinstance(config, ProviderConfig):
                raise _wrong_kind(f"providers[{number}]", (ProviderConfig,), config)
            ids.append(config.provider_id)
        if len(set(ids)) != len(ids):
            raise InvalidSettings(
                field="providers",
                message=f"provider ids stand twice: {', '.join(sorted({name for name in ids if ids.count(name) > 1}))}",
                remedy="Give each provider record an id of its own.",
            )

    @replay.validator
    def _either_records_or_replays(self, _attribute: "Attribute[object]", replay: StorePlace | None) -> None:
        if replay is not None and self.record is not None:
            raise InvalidSettings(
                field="replay",
                message="a runtime that replays has nothing to record",
                remedy="Give `record` or `replay`, not both.",
            )

    @limits.validator
    def _are_limits(self, _attribute: "Attribute[object]", limits: Mapping[ProviderId, RateLimits]) -> None:
        for provider_id, limit in limits.items():
            if not isinstance(limit, RateLimits):
                raise _wrong_kind(f"limits[{provider_id}]", (RateLimits,), limit)

    @checkpoints.validator
    def _lie_elsewhere(self, _attribute: "Attribute[object]", checkpoints: Checkpoints | None) -> None:
        if checkpoints is None:
            return
        if isinstance(self.receipts, MemoryReceipts):
            raise InvalidSettings(
                field="checkpoints",
                message="checkpoints are of receipts that are kept, and these are gone at exit",
                remedy="Keep the receipts: FileReceipts or SqliteReceipts.",
            )
        if len({self.receipts.path, checkpoints.path, checkpoints.key_file}) < 3:
            raise InvalidSettings(
                field="checkpoints",
                message="the receipts, their checkpoints and the key are three files",
                remedy="Name another file, best on another disk or machine.",
            )

    @budgets.validator
    def _are_budgets(self, _attribute: "Attribute[object]", budgets: tuple[object, ...]) -> None:
        names: list[str] = []
        for number, budget in enumerate(budgets):
            if not isinstance(budget, Budget):
                raise _wrong_kind(f"budgets[{number}]", (Budget,), budget)
            names.append(budget.name)
        if len(set(names)) != len(names):
            raise InvalidSettings(
                field="budgets",
                message=f"names stand twice: {', '.join(sorted({name for name in names if names.count(name) > 1}))}",
                remedy="Give each budget a name of its own.",
            )

    @guarded_secrets.validator
    def _are_wrapped(self, _attribute: "Attribute[object]", secrets: tuple[object, ...]) -> None:
        for number, secret in enumerate(secrets):
            if not isinstance(secret, Secret):
                raise _wrong_kind(f"guarded_secrets[{number}]", (Secret,), secret)

    @credentials.validator
    def _are_secrets(self, _attribute: "Attribute[object]", credentials: Mapping[ProviderId, Secret]) -> None:
        for provider_id, secret in credentials.items():
            if not isinstance(secret, Secret):
                raise InvalidSettings(
                    field=f"credentials[{provider_id}]",
                    message="a credential must be wrapped, so that it cannot be printed",
                    remedy="Write Secret(value).",
                )

    @classmethod
    def from_file(
        cls, path: Path | str, *, environment: Mapping[str, str] | None = None, **others: object
    ) -> "RuntimeSettings":
        """Settings as a configuration file describes them: see the reference, "Configuration".

        ``environment`` (pass ``os.environ``): where references to variables lead, and where variables such
        as ``PROVIDER_RUNTIME__DEADLINE_S`` go before the file; left out, no variable is read. ``others`` go
        before everything, field by field. What is kept lies in the data folder that the file names, as
        for the command line. Raises ``InvalidSettings`` naming the key and its line.
        """
        from provider_runtime.composition.workspace.settings import settings_of_file  # noqa: PLC0415 - few read a file

        return settings_of_file(Path(path), environment or {}, others)

    @classmethod
    def from_mapping(
        cls,
        tree: Mapping[str, Any],
        *,
        folder: Path | str = ".",
        environment: Mapping[str, str] | None = None,
        **others: object,
    ) -> "RuntimeSettings":
        """Settings as plain values describe them, under the keys of a configuration file.

        Paths begin at ``folder``. Otherwise as ``from_file``, except that variables only lead to secrets.
        """
        from provider_runtime.composition.workspace.settings import settings_of_mapping  # noqa: PLC0415 - as above

        return settings_of_mapping(tree, Path(folder), environment or {}, others)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], **others: object) -> Self:
        """Settings with each well-known provider whose key stands in ``environment`` (pass ``os.environ``).

        Reads only the variables that the presets name. Raises ``MissingProviderRuntimeError`` when none is set.
        """
        found = tuple(
            config
            for config in PRESETS
            if isinstance(config.credential, EnvCredential) and environment.get(config.credential.name, "").strip()
        )
        if not found:
            names = ", ".join(c.credential.name for c in PRESETS if isinstance(c.credential, EnvCredential))
            raise MissingProviderRuntimeError(
                missing_fields=("providers",),
                stage="settings",
                requirement="REQ-SP4-004",
                message="no key of a known provider is set in the environment",
                remediation=(f"Set one of {names}, or list providers in the settings.",),
            )
        return cls(providers=found, **others)  # type: ignore[arg-type]  # checked by the fields themselves
