"""The public face names what it re-exports, loads it when asked, and nothing before."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import provider_runtime


def test_every_public_name_leads_to_the_thing_it_names() -> None:
    for name in provider_runtime.__all__:
        home = importlib.import_module(provider_runtime.HOMES[name])
        assert getattr(provider_runtime, name) is getattr(home, name)


def test_the_names_for_type_checkers_and_the_names_at_run_time_are_the_same() -> None:
    """Where this fails, run ``python scripts/refresh_face.py``."""
    stub = ast.parse(Path(provider_runtime.__file__).with_suffix(".pyi").read_text("utf-8"))
    told = {
        alias.name: statement.module
        for statement in stub.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
        if statement.module != "collections.abc"
    }
    assert told == provider_runtime.HOMES
    assert set(provider_runtime.__all__) == set(provider_runtime.HOMES) <= set(dir(provider_runtime))


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import provider_runtime; provider_runtime.nonsense"], capture_output=True, text=True
    )
    assert "has no attribute 'nonsense'" in done.stderr


def test_the_frozen_methods_of_a_runtime_are_there() -> None:
    runtime = provider_runtime.ProviderRuntime
    for name in ("builder", "run", "explain", "discover_models", "export_catalog_json"):
        assert callable(getattr(runtime, name))
