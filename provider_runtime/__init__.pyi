# Written by scripts/refresh_face.py: the names of provider_runtime, for type checkers.
from collections.abc import Mapping

from provider_runtime.adapters.backends.checkpoints.notary import (
    Notary,
)
from provider_runtime.adapters.backends.checkpoints.receipts import (
    CheckpointedReceipts,
)
from provider_runtime.adapters.backends.checkpoints.seals import (
    noted_heads,
)
from provider_runtime.adapters.backends.checkpoints.sinks import (
    CheckpointsTo,
    FilesystemCheckpoints,
    MemoryCheckpoints,
)
from provider_runtime.adapters.backends.families.artifacts import (
    FilesystemArtifactProvider,
    MemoryArtifactProvider,
    SqliteArtifactProvider,
)
from provider_runtime.adapters.backends.families.live import (
    DefaultEffectHandlerRegistry,
    DefaultExpertProvider,
    MemoryStreamProvider,
)
from provider_runtime.adapters.backends.families.logic import (
    MemoryLogicProvider,
)
from provider_runtime.adapters.backends.families.provenance import (
    FilesystemProvenanceProvider,
    MemoryProvenanceProvider,
    SqliteProvenanceProvider,
)
from provider_runtime.adapters.backends.families.sessions import (
    FilesystemSessionProvider,
    MemorySessionProvider,
    SqliteSessionProvider,
)
from provider_runtime.adapters.backends.families.snapshots import (
    FilesystemSnapshotProvider,
    MemorySnapshotProvider,
    SqliteSnapshotProvider,
)
from provider_runtime.adapters.backends.families.states import (
    FilesystemStateProvider,
    MemoryStateProvider,
    SqliteStateProvider,
)
from provider_runtime.adapters.backends.families.traces import (
    FilesystemTraceProvider,
    MemoryTraceProvider,
    SqliteTraceProvider,
    StreamingTraceProvider,
)
from provider_runtime.adapters.backends.receipts import (
    FilesystemReceiptProvider,
    InMemoryReceiptProvider,
    SqliteReceiptProvider,
)
from provider_runtime.adapters.call_traces.sink import (
    CallTraceSink,
)
from provider_runtime.adapters.call_traces.store import (
    FilesystemCallTraces,
    MemoryCallTraces,
    SqliteCallTraces,
)
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
from provider_runtime.adapters.report_page.page import (
    report_page,
)
from provider_runtime.adapters.session_calls import (
    RecordedCalls,
    ReplayedCalls,
)
from provider_runtime.adapters.signing.ed25519 import (
    Ed25519Signer,
    Ed25519Verifier,
    new_signing_key,
)
from provider_runtime.adapters.signing.hmac_sha256 import (
    HmacSigner,
)
from provider_runtime.adapters.telemetry import (
    DefaultEventEmitter,
    FanOut,
    GenAiConventions,
    JsonLinesEventSink,
    LoggingEventSink,
    OpenTelemetryEventSink,
)
from provider_runtime.application.batch.pace import (
    BatchProgress,
)
from provider_runtime.application.batch.plan import (
    BatchEnd,
    BatchPlan,
    BatchReport,
)
from provider_runtime.application.batch.running import (
    BatchRun,
)
from provider_runtime.application.consents.desk import (
    ConsentDesk,
)
from provider_runtime.application.explaining import (
    CallPlan,
    GateVerdict,
)
from provider_runtime.application.profiles.choosing import (
    WorkProfiles,
)
from provider_runtime.application.reports.gathering import (
    ReportOrder,
    gather_report,
)
from provider_runtime.composition.batches.running import (
    open_batch,
    run_batch,
)
from provider_runtime.composition.consents.settings import (
    ConsentSettings,
    FileConsents,
    MemoryConsents,
    SqliteConsents,
    TrustedIssuer,
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
from provider_runtime.composition.stores.families import (
    Stores,
    open_stores,
)
from provider_runtime.composition.stores.places import (
    FileStores,
    MemoryStores,
    SqliteStores,
    StoreSettings,
)
from provider_runtime.composition.workspace.kept import (
    workspace_settings,
)
from provider_runtime.domain.calls.memo import (
    Memo,
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
    MemoHit,
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
    BatchConflict,
    BudgetExceeded,
    CallInterrupted,
    CallRefused,
    CapabilityMismatch,
    CircuitOpen,
    ConfigError,
    ConsentExpired,
    ConsentMismatch,
    ConsentRefused,
    ConsentRequired,
    ConsentRevoked,
    ConsentUsed,
    CostUnknown,
    CredentialBoundElsewhere,
    CredentialMissing,
    CredentialsRejected,
    EndpointBlocked,
    EndpointInvalid,
    ErrorCode,
    GovernanceLocked,
    GuardFailed,
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
    ReplayMiss,
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
    KeyId,
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
from provider_runtime.domain.policy.consent.deciding import (
    ConsentTerms,
)
from provider_runtime.domain.policy.consent.decisions import (
    Consent,
    SignedReceipt,
)
from provider_runtime.domain.policy.consent.faults import (
    ConsentFault,
)
from provider_runtime.domain.policy.consent.plans import (
    ConsentRequest,
    ProjectionPlan,
)
from provider_runtime.domain.policy.consent.receipts import (
    ConsentReceipt,
    ConsentSurface,
)
from provider_runtime.domain.policy.consent.subject import (
    ConsentScope,
    ConsentSubject,
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
from provider_runtime.domain.records.oversight.checkpoints import (
    Checkpoint,
    Checkpoints,
    NotedHead,
    SealMethod,
)
from provider_runtime.domain.records.oversight.timelines import (
    CallTrace,
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
from provider_runtime.domain.reports.report import (
    BudgetState,
    Report,
)
from provider_runtime.domain.seals import (
    PublicKey,
    Seal,
    SealVerdict,
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
from provider_runtime.ports.governance.consent import (
    ConsentLedger,
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
from provider_runtime.ports.signing import (
    Signer,
    Verifier,
)
from provider_runtime.ports.stores.call_traces import (
    CallTraceProvider,
)
from provider_runtime.ports.stores.checkpoints import (
    CheckpointSink,
)
from provider_runtime.ports.stores.evaluation import (
    ArtifactProvider,
    EffectHandlerRegistry,
    StreamProvider,
)
from provider_runtime.ports.stores.journals import (
    ReceiptProvider,
)
from provider_runtime.ports.stores.knowledge import (
    ExpertProvider,
    LogicProvider,
)
from provider_runtime.ports.stores.outcomes import (
    OutcomeStore,
)
from provider_runtime.ports.stores.provenance import (
    ProvenanceProvider,
    SourceReader,
)
from provider_runtime.ports.stores.sessions import (
    SessionProvider,
    SnapshotProvider,
)
from provider_runtime.ports.stores.state import (
    StateProvider,
)
from provider_runtime.ports.stores.traces import (
    TraceProvider,
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
    "ArtifactProvider",
    "AssignmentInvalid",
    "AssistantOutput",
    "Attempt",
    "AudioPart",
    "AuditEntry",
    "AuditEvent",
    "AuditOutcome",
    "AutomationLevel",
    "BackendError",
    "BatchConflict",
    "BatchEnd",
    "BatchPlan",
    "BatchProgress",
    "BatchReport",
    "BatchRun",
    "Budget",
    "BudgetExceeded",
    "BudgetLedger",
    "BudgetReport",
    "BudgetState",
    "CacheBoundary",
    "CacheTtl",
    "CallId",
    "CallInterrupted",
    "CallOptions",
    "CallOutcome",
    "CallPlan",
    "CallReceipt",
    "CallRecord",
    "CallRefused",
    "CallTrace",
    "CallTraceProvider",
    "CallTraceSink",
    "CallWarning",
    "CapSet",
    "Capability",
    "CapabilityMismatch",
    "ChainVerdict",
    "Checkpoint",
    "CheckpointSink",
    "CheckpointedReceipts",
    "Checkpoints",
    "CheckpointsTo",
    "CircuitOpen",
    "Citation",
    "ConfigError",
    "Consent",
    "ConsentDesk",
    "ConsentExpired",
    "ConsentFault",
    "ConsentLedger",
    "ConsentMismatch",
    "ConsentReceipt",
    "ConsentRefused",
    "ConsentRequest",
    "ConsentRequired",
    "ConsentRevoked",
    "ConsentRule",
    "ConsentScope",
    "ConsentSettings",
    "ConsentSubject",
    "ConsentSurface",
    "ConsentTerms",
    "ConsentUsed",
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
    "DefaultEffectHandlerRegistry",
    "DefaultEventEmitter",
    "DefaultExpertProvider",
    "Denied",
    "DiscoveryOptions",
    "DocumentPart",
    "Ed25519Signer",
    "Ed25519Verifier",
    "EffectHandlerRegistry",
    "Effort",
    "EndpointBlocked",
    "EndpointInvalid",
    "EnvCredential",
    "ErrorCode",
    "EventEmitter",
    "EventKind",
    "EventSink",
    "ExpertProvider",
    "ExpertRole",
    "FallbackPolicy",
    "FanOut",
    "FileAudit",
    "FileConsents",
    "FileLedger",
    "FileReceipts",
    "FileStores",
    "FilesystemArtifactProvider",
    "FilesystemCallTraces",
    "FilesystemCheckpoints",
    "FilesystemProvenanceProvider",
    "FilesystemReceiptProvider",
    "FilesystemSessionProvider",
    "FilesystemSnapshotProvider",
    "FilesystemStateProvider",
    "FilesystemTraceProvider",
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
    "GuardFailed",
    "HandoffTarget",
    "HealthStatus",
    "HmacSigner",
    "ImageDetail",
    "ImagePart",
    "InMemoryReceiptProvider",
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
    "KeyId",
    "KeyringCredential",
    "KeyringSecrets",
    "LeakScanner",
    "LeakagePolicy",
    "LeakageRefused",
    "LedgerDenied",
    "LedgerUnavailable",
    "LifecycleEvent",
    "LoggingEventSink",
    "LogicProvider",
    "MaskedText",
    "MediaUrl",
    "Memo",
    "MemoHit",
    "MemoryArtifactProvider",
    "MemoryAudit",
    "MemoryCallTraces",
    "MemoryCheckpoints",
    "MemoryConsents",
    "MemoryLedger",
    "MemoryLogicProvider",
    "MemoryProvenanceProvider",
    "MemoryReceipts",
    "MemorySessionProvider",
    "MemorySnapshotProvider",
    "MemoryStateProvider",
    "MemoryStores",
    "MemoryStreamProvider",
    "MemoryTraceProvider",
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
    "Notary",
    "NotedHead",
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
    "ProjectionPlan",
    "ProtocolError",
    "ProvenanceProvider",
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
    "PublicKey",
    "Quantities",
    "RateLimitWait",
    "RateLimits",
    "ReasoningBudget",
    "ReasoningEffort",
    "ReasoningOff",
    "ReceiptProvider",
    "RecipeCompiler",
    "RecordConflict",
    "RecordCorrupt",
    "RecordMissing",
    "RecordedCalls",
    "RefusalPart",
    "RemoteLedger",
    "ReplayMiss",
    "ReplayedCalls",
    "Report",
    "ReportOrder",
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
    "Seal",
    "SealMethod",
    "SealVerdict",
    "Secret",
    "SecretFile",
    "SecretStore",
    "SecurityProvider",
    "Sensitivity",
    "SerializationError",
    "SessionProvider",
    "Severity",
    "SharedParts",
    "Signature",
    "SignedReceipt",
    "Signer",
    "SnapshotProvider",
    "SourceReader",
    "SqliteArtifactProvider",
    "SqliteAudit",
    "SqliteCallTraces",
    "SqliteConsents",
    "SqliteLedger",
    "SqliteProvenanceProvider",
    "SqliteReceiptProvider",
    "SqliteReceipts",
    "SqliteSessionProvider",
    "SqliteSnapshotProvider",
    "SqliteStateProvider",
    "SqliteStores",
    "SqliteTraceProvider",
    "State",
    "StateProvider",
    "StoreSettings",
    "StoreUnsafe",
    "Stores",
    "StreamProvider",
    "StreamingTraceProvider",
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
    "TraceProvider",
    "TransportError",
    "Treatment",
    "TrustedIssuer",
    "Unit",
    "Unless",
    "Usage",
    "Use",
    "Verifier",
    "WarningCode",
    "WorkProfile",
    "WorkProfiles",
    "assistant",
    "builtin_catalog",
    "builtin_prices",
    "catalog_json",
    "freeze",
    "gather_report",
    "governance_profile",
    "hand_off",
    "harden_process",
    "hash_of_states",
    "local_server",
    "new_signing_key",
    "normalize_handoff_messages",
    "noted_heads",
    "ollama_server",
    "open_batch",
    "open_runtime",
    "open_stores",
    "preset",
    "prices_json",
    "read_catalog",
    "read_prices",
    "report_page",
    "run_batch",
    "system",
    "tool_result",
    "user",
    "workspace_settings",
]
