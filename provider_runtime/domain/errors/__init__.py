"""Everything raised on purpose: five families, one stable code for each failure.

Branch on the class or on ``code``; show ``str(error)``. Facts are typed fields. Whatever the
class, ``sent`` says whether the request may have reached the provider, ``billed`` whether it may
have cost money, and ``retryable`` whether the same call may succeed if made again.
Source: specification, "Policy and governance"; semantics A.3, C.3, D.2.
"""

from provider_runtime.domain.errors.codes import (
    Billed,
    Delivery,
    ErrorCode,
)
from provider_runtime.domain.errors.failed import (
    BackendError,
    CredentialsRejected,
    ProtocolError,
    ProviderError,
    ProviderStatusError,
    RecordCorrupt,
    RuntimeClosed,
    SerializationError,
    TransportError,
)
from provider_runtime.domain.errors.root import (
    ProviderRuntimeError,
)
from provider_runtime.domain.errors.unsent import (
    AmbiguousModelRoute,
    CallRefused,
    CapabilityMismatch,
    ConfigError,
    CredentialMissing,
    EndpointBlocked,
    EndpointInvalid,
    GovernanceLocked,
    IntentUnsupported,
    InvalidPricingConfig,
    InvalidProviderConfig,
    InvalidRetryPolicy,
    InvalidSettings,
    InvalidTimeout,
    MissingProviderRuntimeError,
    ModelNotFound,
    ProviderHintMismatch,
    ProviderNotRegistered,
    RequestInvalid,
    RoutingError,
    TierRefused,
)

__all__ = [
    "AmbiguousModelRoute",
    "BackendError",
    "Billed",
    "CallRefused",
    "CapabilityMismatch",
    "ConfigError",
    "CredentialMissing",
    "CredentialsRejected",
    "Delivery",
    "EndpointBlocked",
    "EndpointInvalid",
    "ErrorCode",
    "GovernanceLocked",
    "IntentUnsupported",
    "InvalidPricingConfig",
    "InvalidProviderConfig",
    "InvalidRetryPolicy",
    "InvalidSettings",
    "InvalidTimeout",
    "MissingProviderRuntimeError",
    "ModelNotFound",
    "ProtocolError",
    "ProviderError",
    "ProviderHintMismatch",
    "ProviderNotRegistered",
    "ProviderRuntimeError",
    "ProviderStatusError",
    "RecordCorrupt",
    "RequestInvalid",
    "RoutingError",
    "RuntimeClosed",
    "SerializationError",
    "TierRefused",
    "TransportError",
]
