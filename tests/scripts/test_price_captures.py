"""The script that prices captured answers, over hand-written and over real ones."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shared_data import require_shared

CHECKOUT = Path(__file__).resolve().parents[2]


def priced(source: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "scripts/price_captures.py", "--from", str(source), "--json"]
    found: list[dict[str, Any]] = json.loads(
        subprocess.run(command, check=True, cwd=CHECKOUT, capture_output=True).stdout
    )
    return found


def an_answer(model: str, **usage: object) -> dict[str, object]:
    counts = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, **usage}
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "model": model, "choices": [choice], "usage": counts}


@pytest.fixture
def captures(tmp_path: Path) -> Path:
    """Five exchanges of Chat Completions, written by hand."""
    responses = {
        "known": ("openai-chat", {"status": 200, "json": an_answer("gpt-5-mini")}),
        "served": ("openai-compat:azure", {"status": 200, "json": an_answer("gpt-5-mini")}),
        "stranger": ("openai-compat:acme", {"status": 200, "json": an_answer("gpt-5-mini")}),
        "reported": ("openrouter", {"status": 200, "json": an_answer("openai/gpt-5-mini", cost=9)}),
        "refused": ("openai-chat", {"status": 429, "json": {"error": {"message": "slow down"}}}),
        "streamed": ("openai-chat", {"status": 200, "text": "data: {}"}),
    }
    manifest = []
    for name, (provider, response) in responses.items():
        exchange = {"id": name, "request": {"json": {"model": "gpt-5-mini"}}, "response": response}
        (tmp_path / f"{name}.json").write_text(json.dumps(exchange))
        manifest.append({"id": name, "file": f"{name}.json", "provider": provider, "api": "chat"})
    manifest.append({"id": "other", "file": "other.json", "provider": "openai-chat", "api": "models"})
    (tmp_path / "MANIFEST.json").write_text(json.dumps({"exchanges": manifest}))
    return tmp_path


def test_each_exchange_has_a_price_or_a_reason(captures: Path) -> None:
    found = {one["exchange"]: one for one in priced(captures)}
    assert {name: one["source"] or one["reason"] for name, one in found.items()} == {
        "known": "configured",
        "served": "configured",
        "stranger": "pricing.missing_rule: the table has no prices of this provider",
        "reported": "provider_reported",
        "refused": "an error was answered",
        "streamed": "streamed, or cut by the capture",
    }
    assert [name for name, one in found.items() if one["differs"]] == ["reported"]


def test_every_captured_answer_of_a_known_model_that_counts_its_tokens_has_a_price() -> None:
    found = priced(require_shared("wire", "MANIFEST.json").parent)
    assert len(found) > 1000
    unpriced = [one for one in found if one["known"] and one["source"] is None]
    assert {one["reason"] for one in unpriced} <= {"pricing.missing_usage"}
    assert sum(one["source"] is not None for one in found) > 900
    assert all(one["source"] or one["reason"] for one in found)
