"""How much the scanner finds, and how little it mistakes: on samples of our own, and on those shared with us."""

# ruff: noqa: S311 - chance that can be repeated

import gzip
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from leakage_benign import benign
from leakage_credentials import BLOCKS, DISGUISES, HELD_OUT, KEYS, Make
from shared_data import require_shared, wire_exchanges

from provider_runtime.adapters.leakage.known_secrets import KnownSecrets
from provider_runtime.adapters.leakage.text_search import TextSearch

PLAIN, OBFUSCATED, FALSE = 0.97, 0.75, 0.02
SEARCH = TextSearch(known=KnownSecrets.of(()))


def found(text: str) -> bool:
    return bool(SEARCH.hits(text))


def share(texts: list[str]) -> float:
    return sum(map(found, texts)) / len(texts)


def drawn(make: Make, kind: str, count: int) -> list[str]:
    return [make(random.Random(f"{kind} {number}")) for number in range(count)]


@pytest.mark.parametrize("kinds", [KEYS, BLOCKS, HELD_OUT], ids=["keys", "blocks", "held_out"])
def test_made_up_credentials_are_found(kinds: dict[str, Make]) -> None:
    assert share([text for kind, make in kinds.items() for text in drawn(make, kind, 8)]) >= PLAIN


@pytest.mark.parametrize("kind", sorted({**KEYS, **BLOCKS, **HELD_OUT}))
def test_no_kind_is_missed_as_a_whole(kind: str) -> None:
    assert share(drawn({**KEYS, **BLOCKS, **HELD_OUT}[kind], kind, 10)) >= 0.8


SENTENCES: dict[str, Callable[[str], str]] = {
    "prose": lambda key: f"Hello, could you tell me why {key} does not work any more? Thanks.",
    "chinese": lambda key: f"请检查{key}是否有效",
    "russian": lambda key: f"проверьте{key}пожалуйста",
    "json": lambda key: json.dumps({"note": f"see\n\t{key}\n"}),
    "code": lambda key: f"client = Client('{key}', timeout=3)",
    "url": lambda key: f"https://api.example.com/v1?x=1&k={key}&y=2",
    "markdown": lambda key: f"use `{key}` or **{key}**.",
    "end_of_sentence": lambda key: f"The value was {key}.",
}


@pytest.mark.parametrize("surroundings", SENTENCES)
def test_keys_are_found_in_any_surroundings(surroundings: str) -> None:
    wrap = SENTENCES[surroundings]
    assert share([wrap(key) for kind, make in KEYS.items() for key in drawn(make, kind, 2)]) >= PLAIN


@pytest.mark.parametrize("disguise", DISGUISES)
def test_keys_in_disguise_are_found(disguise: str) -> None:
    rng = random.Random(disguise)
    hidden = [DISGUISES[disguise](make(rng), rng) for make in KEYS.values() for _ in range(2)]
    assert share(hidden) >= OBFUSCATED


def test_look_alikes_are_let_pass() -> None:
    samples = benign(6)
    mistaken = [(kind, text) for kind, text in samples if found(text)]
    assert len(mistaken) <= FALSE * len(samples), mistaken


def test_a_credential_is_found_at_the_end_of_a_long_text() -> None:
    prose = "The quick brown fox jumps over the lazy dog near the river bank. " * 500
    assert all(found(prose + key) for kind, make in KEYS.items() for key in drawn(make, kind, 1))


@pytest.fixture(scope="module")
def corpus() -> list[dict[str, Any]]:
    with gzip.open(require_shared("cases", "leak_cases.jsonl.gz"), "rt") as file:
        return [json.loads(line) for line in file]


def test_the_shared_sample_is_told_apart(corpus: list[dict[str, Any]]) -> None:
    leaks = [case for case in corpus if case["leak"]]
    plain = [case["text"] for case in leaks if not case["kind"].startswith("obf_")]
    obfuscated = [case["text"] for case in leaks if case["kind"].startswith("obf_")]
    assert share(plain) >= PLAIN
    assert share(obfuscated) >= OBFUSCATED
    assert share([case["text"] for case in corpus if not case["leak"]]) <= FALSE


def test_captured_requests_are_let_pass() -> None:
    require_shared("wire", "MANIFEST.json")
    exchanges = list(wire_exchanges("openai", "anthropic", "gemini", "openrouter", "openai-compat"))[::6]
    bodies = [json.dumps(exchange["request"].get("json"), ensure_ascii=False) for exchange in exchanges]
    assert len(bodies) > 50
    assert share(bodies) <= FALSE / 10
