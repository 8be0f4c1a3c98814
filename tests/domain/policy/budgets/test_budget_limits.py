"""Budgets and amounts as values."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import Amount, Budget, InvalidSettings, RuntimeSettings, Unit
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.policy.budgets.holds import Account, Claim, HoldOrder

CALLS = Budget(name="calls", limit=Amount.calls(1))


@pytest.mark.parametrize(
    ("amount", "unit", "value", "text"),
    [
        (Amount.usd("0.25"), Unit.NANO_USD, 250_000_000, "$0.25"),
        (Amount.usd(Decimal("1e-10")), Unit.NANO_USD, 0, "$0"),
        (Amount.usd(12), Unit.NANO_USD, 12 * 10**9, "$12"),
        (Amount.tokens(5), Unit.TOKENS, 5, "5 tokens"),
        (Amount.seconds(1.5), Unit.MILLISECONDS, 1500, "1.5 s"),
    ],
)
def test_amounts_are_whole_numbers_of_their_unit(amount: Amount, unit: Unit, value: int, text: str) -> None:
    assert (amount.unit, amount.value, str(amount)) == (unit, value, text)


@pytest.mark.parametrize("wrong", [-1, "much", "NaN", "Infinity", True, 0.1, 10**10])
def test_dollars_that_are_no_amount_are_refused(wrong: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        Amount.usd(wrong)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("changes", [{"name": "a b"}, {"name": ""}, {"scope": "Tenant"}, {"window_s": 0}, {"limit": 5}])
def test_a_budget_that_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Budget(**{"name": "calls", "limit": Amount.calls(1), **changes})


@pytest.mark.parametrize("budgets", [[CALLS, CALLS], ["calls"], [5]])
def test_settings_refuse_what_is_no_budget_and_names_that_stand_twice(budgets: list[object]) -> None:
    with pytest.raises(InvalidSettings) as refused:
        RuntimeSettings(budgets=budgets)
    assert refused.value.field
    assert refused.value.field.startswith("budgets")


@given(names=st.permutations(["day", "month", "team", "year"]))
def test_the_claims_of_an_order_stand_by_the_names_of_their_accounts_however_they_are_given(names: list[str]) -> None:
    claims = [Claim(account=Account(budget=name, owner="acme"), limit=9, amount=1) for name in names]
    order = HoldOrder(call_id=CallId("call_1"), attempt=1, claims=claims, lease_ms=1)
    assert [claim.account.budget for claim in order.claims] == ["day", "month", "team", "year"]
