"""The entries of a ledger of consents: what was asked, decided, used, given back and revoked, in order."""

from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from provider_runtime.domain.policy.consent.decisions import SignedReceipt
from provider_runtime.domain.policy.consent.plans import ConsentRequest


@frozen(kw_only=True)
class Asked:
    """A question waits for a person. ``replaces``: older ones of the same conversation, which wait no longer."""

    at: datetime
    request: ConsentRequest
    replaces: tuple[str, ...] = ()


@frozen(kw_only=True)
class Decided:
    """A question was answered. The receipt is kept as it was sealed."""

    at: datetime
    request_id: str
    signed: SignedReceipt


@frozen(kw_only=True)
class Used:
    """One call is made on a consent, under a name of its own."""

    at: datetime
    request_id: str
    use_id: str


@frozen(kw_only=True)
class GivenBack:
    """Nothing was sent of that call after all."""

    at: datetime
    request_id: str
    use_id: str


@frozen(kw_only=True)
class Revoked:
    """Decisions were taken back, by the ids of the questions that they answered."""

    at: datetime
    request_ids: tuple[str, ...]
    user_id: str
    reason: str | None = None


ConsentEntry: TypeAlias = Asked | Decided | Used | GivenBack | Revoked
