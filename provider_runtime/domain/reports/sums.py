"""Sums: what calls came to together, and by whom, by what and when."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from attrs import define, field

from provider_runtime.domain.records.receipts import CallOutcome, CallRecord
from provider_runtime.domain.reports.latency import Latencies
from provider_runtime.domain.reports.moments import Steps

_MOST_NAMES: Final = 1000
OTHERS: Final = "others"
NOBODY: Final = "nobody"


@define(kw_only=True)
class Sums:
    """Calls by how they ended, their tokens, their cost in billionths of a dollar, and how long answers took.

    ``unpriced`` are answers whose cost nobody knows, ``retried`` the calls that were sent more than once.
    """

    outcomes: "Counter[CallOutcome]" = field(factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano_usd: int = 0
    unpriced: int = 0
    retried: int = 0
    latencies: Latencies = field(factory=Latencies)

    @property
    def calls(self) -> int:
        """All of them."""
        return self.outcomes.total()

    def add(self, record: CallRecord) -> None:
        """Count one more call."""
        self.outcomes[record.outcome] += 1
        self.input_tokens += record.input_tokens or 0
        self.output_tokens += record.output_tokens or 0
        self.cost_nano_usd += record.cost_nano_usd or 0
        self.retried += len(record.attempts) > 1
        if record.outcome is CallOutcome.ANSWERED:
            self.unpriced += record.cost_nano_usd is None
            self.latencies.add(record.duration_us)

    def merge(self, other: "Sums") -> None:
        """Count the calls of another as well."""
        self.outcomes.update(other.outcomes)
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost_nano_usd += other.cost_nano_usd
        self.unpriced += other.unpriced
        self.retried += other.retried
        self.latencies.merge(other.latencies)


@define(kw_only=True)
class Figures:
    """Every call that was added, in every way that a report looks at them.

    ``label`` names the label whose values are ``tenants``. Names are bounded: of more than a thousand the
    rest are ``others``.
    """

    label: str = "tenant"
    total: Sums = field(factory=Sums)
    providers: dict[str, Sums] = field(factory=dict)
    models: dict[str, Sums] = field(factory=dict)
    roles: dict[str, Sums] = field(factory=dict)
    tenants: dict[str, Sums] = field(factory=dict)
    refused_by: "Counter[str]" = field(factory=Counter)
    failed_with: "Counter[str]" = field(factory=Counter)
    steps: Steps[Sums] = field(factory=lambda: Steps(make=Sums))
    first: datetime | None = None
    last: datetime | None = None

    def add(self, record: CallRecord) -> None:
        """Count one more call."""
        began = began_at(record)
        self.first = began if self.first is None else min(self.first, began)
        self.last = began if self.last is None else max(self.last, began)
        provider = record.provider or NOBODY
        model = f"{provider}:{record.model_answered or record.model_asked}"
        for among, name in (
            (self.providers, provider),
            (self.models, model if record.provider else NOBODY),
            (self.roles, record.role),
            (self.tenants, _label(record, self.label)),
        ):
            if name is not None:
                among.setdefault(_bounded(name, among), Sums()).add(record)
        self.total.add(record)
        self.steps.at(began).add(record)
        if record.outcome is CallOutcome.REFUSED:
            self.refused_by[_bounded(_refusing_gate(record), self.refused_by)] += 1
        elif record.outcome is CallOutcome.FAILED:
            self.failed_with[_bounded(record.error_code or "?", self.failed_with)] += 1


def began_at(record: CallRecord) -> datetime:
    """When the call began, in UTC."""
    moment = datetime.fromisoformat(record.started_at)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _refusing_gate(record: CallRecord) -> str:
    refusals = (gate.partition(":") for gate in record.gates)
    return next((name for name, _, verdict in refusals if verdict == "refused"), record.error_code or "?")


def _label(record: CallRecord, wanted: str) -> str | None:
    labels = (label.partition("=") for label in record.labels)
    return next((value for name, _, value in labels if name == wanted), None)


def _bounded(name: str, known: Mapping[str, object]) -> str:
    return name if name in known or len(known) < _MOST_NAMES else OTHERS
