"""Sessions: what is kept of one, the events of its log, and the moment that a replay begins at."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from attrs import evolve, field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED, FLAG, OPTIONAL_TEXT, TEXT, all_are, is_a, whole
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, JsonValue, freeze, freeze_object, tuple_of
from provider_runtime.domain.records.state import State

PREVIEW_LENGTH: Final = 200
"""Characters of a text that the log of a session keeps of it."""


class SessionState(StrEnum):
    """How far a session has come."""

    UNINITIALIZED = "uninitialized"
    INITIALIZING = "initializing"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    TERMINATED = "terminated"
    ERROR = "error"


class SessionEventKind(StrEnum):
    """What can happen in a session."""

    INPUT = "input"
    STEP = "step"
    CHECKPOINT = "checkpoint"
    LLM_REQUEST = "llm_req"
    LLM_RESPONSE = "llm_resp"
    EFFECT = "effect"
    RESUME = "resume"
    RESULT = "result"
    ERROR = "error"


class CheckpointReason(StrEnum):
    """Why a checkpoint was made."""

    LLM_BOUNDARY = "llm_boundary"
    PERIODIC = "periodic"
    MANUAL = "manual"
    EFFECT = "effect"


@frozen(kw_only=True)
class Breakpoint:
    """A place where the machine shall pause."""

    breakpoint_id: int = field(validator=whole(0))
    location: str = field(validator=TEXT)
    enabled: bool = field(default=True, validator=FLAG)


@frozen(kw_only=True)
class Definition:
    """A definition made in a session: a name, and the form that it was defined by."""

    name: str = field(validator=FILLED)
    form: JsonValue = field(default=None, converter=freeze, repr=False)


@frozen(kw_only=True)
class SessionData:
    """What a session is taken up again from. Definitions are in the order they were made. Source: semantics B.2."""

    state: SessionState = field(default=SessionState.READY, converter=SessionState)
    started_at: datetime | None = field(default=None, validator=optional(is_a(datetime)))
    ended_at: datetime | None = field(default=None, validator=optional(is_a(datetime)))
    config: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object, repr=False)
    defs: tuple[Definition, ...] = field(default=(), converter=tuple_of, validator=all_are(Definition), repr=False)
    debug_mode: bool = field(default=False, validator=FLAG)
    debug_code: str | None = field(default=None, validator=OPTIONAL_TEXT, repr=False)
    step_count: int = field(default=0, validator=whole(0))
    trace_length: int = field(default=0, validator=whole(0))
    breakpoints: tuple[Breakpoint, ...] = field(default=(), converter=tuple_of, validator=all_are(Breakpoint))
    next_breakpoint_id: int = field(default=0, validator=whole(0))
    recording_enabled: bool = field(default=False, validator=FLAG)


@frozen(kw_only=True)
class SessionCounts:
    """How often each thing has happened in a session, by its log."""

    evals: int = field(default=0, validator=whole(0))
    steps: int = field(default=0, validator=whole(0))
    llm_calls: int = field(default=0, validator=whole(0))
    errors: int = field(default=0, validator=whole(0))
    checkpoints: int = field(default=0, validator=whole(0))

    def with_one(self, kind: SessionEventKind) -> "SessionCounts":
        """The counts after one more event of ``kind``."""
        name = _COUNTED.get(kind)
        return self if name is None else evolve(self, **{name: getattr(self, name) + 1})


_COUNTED: Final = {
    SessionEventKind.INPUT: "evals",
    SessionEventKind.STEP: "steps",
    SessionEventKind.LLM_REQUEST: "llm_calls",
    SessionEventKind.ERROR: "errors",
    SessionEventKind.CHECKPOINT: "checkpoints",
}


@frozen(kw_only=True)
class SessionInfo:
    """One session among several: its name, how far it has come, and with what configuration.

    ``history_size``: events in its log.
    """

    name: str
    state: SessionState
    started_at: datetime | None
    ended_at: datetime | None
    counts: SessionCounts
    history_size: int
    config: JsonObject = EMPTY_OBJECT


def preview(text: str) -> str:
    """The first 200 characters of ``text``."""
    return text[:PREVIEW_LENGTH]


def _preview(text: object) -> object:
    return preview(text) if isinstance(text, str) else text


@frozen(kw_only=True)
class SessionEvent:
    """Something that happened in a session.

    ``preview`` is cut at 200 characters: a log is to be looked through, not to hold conversations.
    ``data`` is what a replay needs. ``state`` and ``reason`` belong to checkpoints, and to those
    alone. Raises ``ValueError`` or ``TypeError`` naming the field.
    """

    kind: SessionEventKind = field(converter=SessionEventKind)
    preview: str = field(default="", converter=_preview, validator=TEXT, repr=False)
    data: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object, repr=False)
    state: State | None = field(default=None, validator=optional(is_a(State)), repr=False)
    reason: CheckpointReason | None = field(default=None, validator=optional(is_a(CheckpointReason)))

    def __attrs_post_init__(self) -> None:
        is_checkpoint = self.kind is SessionEventKind.CHECKPOINT
        if (self.state is not None) != is_checkpoint or (self.reason is not None) != is_checkpoint:
            raise ValueError("state and reason belong to a checkpoint, which has both")


def checkpoint(state: State, reason: CheckpointReason = CheckpointReason.MANUAL) -> SessionEvent:
    """The event that a replay can begin at."""
    return SessionEvent(kind=SessionEventKind.CHECKPOINT, state=state, reason=reason)


@frozen(kw_only=True)
class LoggedEvent:
    """An event in its place in the log. ``seq`` counts from 0, without gaps; ``counts`` include this event."""

    seq: int = field(validator=whole(0))
    at: datetime = field(validator=is_a(datetime))
    event: SessionEvent = field(validator=is_a(SessionEvent))
    counts: SessionCounts = field(validator=is_a(SessionCounts))


@frozen(kw_only=True)
class SessionAnswer:
    """What a model answered in a session, kept so that a replay asks nobody.

    ``request_hash`` says what was asked: SHA-256 in lower-case hex. The same may be asked again and
    answered otherwise: each time is kept, in order. Source: semantics B.2.
    """

    request_hash: str = field(validator=FILLED)
    response: JsonValue = field(converter=freeze, repr=False)
    request: JsonValue = field(default=None, converter=freeze, repr=False)
    at: datetime | None = field(default=None, validator=optional(is_a(datetime)))
    duration_ms: int | None = field(default=None, validator=optional(whole(0)))
    tokens: int | None = field(default=None, validator=optional(whole(0)))


@frozen(kw_only=True)
class SessionMoment:
    """A session as it was at ``seq``: the state at the nearest checkpoint, and what to replay on it, in order."""

    seq: int
    checkpoint: LoggedEvent
    replay: tuple[LoggedEvent, ...]

    @property
    def state(self) -> State:
        """The state to begin the replay with."""
        state = self.checkpoint.event.state
        if state is None:
            raise ValueError("a moment begins at a checkpoint")
        return state
