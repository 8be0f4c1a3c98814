"""What the tests of the page share: a report with everything in it."""

import sys
from pathlib import Path

import pytest

# browser.py and report_samples.py stand beside this file; tests are no package.
sys.path.insert(0, str(Path(__file__).parent))

from report_samples import a_failure, a_life, a_receipt, a_refusal, report_of

from provider_runtime import BudgetState, Report, Unit
from provider_runtime.domain.policy.budgets.holds import Account, Balance, Standing


@pytest.fixture(scope="session")
def report() -> Report:
    """A report in which there is something of everything."""
    receipts = [a_receipt(number) for number in range(60)]
    receipts += [a_failure(60), a_failure(61), a_refusal(62)]
    money = Account(budget="month", owner="acme")
    calls = Account(budget="calls", owner="everyone")
    budgets = (
        BudgetState(
            standing=Standing(account=money, window=0, limit=10**10, balance=Balance(posted=6 * 10**9, held=3 * 10**9)),
            unit=Unit.NANO_USD,
        ),
        BudgetState(standing=Standing(account=calls, window=0, limit=100, balance=Balance(posted=120))),
    )
    traces = {receipts[60].record.call_id: a_life(receipts[60])}
    return report_of(*receipts, budgets=budgets, traces=traces)
