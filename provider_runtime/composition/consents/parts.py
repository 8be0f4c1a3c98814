"""The parts of consent, as the settings want them."""

from pathlib import Path

from attrs import frozen

from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.consents.desk import ConsentDesk
from provider_runtime.application.consents.guard import ConsentGuard
from provider_runtime.application.consents.subjects import Subjects
from provider_runtime.application.gates import Gate
from provider_runtime.application.gates.consent import ConsentGate
from provider_runtime.composition.consents.settings import (
    ConsentSettings,
    FileConsents,
    MemoryConsents,
    SqliteConsents,
)
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.consent.verdicts import Trust
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.seals import PublicKey
from provider_runtime.ports.governance.consent import ConsentLedger, RevocationList
from provider_runtime.ports.signing import Signer, Verifier
from provider_runtime.ports.system import Clock, Randomness


def consents(settings: RuntimeSettings, clock: Clock) -> ConsentLedger | None:
    """A ledger of consents where the settings want it; none where they say nothing of consents."""
    if settings.consents is None:
        return None
    from provider_runtime.adapters.governance.consents import (  # noqa: PLC0415 - only those with consents need it
        FilesystemConsentLedger,
        MemoryConsentLedger,
        SqliteConsentLedger,
    )

    match settings.consents.place:
        case FileConsents(path=path):
            return FilesystemConsentLedger(path=path, clock=clock)
        case SqliteConsents(path=path):
            return SqliteConsentLedger(path=path, clock=clock)
        case MemoryConsents():
            return MemoryConsentLedger(clock=clock)


@frozen(kw_only=True)
class ConsentParts:
    """What a runtime needs of consent: always what its calls are about; the rest where it has a ledger."""

    subjects: Subjects
    guard: ConsentGuard | None = None
    desk: ConsentDesk | None = None

    def gate(self, policy: GovernancePolicy) -> Gate | None:
        """The gate, where there is a ledger to go by."""
        if self.guard is None:
            return None
        return ConsentGate(guard=self.guard, subjects=self.subjects, rule=policy.consent)


def consent_parts(  # noqa: PLR0913 - everything that a consent is bound to or kept with
    settings: RuntimeSettings,
    *,
    runtime_id: RuntimeId,
    ledger: ConsentLedger | None,
    signer: Signer | None,
    verifier: Verifier | None,
    clock: Clock,
    randomness: Randomness,
    telemetry: Telemetry,
    worst_cases: WorstCases,
    has_tokens: bool,
) -> ConsentParts:
    """The parts of consent, over these. Raises ``InvalidSettings``."""
    subjects = Subjects(
        runtime=settings.name or runtime_id,
        policy_version=settings.policy.version,
        worst_cases=worst_cases,
        profile=settings.profile,
        given=frozenset(settings.credentials),
        token_provider=has_tokens,
        token_provider_only=settings.token_provider_only,
    )
    if ledger is None:
        return ConsentParts(subjects=subjects)
    if not ledger.in_process and settings.name is None:
        raise InvalidSettings(
            field="name",
            message="consents that outlive a runtime are given to it by its name, and this one has none",
            remedy="Give it one: RuntimeSettings(name=…). A registry does.",
        )
    wanted = settings.consents or ConsentSettings()
    return ConsentParts(
        subjects=subjects,
        guard=consent_guard(wanted, ledger, verifier=verifier, clock=clock, randomness=randomness),
        desk=ConsentDesk(
            ledger=ledger,
            clock=clock,
            randomness=randomness,
            telemetry=telemetry,
            runtime_id=runtime_id,
            issuer=wanted.issuer,
            signer=signer,
        ),
    )


def consent_guard(
    wanted: ConsentSettings,
    ledger: ConsentLedger,
    *,
    verifier: Verifier | None,
    clock: Clock,
    randomness: Randomness,
) -> ConsentGuard:
    """Judges by what is in ``ledger``, and by the keys of those whom the settings trust. Raises ``InvalidSettings``."""
    keys, file = wanted.public_keys, wanted.revocations
    known = verifier or (_verifier(keys) if keys else None)
    if file is not None and known is None:
        raise InvalidSettings(
            field="consents.revocations",
            message="a list of revoked consents is signed, and nobody is trusted to sign it",
            remedy="Name those who may: ConsentSettings(issuers=…).",
        )
    return ConsentGuard(
        ledger=ledger,
        trust=Trust(
            issuers=wanted.issuers_by_key,
            unsigned=ledger.in_process and not wanted.issuers,
            revocations_max_age=wanted.max_age,
        ),
        clock=clock,
        randomness=randomness,
        verifier=known,
        revocations=None if file is None or known is None else _revocations(file, known),
        limit_s=wanted.timeout_s,
    )


def _verifier(keys: tuple[PublicKey, ...]) -> Verifier:
    from provider_runtime.adapters.signing.ed25519 import Ed25519Verifier  # noqa: PLC0415 - few trust others

    return Ed25519Verifier(trust=keys)


def _revocations(file: Path, verifier: Verifier) -> RevocationList:
    from provider_runtime.adapters.governance.revocation_file import RevocationFile  # noqa: PLC0415 - few have one

    return RevocationFile(path=file, verifier=verifier)
