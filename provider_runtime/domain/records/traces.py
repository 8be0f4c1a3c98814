"""TraceEntry: one step of a machine, as it was seen."""

from enum import StrEnum

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED, FILLED_TEXTS, OPTIONAL_TEXT, TEXT, whole
from provider_runtime.domain.json_values import tuple_of


class StepOutcome(StrEnum):
    """What a step came to: another state, the end, or an operation for a handler."""

    STATE = "state"
    DONE = "done"
    OP = "op"


@frozen(kw_only=True)
class TraceEntry:
    """What the machine did at ``step``, and how deep it stood. ``op_name`` belongs to the outcome ``op``.

    Raises ``ValueError`` or ``TypeError`` naming the field. Source: semantics B.5.
    """

    step: int = field(validator=whole(0))
    control_tag: str = field(validator=FILLED)
    control_detail: str = field(default="", validator=TEXT, repr=False)
    stack_depth: int = field(default=0, validator=whole(0))
    stack_tags: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    outcome: StepOutcome = field(default=StepOutcome.STATE, converter=StepOutcome)
    op_name: str | None = field(default=None, validator=OPTIONAL_TEXT)

    def __attrs_post_init__(self) -> None:
        if (self.op_name is not None) != (self.outcome is StepOutcome.OP):
            raise ValueError("op_name belongs to the outcome op, and to that alone")
