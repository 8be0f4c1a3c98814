"""ConsentReceipt: a decision of a person, and everything it is bound to."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import and_, max_len, optional

from provider_runtime.domain.calls.labels import check_identifier
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.checks import FILLED, FILLED_TEXTS, FLAG, TEXT, whole
from provider_runtime.domain.identity import ProfileId, ProviderId, RuntimeId
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.consent.plans import check_moment, to_milliseconds
from provider_runtime.domain.policy.consent.subject import DIGEST, EDITION, ConsentScope, standing_of

RECEIPT_VERSION: Final = 1
RECEIPT_PURPOSE: Final = "consent_receipt/1"
"""What a seal over a receipt is made for."""
LONGEST_NOTES: Final = 1024
MOST_USES: Final = 1_000_000


class ConsentSurface(StrEnum):
    """Where the person was asked."""

    CLOUD_ESCALATION_MODAL = "cloud_escalation_modal"
    SETTINGS = "settings"
    OPERATOR_CONSOLE = "operator_console"

    @classmethod
    def known(cls, text: str | None) -> "ConsentSurface | None":
        """The surface of this name; ``None`` for any other, which is dropped. Source: semantics C.5."""
        return next((surface for surface in cls if surface.value == text), None)


def _one_line(notes: str) -> str:
    return " ".join(notes.split()) if isinstance(notes, str) else notes


def _after_start(receipt: "ConsentReceipt", attribute: "Attribute[Any]", until: datetime) -> None:
    check_moment(receipt, attribute, until)
    if until < receipt.valid_from:
        raise ValueError("valid_until is before valid_from")


@frozen(kw_only=True)
class ConsentReceipt:
    """What a person decided, and what for. Denials are receipts, too: ``approved`` says which.

    The facts are those of the plan that the person was shown, copied when the decision was recorded.
    ``issuer`` is in whose name the key signs, ``user_id`` who decided. ``uses``: so many calls,
    ``None`` any number as long as it is valid; ``max_bytes`` bounds each body. ``critical`` names fields
    that a reader has to know: one that does not, must not go by this receipt.
    Raises ``ValueError`` or ``TypeError`` naming the field. Source: semantics C.5, reliability §3.8.
    """

    consent_id: str = field(validator=check_identifier)
    request_id: str = field(validator=check_identifier)
    plan_id: str = field(validator=check_identifier)
    approved: bool = field(validator=FLAG)
    decided_at: datetime = field(converter=to_milliseconds, validator=check_moment)
    user_id: str = field(validator=check_identifier)
    issuer: str = field(validator=check_identifier)
    surface: ConsentSurface | None = None
    notes: str = field(default="", converter=_one_line, validator=and_(TEXT, max_len(LONGEST_NOTES)))
    # how far it goes
    scope: ConsentScope = field(converter=ConsentScope)
    session_ids: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    profile: ProfileId | None = None
    valid_from: datetime = field(converter=to_milliseconds, validator=check_moment)
    valid_until: datetime = field(converter=to_milliseconds, validator=_after_start)
    uses: int | None = field(default=None, validator=optional(whole(1, MOST_USES)))
    max_bytes: int = field(validator=whole(0))
    max_cost_nano_usd: int | None = field(default=None, validator=optional(whole(0)))
    # what it is for, copied from the plan
    runtime: RuntimeId = field(converter=RuntimeId)
    tenant: str | None = field(default=None, validator=optional(FILLED))
    purpose: str | None = field(default=None, validator=optional(FILLED))
    provider: ProviderId = field(converter=ProviderId)
    record: str = field(validator=EDITION)
    origin: str = field(validator=FILLED)
    tier: Tier = field(converter=Tier)
    models: tuple[str, ...] = field(converter=tuple_of, validator=FILLED_TEXTS)
    body_sha256: str = field(validator=DIGEST)
    data_classes: tuple[str, ...] = field(converter=tuple_of, validator=FILLED_TEXTS)
    policy_version: str = field(validator=FILLED)
    version: int = RECEIPT_VERSION
    critical: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)

    @cached_property
    def standing(self) -> tuple[object, ...]:
        """What a call's ``standing`` has to be."""
        return standing_of(self)
