"""The script that makes the shipped catalog and prices."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from shared_data import require_shared

CHECKOUT = Path(__file__).resolve().parents[2]
SHIPPED = CHECKOUT / "provider_runtime" / "adapters" / "data"
COLLECTIONS = ("models.dev.json", "litellm-model_prices_and_context_window.json")
PROVIDERS = ("openai", "anthropic", "openrouter", "deepseek", "google", "groq", "mistral", "xai")


def refresh(
    source: Path, target: Path, as_of: str
) -> tuple[dict[str, dict[str, object]], dict[str, dict[str, object]]]:
    """Run the script; the models by id, and the prices by their first pattern."""
    command = [sys.executable, "scripts/refresh_catalog.py", "--as-of", as_of, "--from", source, "--to", target]
    subprocess.run(command, check=True, cwd=CHECKOUT, capture_output=True)
    models = json.loads((target / "models.json").read_bytes())["models"]
    prices = json.loads((target / "prices.json").read_bytes())["prices"]
    return {line["model_id"]: line for line in models}, {line["models"][0]: line for line in prices}


@pytest.fixture
def collections(tmp_path: Path) -> Path:
    """Two tiny collections, written by hand."""
    models_dev = {name: {"models": {}} for name in PROVIDERS}
    models_dev["openai"]["models"] = {
        "gpt-a": {
            "name": "GPT A ",
            "tool_call": True,
            "reasoning": True,
            "cost": {"input": 1.0, "output": 8.0, "cache_read": 0},
            "limit": {"context": 400_000, "input": 272_000, "output": 128_000},
            "modalities": {"input": ["text", "pdf", "image"], "output": ["text"]},
        },
        "gpt-picture": {"cost": {"input": 1, "output": 2}, "modalities": {"output": ["image"]}},
    }
    models_dev["openrouter"]["models"] = {
        "openai/gpt-a": {"base_model": "openai/gpt-a", "cost": {"input": 1, "output": 8, "cache_write": 0.25}},
        "openai/gpt-a:free": {"cost": {"input": 0, "output": 0}},
    }
    models_dev["groq"]["models"] = {"openai/gpt-a": {"cost": {"input": 0.5, "output": 0.5}}}
    price = {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 8e-06,
    }
    litellm = {
        "sample_spec": {"litellm_provider": "one of many", "mode": "chat"},
        "gpt-a": {**price, "output_cost_per_token": 9e-06, "max_input_tokens": 272_000},
        "gpt-b": {
            **price,
            "max_input_tokens": 272_000,
            "input_cost_per_token_above_272k_tokens": 2e-06,
            "output_cost_per_token_above_272k_tokens": 1.2e-05,
            "cache_creation_input_token_cost": 1.25e-06,
            "cache_creation_input_token_cost_above_1hr": 2e-06,
        },
        "gpt-b-2026-01-02": {
            **price,
            "input_cost_per_token_above_272k_tokens": 2e-06,
            "output_cost_per_token_above_272k_tokens": 1.2e-05,
            "cache_creation_input_token_cost": 1.25e-06,
            "cache_creation_input_token_cost_above_1hr": 2e-06,
        },
        "gpt-b-2025-01-02": {**price, "input_cost_per_token": 5e-06},
        "gpt-old": {**price, "deprecation_date": "2026-11-20"},
        "gpt-soon-old": {**price, "deprecation_date": "2026-11-21"},
        "gpt-search": price,
        "gpt-embedding": {**price, "mode": "embedding"},
        "ft:gpt-b": price,
    }
    for name, collection in zip(COLLECTIONS, (models_dev, litellm), strict=True):
        (tmp_path / name).write_text(json.dumps(collection))
    return tmp_path


@pytest.fixture
def made(collections: Path, tmp_path: Path) -> tuple[dict[str, dict[str, object]], dict[str, dict[str, object]]]:
    target = tmp_path / "made"
    target.mkdir()
    return refresh(collections, target, "2026-11-21")


Made = tuple[dict[str, dict[str, object]], dict[str, dict[str, object]]]


def test_models_that_can_be_asked_now_are_listed_and_the_first_three_always(made: Made) -> None:
    models, _ = made
    assert set(models) == {
        *("gpt-a", "gpt-b", "gpt-b-2026-01-02", "gpt-b-2025-01-02", "gpt-soon-old", "openai/gpt-a"),
        *("gpt-5-mini", "claude-3-7-sonnet", "openrouter/auto"),
    }


def test_facts_of_both_collections_come_together(made: Made) -> None:
    assert made[0]["gpt-a"] == {
        "provider": "openai",
        "model_id": "gpt-a",
        "display_name": "GPT A",
        "context_window": 400_000,
        "max_output_tokens": 128_000,
        "supports_tools": True,
        "supports_structured_output": True,
        "supports_reasoning": True,
        "input_modalities": ["text", "image", "document"],
        "refused_parameters": ["top_k", "stop", "seed", "frequency_penalty", "presence_penalty"],
        "source": ["litellm", "models.dev"],
    }
    assert made[0]["gpt-b"]["context_window"] == 400_000  # told by the input limit it shares with gpt-a
    assert made[0]["openai/gpt-a"]["provider"] == "openrouter"  # not groq's: a bare id leads to one provider
    assert made[0]["openai/gpt-a"]["display_name"] == "GPT A"


def test_the_dearer_price_is_written_and_reasoning_is_priced_as_output(made: Made) -> None:
    assert made[1]["gpt-a"]["usd_per_million"] == {"input": "1", "output": "9", "reasoning": "9"}


def test_a_line_covers_the_snapshots_that_cost_the_same(made: Made) -> None:
    _, prices = made
    assert prices["gpt-b"]["models"] == ["gpt-b", "gpt-b-20*"]
    assert "gpt-b-2026-01-02" not in prices
    assert prices["gpt-b-2025-01-02"]["models"] == ["gpt-b-2025-01-02"]
    assert prices["ft:gpt-b:*"]["models"] == ["ft:gpt-b:*"]


def test_steps_and_long_cache_writes_are_taken_over(made: Made) -> None:
    line = made[1]["gpt-b"]
    assert line["usd_per_million"] == {"input": "1", "output": "8", "cache_write": "1.25", "cache_write_1h": "2"}
    assert line["tiers"] == [{"above_input_tokens": 272_000, "usd_per_million": {"input": "2", "output": "12"}}]


def test_a_fee_for_keeping_comes_on_top_of_the_input(tmp_path: Path, collections: Path) -> None:
    target = tmp_path / "made"
    target.mkdir()
    refresh(collections, target, "2026-11-21")
    lines = json.loads((target / "prices.json").read_bytes())["prices"]
    of_provider = {line["provider"]: line["usd_per_million"] for line in lines if line["models"] == ["openai/gpt-a"]}
    assert of_provider["openrouter"]["cache_write"] == "1.25"
    assert of_provider["groq"] == {"input": "0.5", "output": "0.5"}


def test_the_shipped_files_are_what_the_script_makes(tmp_path: Path) -> None:
    source = require_shared("prices")
    shipped = json.loads((SHIPPED / "prices.json").read_bytes())
    for told in shipped["sources"].values():
        if hashlib.sha256((source / told["file"]).read_bytes()).hexdigest() != told["sha256"]:
            pytest.skip("the shipped files were made from another edition of the collections")
    refresh(source, tmp_path, shipped["as_of"])
    for name in ("models.json", "prices.json"):
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes()
