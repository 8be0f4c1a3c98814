"""A call on its way: each stage has a type of its own, made only by the stage that earns it."""

from datetime import datetime
from typing import TypeAlias

from attrs import field

from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.application.terms import CallTerms
from provider_runtime.domain.catalog.pricing import Estimate
from provider_runtime.domain.catalog.resolving import Route
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import Attempt, CallWarning, ProviderResponse
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.policy.consent.verdicts import Granted
from provider_runtime.domain.policy.verdict import Pass
from provider_runtime.domain.profiles.assigning import PlayedRole
from provider_runtime.domain.secrets import Secret
from provider_runtime.domain.values import sealed


@sealed
class Call:
    """What was asked, by whom, when.

    ``credential_origin``: where alone the call's own credential may go; ``None`` until the call has
    been routed, and wherever it goes is where it was meant to go.
    """

    call_id: CallId
    runtime_id: RuntimeId
    request: ProviderRequest
    terms: CallTerms
    started_at: datetime
    started: float  # monotonic seconds
    played: PlayedRole | None = None
    credential_origin: Origin | None = None


@sealed
class RoutedCall:
    """A call that has a provider."""

    call: Call
    route: Route
    provider: RegisteredProvider

    @property
    def own_credential(self) -> Secret | None:
        """The call's own credential, if it was meant for the origin that the call goes to now."""
        call = self.call
        elsewhere = call.credential_origin is not None and call.credential_origin != self.provider.origin
        return None if elsewhere else call.terms.options.credential


@sealed
class PreparedCall:
    """A call whose bytes are frozen. ``warnings`` tell of handoff and encoding."""

    routed: RoutedCall
    exchange: PreparedExchange
    warnings: tuple[CallWarning, ...] = ()


@sealed
class ClearedCall:
    """A call that every gate let through. Only ``Clearance.clear`` makes one."""

    prepared: PreparedCall
    verdicts: tuple[Pass, ...] = field(default=())

    @property
    def consented(self) -> Granted | None:
        """The consent that the call is made on."""
        for verdict in self.verdicts:
            if verdict.consented is not None:
                return verdict.consented
        return None


@sealed
class AnsweredCall:
    """A call with its answer, and every try that led to it.

    ``estimate`` is what the answer costs by the price table, where that was worked out on the way.
    """

    cleared: ClearedCall
    response: ProviderResponse
    attempts: tuple[Attempt, ...]
    estimate: Estimate | None = None


Stage: TypeAlias = Call | RoutedCall | PreparedCall | ClearedCall
