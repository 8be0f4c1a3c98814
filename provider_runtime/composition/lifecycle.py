"""open_runtime: a fresh object graph, and its end."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, cast

from provider_runtime.application.accounting.profile_events import profile_resolved, profile_selected
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.composition.settings import RemoteLedger, RuntimeSettings
from provider_runtime.composition.shared import SharedParts
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.errors import InvalidSettings, MissingProviderRuntimeError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.profiles.assigning import fault_of_assignments
from provider_runtime.domain.secrets import Secret, secret_in
from provider_runtime.ports.context import ContextCompiler
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.ports.governance.consent import ConsentLedger
from provider_runtime.ports.governance.provider import GovernanceProvider
from provider_runtime.ports.governance.security import SecurityProvider
from provider_runtime.ports.http import HttpTransport
from provider_runtime.ports.leakage import LeakScanner
from provider_runtime.ports.schemas import SchemaValidator
from provider_runtime.ports.secrets import SecretStore
from provider_runtime.ports.signing import Signer, Verifier
from provider_runtime.ports.stores.evaluation import ArtifactProvider
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.ports.stores.outcomes import OutcomeStore
from provider_runtime.ports.stores.sessions import SnapshotProvider
from provider_runtime.ports.stores.state import StateProvider
from provider_runtime.ports.system import Clock, IdSource, Randomness
from provider_runtime.ports.telemetry import EventSink
from provider_runtime.ports.tokens import CredentialFinder, TokenProvider

PORTS: Final[Mapping[str, type]] = {
    "environment": dict,
    "shared": SharedParts,
    "clock": Clock,
    "ids": IdSource,
    "randomness": Randomness,
    "transport": HttpTransport,
    "tokens": TokenProvider,
    "secret_store": SecretStore,
    "credential_finder": CredentialFinder,
    "schemas": SchemaValidator,
    "leak_scanner": LeakScanner,
    "receipts": ReceiptProvider,
    "ledger": BudgetLedger,
    "governance": GovernanceProvider,
    "security": SecurityProvider,
    "consents": ConsentLedger,
    "consent_signer": Signer,
    "consent_verifier": Verifier,
    "event_sink": EventSink,
    "outcomes": OutcomeStore,
    "states": StateProvider,
    "artifacts": ArtifactProvider,
    "snapshots": SnapshotProvider,
    "context_compiler": ContextCompiler,
}


@asynccontextmanager
async def open_runtime(settings: RuntimeSettings, **parts: object) -> AsyncIterator[ProviderRuntime]:
    """One fresh runtime, closed at the end of the ``async with``.

    ``parts`` replace the providers of ``RuntimeContainer`` that they name (``clock``,
    ``transport``, ``tokens``, ``receipts``, ``event_sink`` …) for this runtime alone. A part
    handed in stays the caller's: only what was built here is closed here.
    Raises ``MissingProviderRuntimeError`` without settings, and ``InvalidSettings`` for a part that
    no provider is named after, or that lacks methods of its port; ``AssignmentInvalid`` for a work
    profile that names a provider which is not among those of the runtime.
    """
    if not isinstance(settings, RuntimeSettings):
        raise MissingProviderRuntimeError(
            missing_fields=("settings",),
            stage="open",
            message=f"a runtime needs RuntimeSettings of its own, not {type(settings).__name__}",
            remediation=("Hand over RuntimeSettings(providers=…, credentials=…).", "Nothing is taken from elsewhere."),
        )
    runtime, transport = _built(settings, parts)
    try:
        yield runtime
    finally:
        runtime.lifetime.closed = True
        try:
            if "transport" not in parts:
                await transport.aclose()
        finally:
            # Not closed: a call that is still under way leaves its receipt, too, and settles its hold.
            try:
                await runtime.receipts.flush()
            finally:
                try:
                    if (spending := runtime.sending.spending) is not None:
                        await spending.flush()
                    for governing in (runtime.governance, runtime.security, runtime.sending.consents):
                        if governing is not None:
                            await governing.flush()
                finally:
                    if runtime.own_stores is not None:
                        await runtime.own_stores.aclose()


def _built(settings: RuntimeSettings, given: Mapping[str, object]) -> tuple[ProviderRuntime, HttpTransport]:
    """A runtime and its transport."""
    # dependency-injector costs as much to import as all the rest: the first runtime pays, not the import.
    from provider_runtime.composition.graph import NAMES, fresh_parts  # noqa: PLC0415 - see above

    for name, part in given.items():
        if name not in NAMES:
            raise InvalidSettings(
                field=name,
                message=f"a runtime has no part called {name!r:.80}",
                remedy=f"Parts are: {', '.join(sorted(NAMES))}.",
            )
        if not isinstance(part, PORTS.get(name, object)):
            raise InvalidSettings(
                field=name,
                message=f"the part {name!r} must be a {PORTS[name].__name__}, not {type(part).__name__}",
                remedy="Hand over an object with every method of that port.",
            )
    parts = fresh_parts(**{"settings": settings, "environment": _named_variables(settings), **given})
    runtime = cast("ProviderRuntime", parts["runtime"])
    known = runtime.routing.providers.ids
    _refuse_idle_credentials(settings, known)
    if (fault := fault_of_assignments(settings.profile, settings.experts, known)) is not None:
        raise fault
    _announce_profile(runtime)
    return runtime, cast("HttpTransport", parts["transport"])


def _announce_profile(runtime: ProviderRuntime) -> None:
    """Tell the event sink which profile holds, and which model plays each of its roles."""
    telemetry, profile = runtime.settlement.telemetry, runtime.assignments.profile
    if profile is None or not telemetry.listening:
        return
    now = runtime.clock.now()
    telemetry.emit(profile_selected(runtime.runtime_id, profile, now))
    for role, assignment in profile.assignments.items():
        if assignment.primary.provider_hint is not None:  # every assignment names one
            config = runtime.routing.providers.get(assignment.primary.provider_hint).config
            telemetry.emit(profile_resolved(runtime.runtime_id, profile, role, config, now))


def _refuse_idle_credentials(settings: RuntimeSettings, known: frozenset[ProviderId]) -> None:
    for provider_id in settings.credentials:
        if provider_id not in known:
            raise InvalidSettings(
                field=f"credentials[{provider_id}]",
                message=f"a key was given for {provider_id}, which this runtime does not know",
                remedy=f"Register that provider, or write one of: {', '.join(sorted(known)) or 'none are registered'}.",
            )


def _named_variables(settings: RuntimeSettings) -> dict[str, Secret]:
    """The keys in those environment variables that the settings name, as they are now; no others."""
    references = [config.credential for config in settings.providers]
    if isinstance(settings.ledger, RemoteLedger):
        references.append(settings.ledger.credential)
    names = {name for credential in references if isinstance(credential, EnvCredential) for name in credential.names}
    found = ((name, secret_in(os.environ.get(name))) for name in sorted(names))
    return {name: secret for name, secret in found if secret is not None}
