"""A secret is found wherever it stands and however it is written, and only then."""

import base64
import gzip
import json
import logging
import pickle
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.testing.isolation.searching import Content, Search, encodings_of, found_in
from provider_runtime.testing.isolation.sinks import texts_of_exception, texts_of_folder, texts_of_record
from provider_runtime.testing.isolation.walking import Walk

SECRET: Final = 'sk-Ab/1+"c?9zQ-77&42x'
WRITERS: Final[dict[str, Callable[[str], str | bytes]]] = {
    "as it is": str,
    "bytes": str.encode,
    "upper case": str.upper,
    "reversed": lambda secret: secret[::-1],
    "base64": lambda secret: base64.b64encode(secret.encode()),
    "base64 of a Basic header": lambda secret: base64.b64encode(f"u:{secret}".encode()).decode(),
    "base64 in the middle": lambda secret: base64.b64encode(f"x{secret}yz".encode()),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(f"??{secret}".encode()),
    "hex": lambda secret: secret.encode().hex(),
    "hex, upper case": lambda secret: secret.encode().hex().upper(),
    "percent": lambda secret: quote(secret, safe=""),
    "percent throughout": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "JSON": json.dumps,
    "JSON throughout": lambda secret: "".join(f"\\u{ord(letter):04x}" for letter in secret),
    "UTF-16": lambda secret: secret.encode("utf-16"),
    "pickle": pickle.dumps,
    "a piece": lambda secret: secret[4:16],
}


@pytest.mark.parametrize("how", WRITERS)
def test_each_form_is_found(how: str) -> None:
    written = WRITERS[how](SECRET)
    around: Content = b"before %s after" % written if isinstance(written, bytes) else f"before {written} after"
    assert found_in(around, SECRET)


def test_what_is_shorter_than_a_piece_is_no_leak_and_pieces_can_be_left_out() -> None:
    assert found_in(f"ends with {SECRET[-11:]}", SECRET) == ()
    assert found_in(f"ends with {SECRET[-12:]}", SECRET) == ("a piece",)
    assert found_in(f"ends with {SECRET[-12:]}", SECRET, piece=None) == ()


secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=14, max_size=40)


