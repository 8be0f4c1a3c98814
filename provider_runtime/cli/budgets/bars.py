"""Budgets as bars: as wide as the terminal lets them be, in plain letters where it knows no others."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen
from rich.table import Table
from rich.text import Text

from provider_runtime.cli.budgets.amounts import number, shown, until, window_name
from provider_runtime.cli.budgets.rows import BudgetRow, HoldRow
from provider_runtime.cli.rendering import console

_WIDE: Final = 110  # columns from which a budget is one line of a table
_LONGEST: Final = 60
_IN_TABLE: Final = 24


@frozen(kw_only=True)
class Marks:
    """What a bar is drawn with: confirmed, unconfirmed, held, and free."""

    posted: str
    unconfirmed: str
    held: str
    free: str


BLOCKS: Final = Marks(posted="█", unconfirmed="▓", held="▒", free="░")
LETTERS: Final = Marks(posted="#", unconfirmed="?", held="+", free=".")


def marks() -> Marks:
    """What the output can show."""
    try:
        "█▓▒░".encode(sys.stdout.encoding or "ascii")
    except (UnicodeError, LookupError):
        return LETTERS
    return BLOCKS


def bar(row: BudgetRow, width: int, drawn: Marks) -> Text:
    """One budget in ``width`` letters. What is there at all is seen, however little it is."""
    whole = max(row.limit, row.posted + row.held, 1)
    confirmed = row.posted - row.unconfirmed
    parts = ((confirmed, drawn.posted, _colour(row)), (row.unconfirmed, drawn.unconfirmed, "magenta"))
    sizes = _sizes([part for part, _, _ in parts] + [row.held], whole, width)
    text = Text()
    for size, (_, letter, style) in zip(sizes, (*parts, (row.held, drawn.held, "cyan")), strict=True):
        text.append(letter * size, style=style)
    return text.append(drawn.free * (width - len(text)), style="dim")


def _sizes(parts: Sequence[int], whole: int, width: int) -> list[int]:
    """So many letters for each part, no more than ``width`` together, and one at least for what is not 0."""
    sizes = [max(1 if part else 0, part * width // whole) for part in parts]
    while sum(sizes) > width:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def _colour(row: BudgetRow) -> str:
    taken = row.posted + row.held
    if taken >= row.limit:
        return "red"
    return "yellow" if taken * 5 >= row.limit * 4 else "green"


def show_rows(rows: Iterable[BudgetRow], now: datetime) -> None:
    """Budgets for a person: a line each where there is room, else three."""
    page, drawn = console(), marks()
    rows = tuple(rows)
    if page.width >= _WIDE:
        page.print(_table(rows, now, drawn))
    else:
        width = max(10, min(_LONGEST, page.width))
        for row in rows:
            page.print(Text(f"{_title(row)}, {_window(row, now)}", style="bold"), soft_wrap=False)
            page.print(bar(row, width, drawn))
            page.print(Text(_facts(row)))
    legend = f"{drawn.posted} posted  {drawn.unconfirmed} unconfirmed  {drawn.held} held  {drawn.free} left"
    page.print(Text(legend, style="dim"))


def _table(rows: tuple[BudgetRow, ...], now: datetime, drawn: Marks) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("budget", "of", "", "posted", "unconfirmed", "held", "left", "limit", "window"):
        at_right = name in {"posted", "held", "unconfirmed", "left", "limit"}
        table.add_column(name, justify="right" if at_right else "left", no_wrap=name != "of", overflow="fold")
    for row in rows:
        table.add_row(
            Text(row.budget, style="bold"),
            Text(_owner(row)),
            bar(row, _IN_TABLE, drawn),
            *(number(value, row.unit) for value in (row.posted, row.unconfirmed, row.held)),
            number(row.remaining, row.unit) or "0",
            shown(row.limit, row.unit),
            Text(_window(row, now)),
        )
    return table


def _title(row: BudgetRow) -> str:
    return f"{row.budget} of {_owner(row)}"


def _owner(row: BudgetRow) -> str:
    return row.owner or "nobody yet"


def _window(row: BudgetRow, now: datetime) -> str:
    if row.resets_at is None:
        return window_name(row.window_s)
    return f"{window_name(row.window_s)}, anew in {until(row.resets_at, now)}"


def _facts(row: BudgetRow) -> str:
    facts = [
        f"{shown(row.posted, row.unit)} posted",
        f"{shown(row.held, row.unit)} held" if row.held else "",
        f"{shown(row.unconfirmed, row.unit)} of it unconfirmed" if row.unconfirmed else "",
        f"{shown(row.remaining, row.unit)} left of {shown(row.limit, row.unit)}",
    ]
    return ", ".join(fact for fact in facts if fact)


def show_holds(rows: Iterable[HoldRow]) -> None:
    """Holds that can be put right, a line for each budget of each."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("hold", "state", "call", "budget", "posted"):
        at_right = name in {"hold", "posted"}
        table.add_column(name, justify="right" if at_right else "left", no_wrap=name != "call", overflow="fold")
    for row in rows:
        for place, line in enumerate(row.lines):
            first = place == 0
            table.add_row(
                str(row.number) if first else "",
                row.state if first else "",
                Text(row.call_id if first else ""),
                Text(f"{line.budget} of {line.owner}"),
                shown(line.posted, line.unit),
            )
    console().print(table)
