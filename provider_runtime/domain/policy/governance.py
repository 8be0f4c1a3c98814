"""GovernancePolicy: what an operator allows a runtime to do."""

from enum import StrEnum
from typing import Self

from attrs import field, frozen

from provider_runtime.domain.checks import FLAG


class GovernanceMode(StrEnum):
    """How strict a runtime is as a whole."""

    STANDARD = "standard"
    STRICT = "strict"
    LOCKED = "locked"


class ConsentRule(StrEnum):
    """Which calls need a person's consent."""

    NEVER = "never"
    CLOUD = "cloud"
    ALWAYS = "always"


class Unless(StrEnum):
    """What happens to a call about which something is unknown."""

    ALLOW = "allow"
    DENY = "deny"


class OnLossy(StrEnum):
    """What happens when something of a request cannot be sent as it was meant."""

    WARN = "warn"
    REFUSE = "refuse"


@frozen(kw_only=True)
class GovernancePolicy:
    """What a runtime may do. ``GovernancePolicy()`` is the preset ``standard``.

    ``unclassified``: content that nobody classified. ``on_unknown_cost``: a model without a
    price. ``version`` names this policy in receipts.
    Source: specification, "Policy and governance".
    """

    mode: GovernanceMode = field(default=GovernanceMode.STANDARD, converter=GovernanceMode)
    cloud_allowed: bool = field(default=True, validator=FLAG)
    consent: ConsentRule = field(default=ConsentRule.NEVER, converter=ConsentRule)
    unclassified: Unless = field(default=Unless.ALLOW, converter=Unless)
    on_unknown_cost: Unless = field(default=Unless.ALLOW, converter=Unless)
    on_lossy: OnLossy = field(default=OnLossy.WARN, converter=OnLossy)
    version: str = "1"

    @classmethod
    def preset(cls, name: str) -> Self:
        """The preset ``standard``, ``strict`` or ``locked``. Raises ``ValueError`` for another name."""
        mode = GovernanceMode(name)
        if mode is GovernanceMode.STRICT:
            return cls(mode=mode, consent=ConsentRule.CLOUD, unclassified=Unless.DENY, on_lossy=OnLossy.REFUSE)
        if mode is GovernanceMode.LOCKED:
            return cls(mode=mode, cloud_allowed=False)
        return cls(mode=mode)
