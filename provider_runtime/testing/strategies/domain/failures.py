"""Strategies for what calls fail with."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.errors import (
    CircuitOpen,
    CredentialsRejected,
    Delivery,
    ErrorCode,
    ProtocolError,
    ProviderError,
    ProviderStatusError,
    RateLimitWait,
    RetryDenial,
    SerializationError,
    TransportError,
)
from provider_runtime.testing.strategies.responses import attempts, passed_over
from provider_runtime.testing.strategies.values import few, floats, names, perhaps, provider_ids, texts

_STATUS: Final = st.integers(100, 599)
_OWN_FACTS: Final[Mapping[type[ProviderError], Mapping[str, SearchStrategy[Any]]]] = MappingProxyType(
    {
        TransportError: {"reused": st.booleans()},
        ProviderStatusError: {
            "status_code": _STATUS,
            "provider_code": perhaps(names()),
            "should_retry": perhaps(st.booleans()),
        },
        CredentialsRejected: {
            "status_code": _STATUS,
            "provider_type": perhaps(names()),
            "another_at_hand": st.booleans(),
        },
        ProtocolError: {"field": perhaps(names()), "status_code": perhaps(_STATUS)},
        SerializationError: {"status_code": perhaps(_STATUS)},
        CircuitOpen: {},
        RateLimitWait: {},
        ProviderError: {},
    }
)


def provider_errors() -> SearchStrategy[ProviderError]:
    """Failures of a provider, or of the way to it, of every class and with any of their facts."""
    return st.one_of([st.builds(kind, **_common(), **facts) for kind, facts in _OWN_FACTS.items()])


def _common() -> dict[str, SearchStrategy[Any]]:
    return {
        "message": texts(),
        "remedy": texts(),
        "code": st.sampled_from(ErrorCode),
        "attempts": few(attempts(), most=1),
        "delivery": st.sampled_from(Delivery),
        "retryable": st.booleans(),
        "provider": provider_ids(),
        "model": perhaps(names()),
        "request_id": perhaps(texts()),
        "retry_after_s": perhaps(floats(0, 1000)),
        "retry_denied_by": perhaps(st.sampled_from(RetryDenial)),
        "passed_over": few(passed_over(), most=1),
    }
