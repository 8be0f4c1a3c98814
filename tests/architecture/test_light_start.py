"""What starts, starts light: which libraries are loaded, each time in a fresh interpreter. Nothing is timed.

How long it takes is measured by ``benchmarks/startup.py``.
"""

import json
import subprocess
import sys

import pytest

from provider_runtime.cli.app import SECTIONS

# Each of these takes a hundredth of a second or more to load, and brings others along.
HEAVY = frozenset(
    [
        "aiohttp",
        "altair",
        "asyncio",
        "attr",
        "cattrs",
        "click",
        "cryptography",
        "dependency_injector",
        "duckdb",
        "filelock",
        "importlib.metadata",
        "jsonschema",
        "jsonschema_rs",
        "keyring",
        "msgspec",
        "opentelemetry",
        "psycopg",
        "pydantic",
        "redis",
        "rich",
        "sqlite3",
        "ssl",
        "tomlkit",
        "vl_convert",
        "yaml",
    ]
)
OF_TESTS = frozenset({"hypothesis", "pytest", "aioresponses"})

# A command that is described, and not run, loads these at the most, beside what all commands need.
OF_ALL = frozenset({"asyncio", "attr", "cattrs", "click", "msgspec", "ssl"})
TABLES = frozenset({"rich"})
STORES = frozenset({"sqlite3", "filelock"})
OF_COMMAND = {
    "run": TABLES | STORES,  # it keeps the receipt and the life of its call
    "explain": TABLES | STORES,
    "batch": TABLES | STORES,
    "swap": frozenset(),
    "demo": TABLES,
    "models": TABLES,
    "providers": TABLES,
    "secrets": frozenset(),
    "profiles": TABLES,
    "receipts": TABLES | STORES,
    "report": STORES,
    "traces": TABLES | STORES,
    "sessions": TABLES | STORES,
    "snapshots": TABLES | STORES,
    "consent": TABLES,
    "budget": TABLES | STORES,
    "governance": STORES,
    "init": frozenset(),
    "doctor": TABLES | STORES | {"importlib.metadata"},  # it tells versions
    "config": TABLES,
    "completion": frozenset(),
}


def loaded_by(program: str) -> frozenset[str]:
    """The modules that are there when ``program`` has ended, and were not when the interpreter had started."""
    watched = f"import sys\nbefore = set(sys.modules)\n{program}\nprint()\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.splitlines()[-1].split())


def loaded_by_command(*words: str) -> frozenset[str]:
    """The same for the command line."""
    return loaded_by(
        f"sys.argv = {json.dumps(['provider-runtime', *words])}\n"
        "from provider_runtime.cli import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code, ended.code"
    )


def ours(loaded: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in loaded if name.startswith("provider_runtime."))


def test_importing_the_package_loads_no_library_and_no_module_of_its_own() -> None:
    loaded = loaded_by("import provider_runtime")
    assert loaded & (HEAVY | OF_TESTS) == frozenset()
    assert ours(loaded) == frozenset()
    assert "provider_runtime" in loaded


def test_a_program_that_has_named_what_a_call_needs_has_loaded_neither_aiohttp_nor_the_container() -> None:
    names = "ProviderRequest, ProviderRuntime, RuntimeSettings, Secret, local_server, open_runtime, user"
    loaded = loaded_by(f"from provider_runtime import {names}\nopen_runtime(RuntimeSettings())")
    assert loaded & HEAVY <= {"asyncio", "attr", "ssl"}
    assert loaded & OF_TESTS == frozenset()
    assert "provider_runtime.composition.lifecycle" in loaded


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("completion", "bash")], ids=" ".join)
def test_help_and_completion_load_click_and_the_list_of_commands(words: tuple[str, ...]) -> None:
    loaded = loaded_by_command(*words)
    assert loaded & (HEAVY | OF_TESTS) == {"click"}
    assert len(ours(loaded)) <= 5, sorted(ours(loaded))


def test_every_command_is_looked_at_here() -> None:
    assert set(OF_COMMAND) == {command.name for section in SECTIONS for command in section.commands}


@pytest.mark.parametrize("command", OF_COMMAND)
def test_a_command_that_is_described_loads_no_more_than_it_needs(command: str) -> None:
    loaded = loaded_by_command(command, "--help")
    assert loaded & (HEAVY | OF_TESTS) <= OF_ALL | OF_COMMAND[command]
    assert "provider_runtime.composition.container" not in loaded


def test_the_other_commands_are_not_loaded_with_one() -> None:
    loaded = ours(loaded_by_command("models", "--help"))
    assert "provider_runtime.cli.models.commands" in loaded
    assert not loaded & {
        "provider_runtime.cli.calls",
        "provider_runtime.cli.budgets.commands",
        "provider_runtime.application.runtime",
    }
