"""``run`` with files, a schema, a role: what reaches the provider, and what is refused before anything is sent."""

import json
import os
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.cli.calling.files import LARGEST, MOST_FILES, part_of
from provider_runtime.domain.conversation.parts import AudioPart, DocumentPart, ImagePart, TextPart
from provider_runtime.testing.sandbox import Sandbox, Scripted

Command = Callable[..., Result]


def png() -> bytes:
    """The smallest picture: one grey point."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
WAV = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\0\0\0\0"


def at(sandbox: Sandbox, model: str = "local:any") -> tuple[str, ...]:
    """A server on this machine, so that no guard against leaks looks at what is sent."""
    return ("--model", model, "--base-url", sandbox.compatible_url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photo.png").write_bytes(png())
    (tmp_path / "book.pdf").write_bytes(PDF)
    (tmp_path / "note.md").write_text("# Zeit\n\nEs ist spät.\n")
    (tmp_path / "voice.wav").write_bytes(WAV)
    return tmp_path


def test_a_picture_goes_as_its_very_bytes_before_the_question(command: Command, sandbox: Sandbox, folder: Path) -> None:
    result = command("run", "What is it?", "--file", str(folder / "photo.png"), *at(sandbox))
    assert result.exit_code == 0, result.stderr
    image, text = sandbox.requests[0].json["messages"][0]["content"]
    assert image["image_url"]["url"] == f"data:image/png;base64,{b64encode(png()).decode()}"
    assert text["text"] == "What is it?"


def test_a_document_and_a_text_go_together_in_their_order(command: Command, folder: Path) -> None:
    words = ("--file", str(folder / "book.pdf"), "-f", str(folder / "note.md"), "--system", "Be terse.")
    explained = command("explain", "Compare.", *words, "--model", "anthropic:claude-sonnet-4-5", "--body")
    sent = json.loads(explained.stdout)
    document, note, question = sent["messages"][0]["content"]
    assert document["source"]["data"] == b64encode(PDF).decode()
    assert note["text"].startswith("note.md:")
    assert "Es ist spät." in note["text"]
    assert question["text"] == "Compare."


def test_a_recording_is_audio(folder: Path) -> None:
    assert isinstance(part_of("voice.wav", WAV), AudioPart)


@given(
    name=st.sampled_from(("x", "x.txt", "x.pdf", "x.png", "x.wav", "README")),
    shape=st.sampled_from(((png(), ImagePart), (PDF, DocumentPart), (WAV, AudioPart))),
)
def test_what_a_file_is_follows_from_its_first_bytes_whatever_it_is_called(
    name: str, shape: tuple[bytes, type]
) -> None:
    content, kind = shape
    assert isinstance(part_of(name, content), kind)


@given(text=st.text(min_size=1).filter(lambda text: "\0" not in text and text.isprintable()))
def test_any_text_is_a_text_with_the_name_of_its_file(text: str) -> None:
    part = part_of("notes", text.encode())
    assert isinstance(part, TextPart)
    assert part.text == f"notes:\n\n{text}"


def test_what_cannot_be_sent_is_refused_before_anything_is(command: Command, sandbox: Sandbox, folder: Path) -> None:
    (folder / "program").write_bytes(b"\x7fELF\0\0\xff\xfe")
    (folder / "empty.txt").touch()
    with (folder / "large.png").open("wb") as large:
        os.truncate(large.fileno(), LARGEST + 1)
    cases = {
        "neither a picture": [folder / "program"],
        "is empty": [folder / "empty.txt"],
        "larger than 20 MiB": [folder / "large.png"],
        "cannot read": [folder / "nowhere.png"],
        "at most": [folder / "photo.png"] * (MOST_FILES + 1),
    }
    for said, files in cases.items():
        words = [word for file in files for word in ("--file", str(file))]
        result = command("run", "Hello.", *words, *at(sandbox))
        assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    assert sandbox.requests == ()


# ── a schema ────────────────────────────────────────────────────────────────────────────────

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


def saying(text: str) -> Scripted:
    """An answer of these words."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return Scripted(json={"id": "x", "object": "chat.completion", "created": 0, "model": "any", "choices": [choice]})


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    file = tmp_path / "author of book.json"
    file.write_text(json.dumps(SCHEMA))
    return file


def test_an_answer_by_a_schema_is_its_json_value(command: Command, sandbox: Sandbox, schema: Path) -> None:
    sandbox.script("openai_compatible", saying('{"name": "Wörter"}'))
    result = command("run", "Who?", "--schema", str(schema), "--quiet", *at(sandbox))
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"name": "Wörter"})
    sent = sandbox.requests[0].json["response_format"]["json_schema"]
    assert (sent["name"], sent["schema"]) == ("author_of_book", SCHEMA)


def test_an_answer_that_breaks_the_schema_is_shown_and_ends_with_6(
    command: Command, sandbox: Sandbox, schema: Path
) -> None:
    sandbox.script("openai_compatible", saying("Nobody knows."))
    result = command("run", "Who?", "--schema", str(schema), *at(sandbox))
    assert (result.exit_code, result.stdout) == (6, "Nobody knows.\n")
    assert "⚠" in result.stderr


@pytest.mark.parametrize(("text", "said"), [("{", "no JSON"), ("[]", "holds no schema")])
def test_a_file_that_holds_no_schema_is_refused(
    command: Command, sandbox: Sandbox, schema: Path, text: str, said: str
) -> None:
    schema.write_text(text)
    result = command("run", "Who?", "--schema", str(schema), *at(sandbox))
    assert (result.exit_code, said in result.stderr, sandbox.requests) == (2, True, ())


# ── how much is said ────────────────────────────────────────────────────────────────────────


def test_verbose_tells_how_the_answer_came_about(command: Command, sandbox: Sandbox) -> None:
    result = command("run", "Hello.", "--verbose", *at(sandbox))
    assert "attempt 1: answered" in result.stderr
    assert "   call " in result.stderr
    assert command("run", "Hello.", "--verbose", "--quiet", *at(sandbox)).exit_code == 2


@pytest.mark.parametrize("word", ["--system", "--model", "--role", "--temperature"])
def test_a_whole_request_leaves_nothing_for_other_options_to_say(command: Command, tmp_path: Path, word: str) -> None:
    (tmp_path / "request.json").write_text('{"model": "a:b", "messages": [{"role": "user", "content": "Hi."}]}')
    result = command("explain", "--request", str(tmp_path / "request.json"), word, "1")
    assert (result.exit_code, word in result.stderr) == (2, True)


def test_a_role_is_played_by_who_is_registered_and_by_no_other_server(command: Command, sandbox: Sandbox) -> None:
    result = command("run", "Hello.", "--role", "worker", "--base-url", sandbox.compatible_url)
    assert (result.exit_code, "--role or --base-url" in result.stderr) == (2, True)
