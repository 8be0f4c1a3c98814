"""A governance server as a program of its own, which can be ended as `kill -9` does and started again."""

import json
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from warm_program import Running, ask, warm

TOKEN = "a-token-of-the-tests-0123456789"


class GovernanceProgram:
    """``with GovernanceProgram(ledger) as program:`` serves at ``program.url``."""

    def __init__(self, ledger: Path | str, *more: str, variables: dict[str, str] | None = None) -> None:
        self.port = 0
        self._ledger, self._more = str(ledger), more
        self._variables = {"GOVERNANCE_TOKEN": TOKEN, **(variables or {})}
        self._program: Running | None = None
        self._said = self._complained = -1

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
        words += ["--token-env", "GOVERNANCE_TOKEN", *self._more]
        environment = {**os.environ, "PROVIDER_RUNTIME_DATA": "no-such-folder", **self._variables}
        (self._said, out), (self._complained, err) = os.pipe(), os.pipe()
        with Path(os.devnull).open("rb") as nothing:
            streams = (nothing.fileno(), out, err)
            self._program = ask(warm().place, words, streams=streams, environment=environment, folder=Path.cwd())
        os.close(out)
        os.close(err)
        line = os.read(self._said, 4096)
        assert line, self._rest()
        self.port = int(json.loads(line)["url"].rpartition(":")[2])

    def kill(self) -> None:
        """End it as a power cut does."""
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Ask it to end; its exit code and what it said meanwhile."""
        if self._program is None:
            return 0, ""
        program, self._program = self._program, None
        os.kill(program.pid, number)
        exit_code = program.wait(30)
        return exit_code, self._rest()

    def _rest(self) -> str:
        with os.fdopen(self._said) as said, os.fdopen(self._complained) as complained:
            return said.read() + complained.read()
