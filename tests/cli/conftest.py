"""What the tests of the command line share: a sandbox in a thread of its own, and a clean environment."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from provider_runtime.cli.app import app
from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.testing.sandbox import Sandbox

_VARIABLES = tuple(config.credential.name for config in PRESETS if isinstance(config.credential, EnvCredential))
Command = Callable[..., Result]


def _serve(sandbox: Sandbox, ready: threading.Event, ended: list[Callable[[], object]]) -> None:
    async def work() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with sandbox:
            ended.append(lambda: loop.call_soon_threadsafe(stop.set))
            ready.set()
            await stop.wait()

    asyncio.run(work())


@pytest.fixture(scope="module")
def serving() -> Iterator[Sandbox]:
    """The command line runs an event loop of its own, so the sandbox needs another thread."""
    sandbox, ready, ended = Sandbox(), threading.Event(), []  # type: ignore[var-annotated]  # of callables
    thread = threading.Thread(target=_serve, args=(sandbox, ready, ended))
    thread.start()
    assert ready.wait(10)
    yield sandbox
    ended[0]()
    thread.join(10)


@pytest.fixture
def sandbox(serving: Sandbox) -> Iterator[Sandbox]:
    """The running sandbox, with nothing recorded and nothing scripted."""
    serving.clear()
    yield serving
    serving.clear()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command in this process, in an environment without keys and with a data folder of its own."""
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PROVIDER_RUNTIME_DATA", str(tmp_path / "data"))

    def run(*words: str, **options: Any) -> Result:
        result = CliRunner().invoke(app, list(words), **options)
        assert result.exception is None or isinstance(result.exception, SystemExit), "a traceback would be shown"
        return result

    return run
