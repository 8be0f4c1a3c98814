"""ConsentDesk: questions put to people, and what they decide."""

from datetime import timedelta
from typing import Final

from attrs import frozen

from provider_runtime.application.accounting.consent_events import cloud_decided, cloud_requested
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.domain.errors import MissingProviderRuntimeError, RecordMissing
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.policy.consent.deciding import ConsentTerms, decided
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt
from provider_runtime.domain.policy.consent.plans import ConsentRequest, ProjectionPlan
from provider_runtime.domain.policy.consent.reading import read_receipt, receipt_text
from provider_runtime.domain.policy.consent.receipts import RECEIPT_PURPOSE, ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentScope
from provider_runtime.ports.governance.consent import ConsentLedger
from provider_runtime.ports.signing import Signer
from provider_runtime.ports.system import Clock, Randomness

WAITS_S: Final = 86_400.0
_TERMS: Final = ConsentTerms()


@frozen(kw_only=True)
class ConsentDesk:
    """Where consent is asked for, given, denied, taken back and looked at.

    Nothing here decides on its own: ``approve`` and ``deny`` record what the person ``user_id`` decided,
    with the facts of the question that waits and none from elsewhere. Decisions are signed by ``signer``
    in the name of ``issuer``; without one they count only where the ledger never leaves the process.
    Source: semantics C.5.
    """

    ledger: ConsentLedger
    clock: Clock
    randomness: Randomness
    telemetry: Telemetry
    runtime_id: RuntimeId
    issuer: str
    signer: Signer | None = None

    async def ask(
        self,
        plan: ProjectionPlan,
        *,
        scope: ConsentScope = ConsentScope.SINGLE_CALL,
        reason: str | None = None,
        waits_s: float = WAITS_S,
    ) -> ConsentRequest:
        """The question that waits: a new one, or an older one if it is the same."""
        now = self.clock.now()
        question = ConsentRequest(
            request_id=self._fresh("req"),
            plan=plan,
            scope=scope,
            reason=reason,
            created_at=now,
            expires_at=now + timedelta(seconds=waits_s),
        )
        waiting = await self.ledger.ask(question)
        if waiting.request_id == question.request_id and self.telemetry.listening:
            self.telemetry.emit(cloud_requested(self.runtime_id, waiting, now))
        return waiting

    async def approve(self, request_id: str, *, user_id: str, terms: ConsentTerms = _TERMS) -> ConsentReceipt:
        """Record that ``user_id`` said yes.

        Raises ``RecordMissing`` for a question that nobody asked or that waited too long, ``RecordConflict``
        for one that was answered, ``InvalidSettings`` for terms that the call cannot have, and
        ``MissingProviderRuntimeError`` where nobody can sign.
        """
        return await self._decide(request_id, user_id, terms, approved=True)

    async def deny(self, request_id: str, *, user_id: str, terms: ConsentTerms = _TERMS) -> ConsentReceipt:
        """Record that ``user_id`` said no. Raises like ``approve``."""
        return await self._decide(request_id, user_id, terms, approved=False)

    async def record(self, signed: SignedReceipt) -> ConsentReceipt:
        """Keep a decision that was made and signed elsewhere, for a question that waits here.

        Whether it counts is decided when a call is judged: by its seal. Raises like ``approve``.
        """
        receipt = read_receipt(signed.text)
        if not isinstance(receipt, ConsentReceipt):
            raise RecordMissing(
                kind="consent receipt",
                key="text",
                message=f"this is no receipt that can be gone by ({receipt})",
                remedy="Hand over the text that was signed, as it is.",
            )
        return await self._keep(receipt, signed)

    async def revoke(self, name: str, *, user_id: str, reason: str | None = None) -> Consent:
        """Take back the decision of this id, or on the question of this id. Raises ``RecordMissing``."""
        consent = await self.find(name)
        await self.ledger.revoke([consent.request.request_id], user_id=user_id, reason=reason)
        return await self.find(name)

    async def void(self, provider: ProviderId, *, runtime: RuntimeId | None = None) -> int:
        """Take back every consent to calls to ``provider``, because its key was changed; how many there were."""
        ids = [
            consent.request.request_id
            for consent in await self.ledger.consents()
            if consent.request.plan.subject.provider == provider
            and (runtime is None or consent.request.plan.subject.runtime == runtime)
        ]
        return len(await self.ledger.revoke(ids, user_id="provider-runtime", reason="key_changed")) if ids else 0

    async def question(self, request_id: str) -> ConsentRequest:
        """The question that waits under this id. Raises like ``approve``."""
        return await self.ledger.question(request_id)

    async def waiting(self) -> tuple[ConsentRequest, ...]:
        """The questions that wait, oldest first."""
        return await self.ledger.waiting()

    async def consents(self) -> tuple[Consent, ...]:
        """Every decision that is remembered, oldest first."""
        return await self.ledger.consents()

    async def find(self, name: str) -> Consent:
        """The decision of this id, or on the question of this id. Raises ``RecordMissing``."""
        for consent in await self.ledger.consents():
            if name in {consent.request.request_id, consent_id_of(consent)}:
                return consent
        raise RecordMissing(
            kind="consent",
            key=name,
            message="no decision of this id is known",
            remedy="Look at those there are: `provider-runtime consent list`, or runtime.consents.consents().",
        )

    async def _decide(self, request_id: str, user_id: str, terms: ConsentTerms, *, approved: bool) -> ConsentReceipt:
        question = await self.ledger.question(request_id)
        receipt = decided(
            question,
            terms,
            approved=approved,
            consent_id=self._fresh("consent"),
            user_id=user_id,
            issuer=self.issuer,
            now=self.clock.now(),
        )
        return await self._keep(receipt, await self._signed(receipt_text(receipt)))

    async def _keep(self, receipt: ConsentReceipt, signed: SignedReceipt) -> ConsentReceipt:
        await self.ledger.decide(receipt.request_id, signed)
        if self.telemetry.listening:
            self.telemetry.emit(cloud_decided(self.runtime_id, receipt, self.clock.now()))
        return receipt

    async def _signed(self, text: str) -> SignedReceipt:
        if self.signer is not None:
            return SignedReceipt(text=text, seal=await self.signer.sign(text.encode(), purpose=RECEIPT_PURPOSE))
        if self.ledger.in_process:
            return SignedReceipt(text=text)
        raise MissingProviderRuntimeError(
            missing_fields=("consent_signer",),
            stage="consent",
            requirement="REQ-SP4-003",
            message="the ledger of consents is shared with others, and nobody here can sign a decision",
            remediation=("Hand over a signer: open_runtime(settings, consent_signer=Ed25519Signer(…)).",),
        )

    def _fresh(self, kind: str) -> str:
        return f"{kind}_{self.randomness.token(8).hex()}"


def consent_id_of(consent: Consent) -> str | None:
    """The id of a decision; ``None`` where it cannot be read."""
    receipt = read_receipt(consent.signed.text)
    return receipt.consent_id if isinstance(receipt, ConsentReceipt) else None
