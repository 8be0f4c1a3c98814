"""Prices captured answers with the shipped table, and says which of them have no price, and why.

    python scripts/price_captures.py [--from DIR] [--json]

DIR holds ``MANIFEST.json`` and the exchanges it names; by default it is ``wire`` in the folder that
PROVIDER_RUNTIME_SHARED names, or in ``../shared``. Each answer is decoded by the codec that a
runtime would use for its provider, and priced as a runtime would. Nothing of an answer is printed
but its model.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices
from provider_runtime.adapters.wire.codec import WireCodec
from provider_runtime.composition.wires import codec_for
from provider_runtime.domain.catalog.pricing import PricingTable, estimate_cost
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind
from provider_runtime.domain.catalog.reconciling import reconciled
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.conversation.request import TextFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import ProviderRuntimeError
from provider_runtime.domain.json_values import freeze_object
from provider_runtime.ports.http import HttpReply

CHECKOUT: Final = Path(__file__).resolve().parent.parent
KINDS: Final = {
    "responses": ProviderKind.OPENAI,
    "responses-get": ProviderKind.OPENAI,
    "messages": ProviderKind.ANTHROPIC,
    "generate": ProviderKind.GEMINI,
}
CHATS: Final = {
    "openai-chat": ProviderKind.OPENAI_CHAT,
    "openrouter": ProviderKind.OPENROUTER,
    "ollama": ProviderKind.OLLAMA,
}
# Our name of a provider, where the captures have another; who serves OpenAI's own models.
NAMES: Final = {"openai-chat": "openai", "openai-responses": "openai"}
SERVES_OPENAI: Final = frozenset({"azure"})
DIALECTS: Final = (
    *("azure", "mistral", "deepseek", "xai", "groq", "together", "fireworks"),
    *("tgi", "vllm", "llamacpp", "ollama"),
)


@frozen(kw_only=True)
class Priced:
    """What became of one captured exchange: a source of its price, or the reason why it has none."""

    exchange: str
    provider: str
    model: str
    source: str | None
    reason: str | None
    known: bool
    differs: bool = False


def main(arguments: list[str]) -> int:
    """Price every exchange, and print the counts and the ones without a price."""
    options = _options(arguments)
    results = list(priced(options.source, builtin_prices()))
    if options.as_json:
        print(json.dumps([_as_object(one) for one in results]))
        return 0
    have = [one for one in results if one.source is not None]
    print(f"{len(results)} answers of chats, {len(have)} of them priced:")
    for source, count in Counter(one.source for one in have).most_common():
        print(f"{count:6} {source}")
    print(f"{sum(one.differs for one in have):6} reported costs differ from the computed ones by more than 1 %")
    print(f"{len(results) - len(have)} without a price:")
    reasons = Counter((one.reason, one.provider, one.model) for one in results if one.source is None)
    for reason, count in Counter(one.reason for one in results if one.source is None).most_common():
        print(f"{count:6} {reason}")
        for (_, provider, model), number in sorted(item for item in reasons.items() if item[0][0] == reason):
            print(f"       {number:4} {provider}:{model}")
    return 0


def priced(folder: Path, prices: PricingTable) -> Iterator[Priced]:
    """Each captured exchange that asks a model for an answer, priced."""
    for entry in json.loads((folder / "MANIFEST.json").read_bytes())["exchanges"]:
        if entry["api"] not in {*KINDS, "chat"}:
            continue
        exchange = json.loads((folder / entry["file"]).read_bytes())
        yield _priced(exchange, _record(entry["provider"], entry["api"]), prices)


def _priced(exchange: dict[str, Any], config: ProviderConfig, prices: PricingTable) -> Priced:
    asked = _model_asked(exchange["request"])
    told = {"exchange": exchange["id"], "provider": str(config.provider_id)}
    outcome = _decoded(exchange["response"], config, codec_for(config, builtin_catalog()), asked)
    if isinstance(outcome, str):
        return Priced(**told, model=asked, source=None, reason=outcome, known=False)
    names = config.catalog_names
    known = prices.rule_among(names, (outcome.model, asked)) is not None
    estimate = estimate_cost(prices, config.provider_id, outcome.model, outcome.usage, asked, also_as=names)
    cost, warnings = estimate if outcome.cost is None else reconciled(outcome.cost, estimate)
    return Priced(
        **told,
        model=outcome.model,
        source=None if cost is None else cost.pricing_source.value,
        reason=None if cost is not None else _reason(warnings[0].code, config, prices),
        known=known,
        differs="pricing.reported_differs" in [warning.code for warning in warnings],
    )


def _reason(code: str, config: ProviderConfig, prices: PricingTable) -> str:
    if code != WarningCode.PRICING_MISSING_RULE.value:
        return code
    if any(rule.provider in config.catalog_names for rule in prices.rules):
        return f"{code}: the model is retired, or not one that the table lists"
    return f"{code}: the table has no prices of this provider"


def _decoded(response: dict[str, Any], config: ProviderConfig, codec: WireCodec, asked: str) -> ProviderResponse | str:
    """The answer, or why there is none to price."""
    if response["status"] not in {200, 201}:
        return "an error was answered"
    if response.get("json") is None:
        return "streamed, or cut by the capture"
    body = json.dumps(response["json"]).encode()
    prepared = PreparedExchange(
        provider=config.provider_id,
        model_id=asked,
        method="POST",
        url=config.base_url,
        headers={},
        body=b"{}",
        wanted=TextFormat(),
    )
    try:
        return codec.decode(HttpReply(status=200, headers={}, body=body), prepared)
    except ProviderRuntimeError as failure:
        return f"no answer: {failure.code}"


def _record(captured: str, api: str) -> ProviderConfig:
    """The record that an operator would write for the provider of a capture."""
    vendor = captured.partition(":")[2] or captured
    kind = KINDS.get(api) or CHATS.get(captured, ProviderKind.OPENAI_COMPATIBLE)
    name = NAMES.get(vendor, vendor)
    dialect = kind is ProviderKind.OPENAI_COMPATIBLE and vendor in DIALECTS
    return ProviderConfig(
        provider_id=name,
        kind=kind,
        base_url="https://captured.example",
        options=freeze_object({"vendor": vendor} if dialect else {}),
        # Another server that speaks a vendor's protocol has models, and prices, of its own.
        catalog_as="openai" if name in SERVES_OPENAI else name,
    )


def _model_asked(request: dict[str, Any]) -> str:
    body = request.get("json")
    if isinstance(body, dict) and isinstance(body.get("model"), str) and body["model"]:
        return body["model"].removeprefix("models/")
    url = str(request.get("url") or request.get("path") or "")
    return url.partition("/models/")[2].partition(":")[0].partition("?")[0] or "unnamed"


def _as_object(one: Priced) -> dict[str, object]:
    return {name: getattr(one, name) for name in Priced.__annotations__}


def _options(arguments: list[str]) -> argparse.Namespace:
    shared = Path(os.environ.get("PROVIDER_RUNTIME_SHARED") or CHECKOUT.parent / "shared")
    parser = argparse.ArgumentParser(description="Price captured answers.")
    parser.add_argument("--from", dest="source", type=Path, default=shared / "wire")
    parser.add_argument("--json", dest="as_json", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
