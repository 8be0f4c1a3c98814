"""provider_runtime: one canonical request to any language model, judged, priced and recorded.

The public face. ``open_runtime`` and ``ProviderRuntime`` make runtimes; the rest are the values
that go in and come out. Importing this opens no socket, reads no environment, starts no thread,
and loads nothing: each name is loaded when it is first used.
"""

from importlib import import_module
from typing import Final

# For type checkers the same names stand in __init__.pyi, written by scripts/refresh_face.py.
_BY_HOME: Final = {
    "adapters.catalog": "builtin_catalog builtin_prices catalog_json",
    "adapters.catalog_files": "read_catalog read_prices",
    "adapters.backends.checkpoints.notary": "Notary",
    "adapters.backends.checkpoints.receipts": "CheckpointedReceipts",
    "adapters.backends.checkpoints.seals": "noted_heads",
    "adapters.backends.checkpoints.sinks": "CheckpointsTo FilesystemCheckpoints MemoryCheckpoints",
    "adapters.session_calls": "RecordedCalls ReplayedCalls",
    "adapters.call_traces.sink": "CallTraceSink",
    "adapters.call_traces.store": "FilesystemCallTraces MemoryCallTraces SqliteCallTraces",
    "adapters.price_files": "prices_json",
    "adapters.signing.ed25519": "Ed25519Signer Ed25519Verifier new_signing_key",
    "adapters.signing.hmac_sha256": "HmacSigner",
    "adapters.report_page.page": "report_page",
    "adapters.telemetry": "FanOut GenAiConventions JsonLinesEventSink LoggingEventSink OpenTelemetryEventSink",
    "adapters.process": "harden_process",
    "application.batch.pace": "BatchProgress",
    "application.batch.plan": "BatchEnd BatchPlan BatchReport",
    "application.batch.running": "BatchRun",
    "application.explaining": "CallPlan GateVerdict",
    "application.reports.gathering": "ReportOrder gather_report",
    "composition.batches.running": "open_batch run_batch",
    "composition.lifecycle": "open_runtime",
    "composition.presets": "local_server ollama_server preset",
    "composition.registry": "RuntimeHandle RuntimeRegistry",
    "composition.runtime": "ProviderRuntime",
    "composition.settings": (
        "FileLedger FileReceipts KeyringSecrets MemoryLedger MemoryReceipts RuntimeSettings SecretFile "
        "SqliteLedger SqliteReceipts"
    ),
    "composition.shared": "SharedParts",
    "domain.catalog.credentials": "EnvCredential KeyFileCredential KeyringCredential NamedKeyCredential",
    "domain.catalog.health": "HealthStatus ProviderHealth",
    "domain.catalog.models": "DiscoveryOptions ModelCatalog ModelInfo ProviderCapabilities",
    "domain.catalog.pricing": "PriceRule PricingTable",
    "domain.catalog.providers": "ProviderConfig ProviderKind Tier",
    "domain.catalog.records": "ProviderExport ProviderRecord",
    "domain.profiles.swap_records": "hash_of_states",
    "domain.profiles.swapping": (
        "ModelFootprint ModelSwap ModelSwapRequest OnSwapFailure SwapPolicy SwapPriority SwapRequester SwapState "
        "SwapStrategy SwapSubsystem"
    ),
    "domain.conversation.handoff": "HandoffTarget hand_off normalize_handoff_messages",
    "domain.conversation.markers": "CacheBoundary CacheTtl Signature",
    "domain.conversation.messages": "Message MessageRole assistant system tool_result user",
    "domain.conversation.parts": (
        "AudioPart Citation ContentPart DocumentPart ImageDetail ImagePart InlineData MediaUrl ProviderFile "
        "RefusalPart TextPart ThinkingPart ToolCallPart ToolResult ToolResultJson ToolResultPart ToolResultParts "
        "ToolResultText"
    ),
    "domain.calls.options": "CallOptions",
    "domain.calls.parameters": "ModelParameters",
    "domain.conversation.request": (
        "Effort JsonObjectFormat JsonSchemaFormat ModelRef ProviderRequest ReasoningBudget "
        "ReasoningEffort ReasoningOff TextFormat"
    ),
    "domain.conversation.response": "AssistantOutput Attempt CallWarning FinishReason PassedOver ProviderResponse",
    "domain.conversation.tools": (
        "ToolCall ToolChoiceAuto ToolChoiceNone ToolChoiceRequired ToolChoiceSpecific ToolDefinition"
    ),
    "domain.conversation.usage": "CostBreakdown PricingSource Usage",
    "domain.conversation.warnings": "WarningCode",
    "domain.errors": (
        "AmbiguousModelRoute AssignmentInvalid BackendError BatchConflict BudgetExceeded CallInterrupted CallRefused "
        "CapabilityMismatch CircuitOpen ConfigError CostUnknown CredentialBoundElsewhere CredentialMissing "
        "CredentialsRejected EndpointBlocked EndpointInvalid ErrorCode GovernanceLocked IntentUnsupported "
        "InvalidPricingConfig InvalidProviderConfig InvalidRetryPolicy InvalidSettings InvalidTimeout LeakageRefused "
        "MissingProviderRuntimeError ModelNotAllowed ModelNotFound ProtocolError ProviderError ProviderHintMismatch "
        "ProviderNotRegistered ProviderRuntimeError ProviderRuntimeNormalizationError ProviderRuntimeScopeError "
        "ProviderStatusError RateLimitWait RecordConflict RecordCorrupt RecordMissing RequestInvalid RetryDenial "
        "RoutingError RuntimeClosed SerializationError StoreUnsafe SwapFailed SwapFault SwapRefused TierRefused "
        "TransportError"
    ),
    "domain.identity": "CallId KeyId ProfileId ProviderId Role RuntimeId",
    "domain.json_values": "JsonObject JsonValue freeze",
    "domain.policy.budgets.limits": "Amount Budget Unit",
    "domain.policy.credentials": "CredentialReport",
    "domain.policy.fallback": "FallbackPolicy",
    "domain.policy.governance": "ConsentRule GovernanceMode GovernancePolicy OnLossy Unless",
    "domain.policy.leakage.classification": "ContentClassification Sensitivity",
    "domain.policy.leakage.findings": "Finding FindingKind Place Severity",
    "domain.policy.leakage.opaque": "Opaque",
    "domain.policy.leakage.policy": "LeakagePolicy Treatment",
    "domain.policy.resilience.rate_limits": "RateLimits",
    "domain.policy.retrying": "RetryPolicy",
    "domain.profiles.experts": "DEFAULT_EXPERTS ExpertRole",
    "domain.profiles.profile": "AutomationLevel ProfileGovernance WorkProfile",
    "domain.profiles.resolution": "Resolution RuleFinding",
    "domain.profiles.roles": "DEFAULT_ROLES ModelAssignment",
    "domain.records.oversight.checkpoints": "Checkpoint Checkpoints NotedHead SealMethod",
    "domain.records.events": "EventKind LifecycleEvent",
    "domain.records.oversight.timelines": "CallTrace",
    "domain.records.receipts": "CallOutcome CallReceipt CallRecord ChainVerdict",
    "domain.records.state": "State",
    "domain.seals": "PublicKey Seal SealVerdict",
    "domain.reports.report": "BudgetState Report",
    "domain.secrets": "Secret",
    "ports.context": "ContextCompiler ContextOrder",
    "ports.governance.budgets": "BudgetLedger",
    "ports.leakage": "LeakScanner MaskedText OutboundContent",
    "ports.provider_adapter": "AdapterContext ProviderAdapter",
    "ports.secrets": "SecretStore",
    "ports.signing": "Signer Verifier",
    "ports.stores.call_traces": "CallTraceProvider",
    "ports.stores.checkpoints": "CheckpointSink",
    "ports.stores.journals": "ReceiptProvider",
    "ports.stores.outcomes": "OutcomeStore",
    "ports.stores.state": "StateProvider",
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
