"""``budget``: what is declared holds for the next call, what was spent is shown, and can be put right."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from provider_runtime.adapters.governance.ledger import SqliteBudgetLedger
from provider_runtime.cli.budgets.amounts import number, parse_amount, parse_window, shown, window_name
from provider_runtime.cli.budgets.bars import BLOCKS, LETTERS, bar, marks
from provider_runtime.cli.budgets.rows import BudgetRow
from provider_runtime.domain.policy.budgets.holds import Fate
from provider_runtime.domain.policy.budgets.limits import Amount, Unit
from provider_runtime.testing.contracts.governance.budgets import a_claim, an_order, taken
from provider_runtime.testing.sandbox import Fault, Sandbox

Command = Callable[..., Result]


def asked(command: Command, sandbox: Sandbox, *more: str) -> Result:
    """A call of a model that has a price, at the sandbox."""
    words = ("--model", "openai:gpt-5-mini", "--kind", "openai", "--base-url", sandbox.url, "--api-key-env", "KEY")
    return command("run", "Hello.", *words, "--max-output-tokens", "500", *more, env={"KEY": "any-key"})


def rows(command: Command, *words: str) -> dict[str, dict[str, Any]]:
    shown_rows = json.loads(command("budget", "show", *words, "--json").stdout)
    return {row["budget"]: row for row in shown_rows}


async def _spent(path: Path, *fates: tuple[Fate, int]) -> list[int]:
    ledger = SqliteBudgetLedger(path=path)
    numbers = []
    for fate, charge in fates:
        hold = await taken(ledger, an_order(a_claim(max(charge, 1), owner="everyone", limit=100)))
        await ledger.settle(hold, fate, [charge])
        numbers.append(hold.number)
    await ledger.aclose()
    return numbers


def spent(tmp_path: Path, *fates: tuple[Fate, int]) -> list[int]:
    """Holds in the ledger of the data folder, settled so."""
    return asyncio.run(_spent(tmp_path / "data" / "ledger.sqlite", *fates))


# ── declaring ───────────────────────────────────────────────────────────────────────────────


def test_what_is_declared_holds_for_the_next_call(command: Command, sandbox: Sandbox) -> None:
    assert asked(command, sandbox).exit_code == 0
    declared = command("budget", "set", "few", "--limit", "1calls")
    assert declared.stdout == "few: 1 call once and for all, for everyone together.\n"
    assert asked(command, sandbox).exit_code == 0
    refused = asked(command, sandbox)
    assert refused.exit_code == 5
    assert "budget_exceeded" in refused.stderr
    assert len(sandbox.requests) == 2
    assert command("budget", "remove", "few").exit_code == 0
    assert asked(command, sandbox).exit_code == 0


def test_explain_says_what_is_left(command: Command, sandbox: Sandbox) -> None:
    command("budget", "set", "month", "--limit", "5usd", "--window", "month")
    plan = command("explain", "Hi.", "--model", "openai:gpt-5-mini", "--max-output-tokens", "9", "--json")
    verdicts = {one["gate"]: one.get("reason") for one in json.loads(plan.stdout)["verdicts"]}
    assert verdicts["budget"] == "$5 of $5 are left in month of everyone"


def test_a_limit_can_be_changed_and_what_was_spent_stays(command: Command, sandbox: Sandbox) -> None:
    command("budget", "set", "few", "--limit", "1calls")
    asked(command, sandbox)
    command("budget", "set", "few", "--limit", "3calls")
    assert rows(command)["few"] == rows(command, "few")["few"]
    assert (rows(command)["few"]["posted"], rows(command)["few"]["remaining"]) == (1, 2)


def test_what_cannot_be_a_budget_is_refused_with_the_way_out(command: Command) -> None:
    for words, hint in (
        (("Month", "--limit", "5usd"), "beginning with a letter"),
        (("month", "--limit", "5"), "write 5usd"),
        (("month", "--limit", "5usd", "--window", "fortnight"), "write hour, day, week, month"),
        (("month",), "--limit"),
    ):
        refused = command("budget", "set", *words)
        assert refused.exit_code == 2
        assert hint in refused.stderr


def test_a_budget_stands_in_the_file_or_is_declared_and_not_both(command: Command, tmp_path: Path) -> None:
    command("budget", "set", "month", "--limit", "5usd")
    (tmp_path / "provider-runtime.toml").write_text(
        f'data = "{tmp_path}/data"\n[[budgets]]\nname = "month"\nusd = "9"\n'
    )
    both = command("budget", "show", "--workspace", str(tmp_path))
    assert both.exit_code == 3
    assert "budget remove month" in both.stderr
    command("budget", "remove", "month", "--workspace", str(tmp_path))
    assert rows(command, "--workspace", str(tmp_path))["month"]["limit"] == 9 * 10**9
    assert command("budget", "set", "month", "--limit", "5usd", "--workspace", str(tmp_path)).exit_code == 2


def test_nothing_is_made_by_looking(command: Command, tmp_path: Path) -> None:
    assert "`budget set` declares one" in command("budget", "show").stderr
    assert command("budget", "remove", "month").exit_code == 7
    assert command("budget", "show", "month").exit_code == 7


# ── showing ─────────────────────────────────────────────────────────────────────────────────


def test_bars_fit_the_terminal(command: Command, tmp_path: Path) -> None:
    command("budget", "set", "month", "--limit", "100tokens")
    spent(tmp_path, (Fate.POSTED, 40), (Fate.UNCONFIRMED, 20))
    for width in (20, 40, 60, 80, 109, 110, 200):
        page = command("budget", "show", env={"COLUMNS": str(width)}).stdout
        lines = page.splitlines()
        assert max(map(len, lines)) <= max(width, 10)
        drawn = next(line for line in lines if "█" in line and "posted" not in line)
        marks = {mark: drawn.count(mark) for mark in "█▓▒░"}
        whole = sum(marks.values())
        assert abs(marks["█"] * 10 - whole * 4) <= 10
        assert abs(marks["▓"] * 10 - whole * 2) <= 10
        assert "\x1b[" not in page


def test_an_output_without_blocks_gets_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, drawn in (("ascii", LETTERS), ("latin-1", LETTERS), ("utf-8", BLOCKS)):
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert marks() == drawn


def _row(posted: int, unconfirmed: int, held: int, limit: int) -> BudgetRow:
    return BudgetRow(
        budget="b",
        owner="o",
        unit="tokens",
        limit=limit,
        posted=posted,
        held=held,
        unconfirmed=unconfirmed,
        remaining=0,
        window_s=None,
        resets_at=None,
        is_declared=True,
    )


@pytest.mark.parametrize(
    ("row", "drawn"),
    [
        (_row(0, 0, 0, 100), "░░░░░░░░░░"),
        (_row(1, 0, 0, 10**9), "█░░░░░░░░░"),
        (_row(50, 20, 10, 100), "███▓▓▒░░░░"),
        (_row(500, 0, 0, 100), "██████████"),
        (_row(98, 1, 1, 100), "████████▓▒"),
        (_row(0, 0, 0, 0), "░░░░░░░░░░"),
    ],
)
def test_what_is_there_is_seen_and_never_more_than_the_bar(row: BudgetRow, drawn: str) -> None:
    assert bar(row, 10, BLOCKS).plain == drawn


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("5usd", Amount.usd(5)),
        ("$0.25", Amount.usd("0.25")),
        ("1_000 usd", Amount.usd(1000)),
        ("200ktokens", Amount.tokens(200_000)),
        ("1.5M tokens", Amount.tokens(1_500_000)),
        ("500calls", Amount.calls(500)),
        ("90s", Amount.seconds(90)),
        ("5m", Amount.seconds(300)),
        ("2h", Amount.seconds(7200)),
        ("7nano_usd", Amount(unit=Unit.NANO_USD, value=7)),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, amount: Amount) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize(
    "text", ["", "5", "usd", "-5usd", "5 apples", "1.5calls", "NaNusd", "5usdusd", "9" * 30 + "usd"]
)
def test_what_is_no_amount_is_none(text: str) -> None:
    with pytest.raises(Exception, match="is no amount"):
        parse_amount(text)


def test_amounts_and_windows_are_shown_short_and_never_rounded_up() -> None:
    assert shown(4_999_841_000, "nano_usd") == "$4.99"
    assert shown(212_000, "nano_usd") == "$0.000212"
    assert shown(1_200_000, "tokens") == "1,200,000 tokens"
    assert shown(7_200_000, "milliseconds") == "2 h"
    assert shown(7, None) == "7"
    assert number(0, "tokens") == ""
    assert (window_name(None), window_name(86_400), window_name(7200)) == ("once and for all", "each day", "each 2 h")
    assert parse_window("week") == 604_800


# ── putting right ───────────────────────────────────────────────────────────────────────────


def test_a_call_of_which_nobody_knows_the_cost_is_listed_and_put_right(
    command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    command("budget", "set", "month", "--limit", "5usd", "--window", "month")
    command("budget", "set", "calls", "--limit", "100calls")
    sandbox.fail_next(1, Fault.slow(30))
    assert asked(command, sandbox, "--deadline", "1").exit_code == 6
    assert rows(command)["month"]["unconfirmed"] > 0
    listed = json.loads(command("budget", "reconcile", "--json").stdout)
    assert [(one["state"], len(one["lines"])) for one in listed] == [("unconfirmed", 2)]
    number_text = str(listed[0]["number"])
    assert number_text in command("budget", "reconcile").stdout
    put_right = command("budget", "reconcile", number_text, "--actual", "month=0.002usd", "--actual", "calls=1calls")
    assert put_right.exit_code == 0, put_right.output
    assert "adjusted" in put_right.stdout
    assert rows(command)["month"]["posted"] == 2_000_000
    assert rows(command)["month"]["unconfirmed"] == 0
    assert "confirmed" in command("budget", "reconcile").stderr


def test_what_a_hold_came_to_is_said_once_for_each_of_its_budgets(command: Command, tmp_path: Path) -> None:
    command("budget", "set", "month", "--limit", "100tokens")
    (hold,) = spent(tmp_path, (Fate.UNCONFIRMED, 60))
    for words in (("5usd",), ("week=5tokens",), ("month=5tokens", "week=5tokens"), ("nonsense",)):
        refused = command("budget", "reconcile", str(hold), *(part for text in words for part in ("--actual", text)))
        assert refused.exit_code == 2, words
    assert command("budget", "reconcile", str(hold)).exit_code == 2
    assert command("budget", "reconcile", "77", "--actual", "5tokens").exit_code == 7
    assert command("budget", "reconcile", str(hold), "--actual", "5tokens").exit_code == 0
    assert rows(command)["month"]["posted"] == 5


def test_a_budget_begins_anew_when_somebody_says_so(command: Command, tmp_path: Path) -> None:
    command("budget", "set", "month", "--limit", "100tokens")
    spent(tmp_path, (Fate.POSTED, 60))
    assert command("budget", "reset", "month").exit_code == 2  # nobody is there to be asked
    assert rows(command)["month"]["posted"] == 60
    assert command("budget", "reset", "month", "--yes").exit_code == 0
    assert rows(command)["month"]["posted"] == 0
    assert command("budget", "reset", "other", "--yes").exit_code == 7


def test_where_several_have_one_it_has_to_be_said_whose(command: Command, tmp_path: Path) -> None:
    async def work() -> None:
        ledger = SqliteBudgetLedger(path=tmp_path / "data" / "ledger.sqlite")
        for owner in ("acme", "bolt"):
            await taken(ledger, an_order(a_claim(5, owner=owner)))
        await ledger.aclose()

    asyncio.run(work())
    refused = command("budget", "reset", "month", "--yes")
    assert refused.exit_code == 2
    assert "--owner acme" in refused.stderr
    assert command("budget", "reset", "month", "--owner", "bolt", "--yes").exit_code == 0


# ── other places ────────────────────────────────────────────────────────────────────────────


def test_another_ledger_can_be_looked_at(command: Command, tmp_path: Path) -> None:
    asyncio.run(_spent(tmp_path / "other.sqlite", (Fate.POSTED, 60)))
    assert rows(command, "--ledger", str(tmp_path / "other.sqlite"))["month"]["posted"] == 60
    assert command("budget", "show", "--ledger", "https://b.example.com").exit_code == 2  # whose token?
    assert command("budget", "show", "--token-env", "T").exit_code == 2
    clear = command("budget", "show", "--ledger", "http://b.example.com", "--token-env", "T")
    assert clear.exit_code == 3
    assert "clear text" in clear.stderr


def test_a_server_is_chosen_with_its_token_or_not_at_all(command: Command) -> None:
    assert command("budget", "use").exit_code == 2
    assert command("budget", "use", "https://b.example.com").exit_code == 2
    assert command("budget", "use", "--local", "--token-env", "T").exit_code == 2
    assert command("budget", "use", "http://b.example.com", "--token-env", "T").exit_code == 3
    assert command("budget", "use", "https://b.example.com", "--token-env", "T").exit_code == 0
    command("budget", "set", "month", "--limit", "5usd")
    refused = command("run", "Hi.", "--model", "openai:gpt-5-mini", "--max-output-tokens", "5", "--consent", "never")
    assert refused.exit_code == 5
    assert "the variable T is not set" in refused.stderr
    assert command("budget", "use", "--local").exit_code == 0
    assert rows(command)["month"]["posted"] == 0
