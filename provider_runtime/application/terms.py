"""CallTerms: what holds for one call, fixed when it begins."""

from typing import Final

from attrs import evolve, frozen

from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.calls.parameters import NO_PARAMETERS, ModelParameters
from provider_runtime.domain.policy.fallback import FallbackPolicy
from provider_runtime.domain.policy.retrying import RetryPolicy

_NO_OPTIONS: Final = CallOptions()


@frozen(kw_only=True)
class CallTerms:
    """What holds for a call: what its runtime was told, with what the call wants instead on top.

    A value: what happens to the runtime while the call is under way cannot reach it. ``labels``
    are the call's own, each ``name=value``.
    """

    deadline_s: float
    retry: RetryPolicy
    parameters: ModelParameters = NO_PARAMETERS
    fallback: FallbackPolicy | None = None
    options: CallOptions = _NO_OPTIONS
    labels: tuple[str, ...] = ()

    def for_call(self, options: CallOptions | None) -> "CallTerms":
        """These terms, with the options of one call on top; the same object if there are none."""
        if options is None or options == _NO_OPTIONS:
            return self
        return evolve(
            self,
            deadline_s=options.deadline_s or self.deadline_s,
            retry=options.retry or self.retry,
            parameters=options.parameters.over(self.parameters),
            fallback=options.fallback or self.fallback,
            options=options,
            labels=tuple(f"{name}={value}" for name, value in options.metadata.items()),
        )
