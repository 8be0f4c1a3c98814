"""The attempts of one call, each noted as it begins and as it ends."""

from typing import Final

from attrs import define

from provider_runtime.application.budgets.holding import Holding
from provider_runtime.application.call import ClearedCall
from provider_runtime.application.consents.uses import ConsentUse
from provider_runtime.domain.conversation.response import Attempt, ProviderResponse, tried
from provider_runtime.domain.errors import (
    Delivery,
    ErrorCode,
    ProviderError,
    ProviderRuntimeError,
    ProviderStatusError,
    RetryDenial,
    TransportError,
)
from provider_runtime.domain.policy.retrying import Tried

ANSWERED = "answered"
CANCELLED = "cancelled"
_NOT_TRIED: Final = Tried()


def outcome_of(failure: BaseException) -> str:
    """How a call ended that was not answered: the code of its error."""
    if isinstance(failure, ProviderRuntimeError):
        return failure.code.value
    return type(failure).__name__ if isinstance(failure, Exception) else CANCELLED


@define(eq=False)
class Trying:
    """What is known of the attempts of one cleared call, and told of each: to its budgets, to its consent.

    ``attempts`` is the list of the whole call, alternatives included; ``tried`` counts those of
    this provider, ``last`` is the failure of the latest. ``began`` is the moment an attempt under
    way began, ``None`` between attempts. ``holding`` and ``use`` are there where a gate set something
    aside, and where one let the call through on a consent.
    """

    cleared: ClearedCall
    attempts: list[Attempt]
    holding: Holding | None = None
    use: ConsentUse | None = None
    tried: Tried = _NOT_TRIED
    last: ProviderError | None = None
    wait_s: float = 0.0
    began: float | None = None

    @property
    def number(self) -> int:
        """The number of the next attempt, or of the one under way."""
        return len(self.attempts) + 1

    @property
    def under_way(self) -> bool:
        """Whether an attempt is out."""
        return self.began is not None

    def begin(self, now: float) -> None:
        """An attempt leaves."""
        self.began = now
        if self.holding is not None:
            self.holding.begin(now)

    def answered(self, response: ProviderResponse, now: float) -> None:
        """The attempt under way brought the answer."""
        if self.holding is not None:
            self.holding.answered(response)
        self._note(ANSWERED, now, provider_request_id=response.provider_request_id)
        if self.use is not None:
            self.use.answered()

    def failed(self, error: ProviderError, now: float) -> Attempt:
        """The attempt under way failed."""
        if self.holding is not None:
            self.holding.failed(error)
        if self.use is not None:
            self.use.failed(sent=error.sent)
        self.tried, self.last = self.tried.and_then(error), error
        status = error.status_code if isinstance(error, ProviderStatusError) else None
        return self._note(error.code.value, now, status_code=status, provider_request_id=error.request_id)

    def unsent(self) -> None:
        """The attempt ended before anything was sent."""
        if self.holding is not None:
            self.holding.unsent()
        if self.use is not None:
            self.use.unsent()

    def cancelled(self, now: float) -> None:
        """The caller gave up; nobody knows what became of an attempt under way."""
        if self.under_way:
            self._note(CANCELLED, now)

    def timed_out(self, now: float, limit_s: float) -> TransportError:
        """The deadline passed: during an attempt, or while the next one was waited for."""
        route = self.cleared.prepared.routed.route
        under_way = self.under_way
        if under_way:
            self._note(ErrorCode.TIMED_OUT.value, now)
        return TransportError(
            code=ErrorCode.TIMED_OUT,
            delivery=Delivery.AMBIGUOUS if under_way else Delivery.NOT_SENT,
            retry_denied_by=RetryDenial.DEADLINE,
            provider=route.provider_id,
            model=route.model_id,
            message=f"no whole answer came within {limit_s:g} seconds"
            if under_way
            else f"the {limit_s:g} seconds of this call passed before it could be sent",
            remedy="Give the call more time (deadline_s), ask for less, or choose a faster model.",
        )

    def _note(
        self, outcome: str, now: float, *, status_code: int | None = None, provider_request_id: str | None = None
    ) -> Attempt:
        route = self.cleared.prepared.routed.route
        took_s = 0.0 if self.began is None else now - self.began
        attempt = tried(
            len(self.attempts) + 1,
            outcome,
            took_s,
            self.wait_s,
            status_code,
            provider_request_id,
            route.provider_id,
            route.model_id,
        )
        self.attempts.append(attempt)
        self.began = None
        return attempt
