"""Two public collections of model facts and prices, read into one form."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

SOURCES: Final = {
    "litellm": {
        "file": "litellm-model_prices_and_context_window.json",
        "what": "the model prices that litellm 1.109.1 carries",
        "licence": "MIT, Copyright (c) 2023 Berri AI",
    },
    "models.dev": {
        "file": "models.dev.json",
        "what": "models.dev, commit f3fc692299671838c7c65fd8126bf84d81a2e817",
        "licence": "MIT, Copyright (c) 2025 models.dev",
    },
}
# Our provider id, and what the collections call that provider.
PROVIDERS: Final = {
    "openai": "openai",
    "anthropic": "anthropic",
    "openrouter": "openrouter",
    "deepseek": "deepseek",
    "gemini": "google",
    "groq": "groq",
    "mistral": "mistral",
    "xai": "xai",
}
MODALITIES: Final = {"text": 0, "image": 1, "document": 2, "audio": 3, "video": 4}
LITELLM_RATES: Final = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cached_input",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "cache_creation_input_token_cost_above_12hr": "cache_write_1h",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_audio_token": "input_audio",
    "output_cost_per_audio_token": "output_audio",
}
MODELS_DEV_RATES: Final = {
    "input": "input",
    "output": "output",
    "cache_read": "cached_input",
    "cache_write": "cache_write",
    "reasoning": "reasoning",
    "input_audio": "input_audio",
    "output_audio": "output_audio",
}
TIER: Final = re.compile(r"(?P<rate>.+)_above_(?P<thousands>\d+)k_tokens")

_ENDLESS: Final = Decimal("Infinity")

Key = tuple[str, str]
Rates = Mapping[str, Decimal]  # US dollars for a million tokens, by kind of token


@frozen(kw_only=True)
class Entry:
    """What is known of one model. ``None`` and empty: nobody said. ``tiers``: rates by input tokens."""

    provider: str
    model_id: str
    name: str | None = None
    context: int | None = None
    output: int | None = None
    tools: bool | None = None
    structured: bool | None = None
    reasoning: bool | None = None
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    rates: Rates = field(factory=dict)
    tiers: Mapping[int, Rates] = field(factory=dict)
    sources: tuple[str, ...] = ()
    chats: bool = True
    retired: bool = False

    @property
    def key(self) -> Key:
        """What tells entries apart."""
        return self.provider, self.model_id


def load(folder: Path, source: str) -> dict[str, Any]:
    """The collection as JSON."""
    # Decimals from the text itself: a float in between would change prices.
    loaded: dict[str, Any] = json.loads((folder / SOURCES[source]["file"]).read_bytes(), parse_float=Decimal)
    return loaded


def described(folder: Path, source: str) -> dict[str, str]:
    """What a shipped file says about one of its sources."""
    digest = hashlib.sha256((folder / SOURCES[source]["file"]).read_bytes()).hexdigest()
    return {**SOURCES[source], "sha256": digest}


def windows_by_input_limit(models_dev: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    """The context windows of models whose input has a limit of its own, by provider and that limit.

    litellm often gives that limit and not the window; where all such models of a provider have
    the same window, a model that only litellm lists is taken to have it too.
    """
    windows: dict[tuple[str, int], set[int]] = {}
    for provider, theirs in PROVIDERS.items():
        for raw in models_dev[theirs]["models"].values():
            limits = raw.get("limit") or {}
            if limits.get("input") and limits.get("context"):
                windows.setdefault((provider, limits["input"]), set()).add(limits["context"])
    return {key: window for key, (window, *others) in windows.items() if not others}


def from_litellm(collection: Mapping[str, Any], as_of: str, windows: Mapping[tuple[str, int], int]) -> Iterator[Entry]:
    """The entries of litellm, which gives dollars for one token."""
    for key, raw in sorted(collection.items()):
        provider = raw.get("litellm_provider")
        if provider not in PROVIDERS:
            continue
        rates = {kind: _per_million(raw[name]) for name, kind in LITELLM_RATES.items() if raw.get(name) is not None}
        tiers: dict[int, dict[str, Decimal]] = {}
        for name, price in raw.items():
            step = TIER.fullmatch(name)
            if step and step["rate"] in LITELLM_RATES and price is not None:
                tier = tiers.setdefault(int(step["thousands"]) * 1000, {})
                tier[LITELLM_RATES[step["rate"]]] = _per_million(price)
        media = {"image": "supports_vision", "pdf": "supports_pdf_input", "audio": "supports_audio_input"}
        most_input = _limit(raw.get("max_input_tokens"))
        yield Entry(
            provider=provider,
            model_id=key.removeprefix(f"{provider}/"),
            context=windows.get((provider, most_input or 0), most_input),
            output=_limit(raw.get("max_output_tokens")),
            tools=raw.get("supports_function_calling"),
            structured=raw.get("supports_response_schema"),
            reasoning=raw.get("supports_reasoning"),
            takes=_modalities(["text", *(name for name, flag in media.items() if raw.get(flag))]),
            gives=_modalities(raw.get("supported_output_modalities") or ()),
            rates=_stated(rates),
            tiers={above: _stated(tier) for above, tier in tiers.items()},
            sources=("litellm",),
            chats=raw.get("mode") in {"chat", "responses"},
            retired=str(raw.get("deprecation_date") or "9999") < as_of,
        )


def from_models_dev(collection: Mapping[str, Any]) -> Iterator[Entry]:
    """The entries of models.dev, which gives dollars for a million tokens."""
    for provider, theirs in PROVIDERS.items():
        for model_id, own in sorted(collection[theirs]["models"].items()):
            raw = _with_base(own, collection)
            limits, media, cost = raw.get("limit") or {}, raw.get("modalities") or {}, own.get("cost") or {}
            yield Entry(
                provider=provider,
                model_id=model_id,
                name=(raw.get("name") or "").strip() or None,
                context=_limit(limits.get("context")),
                output=_limit(limits.get("output")),
                tools=raw.get("tool_call"),
                structured=raw.get("structured_output"),
                reasoning=raw.get("reasoning"),
                takes=_modalities(media.get("input") or ()),
                gives=_modalities(media.get("output") or ()),
                rates=_stated(_models_dev_rates(cost)),
                tiers={int(step["tier"]["size"]): _stated(_models_dev_rates(step)) for step in cost.get("tiers", ())},
                sources=("models.dev",),
                retired=raw.get("status") == "deprecated",
            )


def _stated(rates: Rates) -> Rates:
    """Rates as they are meant.

    An extra rate of zero where tokens cost something means that nothing is stated. A cache write
    that costs less than the input it holds is the fee for keeping it, which comes on top.
    """
    free = not any(rates.values())
    stated = {kind: rate for kind, rate in rates.items() if rate or free or kind in {"input", "output"}}
    if stated.get("cache_write", _ENDLESS) < stated.get("input", Decimal(0)):
        stated["cache_write"] += stated["input"]
    return stated


def _models_dev_rates(cost: Mapping[str, Any]) -> Rates:
    return {kind: Decimal(cost[name]) for name, kind in MODELS_DEV_RATES.items() if cost.get(name) is not None}


def _with_base(own: Mapping[str, Any], collection: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with what it takes over from the model it names as its base, if that is present."""
    provider, _, model_id = own.get("base_model", "").partition("/")
    base = collection.get(provider, {}).get("models", {}).get(model_id)
    if base is None or base is own:
        return dict(own)
    taken = {name: value for name, value in base.items() if name not in own.get("base_model_omit", ())}
    limits = {**taken.get("limit", {}), **own.get("limit", {})}
    return {**taken, "status": None, **own, "limit": limits}


def _modalities(theirs: Iterable[str]) -> tuple[str, ...]:
    ours = {{"pdf": "document", "file": "document"}.get(name, name) for name in theirs}
    return tuple(sorted(ours, key=lambda name: (MODALITIES.get(name, len(MODALITIES)), name)))


def _limit(value: object) -> int | None:
    return int(value) if isinstance(value, int | str | Decimal) and str(value).isdigit() and int(value) > 0 else None


def _per_million(dollars: object) -> Decimal:
    return Decimal(str(dollars)) * 1_000_000
