"""``models``: chosen, shown, asked for and exported."""

import json
import socket
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result

from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices
from provider_runtime.adapters.catalog_files import read_catalog, read_prices
from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.catalog.pricing import PriceRule
from provider_runtime.testing.sandbox import Sandbox
from provider_runtime.testing.settings import SANDBOX_KEY

Command = Callable[..., Result]
MILLION = 1_000_000


def listed(result: Result) -> tuple[ModelInfo, ...]:
    assert result.exit_code == 0, result.stderr
    return read_catalog(result.stdout).models


def price_of(model: ModelInfo) -> PriceRule | None:
    return builtin_prices().rule_for(model.provider, model.model_id)


def input_price(model: ModelInfo) -> Decimal:
    rule = price_of(model)
    return Decimal("Infinity") if rule is None else rule.input_cost_per_token * MILLION


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--modality", "image"], lambda model: "image" in model.input_modalities),
        (
            ["--modality", "image", "--modality", "audio"],
            lambda model: {"image", "audio"} <= set(model.input_modalities),
        ),
        (["--tools"], lambda model: model.supports_tools),
        (["--no-tools"], lambda model: not model.supports_tools),
        (["--no-structured"], lambda model: not model.supports_structured_output),
        (["--reasoning"], lambda model: model.supports_reasoning is True),
        (["--no-reasoning"], lambda model: model.supports_reasoning is False),
        (["--min-context", "500k"], lambda model: (model.context_window or 0) >= 500_000),
        (["--min-context", "1.5M"], lambda model: (model.context_window or 0) >= 1_500_000),
        (["--max-input-price", "0.1"], lambda model: input_price(model) <= Decimal("0.1")),
        (
            ["--provider", "openai", "--reasoning", "--max-input-price", "1"],
            lambda model: model.provider == "openai" and model.supports_reasoning is True and input_price(model) <= 1,
        ),
    ],
)
def test_each_option_keeps_the_models_that_it_says(
    command: Command, words: list[str], wanted: Callable[[ModelInfo], bool]
) -> None:
    every = builtin_catalog().models
    found = listed(command("models", "list", "--json", *words))
    assert found == tuple(model for model in every if wanted(model))
    assert 0 < len(found) < len(every)


@pytest.mark.parametrize("words", [["--min-context", "big"], ["--max-input-price", "-1"], ["--max-input-price", "NaN"]])
def test_what_is_no_number_ends_with_2(command: Command, words: list[str]) -> None:
    assert command("models", "list", *words).exit_code == 2