@given(secret=secrets, before=st.binary(max_size=8), after=st.binary(max_size=8))
def test_base64_gives_a_secret_away_at_any_offset(secret: str, before: bytes, after: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert found_in(encode(before + secret.encode() + after), secret)


@given(secret=secrets, text=st.text(max_size=200))
def test_nothing_is_found_where_no_form_of_it_stands(secret: str, text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    if not any(form in raw for form in encodings_of(secret).values()):
        assert found_in(text, secret, piece=None) == ()


@given(secret=secrets, at=st.integers(0, 28))
def test_any_twelve_characters_in_a_row_are_a_piece(secret: str, at: int) -> None:
    piece = secret[at : at + 12]
    if len(piece) == 12:
        assert found_in(f"…{piece}…", secret)


def test_many_secrets_are_told_apart_and_what_they_share_is_none_of_them() -> None:
    search = Search(
        {"ada": "common-core-1111111111112", "bob": "common-core-2222222222223"}, sharing="common-core-", piece=12
    )
    assert search.found("x common-core-2222222222223 y") == (("bob", "plain"),)
    assert search.found(b"1111111111112".hex()) == ()
    assert search.found("… 111111111111 …") == (("ada", "a piece"),)
    assert search.found("common-core-") == ()
    assert dict(search.found(b"common-core-1111111111112".hex())) == {"ada": "hex"}


# ── where secrets end up ────────────────────────────────────────────────────────────────────


def places(texts: Iterable[tuple[str, Content]]) -> list[str]:
    return [where for where, text in texts if found_in(text, SECRET)]


def record(message: str = "sent", *args: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("a", logging.DEBUG, __file__, 1, message, args, None)
    vars(made).update(more)
    return made


def an_error() -> BaseException:
    return ValueError(SECRET)


RECORDS: Final = {
    "message": record(SECRET),
    "args": record("sent %s", SECRET),
    "args in a mapping": record("sent", {"key": SECRET}),
    "arguments that do not fit": record("sent", SECRET),
    "extra": record(headers={"authorization": [SECRET]}),
    "exc_info": record(exc_info=(ValueError, an_error(), None)),
    "exc_text": record(exc_text=f"ValueError: {SECRET}"),
    "stack_info": record(stack_info=SECRET),
}


@pytest.mark.parametrize("where", RECORDS)
def test_a_log_record_is_read_in_full(where: str) -> None:
    assert places(texts_of_record(RECORDS[where]))


def test_a_record_without_the_secret_is_clean() -> None:
    assert places(texts_of_record(record("sent %s", "nothing", headers={"a": "b"}))) == []


class Custom(Exception):
    def __init__(self, **attributes: object) -> None:
        super().__init__("failed")
        vars(self).update(attributes)


def hidden_by_from_none() -> BaseException:
    failure = Custom()
    failure.__suppress_context__ = True
    failure.__context__ = an_error()
    return failure


def caused() -> BaseException:
    failure = Custom()
    failure.__cause__ = an_error()
    return failure


def noted() -> BaseException:
    failure = Custom()
    failure.add_note(f"the key was {SECRET}")
    return failure


ERRORS: Final[dict[str, Callable[[], BaseException]]] = {
    "str": an_error,
    "attribute": lambda: Custom(request={"headers": SECRET}),
    "the document of a JSON error": lambda: json.JSONDecodeError("bad", f"[{SECRET}", 0),
    "cause": caused,
    "context": hidden_by_from_none,
    "note": noted,
    "group": lambda: ExceptionGroup("several", [ExceptionGroup("inner", [ValueError("no"), ValueError(SECRET)])]),
}


@pytest.mark.parametrize("where", ERRORS)
def test_an_exception_is_read_with_all_it_carries(where: str) -> None:
    assert places(texts_of_exception(ERRORS[where]()))


def test_exceptions_that_name_each_other_end() -> None:
    one, other = Custom(), Custom(secret=SECRET)
    one.__context__, other.__context__ = other, one
    assert len(places(texts_of_exception(one))) == 1


def test_local_variables_are_read_where_they_are_asked_for() -> None:
    def failing() -> None:
        key = SECRET
        raise Custom(length=len(key))

    with pytest.raises(Custom) as raised:
        failing()
    assert places(texts_of_exception(raised.value)) == []
    assert places(texts_of_exception(raised.value, locals_of=("elsewhere",))) == []
    assert any(
        "variable key in failing" in place for place in places(texts_of_exception(raised.value, locals_of=("",)))
    )


def test_files_are_read_zipped_or_not_and_by_name(tmp_path: Path) -> None:
    (tmp_path / "clear.log").write_text(f"key: {SECRET}")
    (tmp_path / "old.log.gz").write_bytes(gzip.compress(f"key: {SECRET}".encode()))
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8bnot a zip")
    (tmp_path / "within").mkdir()
    (tmp_path / "within" / SECRET.encode().hex()).write_text("nothing")
    (tmp_path / "clean").write_text("nothing")
    found = places(texts_of_folder(tmp_path))
    assert [Path(where.removesuffix(", unzipped")).name for where in found[:2]] == ["clear.log", "old.log.gz"]
    assert any("the name of" in where for where in found)
    assert not any("clean" in where for where in found)


def test_a_long_value_of_a_database_is_found_though_it_is_spread_over_pages(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA page_size = 512")
        database.execute('CREATE TABLE "odd ""name" (id, value)')
        database.executemany(
            'INSERT INTO "odd ""name" VALUES (?, ?)',
            [(n, f"{'x' * n}{SECRET}{'y' * (1100 - n)}") for n in range(480, 1000)],
        )
        database.commit()
    rows = [text for where, text in texts_of_folder(tmp_path) if "table" in where]
    assert sum(bool(found_in(text, SECRET, piece=None)) for text in rows) == 520
    assert path.read_bytes().count(SECRET.encode()) < 520


def test_a_database_that_is_none_is_read_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "damaged.db").write_bytes(b"SQLite format 3\0" + SECRET.encode())
    assert len(places(texts_of_folder(tmp_path))) == 1


class Slotted:
    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key


def closing_over(value: str) -> Callable[[], str]:
    return lambda: value


def test_a_walk_finds_what_objects_classes_and_closures_hold_and_says_the_way() -> None:
    class Holder:
        on_the_class = Slotted(SECRET)

    holder = Holder()
    holder.__dict__["by_key"] = {SECRET: None}
    roots = {"m.a": [holder], "m.b": [closing_over(SECRET)], "m.c": [bytearray(SECRET.encode())], "m.d": ["clean"]}
    ways = [way for way, _ in Walk().texts(roots.items(), lambda text: bool(found_in(text, SECRET)))]
    assert "m.a[…].by_key (a key)" in ways
    assert any(way.endswith("on_the_class.key") for way in ways)
    assert [way[:3] for way in ways].count("m.b") == 1
    assert "m.c[…]" in ways
    assert not [way for way in ways if way.startswith("m.d") or SECRET in way]


def test_a_walk_ends_in_circles_and_at_its_depth() -> None:
    circle: list[object] = [SECRET]
    circle.append(circle)
    wanted = SECRET.__eq__
    assert len(list(Walk().texts([("m", circle)], wanted))) == 1
    deep: object = [SECRET]
    for _ in range(5):
        deep = [deep]
    assert list(Walk(max_depth=4).texts([("m", deep)], wanted)) == []
    assert len(list(Walk(max_depth=5).texts([("m", deep)], wanted))) == 1
