"""MachineSnapshot: a machine stopped in the middle, to be looked at or gone on with."""

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED_TEXTS, OPTIONAL_TEXT, TEXT, is_a, whole
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, JsonValue, freeze, freeze_object, tuple_of
from provider_runtime.domain.records.state import State


class SnapshotStatus(StrEnum):
    """What the machine was doing."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    ERROR = "error"
    EFFECT = "effect"


@frozen(kw_only=True)
class MachineSnapshot:
    """The state of a machine at ``step``, and what was known about it.

    ``pending_effect`` is there when it waits for one, ``result`` when it is done, ``error`` when it
    failed. ``extras`` hold what else a machine keeps (macros, facts, choices), as JSON of its own.
    Raises ``ValueError`` or ``TypeError`` naming the field. Source: semantics B.3.
    """

    state: State = field(validator=is_a(State))
    step: int = field(default=0, validator=whole(0))
    taken_at: datetime = field(validator=is_a(datetime))
    status: SnapshotStatus = field(default=SnapshotStatus.PAUSED, converter=SnapshotStatus)
    call_stack: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS, repr=False)
    pending_effect: JsonObject | None = field(default=None, repr=False)
    result: JsonValue = field(default=None, converter=freeze, repr=False)
    error: str | None = field(default=None, validator=OPTIONAL_TEXT, repr=False)
    extras: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object, repr=False)
    description: str = field(default="", validator=TEXT)
    tags: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)

    @pending_effect.validator
    def _check_effect(self, _attribute: object, effect: object) -> None:
        optional(is_a(JsonObject))(self, _attribute, effect)  # type: ignore[arg-type]  # attrs passes the attribute
        if (effect is not None) != (self.status is SnapshotStatus.EFFECT):
            raise ValueError("pending_effect belongs to the status effect, and to that alone")


@frozen(kw_only=True)
class SnapshotInfo:
    """One snapshot among several. ``size`` is that of its JSON, in bytes."""

    name: str
    step: int
    taken_at: datetime
    size: int
    description: str = ""
    tags: tuple[str, ...] = ()


@frozen(kw_only=True)
class NamedSnapshot:
    """A snapshot with its name: what a file of one holds."""

    name: str = field(validator=TEXT)
    snapshot: MachineSnapshot = field(validator=is_a(MachineSnapshot))
