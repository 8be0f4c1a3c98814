"""What was told of each call of a soak, by callers, events, receipts and the server; and whether it agrees.

Everything is counted in arrays that are made before the first call, so that what grows is not the books.
"""

from array import array
from collections import Counter
from collections.abc import Iterator

from attrs import Factory, define, field
from under_load.faults import saying

from provider_runtime import ProviderResponse, ProviderRuntimeError
from provider_runtime.domain.records.events import ENDINGS, EventKind, LifecycleEvent
from provider_runtime.ports.stores.journals import ReceiptProvider


@define(eq=False)
class Books:
    """The books of ``calls`` calls, each known by its number, which is its label ``n``."""

    calls: int
    counted: "array[int]" = field(init=False)
    """Requests, as the server counted them."""
    told: "array[int]" = field(init=False)
    """Attempts, as the caller was told of them."""
    answered: "array[int]" = field(init=False)
    started: "array[int]" = field(init=False)
    ended: "array[int]" = field(init=False)
    attempts_started: "array[int]" = field(init=False)
    attempts_failed: "array[int]" = field(init=False)
    receipts: "array[int]" = field(init=False)
    recorded: "array[int]" = field(init=False)
    """Attempts, as the receipt tells of them."""
    failed: Counter[str] = Factory(Counter)
    escaped: Counter[str] = Factory(Counter)
    """What was raised and is no error of ours."""
    crossed: int = 0
    """Answers that were another call's."""

    @counted.default
    @told.default
    @answered.default
    @started.default
    @ended.default
    @attempts_started.default
    @attempts_failed.default
    @receipts.default
    @recorded.default
    def _blank(self) -> "array[int]":
        return array("H", bytes(2 * self.calls))

    def enter(self, number: int, outcome: ProviderResponse | Exception) -> None:
        """How call ``number`` ended for its caller."""
        if isinstance(outcome, ProviderResponse):
            self.answered[number] = 1
            self.crossed += outcome.text != saying(number)
            self.told[number] = len(outcome.attempts)
        elif isinstance(outcome, ProviderRuntimeError):
            self.failed[outcome.code.value] += 1
            self.told[number] = len(outcome.attempts)
        else:
            self.escaped[type(outcome).__name__] += 1

    def emit(self, event: LifecycleEvent) -> None:
        """As an ``EventSink``."""
        number = _number_of(event.labels)
        if event.kind is EventKind.CALL_STARTED:
            self.started[number] += 1
        elif event.kind is EventKind.ATTEMPT_STARTED:
            self.attempts_started[number] += 1
        elif event.kind is EventKind.ATTEMPT_FAILED:
            self.attempts_failed[number] += 1
        elif event.kind in ENDINGS:
            self.ended[number] += 1

    async def audit(self, chain: ReceiptProvider, expected: int) -> list[str]:
        """What is wrong with a chain that ``expected`` calls left their receipts in; enters what it holds."""
        verdict = await chain.verify()
        wrong = [] if verdict.valid else [f"the chain is broken at {verdict.broken_at}: {verdict.error}"]
        written = sum(receipt.seq + 1 for receipt in await chain.latest(1))
        if written != expected:
            wrong.append(f"{expected} calls left {written} receipts")
        ids, repeated, after = set[str](), list[str](), None
        while True:
            page = await chain.page(after=after, limit=500)
            for receipt in page.receipts:
                number = _number_of(receipt.record.labels)
                self.receipts[number] += 1
                self.recorded[number] = len(receipt.record.attempts)
                call_id = receipt.record.call_id
                if call_id in ids and call_id.startswith("call_"):  # made by a runtime, and no name a caller gave
                    repeated.append(call_id)
                ids.add(call_id)
            after = page.next
            if after is None:
                break
        return [*wrong, f"call ids stand twice: {repeated}"] if repeated else wrong

    def disagreements(self) -> Iterator[str]:
        """What does not agree, the first calls that it is so with named."""
        rows = {
            "one beginning": (number for number in self._all() if self.started[number] != 1),
            "one ending": (number for number in self._all() if self.ended[number] != 1),
            "one receipt at most": (number for number in self._all() if self.receipts[number] > 1),
            "attempts told = requests counted": self._unequal(self.told, self.counted),
            "attempts told = attempts begun": self._unequal(self.told, self.attempts_started),
            "attempts told = attempts failed + answers": (
                number
                for number in self._all()
                if self.told[number] != self.attempts_failed[number] + self.answered[number]
            ),
            "attempts recorded = attempts told": (
                number for number in self._unequal(self.recorded, self.told) if self.receipts[number]
            ),
        }
        for rule, calls in rows.items():
            if broken := list(calls):
                yield f"{rule}: not so for {len(broken)} calls, such as {broken[:5]}"
        if self.escaped:
            yield f"no errors of ours: {dict(self.escaped)}"
        if self.crossed:
            yield f"{self.crossed} calls were answered with another's answer"

    def _all(self) -> range:
        return range(self.calls)

    def _unequal(self, one: "array[int]", other: "array[int]") -> Iterator[int]:
        return (number for number in self._all() if one[number] != other[number])


def _number_of(labels: tuple[str, ...]) -> int:
    return int(labels[0].partition("=")[2])
