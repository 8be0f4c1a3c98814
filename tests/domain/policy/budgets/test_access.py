"""Who may use which accounts of a ledger that is kept for many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.policy.budgets.access import LedgerClient, Reach
from provider_runtime.domain.policy.budgets.holds import Account

NAMES = st.sampled_from(["month", "daily", "acme", "bolt"])


@pytest.mark.parametrize(
    ("text", "covered", "not_covered"),
    [
        ("*", [("month", "acme"), ("a:b", "c:d")], []),
        ("month", [("month", "acme"), ("month", "bolt")], [("daily", "acme")]),
        ("month:acme", [("month", "acme")], [("month", "bolt"), ("daily", "acme"), ("month", "acme2")]),
        ("*:acme", [("month", "acme"), ("daily", "acme")], [("month", "bolt")]),
        ("month:a:b", [("month", "a:b")], [("month", "a")]),
    ],
)
def test_a_reach_covers_what_it_names(
    text: str, covered: list[tuple[str, str]], not_covered: list[tuple[str, str]]
) -> None:
    reach = Reach.parse(text)
    assert Reach.parse(str(reach)) == reach
    assert all(reach.covers(Account(budget=budget, owner=owner)) for budget, owner in covered)
    assert not any(reach.covers(Account(budget=budget, owner=owner)) for budget, owner in not_covered)


@given(budget=NAMES, owner=NAMES, other_budget=NAMES, other_owner=NAMES)
def test_an_exact_reach_covers_one_account(budget: str, owner: str, other_budget: str, other_owner: str) -> None:
    reach = Reach(budget=budget, owner=owner)
    other = Account(budget=other_budget, owner=other_owner)
    assert reach.covers(other) is ((budget, owner) == (other_budget, other_owner))


@pytest.mark.parametrize("text", ["", ":", "month:", ":acme", " ", "month:\n", "a\x00"])
def test_what_names_nothing_is_no_reach(text: str) -> None:
    with pytest.raises(ValueError, match="a name, or"):
        Reach.parse(text)


@pytest.mark.parametrize("fields", [{"name": ""}, {"name": "a/b"}, {"name": "a b"}, {"name": "a", "accounts": ()}])
def test_what_cannot_be_a_client_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"name|accounts"):
        LedgerClient(**fields)  # type: ignore[arg-type]  # that is the point


def test_a_client_may_use_what_any_of_its_reaches_covers() -> None:
    client = LedgerClient(name="a", accounts=[Reach.parse("month:acme"), Reach.parse("daily")])
    mine, theirs = Account(budget="daily", owner="x"), Account(budget="month", owner="x")
    assert client.may_use(mine)
    assert not client.may_use(theirs)
    assert not client.may_use_all([mine, theirs])
    assert client.may_use_all([])
