"""``receipts verify``, ``checkpoint`` and ``key``: from outside, against what was noted elsewhere."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider
from provider_runtime.testing.sandbox import Sandbox
from provider_runtime.testing.stages import a_record

Command = Callable[..., Result]


class Audit:
    """Somebody with a key of his own, and a place of his own for checkpoints."""

    def __init__(self, command: Command, folder: Path) -> None:
        self.command, self.checkpoints, self.key = command, folder / "checkpoints.jsonl", folder / "key"
        self.mark = folder / "mark"
        made = command("receipts", "key", str(self.key))
        assert made.exit_code == 0
        self.public = made.stdout.strip()

    def seal(self, *more: str) -> Result:
        return self.command("receipts", "checkpoint", *more, "--to", str(self.checkpoints), "--key-file", str(self.key))

    def verify(self, *more: str) -> Result:
        with_key = ("--checkpoints", str(self.checkpoints), "--public-key", self.public)
        return self.command("receipts", "verify", *more, *with_key)


@pytest.fixture
def audit(command: Command, tmp_path: Path) -> Audit:
    return Audit(command, tmp_path / "audit")


@pytest.fixture
def calls(command: Command, sandbox: Sandbox) -> Callable[[int], None]:
    def make(count: int) -> None:
        for _ in range(count):
            command("run", "Hello.", "--model", "mine:llama-3", "--base-url", sandbox.compatible_url)

    return make


def _delete_last(tmp_path: Path) -> None:
    tables = sqlite3.connect(tmp_path / "data" / "receipts.sqlite")
    tables.execute("DELETE FROM entries WHERE place=(SELECT max(place) FROM entries)")
    tables.commit()
    tables.close()


def test_a_key_is_made_once_for_its_owner_alone_and_its_public_half_told(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "new" / "signing.key"
    made = command("receipts", "key", str(file))
    assert made.stdout.startswith("ed25519:")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() not in made.output
    before = file.read_text()
    again = command("receipts", "key", str(file))
    assert (again.exit_code, file.read_text()) == (7, before)
    assert [path.name for path in file.parent.iterdir()] == ["signing.key"]


def test_a_chain_that_was_sealed_is_whole_and_says_how_far(audit: Audit, calls: Callable[[int], None]) -> None:
    calls(2)
    assert "Sealed 2 receipts with ed25519:" in audit.seal().stdout
    calls(1)
    result = audit.verify()
    assert result.exit_code == 0
    assert "3 receipts, and their chain is whole." in result.stdout
    assert "1 checkpoint agrees" in result.stdout
    assert "covers the first 2" in result.stdout
    assert json.loads(audit.verify("--json").stdout)["covered"] == 2


def test_a_tail_that_was_cut_off_shows_and_is_not_sealed_over(
    command: Command, audit: Audit, calls: Callable[[int], None], tmp_path: Path
) -> None:
    calls(3)
    audit.seal()
    _delete_last(tmp_path)
    alone = command("receipts", "verify")
    assert alone.exit_code == 0
    assert "would not show" in alone.stderr
    result = audit.verify()
    assert result.exit_code == 8
    assert "the tail was cut off: 3 receipts stood here" in result.stderr
    assert "2 receipts, whole" in result.stderr
    before = audit.checkpoints.read_bytes()
    assert audit.seal().exit_code == 8
    assert audit.checkpoints.read_bytes() == before
    assert json.loads(audit.verify("--json").stdout)["valid"] is False


def test_another_chain_in_its_place_shows(
    command: Command, audit: Audit, calls: Callable[[int], None], tmp_path: Path
) -> None:
    calls(2)
    audit.seal()
    for path in (tmp_path / "data").glob("receipts.sqlite*"):
        path.unlink()
    calls(3)
    result = audit.verify()
    assert (result.exit_code, "another chain" in result.stderr) == (8, True)


def test_the_next_check_begins_where_the_last_one_ended(
    command: Command, audit: Audit, calls: Callable[[int], None], tmp_path: Path
) -> None:
    calls(2)
    audit.seal("--remember", str(audit.mark))
    noted = audit.mark.read_text()
    calls(1)
    assert "3 receipts" in audit.verify("--remember", str(audit.mark)).stdout
    assert audit.mark.read_text() != noted
    assert audit.mark.stat().st_mode & 0o777 == 0o600
    kept = audit.mark.read_text()
    _delete_last(tmp_path)
    broken = command("receipts", "verify", "--remember", str(audit.mark))
    assert broken.exit_code == 8
    assert audit.mark.read_text() == kept  # what was broken is no place to begin at


def test_a_forged_checkpoint_and_one_of_a_stranger_are_no_evidence(
    command: Command, audit: Audit, calls: Callable[[int], None], tmp_path: Path
) -> None:
    calls(2)
    audit.seal()
    stranger = Audit(command, tmp_path / "stranger")
    stranger.checkpoints = audit.checkpoints
    assert (stranger.verify().exit_code, "not trusted" in stranger.verify().stderr) == (7, True)
    audit.checkpoints.write_text(audit.checkpoints.read_text().replace('"seq":1', '"seq":0'))
    forged = audit.verify()
    assert (forged.exit_code, "checkpoint 1 is not what its seal" in forged.stderr) == (7, True)


def test_whose_checkpoints_are_trusted_must_be_said(
    command: Command, audit: Audit, calls: Callable[[int], None]
) -> None:
    calls(1)
    audit.seal()
    words = ("receipts", "verify", "--checkpoints", str(audit.checkpoints))
    assert command(*words).exit_code == 2
    assert command(*words, "--public-key", "nonsense").exit_code == 2
    assert command(*words, "--key-file", str(audit.key)).exit_code == 0
    assert command(*words, "--key-file", str(audit.key.with_name("nowhere"))).exit_code == 7


def test_a_chain_may_be_sealed_with_a_shared_secret(command: Command, tmp_path: Path) -> None:
    import asyncio

    async def store() -> None:
        receipts = FilesystemReceiptProvider(path=tmp_path / "r.jsonl")
        for number in range(5):
            await receipts.store(a_record(number))
        await receipts.aclose()

    asyncio.run(store())
    (tmp_path / "secret").write_text("a-secret-that-two-sides-hold")
    key = ("--key-file", str(tmp_path / "secret"), "--method", "hmac-sha256")
    made = command("receipts", "checkpoint", str(tmp_path / "r.jsonl"), "--to", str(tmp_path / "c.jsonl"), *key)
    assert (made.exit_code, "hmac-sha256:" in made.stdout) == (0, True)
    lines = (tmp_path / "r.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "r.jsonl").write_bytes(b"".join(lines[:2]))
    found = command("receipts", "verify", str(tmp_path / "r.jsonl"), "--checkpoints", str(tmp_path / "c.jsonl"), *key)
    assert (found.exit_code, "line 3" in found.stderr) == (8, True)


def test_nothing_is_sealed_where_nothing_is_kept(audit: Audit) -> None:
    result = audit.seal()
    assert (result.exit_code, "nothing to seal" in result.stderr) == (0, True)
    assert not audit.checkpoints.exists()
