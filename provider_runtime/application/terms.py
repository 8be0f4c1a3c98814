"""CallTerms: what holds for one call, fixed when it begins."""

from typing import Any, Final, Self

from attrs import evolve, frozen

from provider_runtime.domain.calls.labels import MAX_LABELS
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.calls.parameters import NO_PARAMETERS, ModelParameters
from provider_runtime.domain.errors import RequestInvalid
from provider_runtime.domain.json_values import JsonObject
from provider_runtime.domain.policy.fallback import FallbackPolicy
from provider_runtime.domain.policy.retrying import RetryPolicy

_NO_OPTIONS: Final = CallOptions()


@frozen(kw_only=True)
class CallTerms:
    """What holds for a call: what its runtime was told, with what the call wants instead on top.

    A value: what happens to the runtime while the call is under way cannot reach it. ``labels``
    are those of the runtime and the call's own, each ``name=value``.
    """

    deadline_s: float
    retry: RetryPolicy
    parameters: ModelParameters = NO_PARAMETERS
    fallback: FallbackPolicy | None = None
    options: CallOptions = _NO_OPTIONS
    labels: tuple[str, ...] = ()

    @classmethod
    def of_runtime(cls, *, labels: JsonObject, **terms: Any) -> Self:
        """The terms of a runtime whose calls all have ``labels``."""
        return cls(**terms, options=CallOptions(metadata=labels) if labels else _NO_OPTIONS, labels=_written(labels))

    def for_call(self, options: CallOptions | None) -> "CallTerms":
        """These terms, with the options of one call on top; the same object if there are none.

        Raises ``RequestInvalid`` when the labels of both are too many.
        """
        if options is None or options == _NO_OPTIONS:
            return self
        if self.options.metadata:
            options = self._with_labels(options)
        return evolve(
            self,
            deadline_s=options.deadline_s or self.deadline_s,
            retry=options.retry or self.retry,
            parameters=options.parameters.over(self.parameters),
            fallback=options.fallback or self.fallback,
            options=options,
            labels=_written(options.metadata),
        )

    def _with_labels(self, options: CallOptions) -> CallOptions:
        """The options, with the runtime's labels below those of the call."""
        both = {**self.options.metadata, **options.metadata}
        if len(both) > MAX_LABELS:
            raise RequestInvalid(
                gate="preparation",
                field="metadata",
                message=f"the call has {len(both)} labels, those of its runtime included; there may be {MAX_LABELS}",
                remedy="Leave some out, here or in RuntimeSettings(labels=…).",
            )
        return evolve(options, metadata=both)


def _written(labels: JsonObject) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in labels.items())
