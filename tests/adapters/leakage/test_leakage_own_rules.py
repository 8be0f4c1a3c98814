"""Rules of the operator's own, and many secrets at once: what the extra ``guard`` adds."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.leakage.known_secrets import KnownSecrets
from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.adapters.leakage.views import view_of
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.policy.leakage.findings import FindingKind
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.leakage import OutboundContent

RULES = """
[[rules]]
id = "ticket"
regex = '''\\bTCK-(\\d{6})\\b'''
secretGroup = 1
keywords = ["TCK-"]

[[rules]]
id = "badge"
regex = '''badge ([a-z0-9]{8})'''
secretGroup = 1
entropy = 2.5

[[rules]]
id = "files only"
path = '''\\.env$'''
"""


@pytest.fixture
def scanner(tmp_path: Path) -> PatternLeakScanner:
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return PatternLeakScanner(rules_at=path)


async def test_a_rule_of_the_operator_finds_what_it_describes(scanner: PatternLeakScanner) -> None:
    (found,) = await scanner.scan(OutboundContent(body=b'{"text": "see TCK-123456 please"}'))
    assert (found.kind, found.source, found.where.path) == (FindingKind.CUSTOM, "ticket", "text")


@pytest.mark.parametrize(("said", "found"), [("badge aaaaaaaa", False), ("badge q7x2m9k4", True), ("no badge", False)])
async def test_entropy_tells_a_secret_from_a_stand_in(scanner: PatternLeakScanner, said: str, found: bool) -> None:  # noqa: FBT001 - from the table
    assert bool(await scanner.scan(OutboundContent(body=f'{{"text": "{said}"}}'.encode()))) == found


def test_the_group_alone_is_masked(scanner: PatternLeakScanner) -> None:
    masked = scanner.masked("see TCK-123456 please", frozenset({FindingKind.CUSTOM}))
    assert masked.text == "see TCK-[redacted: ticket] please"


@pytest.mark.parametrize(
    "content",
    [
        "no toml [",
        "rules = 3",
        "[[rules]]\nregex = 'x'",
        "[[rules]]\nid = 'a'\nregex = '(?=x)'",
        "[[rules]]\nid='a'\nregex='x'\nsecretGroup=2",
    ],
)
def test_a_file_that_cannot_be_used_is_told_of_when_the_runtime_opens(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(content)
    with pytest.raises(InvalidSettings) as fault:
        PatternLeakScanner(rules_at=path)
    assert fault.value.field == "leak_rules"
    assert fault.value.remedy


def test_a_file_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="FileNotFoundError"):
        PatternLeakScanner(rules_at=tmp_path / "none.toml")


async def test_a_rule_that_backtracks_elsewhere_takes_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("[[rules]]\nid = 'bomb'\nregex = '(a+)+$'\n")
    scanner = PatternLeakScanner(rules_at=path)
    assert await scanner.scan(OutboundContent(body=b'"' + b"a" * 5000 + b'!"')) == ()


secrets = st.lists(st.uuids().map(lambda drawn: drawn.hex[:16]), min_size=60, max_size=60, unique=True)


@given(values=secrets, said=st.data())
def test_many_secrets_are_found_as_few_are(values: list[str], said: st.DataObject) -> None:
    spoken = said.draw(st.lists(st.sampled_from(values), max_size=3, unique=True))
    text = "so ".join(["", *spoken])
    many = KnownSecrets.of(map(Secret, values))
    assert many._automaton is not None
    alone = {hit[2:4] for value in values for hit in KnownSecrets.of([Secret(value)]).hits(view_of(text))}
    assert {hit[2:4] for hit in many.hits(view_of(text))} == alone


def test_without_the_library_each_secret_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ahocorasick", None)
    many = KnownSecrets.of([Secret(f"secret-number-{number:04}") for number in range(60)])
    assert many._automaton is None
    assert [hit.start for hit in many.hits(view_of("see secret-number-0042"))] == [4]


def test_without_the_library_rules_are_refused_and_the_way_out_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(InvalidSettings, match="google-re2") as fault:
        PatternLeakScanner(rules_at=tmp_path / "rules.toml")
    assert "provider-runtime[guard]" in fault.value.remedy
