# Written by scripts/refresh_face.py: the names of provider_runtime, for type checkers.
from collections.abc import Mapping

from provider_runtime.adapters.catalog import (
    builtin_catalog,
    builtin_prices,
    catalog_json,
)
from provider_runtime.adapters.catalog_files import (
    read_catalog,
    read_prices,
)
from provider_runtime.adapters.contexts import (
    RecipeCompiler,
)
from provider_runtime.adapters.price_files import (
    prices_json,
)
from provider_runtime.adapters.process import (
    harden_process,
)
from provider_runtime.adapters.telemetry import (
    DefaultEventEmitter,
    FanOut,
    GenAiConventions,
    JsonLinesEventSink,
    LoggingEventSink,
    OpenTelemetryEventSink,
)
from provider_runtime.application.explaining import (
    CallPlan,
    GateVerdict,
)
from provider_runtime.application.profiles.choosing import (
    WorkProfiles,
)
from provider_runtime.composition.governance.settings import (
    FileAudit,
    Governance,
    MemoryAudit,
    SqliteAudit,
)
from provider_runtime.composition.lifecycle import (
    open_runtime,
)
from provider_runtime.composition.presets import (
    local_server,
    ollama_server,
    preset,
)
from provider_runtime.composition.registry import (
    RuntimeHandle,
    RuntimeRegistry,
)
from provider_runtime.composition.runtime import (
    ProviderRuntime,
)
from provider_runtime.composition.settings import (
    FileLedger,
    FileReceipts,
    KeyringSecrets,
    MemoryLedger,
    MemoryReceipts,
    RemoteLedger,
    RuntimeSettings,
    SecretFile,
    SqliteLedger,
    SqliteReceipts,
)
from provider_runtime.composition.shared import (
    SharedParts,
)
from provider_runtime.composition.workspace.kept import (
    workspace_settings,
)
from provider_runtime.domain.calls.options import (
    CallOptions,
)
from provider_runtime.domain.calls.parameters import (
    ModelParameters,
)
from provider_runtime.domain.catalog.credentials import (
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.health import (
    HealthStatus,
    ProviderHealth,
)
from provider_runtime.domain.catalog.models import (
    DiscoveryOptions,
    ModelCatalog,
    ModelInfo,
    ProviderCapabilities,
)
from provider_runtime.domain.catalog.pricing import (
    PriceRule,
    PricingTable,
)
from provider_runtime.domain.catalog.providers import (
    ProviderConfig,
    ProviderKind,
    Tier,
)
from provider_runtime.domain.catalog.records import (
    ProviderExport,
    ProviderRecord,
)
from provider_runtime.domain.conversation.handoff import (
    HandoffTarget,
    hand_off,
    normalize_handoff_messages,
)
from provider_runtime.domain.conversation.markers import (
    CacheBoundary,
    CacheTtl,
    Signature,
)
from provider_runtime.domain.conversation.messages import (
    Message,
    MessageRole,
    assistant,
    system,
    tool_result,
    user,
)
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    ContentPart,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultJson,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
    TextFormat,
)
from provider_runtime.domain.conversation.response import (
    AssistantOutput,
    Attempt,
    CallWarning,
    FinishReason,
    PassedOver,
    ProviderResponse,
)
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.conversation.usage import (
    CostBreakdown,
    PricingSource,
    Usage,
)
from provider_runtime.domain.conversation.warnings import (
    WarningCode,
)
from provider_runtime.domain.errors import (
    AccessDenied,
    AmbiguousModelRoute,
    AssignmentInvalid,
    BackendError,
    BudgetExceeded,
    CallRefused,
    CapabilityMismatch,
    CircuitOpen,
    ConfigError,
    CostUnknown,
    CredentialBoundElsewhere,
    CredentialMissing,
    CredentialsRejected,
    EndpointBlocked,
    EndpointInvalid,
    ErrorCode,
    GovernanceLocked,
    IntentUnsupported,
    InvalidPricingConfig,
    InvalidProviderConfig,
    InvalidRetryPolicy,
    InvalidSettings,
    InvalidTimeout,
    LeakageRefused,
    LedgerDenied,
    LedgerUnavailable,
    MissingProviderRuntimeError,
    ModelNotAllowed,
    ModelNotFound,
    ProtocolError,
    ProviderError,
    ProviderHintMismatch,
    ProviderNotRegistered,
    ProviderRuntimeError,
    ProviderRuntimeNormalizationError,
    ProviderRuntimeScopeError,
    ProviderStatusError,
    RateLimitWait,
    RecordConflict,
    RecordCorrupt,
    RecordMissing,
    RequestInvalid,
    RetryDenial,
    RoutingError,
    RuntimeClosed,
    SerializationError,
    StoreUnsafe,
    SwapFailed,
    SwapFault,
    SwapRefused,
    TierRefused,
    TransportError,
)
from provider_runtime.domain.identity import (
    CallId,
    ProfileId,
    ProviderId,
    Role,
    RuntimeId,
)
from provider_runtime.domain.json_values import (
    JsonObject,
    JsonValue,
    freeze,
)
from provider_runtime.domain.policy.budgets.limits import (
    Amount,
    Budget,
    Unit,
)
from provider_runtime.domain.policy.budgets.resources import (
    BudgetReport,
    Quantities,
    Resource,
)
from provider_runtime.domain.policy.credentials import (
    CredentialReport,
)
from provider_runtime.domain.policy.fallback import (
    FallbackPolicy,
)
from provider_runtime.domain.policy.governance import (
    ConsentRule,
    GovernanceMode,
    GovernancePolicy,
    OnLossy,
    Unless,
)
from provider_runtime.domain.policy.grants.audit import (
    AuditEntry,
    AuditEvent,
    AuditOutcome,
)
from provider_runtime.domain.policy.grants.capability import (
    Capability,
    Constraints,
    Denied,
    Granted,
    GrantFault,
    Use,
)
from provider_runtime.domain.policy.grants.caps import (
    CapSet,
)
from provider_runtime.domain.policy.grants.profiles import (
    GovernanceProfile,
    ProfileBudgets,
    governance_profile,
)
from provider_runtime.domain.policy.leakage.classification import (
    ContentClassification,
    Sensitivity,
)
from provider_runtime.domain.policy.leakage.findings import (
    Finding,
    FindingKind,
    Place,
    Severity,
)
from provider_runtime.domain.policy.leakage.opaque import (
    Opaque,
)
from provider_runtime.domain.policy.leakage.policy import (
    LeakagePolicy,
    Treatment,
)
from provider_runtime.domain.policy.resilience.rate_limits import (
    RateLimits,
)
from provider_runtime.domain.policy.retrying import (
    RetryPolicy,
)
from provider_runtime.domain.profiles.editions import (
    ProfileChoice,
    ProfileEdition,
)
from provider_runtime.domain.profiles.experts import (
    DEFAULT_EXPERTS,
    ExpertRole,
)
from provider_runtime.domain.profiles.profile import (
    AutomationLevel,
    ProfileGovernance,
    WorkProfile,
)
from provider_runtime.domain.profiles.resolution import (
    Resolution,
    RuleFinding,
)
from provider_runtime.domain.profiles.roles import (
    DEFAULT_ROLES,
    ModelAssignment,
)
from provider_runtime.domain.profiles.swap_records import (
    hash_of_states,
)
from provider_runtime.domain.profiles.swapping import (
    ModelFootprint,
    ModelSwap,
    ModelSwapRequest,
    OnSwapFailure,
    SwapPolicy,
    SwapPriority,
    SwapRequester,
    SwapState,
    SwapStrategy,
    SwapSubsystem,
)
from provider_runtime.domain.records.events import (
    EventKind,
    LifecycleEvent,
)
from provider_runtime.domain.records.receipts import (
    CallOutcome,
    CallReceipt,
    CallRecord,
    ChainVerdict,
)
from provider_runtime.domain.records.state import (
    State,
)
from provider_runtime.domain.secrets import (
    Secret,
)
from provider_runtime.ports.context import (
    ContextCompiler,
    ContextOrder,
)
from provider_runtime.ports.governance.budgets import (
    BudgetLedger,
)
from provider_runtime.ports.governance.provider import (
    GovernanceProvider,
)
from provider_runtime.ports.governance.security import (
    SecurityProvider,
)
from provider_runtime.ports.leakage import (
    LeakScanner,
    MaskedText,
    OutboundContent,
)
from provider_runtime.ports.provider_adapter import (
    AdapterContext,
    ProviderAdapter,
)
from provider_runtime.ports.secrets import (
    SecretStore,
)
from provider_runtime.ports.stores.outcomes import (
    OutcomeStore,
)
from provider_runtime.ports.stores.state import (
    StateProvider,
)
from provider_runtime.ports.telemetry import (
    EventEmitter,
    EventSink,
)
from provider_runtime.ports.tokens import (
    TokenProvider,
)

