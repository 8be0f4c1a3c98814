"""The secret file: for its owner alone, whole after any crash, and silent about what it holds."""

import asyncio
import os
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from traceback_search import told_by

from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.domain.errors import BackendError, ErrorCode, RecordCorrupt, StoreUnsafe
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret

OPENAI = Origin("https", "api.openai.com", 443)
CANARY = "sk-canary-4f9d1c7e"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workspace" / "secrets.json"


@pytest.fixture
async def store(path: Path) -> FilesystemSecretStore:
    store = FilesystemSecretStore(path=path)
    await store.put("work", Secret(CANARY), bound_to=OPENAI)
    return store


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_file_folder_and_lock_are_the_owners_alone_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        await FilesystemSecretStore(path=path).put("work", Secret(CANARY), bound_to=OPENAI)
    finally:
        os.umask(before)
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700
    assert [mode_of(found) & 0o077 for found in path.parent.iterdir()] == [0] * len(list(path.parent.iterdir()))


async def test_the_new_content_is_never_readable_for_others_not_even_while_it_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    sync = os.fsync

    def watching(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watching)
    await FilesystemSecretStore(path=path).put("work", Secret(CANARY), bound_to=OPENAI)
    assert modes == [0o600]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o666, 0o601])
async def test_a_file_that_others_can_reach_is_refused_with_the_command_that_mends_it(
    store: FilesystemSecretStore, path: Path, mode: int
) -> None:
    path.chmod(mode)
    for work in (store.get("work"), store.names(), store.delete("work"), store.put("x", Secret("y"), bound_to=OPENAI)):
        with pytest.raises(StoreUnsafe) as refused:
            await work
        assert "chmod 600" in refused.value.remedy
        assert CANARY not in str(refused.value)
    path.chmod(0o600)
    assert await store.names() == ("work",)


async def test_a_folder_that_others_can_write_to_is_refused(store: FilesystemSecretStore, path: Path) -> None:
    path.parent.chmod(0o770)
    with pytest.raises(StoreUnsafe) as refused:
        await store.get("work")
    assert "chmod 700" in refused.value.remedy


async def test_a_new_file_is_not_begun_in_a_folder_that_others_can_write_to(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o777)
    with pytest.raises(StoreUnsafe):
        await FilesystemSecretStore(path=path).put("work", Secret(CANARY), bound_to=OPENAI)
    assert not path.exists()


async def test_a_link_is_not_followed_and_not_replaced(store: FilesystemSecretStore, path: Path) -> None:
    link = path.with_name("link.json")
    link.symlink_to(path)
    through = FilesystemSecretStore(path=link)
    for work in (through.get("work"), through.put("other", Secret("x"), bound_to=OPENAI)):
        with pytest.raises(StoreUnsafe, match="is a link"):
            await work
    assert link.is_symlink()
    assert await store.names() == ("work",)


async def test_a_link_planted_where_the_new_content_goes_is_not_written_through(
    store: FilesystemSecretStore, path: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    path.with_name(f"{path.name}.new").symlink_to(victim)
    await store.put("other", Secret("sk-other"), bound_to=OPENAI)
    assert victim.read_text() == "untouched"
    assert await store.names() == ("other", "work")


@pytest.mark.parametrize("make", [lambda path: path.mkdir(mode=0o700), lambda path: os.mkfifo(path, 0o600)])
async def test_what_is_no_file_is_refused_and_not_waited_for(path: Path, make: object) -> None:
    path.parent.mkdir(mode=0o700)
    make(path)  # type: ignore[operator]  # one of the two above
    with pytest.raises(StoreUnsafe, match="not a regular file"):
        await FilesystemSecretStore(path=path).get("work")


DAMAGED = (
    b"",
    b"{",
    b"[]",
    b"\xff\xfe",
    b'{"version": 1}',
    b'{"version": 2, "keys": {}}',
    b'{"version": 1, "keys": {}, "more": 1}',
    b'{"version": 1, "keys": {"work": {"origin": "https://a.example:443", "secret": "CANARY", "x": 1}}}',
    b'{"version": 1, "keys": {"work": {"origin": "nowhere", "secret": "CANARY"}}}',
    b'{"version": 1, "keys": {"work": {"origin": "https://a.example:443", "secret": "CANARY two"}}}',
    b'{"version": 1, "keys": {"../work": {"origin": "https://a.example:443", "secret": "CANARY"}}}',
    b'{"version": 1, "keys": {"work": {"origin": "https://a.example:443", "secret": "CANARY',
    b"[" * 100_000,
)


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
async def test_a_damaged_file_is_named_kept_and_never_quoted(
    store: FilesystemSecretStore, path: Path, content: bytes
) -> None:
    content = content.replace(b"CANARY", CANARY.encode())
    path.write_bytes(content)
    for work in (store.get("work"), store.put("x", Secret("y"), bound_to=OPENAI)):
        with pytest.raises(RecordCorrupt) as damaged:
            await work
        assert damaged.value.key == "secrets.json"
        assert CANARY not in told_by(damaged.value)
    assert path.read_bytes() == content


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(damage=st.binary(max_size=60), place=st.integers(0, 200))
@example(damage=b"", place=0)
def test_any_damage_is_one_of_our_errors_or_no_damage(path: Path, damage: bytes, place: int) -> None:
    async def read() -> None:
        store = FilesystemSecretStore(path=path)
        path.unlink(missing_ok=True)
        await store.put("work", Secret(CANARY), bound_to=OPENAI)
        whole = path.read_bytes()
        path.write_bytes(whole[:place] + damage + whole[place + len(damage) :])
        with suppress(RecordCorrupt):
            await store.get("work")

    asyncio.run(read())


async def test_a_failed_write_leaves_the_old_keys_and_nothing_beside_them(
    store: FilesystemSecretStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(BackendError) as failed:
            await store.put("other", Secret("sk-other"), bound_to=OPENAI)
    assert failed.value.code is ErrorCode.STORE_UNAVAILABLE
    assert "No space left" in failed.value.message
    assert "sk-other" not in told_by(failed.value)
    assert CANARY not in told_by(failed.value)
    assert await store.names() == ("work",)
    assert {found.name for found in path.parent.iterdir()} == {"secrets.json", "secrets.json.lock"}


async def test_what_a_crash_left_beside_the_file_is_swept_away(store: FilesystemSecretStore, path: Path) -> None:
    left = path.with_name(f"{path.name}.new")
    left.write_text("half of it")
    assert await store.names() == ("work",)
    await store.put("other", Secret("sk-other"), bound_to=OPENAI)
    assert not left.exists()


async def test_a_change_by_hand_is_seen_at_the_next_look(store: FilesystemSecretStore, path: Path) -> None:
    path.write_text(path.read_text().replace(CANARY, "sk-rotated"))
    found = await store.get("work")
    assert found is not None
    assert found.secret == Secret("sk-rotated")


async def test_deleting_what_is_not_there_writes_nothing(store: FilesystemSecretStore, path: Path) -> None:
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert await store.delete("nobody") is False
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


_WRITER = """
import asyncio, sys
from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret

async def main():
    store = FilesystemSecretStore(path=sys.argv[1])
    for number in range(10):
        await store.put(f"{sys.argv[2]}-{number}", Secret("sk"), bound_to=Origin("https", "a.example", 443))

asyncio.run(main())
"""


async def test_several_processes_lose_nothing_of_each_other(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name]) for name in ("a", "b", "c")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    names = {f"{name}-{number}" for name in ("a", "b", "c") for number in range(10)}
    assert set(await FilesystemSecretStore(path=path).names()) == names
