"""Tables in Markdown, and docstrings as paragraphs of it."""

import inspect
from collections.abc import Iterable


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table, with what would end a cell early made harmless."""
    heads = list(head)
    lines = [_line(heads), _line(["---"] * len(heads))]
    return "\n".join([*lines, *(_line(row) for row in rows)]) + "\n"


def code(text: str) -> str:
    """``text`` as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def docstring(described: object) -> str:
    """The docstring of a class or a function in Markdown: double back-ticks become single ones."""
    return (inspect.getdoc(described) or "").replace("``", "`")


def first_sentence(described: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(docstring(described).split("\n\n", 1)[0].split())


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
