"""The public names with their fields and methods, as text: what a change of the surface is measured against.

python scripts/api_surface.py [--record]

Without ``--record`` it prints what changed since ``docs/reference/api-surface.txt`` was recorded. With it, it records
the surface as it is, which is done when a version is released.
"""

import ast
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import provider_runtime

RECORDED: Final = Path(__file__).resolve().parents[1] / "docs" / "reference" / "api-surface.txt"


def surface() -> dict[str, tuple[str, ...]]:
    """Each public name with the lines that say what it is. Read from the source: the same for every Python."""
    return {name: tuple(_told(name, provider_runtime.HOMES[name])) for name in sorted(provider_runtime.__all__)}


def as_text(names: dict[str, tuple[str, ...]]) -> str:
    """The surface as a file: a name a paragraph."""
    return "\n".join("\n".join([name, *(f"    {line}" for line in lines)]) + "\n" for name, lines in names.items())


def recorded() -> dict[str, tuple[str, ...]]:
    """The surface as it was recorded."""
    paragraphs = (text.split("\n") for text in RECORDED.read_text("utf-8").strip().split("\n\n"))
    return {name: tuple(line[4:] for line in lines) for name, *lines in paragraphs}


def changed() -> list[str]:
    """The public names that came, went or became something else since the surface was recorded."""
    was, now = recorded(), surface()
    return sorted(name for name in {*was, *now} if was.get(name) != now.get(name))


def _told(name: str, module: str) -> Iterator[str]:
    statement = _found(name, module)
    match statement:
        case ast.ClassDef():
            yield f"class {name}({', '.join(ast.unparse(parent) for parent in statement.bases)})"
            for inner in statement.body:
                yield from (f"    {line}" for line in _member(inner))
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield _function(statement)
        case _:
            yield f"value {name}"


def _found(name: str, module: str) -> ast.stmt | None:
    spec = find_spec(module)
    for statement in _statements(ast.parse(Path(spec.origin if spec and spec.origin else "").read_text("utf-8")).body):
        if getattr(statement, "name", None) == name:
            return statement
        if isinstance(statement, ast.ImportFrom) and any(
            (alias.asname or alias.name) == name for alias in statement.names
        ):
            return _found(name, statement.module or "")
    return None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those of a module, and those that only the type checker reads: what is loaded when it is named stands there."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _statements(statement.body)


def _member(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=field)) if not field.startswith("_"):
            optional = " = …" if statement.value is not None else ""
            yield f"{field}: {ast.unparse(statement.annotation)}{optional}"
        case ast.Assign(targets=[ast.Name(id=field)]) if not field.startswith("_"):
            yield f"{field} = {ast.unparse(statement.value)}"
        case ast.FunctionDef() | ast.AsyncFunctionDef() if not statement.name.startswith("_"):
            if not any(ast.unparse(mark).endswith((".validator", ".default")) for mark in statement.decorator_list):
                yield _function(statement)


def _function(statement: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    word = "async def" if isinstance(statement, ast.AsyncFunctionDef) else "def"
    marks = "".join(f"@{ast.unparse(mark)} " for mark in statement.decorator_list)
    returns = f" -> {ast.unparse(statement.returns)}" if statement.returns else ""
    return f"{marks}{word} {statement.name}({ast.unparse(statement.args)}){returns}"


def main() -> int:
    """Print what changed, or record the surface."""
    if "--record" in sys.argv[1:]:
        RECORDED.write_text(as_text(surface()), encoding="utf-8")
        return 0
    names = changed()
    print("\n".join(names) or "nothing changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
