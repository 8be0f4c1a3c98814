"""A governance server as a program of its own, which can be ended as `kill -9` does and started again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

TOKEN = "a-token-of-the-tests-0123456789"


class GovernanceProgram:
    """``with GovernanceProgram(ledger) as program:`` serves at ``program.url``."""

    def __init__(self, ledger: Path | str, *more: str, variables: dict[str, str] | None = None) -> None:
        self.port = 0
        self._ledger, self._more = str(ledger), more
        self._variables = {"GOVERNANCE_TOKEN": TOKEN, **(variables or {})}
        self._program: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.end()

    def start(self) -> None:
        """Start it, at the port it had if it had one; returns once it listens."""
        words = ["governance", "serve", "--ledger", self._ledger, "--port", str(self.port), "--json"]
        self._program = subprocess.Popen(
            [sys.executable, "-m", "provider_runtime", *words, "--token-env", "GOVERNANCE_TOKEN", *self._more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PROVIDER_RUNTIME_DATA": "no-such-folder", **self._variables},
        )
        assert self._program.stdout is not None
        line = self._program.stdout.readline()
        assert line, self._program.communicate()[1]
        self.port = int(json.loads(line)["url"].rpartition(":")[2])

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._program is not None
        os.kill(self._program.pid, signal.SIGKILL)
        self._program.communicate()
        self._program = None

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Ask it to end; its exit code and what it said meanwhile."""
        if self._program is None:
            return 0, ""
        program, self._program = self._program, None
        os.kill(program.pid, number)
        out, err = program.communicate(timeout=30)
        return program.returncode, out + err
