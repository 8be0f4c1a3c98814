"""The generated pages: up to date, complete, and their examples real."""

import ast
import json
import re
from pathlib import Path

import pytest
import reference_failures
import reference_families
import reference_probes
import reference_wires
import refresh_reference
from attrs import fields
from doc_pages import CHECKOUT, blocks
from reference_wire_quirks import QUIRKS

from provider_runtime.adapters.serialization import (
    make_converter,
    request_from_json,
    request_to_json,
    response_from_json,
    response_to_json,
)
from provider_runtime.adapters.wire.ollama import families as ollama
from provider_runtime.adapters.wire.openai_responses import families as responses
from provider_runtime.domain import errors
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import ErrorCode, ProviderRuntimeError

REFERENCE = CHECKOUT / "docs" / "reference"
CLASSES = [
    kind
    for name in errors.__all__
    if isinstance(kind := getattr(errors, name), type) and issubclass(kind, ProviderRuntimeError)
]


def test_no_generated_page_is_stale() -> None:
    stale = refresh_reference.stale_pages(REFERENCE)
    assert stale == [], "run python scripts/refresh_reference.py"


def test_a_page_that_was_changed_by_hand_is_found(tmp_path: Path) -> None:
    for name in refresh_reference.PAGES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(refresh_reference.rendered(name), encoding="utf-8")
    assert refresh_reference.stale_pages(tmp_path) == []
    (tmp_path / "errors.md").write_text("By hand.\n", encoding="utf-8")
    (tmp_path / "wires.md").unlink()
    (tmp_path / "wires" / "gemini.md").write_text("By hand.\n", encoding="utf-8")
    assert refresh_reference.stale_pages(tmp_path) == ["errors.md", "wires.md", "wires/gemini.md"]


def test_every_warning_code_has_a_meaning() -> None:
    meanings = reference_failures.MEANINGS
    assert set(meanings) == set(WarningCode)
    assert all(meaning.endswith(".") for meaning in meanings.values())


def test_every_error_code_has_a_meaning_and_classes_that_exist() -> None:
    codes = reference_failures.CODES
    assert set(codes) == set(ErrorCode)
    assert {name for classes, _ in codes.values() for name in classes.split()} <= {kind.__name__ for kind in CLASSES}


# Families exist to be caught; what is raised says more.
LEAVES = [kind for kind in CLASSES if kind not in {ProviderRuntimeError, *reference_failures.FAMILIES}]


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_class_carries_its_own_code(kind: type[ProviderRuntimeError]) -> None:
    own = ErrorCode(fields(kind).code.default)
    assert kind.__name__ in reference_failures.CODES[own][0].split()


def test_every_code_that_the_code_gives_a_class_is_told() -> None:
    codes = reference_failures.CODES
    for path in sorted((CHECKOUT / "provider_runtime").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            given = next((ast.unparse(word.value) for word in node.keywords if word.arg == "code"), "")
            name = re.fullmatch(r"ErrorCode\.(\w+)", given)
            if name and node.func.id in {kind.__name__ for kind in CLASSES}:
                assert node.func.id in codes[ErrorCode[name[1]]][0].split(), f"{path.name}: {ast.unparse(node)[:80]}"


def test_every_field_of_a_request_is_probed() -> None:
    asked = {probe.field.split("`")[1] for probe in reference_probes.PROBES if "`" in probe.field}
    told_otherwise = {"model", "messages"}
    assert {field.name for field in fields(ProviderRequest) if field.init} - told_otherwise <= asked


def test_every_model_and_dialect_of_the_wires_takes_a_plain_request() -> None:
    plain = reference_probes.Probe(field="", make=lambda request, _: request, without=lambda request, _: request)
    outcomes = {
        column.title: reference_wires.outcome(plain, column)
        for wire in reference_wires.WIRES
        for column in wire.columns
    }
    assert set(outcomes.values()) == {"="}, outcomes


# A field that leaves no trace and no warning must have had nothing to say.
NOTHING_TO_SAY = {
    "`reasoning` off",  # of a model that does not reason
    "`parallel_tool_calls` true",  # which Anthropic and Gemini do unless told not to
    "`provider_options` of another",  # which are for nobody else
}


@pytest.mark.parametrize("wire", reference_wires.WIRES, ids=lambda wire: wire.title)
def test_nothing_is_dropped_in_silence(wire: reference_wires.Wire) -> None:
    silent = {
        probe.field
        for column in wire.columns
        for probe in reference_probes.PROBES
        if reference_wires.outcome(probe, column) == "="
    }
    assert silent <= NOTHING_TO_SAY


def test_every_wire_has_a_page_with_its_quirks_and_its_families() -> None:
    pages = {wire.page for wire in reference_wires.WIRES}
    assert set(QUIRKS) == set(reference_families.SECTIONS) == pages
    assert {name for name, quirks in QUIRKS.items() if not 4 <= quirks.count("- ") <= 8} == set()
    assert {path.stem for path in (REFERENCE / "wires").glob("*.md")} == pages


def test_every_name_in_a_quirk_stands_in_the_code() -> None:
    source = "".join(path.read_text("utf-8") for path in (CHECKOUT / "provider_runtime").rglob("*.py"))
    named = {name for quirks in QUIRKS.values() for name in re.findall(r"`(\w*_\w*|[A-Z][a-z]\w+)`", quirks)}
    assert named
    assert {name for name in named if name not in source} == set()


def test_no_family_is_missing_from_the_pages() -> None:
    shown = {responses.family_for(model) for model in reference_families.RESPONSES_MODELS}
    assert shown == {responses.UNKNOWN, *(family for _, family in responses._ROWS)}
    told = [ollama.family_of_model(model) for model in reference_families.OLLAMA_MODELS]
    assert set(told) == {ollama.ANY_OTHER, *ollama._FAMILIES}


def test_the_examples_of_the_json_page_read_back_as_they_are_written() -> None:
    converter = make_converter()
    request, response, short, full = [block.text for block in blocks(REFERENCE / "request-json.md")]
    for text, read, write in (
        (request, request_from_json, request_to_json),
        (response, response_from_json, response_to_json),
        (full, request_from_json, request_to_json),
    ):
        value = read(converter, text.encode())
        assert json.loads(write(converter, value)) == json.loads(text)
        assert read(converter, write(converter, value)) == value
    assert request_from_json(converter, short.encode()) == request_from_json(converter, full.encode())
