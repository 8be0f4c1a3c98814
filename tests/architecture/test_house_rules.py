"""The rules of the house that no linter can hold."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).resolve().parents[2] / "provider_runtime"
_TESTS = _PACKAGE.parent / "tests"
_MODULES = sorted(_PACKAGE.rglob("*.py"))
_MUTABLE_CALLS = frozenset(
    ["list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "ContextVar", "Lock", "OrderedDict"]
)


def _name(path: Path) -> str:
    return str(path.relative_to(_PACKAGE.parent))


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_no_folder_holds_more_than_12_modules() -> None:
    folders = {path.parent for path in _MODULES}
    crowded = {
        _name(folder): len(modules)
        for folder in folders
        if len(modules := [path for path in folder.glob("*.py") if path.name != "__init__.py"]) > 12
    }
    assert crowded == {}


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_every_module_opens_with_a_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    assert docstring.splitlines()[0].rstrip()[-1] in ".?:"


def _module_level_values(path: Path) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.parse(path.read_text()).body:
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


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_no_module_holds_a_mutable_value_under_a_name_that_can_be_rebound(path: Path) -> None:
    for name, value in _module_level_values(path):
        if name == "__all__":
            continue
        assert _called_name(value) not in _MUTABLE_CALLS, f"{name} is state at module level"
        assert not isinstance(value, ast.List | ast.Set | ast.ListComp | ast.SetComp), f"{name} is mutable"


def test_module_level_dicts_are_never_written_to() -> None:
    for path in _MODULES:
        tree = ast.parse(path.read_text())
        tables = {name for name, value in _module_level_values(path) if isinstance(value, ast.Dict | ast.DictComp)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
                assert ast.unparse(node.value) not in tables, f"{_name(path)} writes to {ast.unparse(node.value)}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                writes = node.func.attr in {"update", "setdefault", "pop", "popitem", "clear"}
                assert not (writes and ast.unparse(node.func.value) in tables), f"{_name(path)} changes a table"


def test_no_function_declares_a_global() -> None:
    for path in _MODULES:
        assert not any(isinstance(node, ast.Global) for node in ast.walk(ast.parse(path.read_text()))), _name(path)


def test_a_cleared_call_is_made_in_one_place() -> None:
    makers = [
        _name(path)
        for path in _MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _called_name(node) == "ClearedCall"
    ]
    assert makers == ["provider_runtime/application/clearance.py"]


def test_a_secret_is_revealed_only_where_it_is_used() -> None:
    revealing = {
        _name(path)
        for path in _MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
    }
    allowed = ("provider_runtime/adapters/http/", "provider_runtime/domain/secrets.py", "provider_runtime/testing/")
    allowed += ("provider_runtime/adapters/credentials/",)  # where stores write what they keep
    allowed += ("provider_runtime/adapters/leakage/known_secrets.py",)  # what is looked for has to be known
    allowed += ("provider_runtime/adapters/signing/",)  # where seals are made
    # The key of the receipts' digests is used where the digests are made.
    allowed += ("provider_runtime/application/accounting/settlement.py",)
    assert all(name.startswith(allowed) for name in revealing), revealing


def test_code_inside_never_imports_from_the_public_face() -> None:
    for path in _MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.module != "provider_runtime", _name(path)


def test_tests_never_sleep() -> None:
    for path in sorted(_TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep":
                pytest.fail(f"{path.name} sleeps")


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
