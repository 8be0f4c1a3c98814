"""BatchPlan: how a batch is to be run, and what there is to say of it on the way and at the end."""

from enum import StrEnum
from typing import Final

from attrs import field, frozen
from attrs.converters import optional as optional_converter

from provider_runtime.domain.batches.head import Interrupted
from provider_runtime.domain.batches.tally import Tally
from provider_runtime.domain.checks import FLAG, number, whole
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import ProviderRuntimeError

MOST_AT_ONCE: Final = 1000


def _model_ref(model: ModelRef | str) -> ModelRef:
    return ModelRef.parse(model) if isinstance(model, str) else model


@frozen(kw_only=True)
class BatchPlan:
    """How a batch is run. Raises ``ValueError`` or ``TypeError`` naming the field.

    ``concurrency``: so many lines are under way at once. ``model`` is asked by every line, whatever it
    names. ``in_order``: answers are kept in the order of the lines, and no line is asked that is more than
    ``window`` ahead of the first without an answer. ``stop_on_budget``: end at the first line for which
    a budget has no room left, instead of refusing it and going on. ``interrupted``: see there.
    ``patience_s``: for so long a provider that is down, or overloaded, is waited for, before the batch
    ends with what it has.
    """

    concurrency: int = field(default=16, validator=whole(1, MOST_AT_ONCE))
    model: ModelRef | None = field(default=None, converter=optional_converter(_model_ref))
    in_order: bool = field(default=False, validator=FLAG)
    window: int = field(default=1000, validator=whole(1))
    stop_on_budget: bool = field(default=False, validator=FLAG)
    interrupted: Interrupted = field(default=Interrupted.AGAIN, converter=Interrupted)
    patience_s: float = field(default=600.0, validator=number(0, 7 * 86_400))


class BatchEnd(StrEnum):
    """Why a run ended."""

    FINISHED = "finished"  # every line has its answer, or the reason why it has none
    STOPPED = "stopped"  # somebody asked for it; what was under way was waited for
    BUDGET = "budget"  # a budget has no room for the next line
    FAILED = "failed"  # what concerns all lines went wrong: a key, a store, a provider that is down


@frozen(kw_only=True)
class BatchReport:
    """What a run of a batch came to. ``tally`` counts all lines kept, those of earlier runs included.

    ``error`` is what ended it, where something did. ``before``: so many lines had been kept by earlier runs.
    """

    batch_id: str
    end: BatchEnd
    tally: Tally
    total: int
    before: int = 0
    error: ProviderRuntimeError | None = None

    @property
    def left(self) -> int:
        """How many lines are still to be asked."""
        return max(0, self.total - self.tally.lines)
