"""Metrics of calls: how long, how many tokens, at what cost, and how each ended."""

from collections.abc import Mapping
from typing import Protocol

from attrs import define, field
from opentelemetry.context import Context
from opentelemetry.metrics import Counter, Histogram, Meter

from provider_runtime.adapters.telemetry import genai_conventions as names
from provider_runtime.adapters.telemetry.finished_call import FinishedCall
from provider_runtime.adapters.telemetry.genai_conventions import GenAiConventions
from provider_runtime.domain.records.events import LifecycleEvent

Attributes = Mapping[str, str | int]


@define(kw_only=True)
class CallMetrics:
    """Records finished calls. No id is an attribute: each distinct value would be a time series of its own.

    Durations and tokens are those of calls that every gate let through: a refusal takes no time
    that says anything of a provider. ``provider_runtime.calls`` counts them all.
    """

    meter: Meter
    conventions: GenAiConventions
    labels: tuple[str, ...]
    _duration: Histogram = field(init=False)
    _calls: Counter = field(init=False)
    _cost: Counter = field(init=False)
    _failed_attempts: Counter = field(init=False)
    _runtime_events: Counter = field(init=False)
    _tokens: "_Tokens" = field(init=False)

    def __attrs_post_init__(self) -> None:
        meter = self.meter
        self._duration = meter.create_histogram(
            names.DURATION[self.conventions],
            "s",
            "The duration of a call, with all its attempts.",
            explicit_bucket_boundaries_advisory=names.DURATION_BUCKETS_S,
        )
        self._calls = meter.create_counter(names.CALLS, "{call}", "Calls, by how they ended.")
        self._cost = meter.create_counter(names.COST, "{nano_usd}", "What calls cost, in billionths of a US dollar.")
        self._failed_attempts = meter.create_counter(names.FAILED_ATTEMPTS, "{attempt}", "Attempts that failed.")
        self._runtime_events = meter.create_counter(names.RUNTIME_EVENTS, "{event}", "Events of runtimes, by kind.")
        latest = self.conventions is GenAiConventions.LATEST
        self._tokens = _LatestTokens(meter) if latest else _ReleasedTokens(meter)

    def record(self, call: FinishedCall, context: Context) -> None:
        """Tell of a finished call. ``context`` holds its span, so that exemplars lead there."""
        ending, attributes = call.ending, {**call.common_attributes, **self._chosen_labels(call)}
        self._calls.add(1, {**attributes, names.OUTCOME: call.outcome, **_tier(call)}, context)
        if ending.cost_nano_usd is not None:
            self._cost.add(ending.cost_nano_usd, {**attributes, **_tier(call)}, context)
        if not call.was_sent:
            return
        if ending.duration_s is not None:
            self._duration.record(ending.duration_s, attributes, context)
        self._tokens.record(ending, attributes, context)

    def attempt_failed(self, event: LifecycleEvent) -> None:
        """Tell of an attempt that failed, at once: the call may go on for long."""
        told = {
            names.REQUEST_MODEL: event.model_asked,
            names.ERROR_TYPE: event.error_code,
            names.HTTP_STATUS_CODE: event.status_code,
            f"{names.OWN}provider": event.provider,
        }
        self._failed_attempts.add(1, {name: value for name, value in told.items() if value is not None})

    def runtime_event(self, event: LifecycleEvent) -> None:
        """Tell of what happened to a runtime, its work profile or the models of its jobs."""
        self._runtime_events.add(1, {names.EVENT_KIND: event.kind.value})

    def _chosen_labels(self, call: FinishedCall) -> dict[str, str]:
        return {f"{names.LABEL}{name}": call.labels[name] for name in self.labels if name in call.labels}


class _Tokens(Protocol):
    """The tokens of a call, as one edition of the conventions counts them."""

    def record(self, ending: LifecycleEvent, attributes: Attributes, context: Context) -> None: ...


class _ReleasedTokens:
    """One histogram for both directions. A count that the provider did not give is not recorded."""

    def __init__(self, meter: Meter) -> None:
        self._usage = meter.create_histogram(
            names.TOKEN_USAGE,
            "{token}",
            "Tokens that a call used, by direction.",
            explicit_bucket_boundaries_advisory=names.TOKEN_BUCKETS,
        )

    def record(self, ending: LifecycleEvent, attributes: Attributes, context: Context) -> None:
        # A failed call has no usage; its error is no dimension of tokens.
        told = {name: value for name, value in attributes.items() if name != names.ERROR_TYPE}
        for direction, count in (("input", ending.input_tokens), ("output", ending.output_tokens)):
            if count is not None:
                self._usage.record(count, {**told, names.TOKEN_TYPE: direction}, context)


class _LatestTokens:
    """A counter for each category, and a histogram for each direction, with ``0`` for what nobody reported."""

    def __init__(self, meter: Meter) -> None:
        self._totals = {
            "input_tokens": meter.create_counter(names.TOTAL_INPUT_TOKENS, "{token}", "Input tokens."),
            "output_tokens": meter.create_counter(names.TOTAL_OUTPUT_TOKENS, "{token}", "Output tokens."),
            "cached_input_tokens": meter.create_counter(names.TOTAL_CACHE_READ_TOKENS, "{token}", "Read from caches."),
            "cache_write_tokens": meter.create_counter(names.TOTAL_CACHE_WRITE_TOKENS, "{token}", "Put into caches."),
            "reasoning_tokens": meter.create_counter(names.TOTAL_REASONING_TOKENS, "{token}", "Spent on reasoning."),
        }
        self._each = {
            field_name: meter.create_histogram(
                name, "{token}", "Tokens of one call.", explicit_bucket_boundaries_advisory=names.TOKEN_BUCKETS
            )
            for field_name, name in (
                ("input_tokens", names.OPERATION_INPUT_TOKENS),
                ("output_tokens", names.OPERATION_OUTPUT_TOKENS),
            )
        }

    def record(self, ending: LifecycleEvent, attributes: Attributes, context: Context) -> None:
        told = {name: value for name, value in attributes.items() if name != names.ERROR_TYPE}
        for field_name, counter in self._totals.items():
            # Which of them were text and which images is not among the fields of an event.
            counter.add(getattr(ending, field_name) or 0, {**told, names.TOKEN_MODALITY: "unknown"}, context)
        for field_name, histogram in self._each.items():
            histogram.record(getattr(ending, field_name) or 0, attributes, context)


def _tier(call: FinishedCall) -> dict[str, str]:
    tier = call.asked("tier")
    return {f"{names.OWN}tier": tier} if tier else {}