@pytest.mark.parametrize("columns", [40, 60, 72, 100])
def test_the_table_fits_the_terminal_and_keeps_size_and_price(
    command: Command, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    page = command("models", "list").stdout
    assert max(map(len, page.splitlines())) <= columns
    assert "…" not in page
    row = next(line for line in command("models", "list", "gpt-5.4-mini").stdout.splitlines() if "openai:gpt" in line)
    assert "400k" in row
    assert "0.75" in row


def test_a_model_is_shown_with_every_step_of_its_price_and_where_that_comes_from(command: Command) -> None:
    page = command("models", "show", "gpt-5.4").stdout
    assert "openai:gpt-5.4" in page
    assert "1,050,000 tokens" in page
    assert "above 272k" in page
    assert f"Prices of {builtin_prices().version}, from litellm, models.dev." in page
    row = next(line for line in page.splitlines() if line.startswith("output  ") and "tokens" not in line)
    assert row.split() == ["output", "15", "22.5"]


def test_a_model_as_json_is_its_entry_and_its_rule(command: Command) -> None:
    told = json.loads(command("models", "show", "openai:gpt-5.4", "--json").stdout)
    assert told["model"]["context_window"] == 1_050_000
    assert told["price"]["usd_per_million"]["input"] == "2.5"
    assert told["price"]["version"] == builtin_prices().version
    assert json.loads(command("models", "show", "openrouter/auto", "--json").stdout)["price"] is None


def test_a_model_without_a_price_says_so(command: Command) -> None:
    assert "No price is known" in command("models", "show", "claude-3-7-sonnet").stdout


@pytest.mark.parametrize("name", ["gpt-5.44", "openai:gpt-5.44", "nobody:gpt-5.4"])
def test_a_model_that_nobody_lists_ends_with_4_and_names_its_likes(command: Command, name: str) -> None:
    result = command("models", "show", name)
    assert result.exit_code == 4
    assert "gpt-5.4" in result.stderr


def test_what_is_exported_is_read_back_and_takes_the_place_of_what_ships(command: Command, tmp_path: Path) -> None:
    catalog, prices = tmp_path / "catalog.json", tmp_path / "prices.json"
    assert command("models", "export", "-p", "anthropic", "-o", str(catalog)).exit_code == 0
    assert command("models", "export", "-p", "anthropic", "--price-table", "-o", str(prices)).exit_code == 0
    every = builtin_catalog().models
    pinned = read_catalog(catalog.read_bytes()).models
    assert pinned == tuple(model for model in every if model.provider == "anthropic")
    table = read_prices(prices.read_bytes())
    assert (table.version, table.source) == (builtin_prices().version, builtin_prices().source)
    assert [table.rule_for(model.provider, model.model_id) for model in pinned] == [price_of(m) for m in pinned]
    assert {rule.provider for rule in table.rules} == {"anthropic"}
    files = ["--catalog", str(catalog), "--prices", str(prices)]
    assert listed(command("models", "list", "--json", *files)) == pinned
    assert command("models", "show", "gpt-5.4", *files).exit_code == 4


def test_a_whole_export_is_the_shipped_catalog_and_the_shipped_prices_of_it(command: Command) -> None:
    assert listed(command("models", "export")) == builtin_catalog().models
    table = read_prices(command("models", "export", "--price-table").stdout)
    assert all(table.rule_for(model.provider, model.model_id) == price_of(model) for model in builtin_catalog().models)


def test_a_file_that_is_no_catalog_ends_with_3(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "shopping.json"
    file.write_text('{"milk": 2}')
    assert command("models", "list", "--catalog", str(file)).exit_code == 3
    assert command("models", "list", "--prices", str(file)).exit_code == 3


def test_a_file_that_cannot_be_written_ends_with_2(command: Command, tmp_path: Path) -> None:
    result = command("models", "export", "-o", str(tmp_path / "nowhere" / "catalog.json"))
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


class TestDiscovery:
    at_anthropic = ("--provider", "anthropic", "--api-key-env", "SANDBOX_KEY")

    def test_a_server_is_asked_and_what_ships_counts_first(
        self, command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SANDBOX_KEY", SANDBOX_KEY)
        found = listed(command("models", "discover", "--base-url", sandbox.url, *self.at_anthropic, "--json"))
        assert {model.provider for model in found} == {"anthropic"}
        assert len(sandbox.requests) >= 1
        shipped = {model.model_id: model for model in builtin_catalog().models if model.provider == "anthropic"}
        both = [model for model in found if model.model_id in shipped and shipped[model.model_id].context_window]
        assert both
        assert all(model.context_window == shipped[model.model_id].context_window for model in both)

    def test_only_new_ones_on_request(self, command: Command, sandbox: Sandbox) -> None:
        every = listed(command("models", "discover", "--base-url", sandbox.compatible_url, "--json"))
        new = listed(command("models", "discover", "--base-url", sandbox.compatible_url, "--json", "--new"))
        assert every == new != ()
        assert {model.provider for model in new} == {"local"}

    def test_the_table_is_that_of_the_list(self, command: Command, sandbox: Sandbox) -> None:
        page = command("models", "discover", "--base-url", sandbox.compatible_url).stdout
        assert page.splitlines()[0].split()[0] == "model"
        assert "local:" in page

    def test_a_server_that_is_not_there_ends_with_6(self, command: Command) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        assert command("models", "discover", "--base-url", f"http://127.0.0.1:{port}/v1").exit_code == 6

    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["--provider", "acme"],
            ["--base-url", "http://127.0.0.1:9", "-p", "a", "-p", "b"],
            ["--base-url", "http://127.0.0.1:9", "-p", "no such name"],
        ],
    )
    def test_nobody_to_ask_ends_with_2(self, command: Command, words: list[str]) -> None:
        assert command("models", "discover", *words).exit_code == 2
