"""Whether a batch that was killed again and again came out right: answers, receipts, ledger and server agree."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import frozen

from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.governance.ledger_entries import EntryReader
from provider_runtime.domain.policy.budgets.books import Books
from provider_runtime.domain.policy.budgets.holds import HoldState
from provider_runtime.domain.records.receipts import CallOutcome
from provider_runtime.testing.sandbox import RecordedRequest

# A hold stays open where its run was killed: it counts until somebody reconciles it, and then as spent.
_LEFT_OPEN = frozenset({HoldState.HELD})


@frozen(kw_only=True)
class Agreement:
    """What was compared. ``wrong`` says in words what does not agree; ``killed_calls`` were bought and not answered."""

    lines: int
    asked_again: int
    receipts: int
    requests: int
    holds_left_open: int
    wrong: tuple[str, ...]


def question(number: int) -> str:
    """What line ``number`` asks. No number is the beginning of another."""
    return f"Count to {number:06}, please."


def write_questions(path: Path, count: int) -> None:
    """The input: one question a line."""
    with path.open("w") as lines:
        for number in range(1, count + 1):
            said = [{"role": "user", "content": question(number)}]
            request = {"model": "openai:gpt-5-mini", "messages": said, "max_output_tokens": 200}
            lines.write(json.dumps({"id": f"row-{number}", "request": request}) + "\n")


async def agreement_of(folder: Path, count: int, requests: Iterable[RecordedRequest], *, in_order: bool) -> Agreement:
    """Compare everything there is about the batch in ``folder``."""
    wrong: list[str] = []
    answers = [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
    numbers = [answer["line"] for answer in answers]
    if sorted(numbers) != list(range(1, count + 1)):
        wrong.append(f"lines are not there once each: {sorted(numbers)}")
    if in_order and numbers != sorted(numbers):
        wrong.append("answers are not in order")
    by_call: dict[str, dict[str, Any]] = {answer["call_id"]: answer for answer in answers}
    wrong += _wrong_answers(answers)
    receipts = await _receipts(folder, wrong)
    books = await _books(folder)
    holds = _holds_by_call(books)
    for call, answer in by_call.items():
        wrong += _wrong_about(call, answer, receipts[call], holds[call])
    asked = _requests_by_line(requests)
    for call, answer in by_call.items():
        at_most = 1 + answer.get("asked_again", 0)
        if not 1 <= asked[answer["line"]] <= min(at_most, len(holds[call])):
            wrong.append(f"{call} reached the server {asked[answer['line']]} times, held {len(holds[call])} times")
    strangers = (set(receipts) | set(holds)) - set(by_call)
    if strangers:
        wrong.append(f"receipts or holds of calls that nobody made: {sorted(strangers)[:5]}")
    return Agreement(
        lines=len(answers),
        asked_again=sum(answer.get("asked_again", 0) for answer in answers),
        receipts=sum(map(len, receipts.values())),
        requests=sum(asked.values()),
        holds_left_open=len(books.held),
        wrong=tuple(wrong),
    )


def _wrong_answers(answers: list[dict[str, Any]]) -> list[str]:
    wrong = []
    for answer in answers:
        said = "".join(part.get("text", "") for part in answer["response"]["output"]["content"])
        if question(answer["line"]) not in said or answer["id"] != f"row-{answer['line']}":
            wrong.append(f"line {answer['line']} has the answer to another")
    return wrong


def _wrong_about(
    call: str, answer: dict[str, Any], receipts: list[int | None], holds: list[tuple[str, int]]
) -> list[str]:
    """``receipts`` are costs, ``holds`` what became of them and what was posted; all of one call."""
    runs = 1 + answer.get("asked_again", 0)
    cost = answer["response"]["cost"]["total_cost"]
    wrong = []
    if not 1 <= len(receipts) <= runs:
        wrong.append(f"{call} has {len(receipts)} receipts, and was asked {runs} times")
    if not len(receipts) <= len(holds) <= runs:
        wrong.append(f"{call} has {len(receipts)} receipts and {len(holds)} holds, and was asked {runs} times")
    posted = Counter(amount for state, amount in holds if state == HoldState.POSTED)
    if Counter(receipts) - posted:
        wrong.append(f"{call}: receipts say {receipts}, the ledger posted {sorted(posted)}")
    if round(float(cost) * 1e9) not in receipts:
        wrong.append(f"{call}: the answer cost {cost}, the receipts say {receipts}")
    return wrong


async def _receipts(folder: Path, wrong: list[str]) -> dict[str, list[int | None]]:
    store = FilesystemReceiptProvider(path=folder / "receipts.jsonl")
    try:
        verdict = await store.verify()
        if not verdict.valid and verdict.error != "a receipt was cut off while it was written":
            wrong.append(f"the chain of receipts is broken: {verdict.error}")
        found: dict[str, list[int | None]] = defaultdict(list)
        for receipt in (await store.page(limit=1_000_000)).receipts:
            if receipt.record.outcome is not CallOutcome.ANSWERED:
                wrong.append(f"{receipt.record.call_id} {receipt.record.outcome}: {receipt.record.error_code}")
            found[receipt.record.call_id].append(receipt.record.cost_nano_usd)
        return found
    finally:
        await store.aclose()


async def _books(folder: Path) -> Books:
    media = SqliteMedia(path=folder / "ledger.sqlite")
    try:
        books, reader = Books(), EntryReader()
        for entry in (await media.journal("budgets").read()).entries:
            books.apply(reader.read(entry))
        return books
    finally:
        await media.aclose()


def _holds_by_call(books: Books) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for number in (*books.held, *books.settled, *books.adjustable):
        hold = books.find(number)
        assert hold is not None
        amount = hold.lines[0].amount if hold.state in _LEFT_OPEN else sum(hold.posted)
        found[hold.call_id].append((hold.state, amount))
    return found


def _requests_by_line(requests: Iterable[RecordedRequest]) -> "Counter[int]":
    found: Counter[int] = Counter()
    for request in requests:
        text = request.body.decode()
        found[int(text.partition("Count to ")[2][:6])] += 1
    return found
