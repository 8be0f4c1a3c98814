"""``governance serve`` as a program: how it starts, who may ask, and how it ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from click.testing import Result
from governance_program import TOKEN, GovernanceProgram

from provider_runtime.adapters.governance.ledger import FilesystemBudgetLedger
from provider_runtime.domain.errors import LedgerDenied
from provider_runtime.domain.policy.budgets.holds import Fate
from provider_runtime.testing.contracts.governance.budgets import a_claim, an_order, balance, taken
from provider_runtime.testing.governance_server import client_of

Command = Callable[..., Result]
PROGRAM = [sys.executable, "-m", "provider_runtime"]


async def _spend(url: str, token: str = TOKEN) -> None:
    async with aclosing(client_of(url, token)) as ledger:
        hold = await taken(ledger, an_order(a_claim(60)))
        await ledger.settle(hold, Fate.POSTED, [25])


async def _posted(url: str) -> int:
    ledger = client_of(url, TOKEN)
    found = await balance(ledger, a_claim())
    await ledger.aclose()
    return found.posted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_answered_is_kept_and_it_ends_when_it_is_told_to(tmp_path: Path, number: int) -> None:
    with GovernanceProgram(tmp_path / "ledger.sqlite") as program:
        asyncio.run(_spend(program.url))
        code, said = program.end(number)
        assert (code, said) == (0, "")
        program.start()
        assert asyncio.run(_posted(program.url)) == 25


def test_a_folder_of_files_will_do_and_so_will_memory(tmp_path: Path) -> None:
    asyncio.run(FilesystemBudgetLedger(path=tmp_path).aclose())
    for place, kept in ((tmp_path, 25), ("memory", 0)):
        with GovernanceProgram(place) as program:
            asyncio.run(_spend(program.url))
            program.end()
            program.start()
            assert asyncio.run(_posted(program.url)) == kept


def test_each_client_has_a_token_and_accounts_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "clients.toml").write_text(
        '[clients.acme]\ntoken = {type = "env", name = "ACME"}\naccounts = ["month:acme", "daily:*"]\n'
    )
    variables = {"ACME": "the-token-of-acme-98765"}

    async def work(url: str) -> None:
        acme, keeper = client_of(url, variables["ACME"]), client_of(url, TOKEN)
        await taken(acme, an_order(a_claim(5, owner="acme")))
        await taken(acme, an_order(a_claim(5, budget="daily", owner="bolt")))
        with pytest.raises(LedgerDenied, match="may not use month of bolt"):
            await acme.reserve(an_order(a_claim(5, owner="bolt")))
        with pytest.raises(LedgerDenied, match="not keep"):
            await acme.reconcile()
        assert len(await keeper.tallies()) == 2
        for ledger in (acme, keeper):
            await ledger.aclose()

    clients = str(tmp_path / "clients.toml")
    with GovernanceProgram(tmp_path / "l.sqlite", "--clients", clients, variables=variables) as program:
        asyncio.run(work(program.url))


def test_no_token_is_ever_written_anywhere(tmp_path: Path) -> None:
    with GovernanceProgram(tmp_path / "ledger.sqlite") as program:
        asyncio.run(_spend(program.url))
        with pytest.raises(LedgerDenied) as denied:
            asyncio.run(_spend(program.url, "another-token-that-is-wrong"))
        with socket.create_connection(("127.0.0.1", program.port)) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n\x00nonsense\r\n\r\n")
            raw.recv(1000)
        _, said = program.end()
    assert said == ""
    assert "another-token" not in repr(denied.value) + str(denied.value)
    for path in tmp_path.rglob("*"):
        assert TOKEN.encode() not in path.read_bytes()


WRONG = {
    "nobody may ask": ((), 2, "name at least one client"),
    "a token that is not there": (("--token-env", "NOBODY"), 3, "NOBODY is not set"),
    "a token that is short": (("--token-env", "SHORT"), 3, "could be guessed"),
    "a name that nothing is kept under": (("--token-name", "nobody"), 3, "nothing is kept under the name nobody"),
    "an address for others": (("--token-env", "LONG", "--host", "0.0.0.0"), 3, "clear text"),  # noqa: S104 - refused
    "a certificate alone": (("--token-env", "LONG", "--certificate", "c.pem"), 2, "go together"),
    "no certificate": (("--token-env", "LONG", "--certificate", "c", "--certificate-key", "k"), 3, "no certificate"),
    "a ledger elsewhere": (("--token-env", "LONG", "--ledger", "https://b.example.com"), 2, "of its own machine"),
    "a file that is not there": (("--clients", "nowhere.toml"), 3, "nowhere.toml"),
    "two of one token": (("--token-env", "LONG", "--token-env", "SAME"), 3, "the same token"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_served_is_refused_before_anything_listens(command: Command, case: str) -> None:
    words, code, hint = WRONG[case]
    variables = {"SHORT": "short", "LONG": "long-enough-for-anybody", "SAME": "long-enough-for-anybody"}
    result = command("governance", "serve", *words, env=variables)
    assert result.exit_code == code, result.output
    assert hint in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("clients = 5", "clients"),
        ("[clients.a]\naccounts = []", "token"),
        ('[clients.a]\ntoken = {type = "env", name = "T"}\naccounts = []', "at least one"),
        ('[clients."a b"]\ntoken = {type = "env", name = "T"}', "letters"),
        ('[clients.a]\ntoken = "the-token-itself-123456"', "token"),
        ("[[[", "no TOML"),
    ],
)
def test_a_file_of_clients_that_cannot_be_meant_is_refused_by_name(
    command: Command, tmp_path: Path, text: str, hint: str
) -> None:
    (tmp_path / "clients.toml").write_text(text)
    variables = {"T": "long-enough-for-anybody"}
    result = command("governance", "serve", "--clients", str(tmp_path / "clients.toml"), env=variables)
    assert result.exit_code == 3, result.output
    assert hint in result.stderr
    assert "the-token-itself" not in result.output


def test_a_port_that_is_taken_is_told(command: Command) -> None:
    with socket.socket() as taken_one:
        taken_one.bind(("127.0.0.1", 0))
        taken_one.listen()
        port = str(taken_one.getsockname()[1])
        variables = {"T": "long-enough-for-anybody"}
        result = command("governance", "serve", "--ledger", "memory", "--port", port, "--token-env", "T", env=variables)
    assert result.exit_code == 7
    assert f"port {port}" in result.stderr


def test_it_says_where_it_listens_for_people_too(tmp_path: Path) -> None:
    words = ["governance", "serve", "--ledger", str(tmp_path / "l.sqlite"), "--port", "0", "--token-env", "T"]
    variables = {**os.environ, "T": "long-enough-for-anybody", "PROVIDER_RUNTIME_DATA": str(tmp_path / "data")}
    with subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("Listening at http://127.0.0.1:")
        assert "l.sqlite. Ctrl-C ends it." in program.stdout.readline()
        os.kill(program.pid, signal.SIGINT)
        _, err = program.communicate(timeout=30)
    assert (program.returncode, err) == (0, "Ended. Everything that was answered is kept.\n")


def test_a_limit_that_is_declared_at_the_server_holds_for_every_client(command: Command, tmp_path: Path) -> None:
    command("budget", "set", "month", "--limit", "50tokens")
    variables = {"PROVIDER_RUNTIME_DATA": str(tmp_path / "data")}

    async def work(url: str) -> None:
        ledger = client_of(url, TOKEN)
        answer = await ledger.reserve(an_order(a_claim(60, limit=1000)))
        assert answer.standing.limit == 50  # type: ignore[union-attr]  # it was declined
        await ledger.aclose()

    with GovernanceProgram(tmp_path / "l.sqlite", variables=variables) as program:
        asyncio.run(work(program.url))
