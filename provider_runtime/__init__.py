"""provider_runtime: one canonical request to any language model, judged, priced and recorded.

The public face. ``open_runtime`` and ``ProviderRuntime`` make runtimes; the rest are the values
that go in and come out. Importing this opens no socket, reads no environment, starts no thread,
and loads nothing: each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from provider_runtime.application.explaining import (
        CallPlan,
        GateVerdict,
    )
    from provider_runtime.composition.lifecycle import (
        open_runtime,
    )
    from provider_runtime.composition.presets import (
        local_server,
        ollama_server,
        preset,
    )
    from provider_runtime.composition.runtime import (
        ProviderRuntime,
    )
    from provider_runtime.composition.settings import (
        FileReceipts,
        MemoryReceipts,
        RuntimeSettings,
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
        EnvCredential,
        KeyFileCredential,
        ProviderConfig,
        ProviderKind,
        Tier,
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
        CallOptions,
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
        AmbiguousModelRoute,
        BackendError,
        CallRefused,
        CapabilityMismatch,
        ConfigError,
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
        MissingProviderRuntimeError,
        ModelNotFound,
        ProtocolError,
        ProviderError,
        ProviderHintMismatch,
        ProviderNotRegistered,
        ProviderRuntimeError,
        ProviderStatusError,
        RecordCorrupt,
        RequestInvalid,
        RoutingError,
        RuntimeClosed,
        SerializationError,
        TierRefused,
        TransportError,
    )
    from provider_runtime.domain.identity import (
        CallId,
        ProviderId,
        RuntimeId,
    )
    from provider_runtime.domain.json_values import (
        JsonObject,
        JsonValue,
        freeze,
    )
    from provider_runtime.domain.policy.governance import (
        ConsentRule,
        GovernanceMode,
        GovernancePolicy,
        OnLossy,
        Unless,
    )
    from provider_runtime.domain.policy.retrying import (
        RetryPolicy,
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
    from provider_runtime.domain.secrets import (
        Secret,
    )
    from provider_runtime.ports.provider_adapter import (
        AdapterContext,
        ProviderAdapter,
    )
    from provider_runtime.ports.tokens import (
        TokenProvider,
    )

_BY_HOME: Final = {
    "application.explaining": "CallPlan GateVerdict",
    "composition.lifecycle": "open_runtime",
    "composition.presets": "local_server ollama_server preset",
    "composition.runtime": "ProviderRuntime",
    "composition.settings": "FileReceipts MemoryReceipts RuntimeSettings",
    "domain.catalog.models": "DiscoveryOptions ModelCatalog ModelInfo ProviderCapabilities",
    "domain.catalog.pricing": "PriceRule PricingTable",
    "domain.catalog.providers": "EnvCredential KeyFileCredential ProviderConfig ProviderKind Tier",
    "domain.conversation.handoff": "HandoffTarget hand_off normalize_handoff_messages",
    "domain.conversation.markers": "CacheBoundary CacheTtl Signature",
    "domain.conversation.messages": "Message MessageRole assistant system tool_result user",
    "domain.conversation.parts": (
        "AudioPart Citation ContentPart DocumentPart ImageDetail ImagePart InlineData MediaUrl ProviderFile "
        "RefusalPart TextPart ThinkingPart ToolCallPart ToolResult ToolResultJson ToolResultPart ToolResultParts "
        "ToolResultText"
    ),
    "domain.conversation.request": (
        "CallOptions Effort JsonObjectFormat JsonSchemaFormat ModelRef ProviderRequest ReasoningBudget "
        "ReasoningEffort ReasoningOff TextFormat"
    ),
    "domain.conversation.response": "AssistantOutput Attempt CallWarning FinishReason ProviderResponse",
    "domain.conversation.tools": (
        "ToolCall ToolChoiceAuto ToolChoiceNone ToolChoiceRequired ToolChoiceSpecific ToolDefinition"
    ),
    "domain.conversation.usage": "CostBreakdown PricingSource Usage",
    "domain.conversation.warnings": "WarningCode",
    "domain.errors": (
        "AmbiguousModelRoute BackendError CallRefused CapabilityMismatch ConfigError CredentialMissing "
        "CredentialsRejected EndpointBlocked EndpointInvalid ErrorCode GovernanceLocked IntentUnsupported "
        "InvalidPricingConfig InvalidProviderConfig InvalidRetryPolicy InvalidSettings InvalidTimeout "
        "MissingProviderRuntimeError ModelNotFound ProtocolError ProviderError ProviderHintMismatch "
        "ProviderNotRegistered ProviderRuntimeError ProviderStatusError RecordCorrupt RequestInvalid RoutingError "
        "RuntimeClosed SerializationError TierRefused TransportError"
    ),
    "domain.identity": "CallId ProviderId RuntimeId",
    "domain.json_values": "JsonObject JsonValue freeze",
    "domain.policy.governance": "ConsentRule GovernanceMode GovernancePolicy OnLossy Unless",
    "domain.policy.retrying": "RetryPolicy",
    "domain.records.events": "EventKind LifecycleEvent",
    "domain.records.receipts": "CallOutcome CallReceipt CallRecord ChainVerdict",
    "domain.secrets": "Secret",
    "ports.provider_adapter": "AdapterContext ProviderAdapter",
    "ports.tokens": "TokenProvider",
}
HOMES: Final = {name: f"{__name__}.{home}" for home, names in _BY_HOME.items() for name in names.split()}
"""Every public name with the module that defines it."""

__all__ = [
    "AdapterContext",
    "AmbiguousModelRoute",
    "AssistantOutput",
    "Attempt",
    "AudioPart",
    "BackendError",
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
    "CapabilityMismatch",
    "ChainVerdict",
    "Citation",
    "ConfigError",
    "ConsentRule",
    "ContentPart",
    "CostBreakdown",
    "CredentialMissing",
    "CredentialsRejected",
    "DiscoveryOptions",
    "DocumentPart",
    "Effort",
    "EndpointBlocked",
    "EndpointInvalid",
    "EnvCredential",
    "ErrorCode",
    "EventKind",
    "FileReceipts",
    "FinishReason",
    "GateVerdict",
    "GovernanceLocked",
    "GovernanceMode",
    "GovernancePolicy",
    "HandoffTarget",
    "ImageDetail",
    "ImagePart",
    "InlineData",
    "IntentUnsupported",
    "InvalidPricingConfig",
    "InvalidProviderConfig",
    "InvalidRetryPolicy",
    "InvalidSettings",
    "InvalidTimeout",
    "JsonObject",
    "JsonObjectFormat",
    "JsonSchemaFormat",
    "JsonValue",
    "KeyFileCredential",
    "LifecycleEvent",
    "MediaUrl",
    "MemoryReceipts",
    "Message",
    "MessageRole",
    "MissingProviderRuntimeError",
    "ModelCatalog",
    "ModelInfo",
    "ModelNotFound",
    "ModelRef",
    "OnLossy",
    "PriceRule",
    "PricingSource",
    "PricingTable",
    "ProtocolError",
    "ProviderAdapter",
    "ProviderCapabilities",
    "ProviderConfig",
    "ProviderError",
    "ProviderFile",
    "ProviderHintMismatch",
    "ProviderId",
    "ProviderKind",
    "ProviderNotRegistered",
    "ProviderRequest",
    "ProviderResponse",
    "ProviderRuntime",
    "ProviderRuntimeError",
    "ProviderStatusError",
    "ReasoningBudget",
    "ReasoningEffort",
    "ReasoningOff",
    "RecordCorrupt",
    "RefusalPart",
    "RequestInvalid",
    "RetryPolicy",
    "RoutingError",
    "RuntimeClosed",
    "RuntimeId",
    "RuntimeSettings",
    "Secret",
    "SerializationError",
    "Signature",
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
    "Unless",
    "Usage",
    "WarningCode",
    "assistant",
    "freeze",
    "hand_off",
    "local_server",
    "normalize_handoff_messages",
    "ollama_server",
    "open_runtime",
    "preset",
    "system",
    "tool_result",
    "user",
]


def __getattr__(name: str) -> object:
    home = HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *HOMES])