HOMES: Mapping[str, str]
__all__ = [
    "DEFAULT_EXPERTS",
    "DEFAULT_ROLES",
    "AccessDenied",
    "AdapterContext",
    "AmbiguousModelRoute",
    "Amount",
    "AssignmentInvalid",
    "AssistantOutput",
    "Attempt",
    "AudioPart",
    "AuditEntry",
    "AuditEvent",
    "AuditOutcome",
    "AutomationLevel",
    "BackendError",
    "Budget",
    "BudgetExceeded",
    "BudgetLedger",
    "BudgetReport",
    "CacheBoundary",
    "CacheTtl",
    "CallId",
    "CallOptions",
    "CallOutcome",
    "CallPlan",
    "CallReceipt",
    "CallRecord",
    "CallRefused",
    "CallWarning",
    "CapSet",
    "Capability",
    "CapabilityMismatch",
    "ChainVerdict",
    "CircuitOpen",
    "Citation",
    "ConfigError",
    "ConsentRule",
    "Constraints",
    "ContentClassification",
    "ContentPart",
    "ContextCompiler",
    "ContextOrder",
    "CostBreakdown",
    "CostUnknown",
    "CredentialBoundElsewhere",
    "CredentialMissing",
    "CredentialReport",
    "CredentialsRejected",
    "DefaultEventEmitter",
    "Denied",
    "DiscoveryOptions",
    "DocumentPart",
    "Effort",
    "EndpointBlocked",
    "EndpointInvalid",
    "EnvCredential",
    "ErrorCode",
    "EventEmitter",
    "EventKind",
    "EventSink",
    "ExpertRole",
    "FallbackPolicy",
    "FanOut",
    "FileAudit",
    "FileLedger",
    "FileReceipts",
    "Finding",
    "FindingKind",
    "FinishReason",
    "GateVerdict",
    "GenAiConventions",
    "Governance",
    "GovernanceLocked",
    "GovernanceMode",
    "GovernancePolicy",
    "GovernanceProfile",
    "GovernanceProvider",
    "GrantFault",
    "Granted",
    "HandoffTarget",
    "HealthStatus",
    "ImageDetail",
    "ImagePart",
    "InlineData",
    "IntentUnsupported",
    "InvalidPricingConfig",
    "InvalidProviderConfig",
    "InvalidRetryPolicy",
    "InvalidSettings",
    "InvalidTimeout",
    "JsonLinesEventSink",
    "JsonObject",
    "JsonObjectFormat",
    "JsonSchemaFormat",
    "JsonValue",
    "KeyFileCredential",
    "KeyringCredential",
    "KeyringSecrets",
    "LeakScanner",
    "LeakagePolicy",
    "LeakageRefused",
    "LedgerDenied",
    "LedgerUnavailable",
    "LifecycleEvent",
    "LoggingEventSink",
    "MaskedText",
    "MediaUrl",
    "MemoryAudit",
    "MemoryLedger",
    "MemoryReceipts",
    "Message",
    "MessageRole",
    "MissingProviderRuntimeError",
    "ModelAssignment",
    "ModelCatalog",
    "ModelFootprint",
    "ModelInfo",
    "ModelNotAllowed",
    "ModelNotFound",
    "ModelParameters",
    "ModelRef",
    "ModelSwap",
    "ModelSwapRequest",
    "NamedKeyCredential",
    "OnLossy",
    "OnSwapFailure",
    "Opaque",
    "OpenTelemetryEventSink",
    "OutboundContent",
    "OutcomeStore",
    "PassedOver",
    "Place",
    "PriceRule",
    "PricingSource",
    "PricingTable",
    "ProfileBudgets",
    "ProfileChoice",
    "ProfileEdition",
    "ProfileGovernance",
    "ProfileId",
    "ProtocolError",
    "ProviderAdapter",
    "ProviderCapabilities",
    "ProviderConfig",
    "ProviderError",
    "ProviderExport",
    "ProviderFile",
    "ProviderHealth",
    "ProviderHintMismatch",
    "ProviderId",
    "ProviderKind",
    "ProviderNotRegistered",
    "ProviderRecord",
    "ProviderRequest",
    "ProviderResponse",
    "ProviderRuntime",
    "ProviderRuntimeError",
    "ProviderRuntimeNormalizationError",
    "ProviderRuntimeScopeError",
    "ProviderStatusError",
    "Quantities",
    "RateLimitWait",
    "RateLimits",
    "ReasoningBudget",
    "ReasoningEffort",
    "ReasoningOff",
    "RecipeCompiler",
    "RecordConflict",
    "RecordCorrupt",
    "RecordMissing",
    "RefusalPart",
    "RemoteLedger",
    "RequestInvalid",
    "Resolution",
    "Resource",
    "RetryDenial",
    "RetryPolicy",
    "Role",
    "RoutingError",
    "RuleFinding",
    "RuntimeClosed",
    "RuntimeHandle",
    "RuntimeId",
    "RuntimeRegistry",
    "RuntimeSettings",
    "Secret",
    "SecretFile",
    "SecretStore",
    "SecurityProvider",
    "Sensitivity",
    "SerializationError",
    "Severity",
    "SharedParts",
    "Signature",
    "SqliteAudit",
    "SqliteLedger",
    "SqliteReceipts",
    "State",
    "StateProvider",
    "StoreUnsafe",
    "SwapFailed",
    "SwapFault",
    "SwapPolicy",
    "SwapPriority",
    "SwapRefused",
    "SwapRequester",
    "SwapState",
    "SwapStrategy",
    "SwapSubsystem",
    "TextFormat",
    "TextPart",
    "ThinkingPart",
    "Tier",
    "TierRefused",
    "TokenProvider",
    "ToolCall",
    "ToolCallPart",
    "ToolChoiceAuto",
    "ToolChoiceNone",
    "ToolChoiceRequired",
    "ToolChoiceSpecific",
    "ToolDefinition",
    "ToolResult",
    "ToolResultJson",
    "ToolResultPart",
    "ToolResultParts",
    "ToolResultText",
    "TransportError",
    "Treatment",
    "Unit",
    "Unless",
    "Usage",
    "Use",
    "WarningCode",
    "WorkProfile",
    "WorkProfiles",
    "assistant",
    "builtin_catalog",
    "builtin_prices",
    "catalog_json",
    "freeze",
    "governance_profile",
    "hand_off",
    "harden_process",
    "hash_of_states",
    "local_server",
    "normalize_handoff_messages",
    "ollama_server",
    "open_runtime",
    "preset",
    "prices_json",
    "read_catalog",
    "read_prices",
    "system",
    "tool_result",
    "user",
    "workspace_settings",
]
