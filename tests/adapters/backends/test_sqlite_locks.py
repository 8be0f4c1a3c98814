"""What one process writes is not lost when another one, that takes itself for the last, closes the file."""

import subprocess
import sys
from pathlib import Path

from provider_runtime.adapters.backends.sqlite.media import SqliteMedia

_APPENDS_AND_CLOSES = """
import asyncio, sys
from pathlib import Path
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia

async def main():
    media = SqliteMedia(path=Path(sys.argv[1]))
    await media.journal("steps").append(lambda last: sys.argv[2].encode())
    print(*(entry.decode() for entry in (await media.journal("steps").read()).entries))
    await media.aclose()

asyncio.run(main())
"""


def _elsewhere(path: Path, entry: str) -> list[str]:
    """The entries of the journal, after another process appended ``entry`` and closed the file."""
    done = subprocess.run(
        [sys.executable, "-c", _APPENDS_AND_CLOSES, str(path), entry], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


async def test_a_reader_that_is_opened_leaves_the_writer_of_its_process_its_locks(tmp_path: Path) -> None:
    """A file that is closed takes every lock of its process along: https://sqlite.org/howtocorrupt.html, 2.2."""
    path = tmp_path / "store.sqlite"
    media = SqliteMedia(path=path)
    await media.journal("steps").append(lambda _: b"one")
    assert (await media.journal("steps").read()).entries == (b"one",)  # by a connection of its own
    assert _elsewhere(path, "two") == ["one", "two"]
    await media.journal("steps").append(lambda _: b"three")
    assert _elsewhere(path, "four") == ["one", "two", "three", "four"]
    await media.aclose()


async def test_another_store_at_the_same_file_leaves_the_first_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    media, other = SqliteMedia(path=path), SqliteMedia(path=path)
    await media.journal("steps").append(lambda _: b"one")
    await other.journal("steps").append(lambda _: b"two")
    await other.aclose()
    assert _elsewhere(path, "three") == ["one", "two", "three"]
    await media.journal("steps").append(lambda _: b"four")
    assert _elsewhere(path, "five") == ["one", "two", "three", "four", "five"]
    await media.aclose()
