"""The scenarios served here are those of the page, row by row, where the page is at hand."""

import re
from pathlib import Path

from hostile.catalogue import SCENARIOS
from shared_data import require_shared

_ROW = re.compile(r"^\| `([a-z0-9_]+)` \|(.*)\|$", re.MULTILINE)
_CELLS = re.compile(r"(?<!\\)\|")

Row = tuple[frozenset[str], tuple[int, int], frozenset[str]]


def _rows(page: Path) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for name, rest in _ROW.findall(page.read_text()):
        expect, requests, settle = (cell.strip().replace("\\|", "|") for cell in _CELLS.split(rest)[-3:])
        least, _, most = requests.partition("\N{EN DASH}")
        rows[name] = (frozenset(expect.split("|")), (int(least), int(most or least)), frozenset(settle.split("|")))
    return rows


def test_every_row_of_the_page_is_served_with_the_same_expectations() -> None:
    ours = {name: (row.expect, row.requests, row.settle) for name, row in SCENARIOS.items()}
    assert ours == _rows(require_shared("cases", "hostile_server.md"))
