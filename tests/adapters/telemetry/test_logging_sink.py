"""How loud each event is in a log, and what its record holds."""

import logging

import pytest

from provider_runtime.adapters.telemetry import LoggingEventSink
from provider_runtime.adapters.telemetry.logging_sink import LEVELS
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.testing.contracts.telemetry import an_event


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def logged(*events: LifecycleEvent, level: int = logging.DEBUG) -> list[logging.LogRecord]:
    logger, kept = logging.Logger("events", level), Kept()  # noqa: LOG001 - not of the tree that other tests share
    logger.addHandler(kept)
    for event in events:
        LoggingEventSink(logger=logger).emit(event)
    return kept.records


def test_every_kind_has_a_level() -> None:
    assert set(LEVELS) == set(EventKind)


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        (EventKind.CALL_STARTED, logging.DEBUG),
        (EventKind.CALL_ANSWERED, logging.INFO),
        (EventKind.CALL_REFUSED, logging.WARNING),
        (EventKind.CALL_FAILED, logging.WARNING),
        (EventKind.RUNTIME_RESET, logging.INFO),
    ],
)
def test_an_event_is_as_loud_as_it_matters(kind: EventKind, level: int) -> None:
    assert [record.levelno for record in logged(an_event(kind))] == [level]


def test_a_failed_attempt_is_louder_when_no_other_follows() -> None:
    tried_again = an_event(EventKind.ATTEMPT_FAILED, retry_denied_by=None)
    given_up = an_event(EventKind.ATTEMPT_FAILED, retry_denied_by="attempts")
    assert [record.levelno for record in logged(tried_again, given_up)] == [logging.INFO, logging.WARNING]


def test_the_message_names_the_call_or_else_the_runtime() -> None:
    records = logged(an_event(EventKind.CALL_STARTED), an_event(EventKind.RUNTIME_RESET))
    assert [record.getMessage() for record in records] == ["call_started call_1", "runtime_reset rt_1"]


def test_the_record_holds_the_fields_that_are_set() -> None:
    (record,) = logged(LifecycleEvent(kind=EventKind.RUNTIME_RESET, runtime_id=RuntimeId("rt_1"), output_tokens=0))
    assert record.__dict__["event"] == {"kind": "runtime_reset", "runtime_id": "rt_1", "output_tokens": 0}


def test_what_the_logger_does_not_want_is_not_made() -> None:
    assert logged(an_event(EventKind.CALL_STARTED), level=logging.INFO) == []
