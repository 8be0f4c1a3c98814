"""The rules of the house that no linter can hold."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from attrs import frozen

_PACKAGE = Path(__file__).resolve().parents[2] / "provider_runtime"
_TESTS = _PACKAGE.parent / "tests"
_MODULES = sorted(_PACKAGE.rglob("*.py"))
_MUTABLE_CALLS = frozenset(
    ["list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "ContextVar", "Lock", "OrderedDict"]
)


def _name(path: Path) -> str:
    return str(path.relative_to(_PACKAGE.parent))


def test_no_file_is_longer_than_400_lines() -> None:
    lines = {_name(path): facts_of(path).lines for path in _MODULES}
    assert {name: count for name, count in lines.items() if count > 400} == {}


def test_no_folder_holds_more_than_12_modules() -> None:
    folders = {path.parent for path in _MODULES}
    crowded = {
        _name(folder): len(modules)
        for folder in folders
        if len(modules := [path for path in folder.glob("*.py") if path.name != "__init__.py"]) > 12
    }
    assert crowded == {}


@frozen
class Facts:
    """What the rules ask of a module: read once, since its tree is far larger than the answers."""

    lines: int
    docstring: str | None
    rebindable: tuple[str, ...]
    """Mutable values under names of the module, each as a complaint."""
    changes: tuple[str, ...]
    """Writes to dicts of the module."""
    globals: int
    cleared_calls: int
    reveals: bool
    imports_the_face: bool


@cache
def facts_of(path: Path) -> Facts:
    text = path.read_text()
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    values = list(_module_level_values(tree))
    tables = {name for name, value in values if isinstance(value, ast.Dict | ast.DictComp)}
    return Facts(
        lines=len(text.splitlines()),
        docstring=ast.get_docstring(tree),
        rebindable=tuple(_rebindable(values)),
        changes=tuple(change for node in nodes for change in _changes(node, tables)) if tables else (),
        globals=sum(isinstance(node, ast.Global) for node in nodes),
        cleared_calls=sum(isinstance(node, ast.Call) and _called_name(node) == "ClearedCall" for node in nodes),
        reveals=any(isinstance(node, ast.Attribute) and node.attr == "reveal" for node in nodes),
        imports_the_face=any(isinstance(node, ast.ImportFrom) and node.module == "provider_runtime" for node in nodes),
    )


def _module_level_values(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield ast.unparse(target), node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield ast.unparse(node.target), node.value


def _called_name(value: ast.expr) -> str | None:
    if not isinstance(value, ast.Call):
        return None
    called = value.func
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else None


def _rebindable(values: Iterable[tuple[str, ast.expr]]) -> Iterator[str]:
    for name, value in values:
        if name == "__all__":
            continue
        if _called_name(value) in _MUTABLE_CALLS:
            yield f"{name} is state at module level"
        if isinstance(value, ast.List | ast.Set | ast.ListComp | ast.SetComp):
            yield f"{name} is mutable"


def _changes(node: ast.AST, tables: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        if (written := ast.unparse(node.value)) in tables:
            yield f"writes to {written}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        writes = node.func.attr in {"update", "setdefault", "pop", "popitem", "clear"}
        if writes and (changed := ast.unparse(node.func.value)) in tables:
            yield f"changes {changed}"


def test_every_module_opens_with_a_sentence() -> None:
    first = {_name(path): (facts_of(path).docstring or "").partition("\n")[0].rstrip() for path in _MODULES}
    assert {name: line for name, line in first.items() if not line.endswith((".", "?", ":"))} == {}


def test_no_module_holds_a_mutable_value_under_a_name_that_can_be_rebound() -> None:
    assert {_name(path): found for path in _MODULES if (found := facts_of(path).rebindable)} == {}


def test_module_level_dicts_are_never_written_to() -> None:
    assert {_name(path): changes for path in _MODULES if (changes := facts_of(path).changes)} == {}


def test_no_function_declares_a_global() -> None:
    assert [_name(path) for path in _MODULES if facts_of(path).globals] == []


def test_a_cleared_call_is_made_in_one_place() -> None:
    makers = [_name(path) for path in _MODULES for _ in range(facts_of(path).cleared_calls)]
    assert makers == ["provider_runtime/application/clearance.py"]


def test_a_secret_is_revealed_only_where_it_is_used() -> None:
    revealing = {_name(path) for path in _MODULES if facts_of(path).reveals}
    allowed = ("provider_runtime/adapters/http/", "provider_runtime/domain/secrets.py", "provider_runtime/testing/")
    allowed += ("provider_runtime/adapters/credentials/",)  # where stores write what they keep
    allowed += ("provider_runtime/adapters/leakage/known_secrets.py",)  # what is looked for has to be known
    allowed += ("provider_runtime/adapters/signing/",)  # where seals are made
    # The key of the receipts' digests is used where the digests are made.
    allowed += ("provider_runtime/application/accounting/settlement.py",)
    assert all(name.startswith(allowed) for name in revealing), revealing


def test_code_inside_never_imports_from_the_public_face() -> None:
    assert [_name(path) for path in _MODULES if facts_of(path).imports_the_face] == []


def test_tests_never_sleep() -> None:
    for path in sorted(_TESTS.rglob("test_*.py")):
        text = path.read_text()
        if "sleep" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep":
                pytest.fail(f"{path.name} sleeps")


# Each breaks one rule, so that every rule is known to see what it forbids.
_BROKEN = {
    "rebindable": "found = []",
    "changes": "TABLE = {}\ndef keep(): TABLE['a'] = 1",
    "globals": "def keep():\n    global found",
    "cleared_calls": "made = clearance.ClearedCall()",
    "reveals": "shown = key.reveal()",
    "imports_the_face": "from provider_runtime import Report",
}


@pytest.mark.parametrize("rule", _BROKEN)
def test_each_rule_sees_what_it_forbids(tmp_path: Path, rule: str) -> None:
    module = tmp_path / "module.py"
    module.write_text(f'"""A module."""\n{_BROKEN[rule]}\n')
    assert [name for name in _BROKEN if getattr(facts_of(module), name)] == [rule]


_PROBE = """
import os, socket, sys, threading
reads = []
real = os.environ
class Watched(type(real)):
    def __getitem__(self, key):
        reads.append(key)
        return super().__getitem__(key)
os.environ.__class__ = Watched
opened = []
original = socket.socket.__init__
def watching(self, *args, **kwargs):
    opened.append(args)
    original(self, *args, **kwargs)
socket.socket.__init__ = watching
before = threading.active_count()
ours = len(reads)
import provider_runtime
print(repr(([key for key in reads if key.endswith("_API_KEY")], opened, threading.active_count() - before)))
"""


def test_importing_the_package_reads_no_key_opens_no_socket_and_starts_no_thread() -> None:
    done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "([], [], 0)"
