"""A batch with a budget: spent to its end and not beyond, and nobody else held up."""

from typing import Any

import pytest
from batch_runs import ADA, a_run, line, runtime_with

from provider_runtime import (
    Amount,
    Budget,
    ErrorCode,
)
from provider_runtime.application.batch.plan import BatchEnd, BatchReport
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.fakes import FakeAdapter
from provider_runtime.testing.mocks import MockBatchStore


async def finished_with(budget: Budget, lines: list[bytes], **plan: Any) -> tuple[BatchReport, MockBatchStore, int]:
    def two_tokens(exchange: PreparedExchange) -> ProviderResponse:
        return a_response(provider=exchange.provider, model=exchange.model_id)

    adapter, store = FakeAdapter(ADA, two_tokens), MockBatchStore()
    async with runtime_with(adapter, budget) as runtime:
        report = await a_run(runtime, lines, store, **plan).run()
        receipts = await runtime.receipts.list()
    refusals = sum(receipt.record.error_code == "budget_exceeded" for receipt in receipts)
    return report, store, refusals


@pytest.mark.parametrize("concurrency", [1, 2, 7])
async def test_a_budget_is_spent_to_its_end_and_not_beyond(concurrency: int) -> None:
    budget = Budget(name="calls", limit=Amount.calls(4))
    lines = [line(n) for n in range(20)]
    report, store, _ = await finished_with(budget, lines, concurrency=concurrency)
    assert (report.tally.total.answered, report.tally.refused_by) == (4, {"budget": 16})
    assert sorted(store.answers) == list(range(1, 21))


async def test_room_that_calls_under_way_give_back_is_used_before_a_line_is_refused() -> None:
    # Each call may come to some 200 tokens and comes to 12: eight at once need more than there is.
    budget = Budget(name="tokens", limit=Amount.tokens(1500))
    report, _, refusals = await finished_with(budget, [line(n) for n in range(30)], concurrency=8)
    assert (report.tally.total.answered, report.tally.refused_by) == (30, {})
    assert refusals <= 15


async def test_a_batch_can_end_at_the_first_line_that_no_budget_has_room_for() -> None:
    budget = Budget(name="calls", limit=Amount.calls(3))
    lines = [line(n) for n in range(10)]
    report, store, _ = await finished_with(budget, lines, concurrency=1, stop_on_budget=True)
    assert (report.end, report.left) == (BatchEnd.BUDGET, 7)
    assert sorted(store.answers) == [1, 2, 3]
    assert report.error is not None
    assert report.error.code is ErrorCode.BUDGET_EXCEEDED
    assert store.next_run().interruptions(4) == 0


async def test_a_tenant_without_money_holds_up_nobody_else() -> None:
    budget = Budget(name="calls", limit=Amount.calls(2), scope="tenant")
    lines = [line(n, options={"metadata": {"tenant": "acme" if n % 2 else f"t{n}"}}) for n in range(20)]
    report, _, _ = await finished_with(budget, lines, concurrency=4)
    assert (report.tally.total.answered, report.tally.refused_by) == (12, {"budget": 8})
