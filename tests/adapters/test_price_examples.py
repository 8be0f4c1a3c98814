"""The arithmetic of prices, over examples by vendors' published rates and over what a vendor really billed."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shared_data import require_shared, wire_exchanges

from provider_runtime.adapters.catalog_files import read_prices
from provider_runtime.domain.catalog.pricing import estimate_cost
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.identity import ProviderId

EXAMPLES = json.loads((Path(__file__).parents[1] / "fixtures" / "prices" / "worked_examples.json").read_bytes())
PARTS = ("input_cost", "output_cost", "cached_input_cost", "cache_write_cost", "reasoning_cost", "request_cost")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_a_worked_example_comes_to_the_amounts_worked_out_by_hand(example: dict[str, Any]) -> None:
    table = read_prices(json.dumps({"as_of": example["as_of"], "prices": [example["prices"]]}))
    (provider, (model,)) = ProviderId(example["prices"]["provider"]), example["prices"]["models"]
    cost, warnings = estimate_cost(table, provider, model, Usage(**example["usage"]))
    assert cost is not None
    assert warnings == ()
    amounts = {name: amount for name in (*PARTS, "total_cost") if (amount := getattr(cost, name)) is not None}
    assert amounts == {name: Decimal(amount) for name, amount in example["expected"].items()}
    assert cost.price_version == "2026-11-21"


def test_every_kind_of_rate_is_worked_out_once_and_says_whose_it_is() -> None:
    named = {kind for example in EXAMPLES for kind in example["prices"]["usd_per_million"]}
    assert named == {"input", "output", "cached_input", "cache_write", "cache_write_1h", "reasoning"}
    assert all(example["source"].startswith("https://") for example in EXAMPLES)


def test_tokens_and_a_fee_come_to_what_perplexity_really_billed() -> None:
    require_shared("wire", "MANIFEST.json")
    table = read_prices(
        json.dumps(
            {
                "prices": [
                    {
                        "provider": "perplexity",
                        "models": ["sonar"],
                        "usd_per_million": {"input": 1, "output": 1},
                        "usd_per_request": "0.005",
                    }
                ]
            }
        )
    )
    compared = 0
    for exchange in wire_exchanges("openai-compat:perplexity", apis=("chat",)):
        answer = exchange["response"].get("json") or {}
        told = answer.get("usage") or {}
        billed = told.get("cost")
        if answer.get("model") != "sonar" or not billed:
            continue
        usage = Usage(input_tokens=told["prompt_tokens"], output_tokens=told["completion_tokens"])
        cost, _ = estimate_cost(table, ProviderId("perplexity"), "sonar", usage)
        assert cost is not None
        assert float(cost.total_cost) == pytest.approx(billed["total_cost"], rel=1e-3, abs=1e-6), exchange["id"]
        compared += 1
    assert compared >= 1
