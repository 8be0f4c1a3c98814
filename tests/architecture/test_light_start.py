"""What starts, starts light: which libraries are loaded, each time in a fresh interpreter. Nothing is timed.

How long it takes is measured by ``benchmarks/startup.py``.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

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


# A call over one wire with everything in memory loads these libraries, and does without these parts of ours.
OF_A_CALL = frozenset({"aiohttp", "asyncio", "attr", "msgspec", "ssl"})
OF_OTHERS = (
    *("adapters.backends.checkpoints", "adapters.backends.families", "adapters.backends.filesystem"),
    *("adapters.backends.sqlite", "adapters.batches", "adapters.call_traces", "adapters.credentials.filesystem"),
    *("adapters.credentials.keyring_store", "adapters.governance", "adapters.http.no_transport"),
    *("adapters.leakage.shapes", "adapters.report_page", "adapters.signing", "adapters.telemetry"),
    *("adapters.wire.anthropic_messages", "adapters.wire.gemini", "adapters.wire.ollama"),
    *("adapters.wire.openai_responses", "application.batch", "application.profiles", "application.reports"),
    *("cli", "composition.batches", "composition.container", "composition.registry", "composition.workspace"),
    *("composition.stores.families", "domain.batches", "domain.logic", "domain.reports", "testing"),
)
FIRST_CALL = """
import asyncio
from provider_runtime import ProviderRequest, RuntimeSettings, Secret, local_server, open_runtime, user
{names}
async def main():
    providers, keys = [local_server({base!r})], {{"local": Secret("sk-mock-0123456789")}}
    settings = RuntimeSettings(providers=providers, credentials=keys{more})
    async with open_runtime(settings) as runtime:
        await runtime.run(ProviderRequest(model="local:a-model", messages=[user("What is the capital of France?")]))
asyncio.run(main())
"""


class Answers(BaseHTTPRequestHandler):
    """A server that says "Paris." to everybody."""

    def do_POST(self) -> None:
        message = {"role": "assistant", "content": "Paris."}
        answer = {"id": "c-1", "model": "a-model", "choices": [{"message": message, "finish_reason": "stop"}]}
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library calls it
        """Nobody reads it."""


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server on this machine."""
    with HTTPServer(("127.0.0.1", 0), Answers) as answering:
        thread = Thread(target=answering.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{answering.server_port}/v1"
        finally:
            answering.shutdown()
            thread.join()


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


def test_a_first_call_loads_one_wire_and_nothing_that_is_not_configured(server: str) -> None:
    loaded = loaded_by(FIRST_CALL.format(base=server, names="", more=""))
    assert loaded & (HEAVY | OF_TESTS) == OF_A_CALL
    others = tuple(f"provider_runtime.{name}" for name in OF_OTHERS)
    assert [name for name in sorted(loaded) if name.startswith(others)] == []
    assert "provider_runtime.adapters.wire.chat_completions.codec" in loaded


@pytest.mark.parametrize(
    ("names", "more", "libraries", "parts"),
    [
        ("SqliteReceipts", "receipts=SqliteReceipts(path=PATH)", {"sqlite3", "filelock"}, "backends.sqlite"),
        ("FileReceipts", "receipts=FileReceipts(path=PATH)", {"filelock"}, "backends.filesystem"),
        ("Governance", "governance=Governance(profile='explore')", set(), "governance.security"),
        ("ConsentSettings", "consents=ConsentSettings()", {"cattrs"}, "governance.consents"),
    ],
    ids=["SQLite", "files", "grants", "consents"],
)
def test_what_is_configured_is_loaded_then(
    server: str,
    tmp_path: Path,
    names: str,
    more: str,
    libraries: set[str],
    parts: str,
) -> None:
    imported = f"from provider_runtime import {names}\nPATH = {str(tmp_path / 'kept')!r}"
    loaded = loaded_by(FIRST_CALL.format(base=server, names=imported, more=f", {more}"))
    assert loaded & (HEAVY | OF_TESTS) == OF_A_CALL | libraries
    assert any(name.startswith(f"provider_runtime.adapters.{parts}") for name in loaded)


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
