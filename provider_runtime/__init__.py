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
    "adapters.contexts": "RecipeCompiler",
    "adapters.price_files": "prices_json",
    "adapters.telemetry": (
        "DefaultEventEmitter FanOut GenAiConventions JsonLinesEventSink LoggingEventSink OpenTelemetryEventSink"
    ),
    "adapters.process": "harden_process",
    "application.explaining": "CallPlan GateVerdict",
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
    "composition.workspace.kept": "workspace_settings",
    "domain.catalog.credentials": "EnvCredential KeyFileCredential KeyringCredential NamedKeyCredential",
    "domain.catalog.health": "HealthStatus ProviderHealth",
    "domain.catalog.models": "DiscoveryOptions ModelCatalog ModelInfo ProviderCapabilities",
    "domain.catalog.pricing": "PriceRule PricingTable",
    "domain.catalog.providers": "ProviderConfig ProviderKind Tier",
    "domain.catalog.records": "ProviderExport ProviderRecord",
    "application.profiles.choosing": "WorkProfiles",
    "domain.profiles.editions": "ProfileChoice ProfileEdition",
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
        "AccessDenied AmbiguousModelRoute AssignmentInvalid BackendError BudgetExceeded CallRefused "
        "CapabilityMismatch "
        "CircuitOpen ConfigError CostUnknown CredentialBoundElsewhere CredentialMissing CredentialsRejected "
        "EndpointBlocked EndpointInvalid ErrorCode GovernanceLocked IntentUnsupported InvalidPricingConfig "
        "InvalidProviderConfig InvalidRetryPolicy InvalidSettings InvalidTimeout LeakageRefused "
        "LedgerDenied LedgerUnavailable "
        "MissingProviderRuntimeError ModelNotAllowed ModelNotFound ProtocolError ProviderError "
        "ProviderHintMismatch ProviderNotRegistered ProviderRuntimeError ProviderRuntimeNormalizationError "
        "ProviderRuntimeScopeError ProviderStatusError RateLimitWait RecordConflict RecordCorrupt RecordMissing "
        "RequestInvalid RetryDenial RoutingError RuntimeClosed SerializationError StoreUnsafe SwapFailed "
        "SwapFault SwapRefused TierRefused TransportError"
    ),
    "domain.identity": "CallId ProfileId ProviderId Role RuntimeId",
    "domain.json_values": "JsonObject JsonValue freeze",
    "domain.policy.budgets.limits": "Amount Budget Unit",
    "domain.policy.budgets.resources": "BudgetReport Quantities Resource",
    "domain.policy.credentials": "CredentialReport",
    "domain.policy.fallback": "FallbackPolicy",
    "domain.policy.governance": "ConsentRule GovernanceMode GovernancePolicy OnLossy Unless",
    "domain.policy.grants.audit": "AuditEntry AuditEvent AuditOutcome",
    "domain.policy.grants.capability": "Capability Constraints Denied Granted GrantFault Use",
    "domain.policy.grants.caps": "CapSet",
    "domain.policy.grants.profiles": "GovernanceProfile ProfileBudgets governance_profile",
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
    "domain.records.events": "EventKind LifecycleEvent",
    "domain.records.receipts": "CallOutcome CallReceipt CallRecord ChainVerdict",
    "domain.records.state": "State",
    "domain.secrets": "Secret",
    "ports.context": "ContextCompiler ContextOrder",
    "ports.governance.budgets": "BudgetLedger",
    "ports.governance.provider": "GovernanceProvider",
    "ports.governance.security": "SecurityProvider",
    "ports.leakage": "LeakScanner MaskedText OutboundContent",
    "ports.provider_adapter": "AdapterContext ProviderAdapter",
    "ports.secrets": "SecretStore",
    "ports.stores.outcomes": "OutcomeStore",
    "ports.stores.state": "StateProvider",
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
