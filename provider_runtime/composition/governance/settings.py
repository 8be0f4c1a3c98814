"""Governance: the profile, the grants, the limits and the audit of a runtime, in one frozen value."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

from provider_runtime.adapters.backends.medium import Documents, Journal
from provider_runtime.domain.checks import whole
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.policy.budgets.resources import Quantities
from provider_runtime.domain.policy.grants.capability import Capability
from provider_runtime.domain.policy.grants.profiles import GOVERNANCE_PROFILES, GovernanceProfile

if TYPE_CHECKING:
    from provider_runtime.adapters.governance.audit_trail import MemoryAuditTrail


@frozen(kw_only=True)
class MemoryAudit:
    """The last ``keep`` decisions in memory, gone at exit; so is how often grants were used."""

    keep: int = field(default=1000, validator=whole(1))


@frozen(kw_only=True)
class FileAudit:
    """Decisions in the folder ``path``, one JSON object a line, for good. Several processes may share it."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class SqliteAudit:
    """Decisions in a SQLite file, for good. Several processes may share it; busy calls share one ``fsync``."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class AuditStore:
    """Decisions in ``trail``, and in ``documents`` since when time runs: what several runtimes share on purpose."""

    trail: "Journal | MemoryAuditTrail" = field(repr=False)
    documents: Documents = field(repr=False)


Audit: TypeAlias = MemoryAudit | FileAudit | SqliteAudit | AuditStore


def _profile(given: object) -> GovernanceProfile | None:
    if given is None or isinstance(given, GovernanceProfile):
        return given
    if isinstance(given, str) and given in GOVERNANCE_PROFILES:
        return GOVERNANCE_PROFILES[given]
    # Not the default for a name that nobody knows: a mistyped "airgap" must not open the doors.
    raise InvalidSettings(
        field="governance.profile",
        message="there is no governance profile of this name",
        remedy=f"Give a GovernanceProfile, or one of: {', '.join(sorted(GOVERNANCE_PROFILES))}.",
    )


def _grants(given: Iterable[object]) -> tuple[Capability, ...]:
    return tuple(_grant(number, one) for number, one in enumerate([given] if isinstance(given, str) else given))


def _grant(number: int, given: object) -> Capability:
    try:
        if isinstance(given, Capability):
            return given
        if isinstance(given, str):
            return Capability(type=given)
        fault = f"a grant is a Capability, or the name of one, not {type(given).__name__}"
    except ValueError as wrong:
        fault = str(wrong)
    raise InvalidSettings(
        field=f"governance.grants[{number}]", message=fault, remedy="Write 'model.call', 'model.*', or a Capability."
    )


@frozen(kw_only=True)
class Governance:
    """What calls of a runtime take has to be granted: by ``profile``, or by one of ``grants``.

    ``profile`` is a name (``explore``, ``pragmatic``, ``strict``, ``airgap``, ``proof-certified``) or a profile
    of your own; it grants without conditions. ``grants`` add to it: names of capabilities, or
    ``Capability`` values with conditions. ``limits`` bound the tokens, the cost, the calls and the time of
    the runtime; left out, they are the turns of the profile. ``audit`` is where each decision is written
    down, and how often grants were used. Raises ``InvalidSettings``.
    """

    profile: GovernanceProfile | None = field(default=None, converter=_profile)
    grants: tuple[Capability, ...] = field(default=(), converter=_grants)
    limits: Quantities | None = None
    audit: Audit = field(factory=MemoryAudit)

    def __attrs_post_init__(self) -> None:
        if self.limits is not None and not isinstance(self.limits, Quantities):
            raise _wrong("limits", "limits are Quantities", "Write Quantities(tokens=…, cost=…, iterations=…).")
        if self.limits is not None and self.profile is None:
            raise _wrong("limits", "limits are those of a profile, and none is named", "Name one, or set budgets.")
        if not isinstance(self.audit, MemoryAudit | FileAudit | SqliteAudit | AuditStore):
            raise _wrong("audit", "this is no place for an audit", "Give a MemoryAudit, a FileAudit or a SqliteAudit.")

    @property
    def limits_in_force(self) -> Quantities:
        """The limits, else those of the profile, else none."""
        if self.limits is not None:
            return self.limits
        return Quantities() if self.profile is None else self.profile.limits


def governance_of(given: object) -> object:
    """A converter of fields: the name of a profile stands for governance by it alone."""
    return Governance(profile=given) if isinstance(given, str | GovernanceProfile) else given


def _wrong(field_name: str, message: str, remedy: str) -> InvalidSettings:
    return InvalidSettings(field=f"governance.{field_name}", message=message, remedy=remedy)
