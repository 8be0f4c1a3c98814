"""RuntimeSettings: everything one runtime is told, in one frozen value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from attrs import Attribute, field, frozen
from attrs.converters import optional as optional_converter
from attrs.validators import deep_iterable, instance_of, optional

from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.catalog.providers import EnvCredential, ProviderConfig
from provider_runtime.domain.errors import InvalidSettings, InvalidTimeout
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.domain.secrets import Secret


def _positive(_instance: object, attribute: "Attribute[float]", value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86_400:
        raise InvalidTimeout(
            field=attribute.name,
            message=f"{attribute.name} must be more than 0 and at most 86400 seconds",
            remedy="Give a positive number of seconds.",
        )


@frozen(kw_only=True)
class MemoryReceipts:
    """Receipts in memory: the last ``keep`` of them, gone at exit."""

    keep: int = 1000


@frozen(kw_only=True)
class FileReceipts:
    """Receipts in a file, one a line, kept for good."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class RuntimeSettings:
    """What one runtime is told. Nothing is borrowed from another runtime or from the process.

    ``credentials`` are secrets handed over directly, by provider id; they beat what a record
    refers to. ``catalog`` and ``prices`` left at ``None`` mean the shipped ones. ``deadline_s``
    bounds a whole call, ``connect_timeout_s`` one connection. ``receipt_key`` keys the digests in
    receipts; a runtime without one makes its own. ``max_response_bytes`` bounds one answer.
    Raises ``InvalidSettings`` or ``InvalidTimeout``.
    """

    providers: tuple[ProviderConfig, ...] = field(
        default=(), converter=tuple_of, validator=deep_iterable(instance_of(ProviderConfig))
    )
    credentials: Mapping[ProviderId, Secret] = field(factory=dict, repr=False)
    default_provider: ProviderId | None = field(default=None, converter=optional_converter(ProviderId))
    policy: GovernancePolicy = field(factory=GovernancePolicy, validator=instance_of(GovernancePolicy))
    retry: RetryPolicy = field(factory=RetryPolicy, validator=instance_of(RetryPolicy))
    deadline_s: float = field(default=600.0, validator=_positive)
    connect_timeout_s: float = field(default=5.0, validator=_positive)
    max_response_bytes: int = 64 * 1024 * 1024
    receipts: MemoryReceipts | FileReceipts = field(factory=MemoryReceipts)
    receipt_key: Secret | None = field(default=None, validator=optional(instance_of(Secret)))
    catalog: ModelCatalog | None = None
    prices: PricingTable | None = None
    runtime_id: RuntimeId | None = field(default=None, converter=optional_converter(RuntimeId))

    @providers.validator
    def _ids_are_unique(self, _attribute: "Attribute[object]", providers: tuple[ProviderConfig, ...]) -> None:
        ids = [config.provider_id for config in providers]
        if len(set(ids)) != len(ids):
            raise InvalidSettings(
                field="providers",
                message=f"provider ids stand twice: {', '.join(sorted({name for name in ids if ids.count(name) > 1}))}",
                remedy="Give each provider record an id of its own.",
            )

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
    def from_environment(cls, environment: Mapping[str, str], **others: object) -> Self:
        """Settings with each well-known provider whose key stands in ``environment`` (pass ``os.environ``).

        Reads only the variables that the presets name. Raises ``InvalidSettings`` when there is none.
        """
        found = tuple(
            config
            for config in PRESETS
            if isinstance(config.credential, EnvCredential) and environment.get(config.credential.name, "").strip()
        )
        if not found:
            names = ", ".join(c.credential.name for c in PRESETS if isinstance(c.credential, EnvCredential))
            raise InvalidSettings(
                field="providers",
                message="no key of a known provider is set in the environment",
                remedy=f"Set one of {names}, or list providers in the settings.",
            )
        return cls(providers=found, **others)  # type: ignore[arg-type]  # checked by the fields themselves
