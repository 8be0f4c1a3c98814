"""Records of older versions are read, those of newer ones refused and left alone."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from attrs import frozen

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.backends.sqlite.schema import VERSIONS, prepare
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.testing.contracts.media.journals import counting


@frozen(kw_only=True)
class Note:
    """The third version of a note: the first had ``text``, the second ``words``, this one a ``title``, too."""

    title: str
    words: tuple[str, ...] = ()


CODEC = RecordCodec(
    kind="note",
    of=Note,
    version=3,
    upgrades={
        1: lambda content: {"words": content["text"].split()},
        2: lambda content: {"title": content["words"][0], **content},
    },
)


def stored(version: object, content: object) -> bytes:
    return msgspec.json.encode({"kind": "note", "version": version, "content": content})


@pytest.mark.parametrize(
    ("version", "content"),
    [(1, {"text": "buy milk"}), (2, {"words": ["buy", "milk"]}), (3, {"title": "buy", "words": ["buy", "milk"]})],
)
def test_a_record_of_any_known_version_is_read_and_written_back_in_the_newest(version: int, content: object) -> None:
    note = CODEC.read(stored(version, content), "n")
    assert note == Note(title="buy", words=("buy", "milk"))
    assert msgspec.json.decode(CODEC.write(note))["version"] == 3


@pytest.mark.parametrize("version", [0, 4, True, "1", None, -1])
def test_an_unknown_version_is_refused_with_what_to_do(version: object) -> None:
    with pytest.raises(RecordCorrupt, match="version of a note is not known") as refused:
        CODEC.read(stored(version, {"text": "a secret"}), "n")
    assert "secret" not in str(refused.value)
    assert ("Update provider-runtime" in refused.value.remedy) == (version == 4)


@pytest.mark.parametrize("content", [{}, {"text": 7}, {"text": ""}, None, ["a secret"]])
def test_an_old_record_that_is_not_as_its_version_had_it_is_told_and_not_quoted(content: object) -> None:
    with pytest.raises(RecordCorrupt) as refused:
        CODEC.read(stored(1, content), "place")
    assert (refused.value.kind, refused.value.key) == ("note", "place")
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


# ── SQLite ──────────────────────────────────────────────────────────────────────────────────

NEXT = (*VERSIONS, ("CREATE TABLE more (x INTEGER) STRICT", "INSERT INTO more(x) VALUES (7)"))


async def _filled(path: Path) -> None:
    media = SqliteMedia(path=path)
    for _ in range(3):
        await media.journal("steps").append(counting)
    await media.documents().put("c", "k", b"kept")
    await media.aclose()


async def _all_there(path: Path) -> bool:
    media = SqliteMedia(path=path)
    try:
        found = await media.documents().get("c", "k")
        return (await media.journal("steps").read()).entries == (b"0", b"1", b"2") and found is not None
    finally:
        await media.aclose()


async def test_a_store_of_an_older_version_becomes_one_of_this_and_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    await _filled(path)
    tables = sqlite3.connect(path, isolation_level=None)
    for _ in range(2):  # the second time there is nothing to do
        prepare(tables, path.name, NEXT)
        assert tables.execute("PRAGMA user_version").fetchone() == (len(NEXT),)
        assert tables.execute("SELECT x FROM more").fetchall() == [(7,)]
    assert tables.execute("SELECT count(*) FROM entries").fetchone() == (3,)
    tables.execute(f"PRAGMA user_version={len(VERSIONS)}")
    tables.close()
    assert await _all_there(path)


async def test_a_migration_that_fails_in_the_middle_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    await _filled(path)
    tables = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.Error):
        prepare(tables, path.name, (*NEXT, ("CREATE TABLE last (x INTEGER) STRICT", "no statement at all")))
    assert tables.execute("PRAGMA user_version").fetchone() == (len(VERSIONS),)
    tables.close()
    assert await _all_there(path)
