"""Whatever a name is: a document of its own inside the store, or a refusal that says so."""

import asyncio
import random
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_faults import outcome_of

from provider_runtime.adapters.backends.filesystem.calls import SystemFiles
from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.filesystem.names import file_name, name_of
from provider_runtime.adapters.backends.medium import Media
from provider_runtime.adapters.backends.memory import MemoryMedia
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.domain.errors import BackendError, ErrorCode
from provider_runtime.testing.contracts.media.names import IMPOSSIBLE_NAMES, ODD_NAMES

_PIECES = (
    *ODD_NAMES,
    *IMPOSSIBLE_NAMES,
    "\ud83d",
    "\u0301",
    "\u0307",
    "/",
    "\\",
    "..",
    "=",
    "+",
    "%",
    ":",
    "|",
    "*",
    "?",
    "\t",
)
_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
WRITABLE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


def hostile(chance: random.Random) -> Iterator[str]:
    """Names put together from what has ever been trouble, each with its twins."""
    while True:
        name = "".join(chance.choice(_PIECES) for _ in range(chance.randint(1, 3)))[: chance.choice([5, 60, 300, 1001])]
        yield name
        yield chance.choice([str.upper, str.lower, str.swapcase, str.casefold])(name)
        if not any("\ud800" <= letter <= "\udfff" for letter in name):
            yield unicodedata.normalize(chance.choice(_FORMS), name)
        yield "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randint(1, 12)))


class Hurried(SystemFiles):
    """Waits for no disk: what is looked at here is names."""

    def sync(self, descriptor: int) -> None:
        pass


def opened(kind: str, folder: Path) -> Media:
    if kind == "memory":
        return MemoryMedia()
    return (
        FilesystemMedia(root=folder, files=Hurried())
        if kind == "filesystem"
        else SqliteMedia(path=folder / "store.sqlite")
    )


async def _campaign(media: Media, count: int) -> dict[str, bytes]:
    """Put ``count`` hostile names, each with its own content; what is to be there in the end."""
    documents, kept = media.documents(), dict[str, bytes]()

    async def put(number: int, name: str) -> None:
        outcome = await outcome_of(documents.put("c", name, b"%d" % number))
        if isinstance(outcome, str):
            kept[name] = b"%d" % number
        else:
            assert outcome.code is ErrorCode.NAME_INVALID
            assert not name or len(name) > 1000 or any("\ud800" <= letter <= "\udfff" for letter in name)

    numbered = enumerate(islice(hostile(random.Random(7)), count))  # noqa: S311 - the same names in every run
    while group := list(islice(numbered, 100)):  # those of a group are written together, in this order
        await asyncio.gather(*(put(number, name) for number, name in group))
    return kept


async def _no_two_share_and_none_escapes(kind: str, folder: Path, count: int) -> None:
    store = folder / "store"
    media = opened(kind, store)
    kept = await _campaign(media, count)
    assert len(kept) > count / 3
    assert await media.documents().keys("c") == tuple(sorted(kept))
    for name, content in kept.items():
        found = await media.documents().get("c", name)
        assert found is not None
        assert found.content == content
    await media.aclose()
    assert [path.name for path in folder.iterdir()] in ([], ["store"])
    if kind == "filesystem":
        files = [path.name for path in (store / "documents" / "c").iterdir()]
        assert len({name.casefold() for name in files}) == len(files) == len(kept)
        assert all(name.isascii() and len(name) <= 200 for name in files)


@pytest.mark.parametrize("kind", ["memory", "filesystem", "sqlite"])
async def test_hostile_names_are_apart_or_refused(tmp_path: Path, kind: str) -> None:
    await _no_two_share_and_none_escapes(kind, tmp_path, 2000)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["memory", "filesystem", "sqlite"])
async def test_twenty_thousand_hostile_names_are_apart_or_refused(tmp_path: Path, kind: str) -> None:
    await _no_two_share_and_none_escapes(kind, tmp_path, 20_000)


# ── file names ──────────────────────────────────────────────────────────────────────────────


@given(one=WRITABLE, other=WRITABLE)
def test_two_names_never_share_a_file_however_it_compares_them(one: str, other: str) -> None:
    def seen(name: str) -> str:
        return unicodedata.normalize("NFKC", file_name(name)).casefold().rstrip(". ")

    assert (seen(one) == seen(other)) == (one == other)


@given(name=WRITABLE)
def test_a_file_name_tells_its_name_unless_it_is_too_long(name: str) -> None:
    assert name_of(file_name(name)) == (name if "+" not in file_name(name) else None)


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, str.title, lambda name: f"{name}.txt", lambda name: f" {name}"]
)
@pytest.mark.parametrize("device", ["con", "prn", "aux", "nul", "com1", "lpt9"])
def test_no_file_is_named_like_a_device(device: str, change: Callable[[str], str]) -> None:
    assert file_name(change(device)).partition(".")[0] != device


@pytest.mark.parametrize("file", ["", "A", "=4", "=zz", "=61", ".new-1", "a.b", "=ff", "é", "=+1"])
def test_a_file_of_another_making_is_no_name(file: str) -> None:
    assert name_of(file) is None


# ── links ───────────────────────────────────────────────────────────────────────────────────


async def test_a_planted_link_leads_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"not yours")
    media = FilesystemMedia(root=tmp_path / "store")
    await media.documents().put("c", "k", b"1")
    (tmp_path / "store" / "documents" / "linked").symlink_to(outside)
    (tmp_path / "store" / "documents" / "c" / "secret").symlink_to(outside / "secret")
    (tmp_path / "store" / "journals").mkdir()
    (tmp_path / "store" / "journals" / "steps.journal").symlink_to(outside / "secret")
    for asked in (
        media.documents().get("linked", "secret"),
        media.documents().put("linked", "secret", b"mine"),
        media.documents().delete("linked", "secret"),
        media.documents().keys("linked"),
        media.documents().get("c", "secret"),
        media.journal("steps").append(lambda _last: b"mine"),
        media.journal("steps").read(),
    ):
        with pytest.raises(BackendError):
            await asked
    await media.documents().put("c", "secret", b"mine")  # takes the place of the link, not of what it leads to
    assert (outside / "secret").read_bytes() == b"not yours"
    assert [path.name for path in outside.iterdir()] == ["secret"]
    await media.aclose()
