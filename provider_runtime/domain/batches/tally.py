"""Tally: what the lines of a batch came to together, model by model."""

from collections import Counter
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final

from attrs import define, evolve, field, frozen

from provider_runtime.domain.batches.lines import LineOutcome, LineRecord
from provider_runtime.domain.records.outside_names import NO_NAME, name_or_mark

_EXACT: Final = Context(prec=80)  # never the thread's own, which may be coarser
_MOST_NAMES: Final = 1000
_OTHERS: Final = "others"


@frozen(kw_only=True)
class ModelTally:
    """What one model was asked: lines by how they ended, tokens, dollars, seconds of waiting for it.

    ``unpriced`` are answers whose cost nobody knows.
    """

    answered: int = 0
    refused: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0
    seconds: float = 0.0

    @property
    def lines(self) -> int:
        """How many lines asked for it."""
        return self.answered + self.refused + self.failed

    def and_one(self, record: LineRecord) -> "ModelTally":
        """The same with one more line."""
        outcome, cost = record.outcome, record.cost_usd
        answered = outcome is LineOutcome.ANSWERED
        return evolve(
            self,
            answered=self.answered + answered,
            refused=self.refused + (outcome is LineOutcome.REFUSED),
            failed=self.failed + (outcome is LineOutcome.FAILED),
            input_tokens=self.input_tokens + (record.input_tokens or 0),
            output_tokens=self.output_tokens + (record.output_tokens or 0),
            cost_usd=self.cost_usd if cost is None else _EXACT.add(self.cost_usd, cost),
            unpriced=self.unpriced + (answered and cost is None),
            seconds=self.seconds + (record.duration_s or 0.0),
        )


@define(kw_only=True)
class Tally:
    """The sums of every line that was kept so far. ``models`` are by ``provider:model``, ``?`` where nobody was asked.

    ``refused_by`` counts refusals by gate, ``failed_with`` failures by code. ``asked_again`` are lines
    that an earlier run had under way when it ended: they may have been billed twice.
    """

    lines: int = 0
    invalid: int = 0
    asked_again: int = 0
    models: dict[str, ModelTally] = field(factory=dict)
    refused_by: "Counter[str]" = field(factory=Counter)
    failed_with: "Counter[str]" = field(factory=Counter)

    def add(self, record: LineRecord) -> None:
        """Count one more line."""
        self.lines += 1
        self.asked_again += record.asked_again > 0
        if record.outcome is LineOutcome.INVALID:
            self.invalid += 1
            return
        asked = f"{record.provider or NO_NAME}:{record.model or NO_NAME}" if record.provider else NO_NAME
        model = _bounded(name_or_mark(asked) or NO_NAME, self.models)
        self.models[model] = self.models.get(model, _NOTHING).and_one(record)
        if record.outcome is LineOutcome.REFUSED:
            self.refused_by[record.gate or "routing"] += 1
        elif record.outcome is LineOutcome.FAILED:
            self.failed_with[record.code or NO_NAME] += 1

    @property
    def total(self) -> ModelTally:
        """All models together."""
        whole = _NOTHING
        for one in self.models.values():
            whole = ModelTally(
                answered=whole.answered + one.answered,
                refused=whole.refused + one.refused,
                failed=whole.failed + one.failed,
                input_tokens=whole.input_tokens + one.input_tokens,
                output_tokens=whole.output_tokens + one.output_tokens,
                cost_usd=_EXACT.add(whole.cost_usd, one.cost_usd),
                unpriced=whole.unpriced + one.unpriced,
                seconds=whole.seconds + one.seconds,
            )
        return whole

    @property
    def unanswered(self) -> int:
        """How many lines have no answer but the reason why."""
        return self.lines - self.total.answered


_NOTHING: Final = ModelTally()


def _bounded(name: str, known: Mapping[str, object]) -> str:
    """``name``, or a name for all the others once there are too many: lines can name whatever they like."""
    return name if name in known or len(known) < _MOST_NAMES else _OTHERS
