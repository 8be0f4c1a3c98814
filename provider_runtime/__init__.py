"""provider_runtime: one canonical request to any language model, judged, priced and recorded.

The public face. ``open_runtime`` and ``ProviderRuntime`` make runtimes; the rest are the values
that go in and come out. Importing this opens no socket, reads no environment, starts no thread,
and loads nothing: each name is loaded when it is first used.
"""

from importlib import import_module
from typing import Final

# For type checkers the same names stand in __init__.pyi, written by scripts/refresh_face.py.
_BY_HOME: Final = {
    "adapters.backends.checkpoints.notary": "Notary",
    "adapters.backends.checkpoints.receipts": "CheckpointedReceipts",
    "adapters.backends.checkpoints.seals": "noted_heads",
    "adapters.backends.checkpoints.sinks": "CheckpointsTo FilesystemCheckpoints MemoryCheckpoints",
    "adapters.backends.families.artifacts": "FilesystemArtifactProvider MemoryArtifactProvider SqliteArtifactProvider",
    "adapters.backends.families.live": "DefaultEffectHandlerRegistry DefaultExpertProvider MemoryStreamProvider",
    "adapters.backends.families.logic": "MemoryLogicProvider",
    "adapters.backends.families.provenance": (
        "FilesystemProvenanceProvider MemoryProvenanceProvider SqliteProvenanceProvider"
    ),
    "adapters.backends.families.sessions": "FilesystemSessionProvider MemorySessionProvider SqliteSessionProvider",
    "adapters.backends.families.snapshots": "FilesystemSnapshotProvider MemorySnapshotProvider SqliteSnapshotProvider",
    "adapters.backends.families.states": "FilesystemStateProvider MemoryStateProvider SqliteStateProvider",
    "adapters.backends.families.traces": (
        "FilesystemTraceProvider MemoryTraceProvider SqliteTraceProvider StreamingTraceProvider"
    ),
    "adapters.backends.receipts": "FilesystemReceiptProvider InMemoryReceiptProvider SqliteReceiptProvider",
    "adapters.call_traces.sink": "CallTraceSink",
    "adapters.call_traces.store": "FilesystemCallTraces MemoryCallTraces SqliteCallTraces",
    "adapters.catalog": "builtin_catalog builtin_prices catalog_json",
    "adapters.catalog_files": "read_catalog read_prices",
    "adapters.contexts": "RecipeCompiler",
    "adapters.price_files": "prices_json",
    "adapters.process": "harden_process",
    "adapters.report_page.page": "report_page",
    "adapters.session_calls": "RecordedCalls ReplayedCalls",
    "adapters.signing.ed25519": "Ed25519Signer Ed25519Verifier new_signing_key",
    "adapters.signing.hmac_sha256": "HmacSigner",
    "adapters.telemetry": (
        "DefaultEventEmitter FanOut GenAiConventions JsonLinesEventSink LoggingEventSink OpenTelemetryEventSink"
    ),
    "application.batch.pace": "BatchProgress",
    "application.batch.plan": "BatchEnd BatchPlan BatchReport",
    "application.batch.running": "BatchRun",
    "application.consents.desk": "ConsentDesk",
    "application.explaining": "CallPlan GateVerdict",
    "application.profiles.choosing": "WorkProfiles",
    "application.reports.gathering": "gather_report ReportOrder",
    "composition.batches.running": "open_batch run_batch",
    "composition.consents.settings": "ConsentSettings FileConsents MemoryConsents SqliteConsents TrustedIssuer",
    "composition.governance.settings": "FileAudit Governance MemoryAudit SqliteAudit",
    "composition.lifecycle": "open_runtime",
    "composition.presets": "local_server ollama_server preset",
    "composition.registry": "RuntimeHandle RuntimeRegistry",
    "composition.runtime": "ProviderRuntime",
    "composition.settings": (
        "FileLedger FileReceipts KeyringSecrets MemoryLedger MemoryReceipts RemoteLedger RuntimeSettings SecretFile "
        "SqliteLedger SqliteReceipts"
    ),
    "composition.shared": "SharedParts",
    "composition.stores.families": "open_stores Stores",
    "composition.stores.places": "FileStores MemoryStores SqliteStores StoreSettings",
    "composition.workspace.kept": "workspace_settings",
    "domain.calls.memo": "Memo",
    "domain.calls.options": "CallOptions",
    "domain.calls.parameters": "ModelParameters",
    "domain.catalog.credentials": "EnvCredential KeyFileCredential KeyringCredential NamedKeyCredential",
    "domain.catalog.health": "HealthStatus ProviderHealth",
    "domain.catalog.models": "DiscoveryOptions ModelCatalog ModelInfo ProviderCapabilities",
    "domain.catalog.pricing": "PriceRule PricingTable",
    "domain.catalog.providers": "ProviderConfig ProviderKind Tier",
    "domain.catalog.records": "ProviderExport ProviderRecord",
    "domain.conversation.handoff": "hand_off HandoffTarget normalize_handoff_messages",
    "domain.conversation.markers": "CacheBoundary CacheTtl Signature",
    "domain.conversation.messages": "assistant Message MessageRole system tool_result user",
    "domain.conversation.parts": (
        "AudioPart Citation ContentPart DocumentPart ImageDetail ImagePart InlineData MediaUrl ProviderFile "
        "RefusalPart TextPart ThinkingPart ToolCallPart ToolResult ToolResultJson ToolResultPart ToolResultParts "
        "ToolResultText"
    ),
    "domain.conversation.request": (
        "Effort JsonObjectFormat JsonSchemaFormat ModelRef ProviderRequest ReasoningBudget ReasoningEffort "
        "ReasoningOff TextFormat"
    ),
    "domain.conversation.response": (
        "AssistantOutput Attempt CallWarning FinishReason MemoHit PassedOver ProviderResponse"
    ),
    "domain.conversation.tools": (
        "ToolCall ToolChoiceAuto ToolChoiceNone ToolChoiceRequired ToolChoiceSpecific ToolDefinition"
    ),
    "domain.conversation.usage": "CostBreakdown PricingSource Usage",
    "domain.conversation.warnings": "WarningCode",
    "domain.errors": (
        "AccessDenied AmbiguousModelRoute AssignmentInvalid BackendError BatchConflict BudgetExceeded "
        "CallInterrupted CallRefused CapabilityMismatch CircuitOpen ConfigError ConsentExpired ConsentMismatch "
        "ConsentRefused ConsentRequired ConsentRevoked ConsentUsed CostUnknown CredentialBoundElsewhere "
        "CredentialMissing CredentialsRejected EndpointBlocked EndpointInvalid ErrorCode GovernanceLocked "
        "GuardFailed IntentUnsupported InvalidPricingConfig InvalidProviderConfig InvalidRetryPolicy "
        "InvalidSettings InvalidTimeout LeakageRefused LedgerDenied LedgerUnavailable MissingProviderRuntimeError "
        "ModelNotAllowed ModelNotFound ProtocolError ProviderError ProviderHintMismatch ProviderNotRegistered "
        "ProviderRuntimeError ProviderRuntimeNormalizationError ProviderRuntimeScopeError ProviderStatusError "
        "RateLimitWait RecordConflict RecordCorrupt RecordMissing ReplayMiss RequestInvalid RetryDenial "
        "RoutingError RuntimeClosed SerializationError StoreUnsafe SwapFailed SwapFault SwapRefused TierRefused "
        "TransportError"
    ),
    "domain.identity": "CallId KeyId ProfileId ProviderId Role RuntimeId",
    "domain.json_values": "freeze JsonObject JsonValue",
    "domain.policy.budgets.limits": "Amount Budget Unit",
    "domain.policy.budgets.resources": "BudgetReport Quantities Resource",
    "domain.policy.consent.deciding": "ConsentTerms",
    "domain.policy.consent.decisions": "Consent SignedReceipt",
    "domain.policy.consent.faults": "ConsentFault",
    "domain.policy.consent.plans": "ConsentRequest ProjectionPlan",
    "domain.policy.consent.receipts": "ConsentReceipt ConsentSurface",
    "domain.policy.consent.subject": "ConsentScope ConsentSubject",
    "domain.policy.credentials": "CredentialReport",
    "domain.policy.fallback": "FallbackPolicy",
    "domain.policy.governance": "ConsentRule GovernanceMode GovernancePolicy OnLossy Unless",
    "domain.policy.grants.audit": "AuditEntry AuditEvent AuditOutcome",
    "domain.policy.grants.capability": "Capability Constraints Denied Granted GrantFault Use",
    "domain.policy.grants.caps": "CapSet",
    "domain.policy.grants.profiles": "governance_profile GovernanceProfile ProfileBudgets",
    "domain.policy.leakage.classification": "ContentClassification Sensitivity",
    "domain.policy.leakage.findings": "Finding FindingKind Place Severity",
    "domain.policy.leakage.opaque": "Opaque",
    "domain.policy.leakage.policy": "LeakagePolicy Treatment",
    "domain.policy.resilience.rate_limits": "RateLimits",
    "domain.policy.retrying": "RetryPolicy",
    "domain.profiles.editions": "ProfileChoice ProfileEdition",
    "domain.profiles.experts": "DEFAULT_EXPERTS ExpertRole",
    "domain.profiles.profile": "AutomationLevel ProfileGovernance WorkProfile",
    "domain.profiles.resolution": "Resolution RuleFinding",
    "domain.profiles.roles": "DEFAULT_ROLES ModelAssignment",
    "domain.profiles.swap_records": "hash_of_states",
    "domain.profiles.swapping": (
        "ModelFootprint ModelSwap ModelSwapRequest OnSwapFailure SwapPolicy SwapPriority SwapRequester SwapState "
        "SwapStrategy SwapSubsystem"
    ),
    "domain.records.events": "EventKind LifecycleEvent",
    "domain.records.oversight.checkpoints": "Checkpoint Checkpoints NotedHead SealMethod",
    "domain.records.oversight.timelines": "CallTrace",
    "domain.records.receipts": "CallOutcome CallReceipt CallRecord ChainVerdict",
    "domain.records.state": "State",
    "domain.reports.report": "BudgetState Report",
    "domain.seals": "PublicKey Seal SealVerdict",
    "domain.secrets": "Secret",
    "ports.context": "ContextCompiler ContextOrder",
    "ports.governance.budgets": "BudgetLedger",
    "ports.governance.consent": "ConsentLedger",
    "ports.governance.provider": "GovernanceProvider",
    "ports.governance.security": "SecurityProvider",
    "ports.leakage": "LeakScanner MaskedText OutboundContent",
    "ports.provider_adapter": "AdapterContext ProviderAdapter",
    "ports.secrets": "SecretStore",
    "ports.signing": "Signer Verifier",
    "ports.stores.call_traces": "CallTraceProvider",
    "ports.stores.checkpoints": "CheckpointSink",
    "ports.stores.evaluation": "ArtifactProvider EffectHandlerRegistry StreamProvider",
    "ports.stores.journals": "ReceiptProvider",
    "ports.stores.knowledge": "ExpertProvider LogicProvider",
    "ports.stores.outcomes": "OutcomeStore",
    "ports.stores.provenance": "ProvenanceProvider SourceReader",
    "ports.stores.sessions": "SessionProvider SnapshotProvider",
    "ports.stores.state": "StateProvider",
    "ports.stores.traces": "TraceProvider",
    "ports.telemetry": "EventEmitter EventSink",
    "ports.tokens": "TokenProvider",
}
HOMES: Final = {name: f"{__name__}.{home}" for home, names in _BY_HOME.items() for name in names.split()}
"""Every public name with the module that defines it."""

__all__ = sorted(HOMES)  # noqa: PLE0605 - static tools read the stub


def __getattr__(name: str) -> object:
    home = HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *HOMES])
