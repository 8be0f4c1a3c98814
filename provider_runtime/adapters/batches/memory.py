"""MemoryBatchSource and MemoryBatchStore: a batch without files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from attrs import define, field

from provider_runtime.adapters.batches.splitting import is_blank
from provider_runtime.domain.batches.lines import BatchLine


@define(kw_only=True, eq=False)
class MemoryBatchSource:
    """The lines of any iterable. See ``BatchSource``."""

    lines: Iterable[bytes] = field(repr=False)
    _numbered: Iterator[tuple[int, bytes]] = field(init=False, repr=False)

    @_numbered.default
    def _make_numbered(self) -> Iterator[tuple[int, bytes]]:
        return enumerate(self.lines, 1)

    async def next_line(self) -> BatchLine | None:
        for number, content in self._numbered:
            if not is_blank(content):
                return BatchLine(number=number, content=content)
        return None


def _counted(times: Mapping[int, int]) -> "Counter[int]":
    return Counter(times)


@define(kw_only=True, eq=False)
class MemoryBatchStore:
    """Answers by the number of their line, in the order in which they were kept. See ``BatchStore``.

    ``next_run`` is the store as another run finds it.
    """

    batch_id: str = "batch"
    answers: dict[int, bytes] = field(factory=dict, repr=False)
    parked: dict[int, bytes] = field(factory=dict, repr=False)
    _begun: "Counter[int]" = field(factory=dict, converter=_counted)
    _interrupted: "Counter[int]" = field(factory=dict, converter=_counted)
    _early: dict[int, bytes] = field(factory=dict, init=False, repr=False)

    def has_kept(self, number: int) -> bool:
        return number in self.answers

    def interruptions(self, number: int) -> int:
        return self._interrupted[number]

    async def begin(self, number: int) -> None:
        self._begun[number] += 1

    async def withdraw(self, number: int) -> None:
        self._begun[number] -= 1

    async def park(self, number: int, answer: bytes) -> None:
        self._early[number] = answer

    async def keep(self, number: int, answer: bytes) -> None:
        if number in self.answers:
            raise AssertionError(f"line {number} was kept before")
        self.answers[number] = answer
        self._early.pop(number, None)

    async def finish(self) -> None:
        self._begun.clear()

    def next_run(self) -> "MemoryBatchStore":
        """The same batch for its next run."""
        parked = {**self.parked, **self._early}
        return MemoryBatchStore(
            batch_id=self.batch_id,
            answers=dict(self.answers),
            parked={number: answer for number, answer in parked.items() if number not in self.answers},
            begun=Counter(self._begun),
            interrupted=Counter({number: times for number, times in self._begun.items() if number not in self.answers}),
        )
