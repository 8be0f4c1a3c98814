"""Origins: what one runtime remembers, from call to call, of the health of each origin it speaks with."""

from typing import Final

from attrs import define, field

from provider_runtime.domain.errors import CircuitOpen, CredentialsRejected, ProviderError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.policy.resilience.circuit import Admitted, Circuit, Open, Sign, sign_of
from provider_runtime.domain.policy.resilience.retry_budget import RetryTokens
from provider_runtime.domain.policy.retrying import Decision, GiveUp, RetryPolicy, Tried, decide, is_free, went_stale
from provider_runtime.ports.system import Clock, Randomness

_DISTRUST_S: Final = 60.0


@define(eq=False)
class OriginHealth:
    """One origin: its circuit, and what is left of the retries that may be spent on it.

    Every attempt ``enter``s, and leaves by exactly one of ``answered``, ``failed``,
    ``timed_out`` and ``cancelled``. Nothing here waits. Without ``circuit_on`` nobody is ever held back.
    """

    clock: Clock
    randomness: Randomness
    circuit_on: bool = True
    tokens: RetryTokens = field(factory=RetryTokens, init=False)
    circuit: Circuit = field(factory=Circuit, init=False)
    _fresh_until: float | None = field(default=None, init=False)

    @property
    def only_fresh_connections(self) -> bool:
        """Whether kept connections are not to be trusted for now: one went stale under a request of late.

        A repeat after that is free, so that no call fails for it; this bounds how many there are: those
        that were on their way over kept connections when the first was lost, once a minute.
        """
        if self._fresh_until is not None and self.clock.monotonic() >= self._fresh_until:
            self._fresh_until = None
        return self._fresh_until is not None

    def check(self, provider: ProviderId, model: str | None) -> None:
        """Raise ``CircuitOpen`` if a call would be held back now. Takes no probe's place."""
        if self.circuit.open_until is None or not self.circuit_on:
            return
        now = self.clock.monotonic()
        retry_at = self.circuit.retry_at(now)
        if retry_at is not None:
            raise _held_back(provider, model, retry_at - now)

    def enter(self, provider: ProviderId, model: str | None, until: float) -> Admitted:
        """Let an attempt through that ends by ``until``. Raises ``CircuitOpen``."""
        circuit = self.circuit
        if circuit.open_until is None or not self.circuit_on:
            return circuit.pass_
        now = self.clock.monotonic()
        self.circuit, admission = circuit.admit(now, until)
        if isinstance(admission, Open):
            raise _held_back(provider, model, admission.retry_at - now)
        return admission

    def answered(self, admitted: Admitted, now: float) -> None:
        """The attempt ended in an answer."""
        self.tokens = self.tokens.succeeded()
        if self.circuit_on:
            self.circuit = self.circuit.succeeded(admitted, now)

    def failed(
        self,
        admitted: Admitted,
        error: ProviderError,
        policy: RetryPolicy,
        *,
        tried: Tried,
        time_left_s: float,
    ) -> Decision:
        """The attempt ended in ``error``: remember it, and decide whether there is to be another."""
        if self.circuit_on:
            self._note(admitted, sign_of(error))
        if went_stale(error) and error.retryable:
            self._fresh_until = self.clock.monotonic() + _DISTRUST_S
        decision = decide(
            error,
            policy,
            tried=tried,
            time_left_s=time_left_s,
            chance=self.randomness.fraction(),
            tokens=self.tokens,
            another_token=isinstance(error, CredentialsRejected) and error.another_at_hand,
            circuit_open=self.circuit.retry_at(self.clock.monotonic()) is not None,
        )
        if not is_free(error, tried) and (not isinstance(decision, GiveUp) or decision.may_have_healed):
            self.tokens = self.tokens.failed()
        return decision

    def timed_out(self, admitted: Admitted) -> None:
        """The call's deadline passed, and the attempt had brought no answer by then."""
        if self.circuit_on:
            self._note(admitted, Sign.DOWN)

    def cancelled(self, admitted: Admitted) -> None:
        """The attempt ended before anything was heard of the origin: the caller left, or no key was found."""
        self.circuit = self.circuit.cancelled(admitted)

    def _note(self, admitted: Admitted, sign: Sign) -> None:
        match sign:
            case Sign.DOWN:
                now, chance = self.clock.monotonic(), self.randomness.fraction()
                self.circuit = self.circuit.failed(admitted, now, chance)
            case Sign.UP:
                self.circuit = self.circuit.succeeded(admitted, self.clock.monotonic())
            case Sign.NOTHING:
                self.circuit = self.circuit.cancelled(admitted)


@define(eq=False, kw_only=True)
class Origins:
    """The health of every origin that one runtime has spoken with. Never shared between runtimes.

    One tenant's bad base URL opens the circuit of nobody else. As many origins are remembered as
    the runtime has provider records.
    """

    clock: Clock
    randomness: Randomness
    circuit_on: bool = True
    _by_origin: dict[Origin, OriginHealth] = field(factory=dict, init=False, repr=False)

    def of(self, origin: Origin) -> OriginHealth:
        """The health of ``origin``, the same object each time."""
        health = self._by_origin.get(origin)
        if health is None:
            health = OriginHealth(self.clock, self.randomness, self.circuit_on)
            self._by_origin[origin] = health
        return health


def _held_back(provider: ProviderId, model: str | None, wait_s: float) -> CircuitOpen:
    return CircuitOpen(
        provider=provider,
        model=model,
        retry_after_s=wait_s,
        message=f"the provider failed again and again and is left alone for {wait_s:.1f} seconds",
        remedy="Try again after that, or name an alternative (fallback).",
    )
