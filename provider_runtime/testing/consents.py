"""Questions, answers and consents, to test gates and ledgers with."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.policy.consent.deciding import ConsentTerms, decided
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt
from provider_runtime.domain.policy.consent.plans import ConsentRequest, ProjectionPlan
from provider_runtime.domain.policy.consent.reading import receipt_text
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentScope, ConsentSubject

NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
"""When ``FrozenClock`` begins."""


def a_subject(**facts: Any) -> ConsentSubject:
    """What a call of 100 bytes to ``openai:gpt-5-mini`` would need consent for; ``facts`` instead of the usual ones."""
    usual: dict[str, Any] = {
        "runtime": RuntimeId("desk"),
        "provider": ProviderId("openai"),
        "record": "0123456789abcdef",
        "origin": "https://api.openai.com:443",
        "tier": Tier.CLOUD,
        "model": "gpt-5-mini",
        "body_sha256": "ab" * 32,
        "body_bytes": 100,
        "worst_cost_nano_usd": 5000,
        "policy_version": "1",
    }
    return ConsentSubject(**{**usual, **facts})


def a_plan(subject: ConsentSubject | None = None) -> ProjectionPlan:
    """The plan of a call."""
    return ProjectionPlan(subject=subject or a_subject(), endpoint="https://api.openai.com/v1/responses")


def a_question(
    subject: ConsentSubject | None = None,
    *,
    request_id: str = "req_1",
    scope: ConsentScope = ConsentScope.SINGLE_CALL,
    at: datetime = NOON,
) -> ConsentRequest:
    """A question that waits for a day."""
    return ConsentRequest(
        request_id=request_id, plan=a_plan(subject), scope=scope, created_at=at, expires_at=at + timedelta(days=1)
    )


def a_receipt(
    question: ConsentRequest | None = None,
    *,
    terms: ConsentTerms | None = None,
    approved: bool = True,
    consent_id: str | None = None,
    at: datetime = NOON,
) -> ConsentReceipt:
    """The answer of ``ada``, by default yes."""
    asked = question or a_question()
    return decided(
        asked,
        terms or ConsentTerms(),
        approved=approved,
        consent_id=consent_id or asked.request_id.replace("req", "consent"),
        user_id="ada",
        issuer="desk",
        now=at,
    )


def a_consent(question: ConsentRequest | None = None, receipt: ConsentReceipt | None = None, **state: Any) -> Consent:
    """A decision that nobody signed, as a ledger in memory knows it."""
    asked = question or a_question()
    signed = SignedReceipt(text=receipt_text(receipt or a_receipt(asked)))
    return Consent(request=asked, signed=signed, **state)
