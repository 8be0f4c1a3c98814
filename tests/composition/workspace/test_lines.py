"""On which line each key of a TOML text stands, whatever stands around it."""

import tomllib
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from provider_runtime.composition.workspace.lines import Path, lines_of

names = st.from_regex(r"[a-z]{1,4}", fullmatch=True)
values = st.sampled_from(
    (
        "1",
        '"a # [b] = c"',
        "[1, 2]",
        '[\n  "one", # first\n  "[two]",\n]',
        '"""\n[no.header]\nno = "key"\n"""',
        "'''\nx = 1\n'''",
        '{inner = 1, "other" = "x"}',
        "true",
    )
)
noise = st.sampled_from(("", "# a comment", "   ", "# key = 1", "# [table]"))


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Path, int]]:
    """A TOML text of many statements, and the line of each key in it."""
    lines: list[str] = []
    where: dict[Path, int] = {}
    for header in [(), *draw(st.lists(st.tuples(names, names), unique_by=lambda pair: pair[0], max_size=4))]:
        lines += draw(st.lists(noise, max_size=3))
        if header:
            lines.append(f"[{header[0]}.'{header[1]}']" if draw(st.booleans()) else f"[ {header[0]} . {header[1]} ]")
            where[header] = len(lines)
        keys = draw(st.lists(names, unique=True, max_size=4))
        taken = {path[0] for path in where}
        for key in keys if header else [key + "_top" for key in keys if key not in taken]:
            lines += draw(st.lists(noise, max_size=2))
            where[*header, key] = len(lines) + 1
            lines += f"{key} = {draw(values)}".split("\n")
    return "\n".join(lines), where


@given(document=documents())
def test_every_key_is_found_on_its_line(document: tuple[str, dict[Path, int]]) -> None:
    text, where = document
    found = lines_of(text)
    assert {path: line for path, line in found.items() if path in where} == where


def _paths(value: Any, above: Path = ()) -> set[Path]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {
        path
        for key, item in pairs
        for path in ({(*above, key)} if isinstance(value, dict) or isinstance(item, dict) else set())
        | _paths(item, (*above, key))
    }


LISTS = """\
top = 1
[[budgets]]
name = "a"
[[budgets]]
name = "b"
usd = "1"
[budgets.deep]
x = 1
[[budgets.rows]]
y = 1
[[budgets.rows]]
y = 2
[a."b.c".d]
'e f' = 1
g.h = 2
"""


@given(document=documents())
@example(document=(LISTS, {}))
def test_every_path_that_the_parser_finds_has_a_line_where_its_last_name_stands(
    document: tuple[str, dict[Path, int]],
) -> None:
    text, _ = document
    found = lines_of(text)
    lines = text.split("\n")
    for path, line in found.items():
        name = next(step for step in reversed(path) if isinstance(step, str))
        assert name in lines[line - 1]
    parsed = {path for path in _paths(tomllib.loads(text)) if isinstance(path[-1], str)}
    implied = {path[:end] for path in found for end in range(len(path))}
    assert parsed <= set(found) | implied


def test_tables_in_lists_are_counted() -> None:
    found = lines_of(LISTS)
    assert found["budgets", 0, "name"] == 3
    assert found["budgets", 1] == 4
    assert found["budgets", 1, "usd"] == 6
    assert found["budgets", 1, "deep", "x"] == 8
    assert (found["budgets", 1, "rows", 0, "y"], found["budgets", 1, "rows", 1, "y"]) == (10, 12)
    assert found["a", "b.c", "d", "e f"] == 14
    assert found["a", "b.c", "d", "g", "h"] == 15
