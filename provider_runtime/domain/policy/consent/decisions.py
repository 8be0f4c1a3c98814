"""Consent: a decision as it is kept, and what became of it since."""

from datetime import datetime

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.seals import Seal


@frozen(kw_only=True)
class SignedReceipt:
    """A receipt as it is kept and sent around: the very text that was sealed, and the seal.

    ``text`` is read only after its seal was checked; ``seal`` is ``None`` for a decision that never
    left the process.
    """

    text: str = field(repr=False, validator=FILLED)
    seal: Seal | None = None


@frozen(kw_only=True)
class Consent:
    """A decision as a ledger knows it, with what became of it since.

    ``request`` is the question it was the answer to. ``used`` counts the calls that were made on it,
    those under way included; it is counted only where the receipt bounds its uses.
    """

    request: ConsentRequest
    signed: SignedReceipt
    used: int = 0
    revoked_at: datetime | None = None


@frozen(kw_only=True)
class UseTaken:
    """One call may be made on a consent. ``counted``: its uses are bounded, and this is one of them."""

    use_id: str
    counted: bool
