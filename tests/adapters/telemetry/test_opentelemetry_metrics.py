"""Metrics of calls, as the real SDK reads them."""

from typing import Any

import pytest
from attrs import evolve
from exported import Exported, a_life, a_retried_life
from opentelemetry.sdk.metrics.export import Histogram

from provider_runtime.adapters.telemetry import GenAiConventions
from provider_runtime.adapters.telemetry import genai_conventions as names
from provider_runtime.domain.records.events import EventKind
from provider_runtime.testing.contracts.telemetry import RUNTIME_KINDS, an_event

COMMON = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.response.model": "gpt-5-mini-2025-08-07",
    "server.address": "api.openai.com",
    "server.port": 443,
}


def refused() -> list[Any]:
    started, _, _, ended = a_life(kind=EventKind.CALL_REFUSED, error_code="tier_denied", input_tokens=None)
    return [started, evolve(ended, output_tokens=None, cost_nano_usd=None, model_answered=None)]


def test_the_duration_of_a_call_is_recorded_in_seconds_with_the_buckets_of_the_conventions() -> None:
    exported = Exported().tell(*a_life())
    assert exported.points("gen_ai.client.operation.duration") == [(COMMON, (1, 2.0))]
    data = exported.reader.get_metrics_data()
    assert data is not None
    metrics = {metric.name: metric for metric in data.resource_metrics[0].scope_metrics[0].metrics}
    duration = metrics["gen_ai.client.operation.duration"]
    assert duration.unit == "s"
    assert isinstance(duration.data, Histogram)
    assert tuple(duration.data.data_points[0].explicit_bounds) == names.DURATION_BUCKETS_S
    tokens = metrics["gen_ai.client.token.usage"].data
    assert isinstance(tokens, Histogram)
    assert tuple(tokens.data_points[0].explicit_bounds) == names.TOKEN_BUCKETS
    assert names.TOKEN_BUCKETS[-1] == 67108864


def test_tokens_are_recorded_by_direction() -> None:
    points = Exported().tell(*a_life()).points("gen_ai.client.token.usage")
    assert sorted(points, key=str) == [
        ({**COMMON, "gen_ai.token.type": "input"}, (1, 12)),
        ({**COMMON, "gen_ai.token.type": "output"}, (1, 3)),
    ]


def test_a_zero_is_recorded_and_what_nobody_said_is_not() -> None:
    points = Exported().tell(*a_life(input_tokens=0, output_tokens=None)).points("gen_ai.client.token.usage")
    assert points == [({**COMMON, "gen_ai.token.type": "input"}, (1, 0))]


def test_cost_is_counted_exactly() -> None:
    exported = Exported()
    for number in range(3):
        exported.tell(*a_life(number, cost_nano_usd=10**15 + 1))
    assert exported.points("provider_runtime.cost_nano_usd") == [
        ({**COMMON, "provider_runtime.tier": "cloud"}, 3 * 10**15 + 3)
    ]


def test_calls_are_counted_by_how_they_ended() -> None:
    exported = Exported().tell(*a_life(1), *a_life(2), *a_life(3, kind=EventKind.CALL_CANCELLED), *refused())
    counted = {
        (attributes["provider_runtime.outcome"], attributes.get("error.type")): count
        for attributes, count in exported.points("provider_runtime.calls")
    }
    assert counted == {("answered", None): 2, ("cancelled", "cancelled"): 1, ("refused", "tier_denied"): 1}


def test_a_refused_call_says_nothing_of_how_long_a_provider_takes() -> None:
    exported = Exported().tell(*refused())
    assert exported.points("gen_ai.client.operation.duration") == []
    assert exported.points("gen_ai.client.token.usage") == []


def test_a_failed_call_is_recorded_with_its_error() -> None:
    life = a_life(kind=EventKind.CALL_FAILED, error_code="timed_out", model_answered=None)
    ((attributes, value),) = Exported().tell(*life).points("gen_ai.client.operation.duration")
    assert attributes["error.type"] == "timed_out"
    assert value == (1, 2.0)


def test_an_attempt_that_failed_is_counted_before_its_call_has_ended() -> None:
    exported = Exported().tell(*a_retried_life()[:4])
    assert exported.points("provider_runtime.attempts.failed") == [
        (
            {
                "gen_ai.request.model": "gpt-5-mini",
                "error.type": "unavailable",
                "http.response.status_code": 503,
                "provider_runtime.provider": "openai",
            },
            1,
        )
    ]


def test_the_events_of_runtimes_are_counted_by_kind() -> None:
    exported = Exported().tell(*(an_event(kind) for kind in RUNTIME_KINDS))
    assert {
        attributes["provider_runtime.event"]: count for attributes, count in exported.points(names.RUNTIME_EVENTS)
    } == {kind.value: 1 for kind in RUNTIME_KINDS}
    assert exported.spans == ()


def test_no_id_is_a_dimension_and_a_label_only_when_it_was_chosen() -> None:
    for labels, dimension in (((), {}), (("tenant", "absent"), {"provider_runtime.label.tenant": "acme"})):
        exported = Exported(metric_labels=labels).tell(*a_life())
        for name in exported.metric_names():
            for attributes, _ in exported.points(name):
                chosen = {key: value for key, value in attributes.items() if "label" in key}
                assert chosen == dimension
                assert not {"call_1", "rt_1", "chat-7", "resp_1", "req_1"} & {
                    str(value) for value in attributes.values()
                }


def test_the_newer_edition_counts_each_category_and_shows_the_spread() -> None:
    exported = Exported(conventions=GenAiConventions.LATEST).tell(*a_life())
    counted = {name: exported.points(name) for name in exported.metric_names() if "inference" in name}
    unknown = {**COMMON, "gen_ai.token.modality": "unknown"}
    assert counted == {
        "gen_ai.client.inference.duration": [(COMMON, (1, 2.0))],
        "gen_ai.client.inference.usage.input_tokens": [(unknown, 12)],
        "gen_ai.client.inference.usage.output_tokens": [(unknown, 3)],
        "gen_ai.client.inference.usage.cache_read.input_tokens": [(unknown, 8)],
        "gen_ai.client.inference.usage.cache_write.input_tokens": [(unknown, 0)],
        "gen_ai.client.inference.usage.reasoning.output_tokens": [(unknown, 1)],
        "gen_ai.client.inference.operation.input_tokens": [(COMMON, (1, 12))],
        "gen_ai.client.inference.operation.output_tokens": [(COMMON, (1, 3))],
    }
    assert "gen_ai.client.token.usage" not in exported.metric_names()
    assert "gen_ai.client.operation.duration" not in exported.metric_names()


def test_a_metric_leads_to_the_span_of_its_call() -> None:
    exported = Exported().tell(*a_life())
    data = exported.reader.get_metrics_data()
    assert data is not None
    metrics = {metric.name: metric for metric in data.resource_metrics[0].scope_metrics[0].metrics}
    (point,) = metrics["gen_ai.client.operation.duration"].data.data_points
    (exemplar,) = point.exemplars
    assert exported.span.context is not None
    assert exemplar.span_id == exported.span.context.span_id


@pytest.mark.parametrize("edition", list(GenAiConventions))
def test_metrics_alone_need_no_spans(edition: GenAiConventions) -> None:
    exported = Exported(conventions=edition)
    alone = type(exported.sink)(meter_provider=exported.meters, conventions=edition)
    for event in a_life():
        alone.emit(event)
    assert exported.spans == ()
    assert exported.points("provider_runtime.calls")
