"""Lines out of bytes, in whatever pieces these come."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import pairwise
from os import mkfifo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import BackendError
from provider_runtime.adapters.batches.files.input_file import InputFile, facts_of
from provider_runtime.adapters.batches.splitting import LineSplitter
from provider_runtime.domain.batches.lines import BatchLine
from provider_runtime.domain.errors import BatchConflict


def pieces_of(content: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    return [content[start:end] for start, end in pairwise(places)]


def split(content: bytes, cuts: Sequence[int] = (), longest: int = 1000) -> list[tuple[int, bytes | None]]:
    splitter = LineSplitter(longest=longest)
    found: list[BatchLine] = []
    for piece in pieces_of(content, cuts):
        found += splitter.feed(piece)
    return [(line.number, line.content) for line in found + splitter.end()]


@given(
    lines=st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=12),
    cuts=st.lists(st.integers(0, 300), max_size=10),
    end=st.sampled_from([b"", b"\n"]),
)
def test_lines_are_the_same_however_the_stream_is_cut(lines: list[bytes], cuts: list[int], end: bytes) -> None:
    content = b"\n".join(lines) + end
    whole = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    expected = [(number, line) for number, line in enumerate(whole, 1) if line.strip()]
    assert split(content, cuts) == expected


@given(size=st.integers(0, 60), cuts=st.lists(st.integers(0, 100), max_size=10))
def test_a_line_that_is_too_long_is_told_without_its_content_and_the_next_is_whole(size: int, cuts: list[int]) -> None:
    content = b"first\n" + b"x" * size + b"\nlast"
    middle = b"x" * size if size <= 20 else None
    expected = [(1, b"first"), (2, middle), (3, b"last")] if size else [(1, b"first"), (3, b"last")]
    assert split(content, cuts, longest=20) == expected


def test_a_last_line_that_is_too_long_is_told_as_well() -> None:
    assert split(b"a\n" + b"x" * 50, [10, 20, 30], longest=20) == [(1, b"a"), (2, None)]


def test_breaks_of_windows_and_marks_of_byte_order_are_no_text() -> None:
    assert split(b'\xef\xbb\xbf{"a":1}\r\n\r\n{"b":2}\r\n') == [(1, b'{"a":1}\r'), (3, b'{"b":2}\r')]


# ── files ───────────────────────────────────────────────────────────────────────────────────


def test_a_look_through_a_file_tells_its_lines_its_size_and_its_digest(tmp_path: Path) -> None:
    content = b"\n".join(b'{"n":%d}' % n for n in range(50_000)) + b"\n\n"
    path = tmp_path / "in.jsonl"
    path.write_bytes(content)
    facts = facts_of(path)
    assert (facts.lines, facts.last, facts.size) == (50_000, 50_001, len(content))
    assert facts.sha256 == sha256(content).hexdigest()
    assert facts.first == BatchLine(number=1, content=b'{"n":0}')


async def test_a_file_that_changed_since_it_was_looked_through_is_found_out_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"1\n2\n")
    source = InputFile(path=path, sha256=facts_of(path).sha256)
    path.write_bytes(b"1\n3\n")
    assert [await source.next_line() for _ in range(2)] == [
        BatchLine(number=1, content=b"1"),
        BatchLine(number=2, content=b"3"),
    ]
    with pytest.raises(BatchConflict) as conflict:
        await source.next_line()
    assert conflict.value.field == "input_sha256"
    await source.aclose()


@pytest.mark.parametrize("make", [Path.mkdir, mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "in.jsonl")
    with pytest.raises(BatchConflict, match="no file"):
        facts_of(tmp_path / "in.jsonl")


def test_a_file_that_is_not_there_is_an_error_of_ours_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as missing:
        facts_of(tmp_path / "in.jsonl")
    assert str(tmp_path) not in str(missing.value)
