"""A call on its way: each stage has a type of its own, made only by the stage that earns it."""

from datetime import datetime
from typing import TypeAlias

from attrs import field, frozen

from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.domain.catalog.resolving import Route
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.request import CallOptions, ProviderRequest
from provider_runtime.domain.conversation.response import Attempt, CallWarning, ProviderResponse
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.policy.verdict import Pass


@frozen(kw_only=True)
class Call:
    """What was asked, by whom, when."""

    call_id: CallId
    runtime_id: RuntimeId
    request: ProviderRequest
    options: CallOptions
    started_at: datetime
    started: float  # monotonic seconds


@frozen(kw_only=True)
class RoutedCall:
    """A call that has a provider."""

    call: Call
    route: Route
    provider: RegisteredProvider


@frozen(kw_only=True)
class PreparedCall:
    """A call whose bytes are frozen. ``warnings`` tell of handoff and encoding."""

    routed: RoutedCall
    exchange: PreparedExchange
    warnings: tuple[CallWarning, ...] = ()


@frozen(kw_only=True)
class ClearedCall:
    """A call that every gate let through. Only ``Clearance.clear`` makes one."""

    prepared: PreparedCall
    verdicts: tuple[Pass, ...] = field(default=())


@frozen(kw_only=True)
class AnsweredCall:
    """A call with its answer, and every try that led to it."""

    cleared: ClearedCall
    response: ProviderResponse
    attempts: tuple[Attempt, ...]


Stage: TypeAlias = Call | RoutedCall | PreparedCall | ClearedCall
