"""Leave to send one attempt: a place within the limits, and an origin that is not left alone for now."""

from attrs import define, field, frozen

from provider_runtime.application.call import PreparedCall, RoutedCall
from provider_runtime.application.resilience.origins import OriginHealth, Origins
from provider_runtime.application.resilience.pacing import Pacings, Place
from provider_runtime.domain.conversation.messages import Message
from provider_runtime.domain.conversation.parts import InlineData
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import Billed, ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.policy.resilience.circuit import Admitted
from provider_runtime.domain.policy.retrying import Decision, RetryPolicy, Tried

# A token is seldom less than four bytes; an estimate, put right by what the provider counts.
_BYTES_PER_TOKEN = 4


@define(eq=False)
class Leave:
    """Leave for one attempt, until ``deadline``. Ends by the first of its methods that is called."""

    _health: OriginHealth
    _deadline: float
    _admitted: Admitted
    _place: Place | None
    _ended: bool = field(default=False, init=False)

    @property
    def only_fresh_connections(self) -> bool:
        """Whether the attempt is to go over a connection of its own."""
        return self._health.only_fresh_connections

    def answered(self, response: ProviderResponse, now: float) -> None:
        """The attempt brought the answer."""
        self._ended = True
        self._health.answered(self._admitted, now)
        if self._place is not None:
            self._place.end(response.usage.total_tokens)

    def failed(self, error: ProviderError, policy: RetryPolicy, *, tried: Tried, time_left_s: float) -> Decision:
        """The attempt failed. Says whether there is to be another."""
        self._ended = True
        if self._place is not None:
            self._place.end(0 if error.billed is Billed.NO else None)
        return self._health.failed(self._admitted, error, policy, tried=tried, time_left_s=time_left_s)

    def unsent(self) -> None:
        """The attempt ended before anything left: it says nothing of the origin, and took no tokens."""
        self._ended = True
        self._health.cancelled(self._admitted)
        if self._place is not None:
            self._place.end(0)

    def close(self) -> None:
        """The attempt is over, however. Nothing more happens where its end was told."""
        if self._ended:
            return
        self._ended = True
        if self._health.clock.monotonic() >= self._deadline:
            self._health.timed_out(self._admitted)
        else:
            self._health.cancelled(self._admitted)
        if self._place is not None:
            self._place.end()


@frozen(kw_only=True)
class Resilience:
    """What keeps one provider's trouble from becoming everybody's. Belongs to one runtime.

    ``fair_by`` is the label by whose values calls take turns where they have to wait.
    """

    origins: Origins
    pacings: Pacings
    fair_by: str = "tenant"

    def refuse_if_open(self, routed: RoutedCall) -> None:
        """Raise ``CircuitOpen`` where an attempt would be held back: before anything is judged or reserved."""
        if routed.provider.origin is not None:
            self.origins.of(routed.provider.origin).check(routed.route.provider_id, routed.route.model_id)

    async def leave(self, prepared: PreparedCall, deadline: float) -> Leave:
        """Leave for one attempt, which must be closed. Waits for a place.

        Raises ``RateLimitWait`` where none will come by ``deadline``, and ``CircuitOpen``.
        """
        routed = prepared.routed
        provider, model = routed.route.provider_id, routed.route.model_id
        pacing, place = self.pacings.of(provider), None
        if pacing is not None:
            scope = str(routed.call.terms.options.metadata.get(self.fair_by, ""))
            place = await pacing.admit(tokens=_estimate(prepared), deadline=deadline, scope=scope, model=model)
        health = self.origins.of(routed.provider.origin or _nowhere(provider))
        try:
            admitted = health.enter(provider, model, deadline)
        except ProviderError:
            if place is not None:
                place.end()
            raise
        if place is not None:
            place.start()
        return Leave(health, deadline, admitted, place)


def _estimate(prepared: PreparedCall) -> int:
    """The tokens of the request's text, and of the longest answer if the call bounds it."""
    call = prepared.routed.call
    longest = call.request.max_output_tokens or call.terms.parameters.max_output_tokens or 0
    text = len(prepared.exchange.body) - sum(_inline_bytes(message) for message in call.request.messages)
    return max(0, text) // _BYTES_PER_TOKEN + longest


def _inline_bytes(message: Message) -> int:
    """What media take of a body: to a model a picture of a megabyte is some hundred tokens, no third of a million."""
    sources = (getattr(part, "source", None) for part in message.content)
    return sum(4 * -(-len(source.data) // 3) for source in sources if isinstance(source, InlineData))


def _nowhere(provider: ProviderId) -> Origin:
    """Stands for the origin of an adapter that needs no address."""
    return Origin("none", provider.lower(), 0)
