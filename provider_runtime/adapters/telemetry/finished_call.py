"""A call that has ended, put together from its events: what spans and metrics tell of it."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import define, field, frozen

from provider_runtime.adapters.telemetry import genai_conventions as names
from provider_runtime.domain.records.events import EventKind, LifecycleEvent

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PORTS: Final = {"http": 80, "https": 443}


@define(kw_only=True)
class CallInFlight:
    """The events so far of a call that has not ended. ``context`` is the caller's, when the call began."""

    context: Any  # opentelemetry.context.Context, which is not imported here
    started: LifecycleEvent | None = None
    cleared: LifecycleEvent | None = None
    attempt: LifecycleEvent | None = None  # started, and not failed so far
    failed: list[LifecycleEvent] = field(factory=list)

    def take(self, event: LifecycleEvent) -> None:
        """Remember what an event of this call says."""
        match event.kind:
            case EventKind.CALL_CLEARED:
                self.cleared = event
            case EventKind.ATTEMPT_STARTED:
                self.attempt = event
            case EventKind.ATTEMPT_FAILED:
                self.failed.append(event)
                self.attempt = None
            case _:
                pass  # a call that was passed on says so by what comes next


@frozen(kw_only=True)
class FinishedCall:
    """A call and how it ended."""

    call: CallInFlight
    ending: LifecycleEvent

    @property
    def outcome(self) -> str:
        """``answered``, ``refused``, ``failed`` or ``cancelled``."""
        return self.ending.kind.value.removeprefix("call_")

    @property
    def error_type(self) -> str | None:
        """The stable code of what went wrong; nothing for a call that was answered."""
        if self.ending.kind is EventKind.CALL_ANSWERED:
            return None
        cancelled = self.ending.kind is EventKind.CALL_CANCELLED
        return self.outcome if cancelled else self.ending.error_code or names.OTHER_ERROR

    @property
    def was_sent(self) -> bool:
        """Whether it may have come to the provider: every gate let it through."""
        return self.call.cleared is not None or self.ending.kind is EventKind.CALL_ANSWERED

    @property
    def model_asked(self) -> str | None:
        """The model that was asked last, which is another than the caller's after a fallback."""
        return self.cleared.model_asked if self.cleared is not None else self.ending.model_asked

    @property
    def cleared(self) -> LifecycleEvent | None:
        """The last clearing, unless the call was passed on to a provider for which there is none."""
        cleared = self.call.cleared
        return cleared if cleared is not None and cleared.provider == self.ending.provider else None

    @property
    def times(self) -> tuple[int | None, int | None]:
        """When it began and ended, in nanoseconds since 1970: the clock's time of day, and the measured duration."""
        begun = self.call.started.at if self.call.started is not None else None
        ended, length = nanoseconds(self.ending.at), duration(self.ending)
        if begun is not None:
            start = nanoseconds(begun)
            return start, ended if start is None or length is None else start + length
        return None if ended is None or length is None else ended - length, ended

    @cached_property
    def common_attributes(self) -> dict[str, str | int]:
        """What spans and metrics both say: operation, provider, models, server, and the error if there is one."""
        where = server(self.asked("origin"))
        provider = names.provider_name(
            host=str(where.get(names.SERVER_ADDRESS, "")),
            kind=self.asked("provider_kind"),
            provider=self.asked("provider"),
        )
        told: dict[str, str | int | None] = {
            names.OPERATION_NAME: names.CHAT,
            names.PROVIDER_NAME: provider,
            names.REQUEST_MODEL: self.model_asked,
            names.RESPONSE_MODEL: self.ending.model_answered,
            **where,
            names.ERROR_TYPE: self.error_type,
        }
        return {name: value for name, value in told.items() if value is not None}

    @cached_property
    def labels(self) -> dict[str, str]:
        """The caller's labels by name."""
        pairs = (label.partition("=") for label in self.asked("labels") or ())
        return {name: value for name, _, value in pairs}

    def asked(self, field_name: str) -> Any:
        """A fact of the request: as the ending tells it, else as the clearing or the start did."""
        for event in (self.ending, self.cleared, self.call.started):
            value = getattr(event, field_name, None)
            if value is not None and value != ():
                return value
        return None


def nanoseconds(at: datetime | None) -> int | None:
    """The moment in nanoseconds since 1970, exactly."""
    return None if at is None else (at - _EPOCH) // timedelta(microseconds=1) * 1000


def duration(event: LifecycleEvent) -> int | None:
    """The duration in nanoseconds."""
    return None if event.duration_s is None else round(event.duration_s * 1e9)


def server(origin: str | None) -> dict[str, str | int]:
    """``server.address`` and ``server.port`` of an origin; nothing for one that is none."""
    if origin is None:
        return {}
    try:
        parts = urlsplit(origin)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return {}
    if not parts.hostname or port is None:
        return {}
    return {names.SERVER_ADDRESS: parts.hostname, names.SERVER_PORT: port}
