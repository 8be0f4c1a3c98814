"""Files and tests that the pages name are there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from doc_pages import CHECKOUT, pages

PACKAGE = CHECKOUT / "provider_runtime"
SOURCE_MAP = CHECKOUT / "docs" / "reference" / "source-map.md"
NAMED = re.compile(r"`(?P<path>[\w./-]+/[\w./-]*)`?(?:::(?P<test>\w+))?")
STATES = {"done", "partly", "differs", "later"}


def named_places(page: Path) -> Iterator[tuple[str, str | None]]:
    """Paths of the checkout or the package that a page names, each with the test after it, if one is named."""
    for place in NAMED.finditer(page.read_text("utf-8")):
        path = place["path"]
        if path.startswith(("tests/", "provider_runtime/")) or path.endswith((".py", ".json")) or place["test"]:
            yield path, place["test"]


def rows() -> list[list[str]]:
    """The numbered rows of the source map: number, requirement, state, where, shown by."""
    lines = SOURCE_MAP.read_text("utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if re.match(r"\| [1-9]\d* \|", line)
    ]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_file_and_every_test_that_a_page_names_is_there(page: Path) -> None:
    for path, test in named_places(page):
        found = [root / path for root in (CHECKOUT, PACKAGE) if (root / path).exists()]
        assert found, f"{path} is not there"
        if test:
            assert re.search(rf"def {test}\b", found[0].read_text("utf-8")), f"{path} has no {test}"


def test_every_item_of_the_checklist_has_its_row() -> None:
    assert [int(row[0]) for row in rows()] == list(range(1, 169))


def test_what_is_done_names_where_and_what_shows_it_and_what_is_later_says_what_is_missing() -> None:
    for number, _said, state, where, shown in rows():
        assert state in STATES, number
        if state == "done":
            assert where, number
            assert shown, number
        else:
            assert where or shown, number
            assert re.search(r"[a-z]{3}", where + shown), number
