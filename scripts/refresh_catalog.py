"""Makes the shipped catalog and prices again, from copies of two public collections.

    python scripts/refresh_catalog.py --as-of 2026-11-21 [--from DIR] [--to DIR]

DIR holds ``models.dev.json`` and ``litellm-model_prices_and_context_window.json``; by default it
is ``prices`` in the folder that PROVIDER_RUNTIME_SHARED names, or in ``../shared``. Equal input
gives equal files. Only facts and figures are taken over. Where the two disagree about a price,
the dearer one is written, since a cost that is too low spends a budget twice; the disagreements
are printed. Models that were retired before ``--as-of`` are left out. Which controls do not reach a
model is asked of the codecs, which know it better.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from attrs import evolve
from model_collections import (
    SOURCES,
    Entry,
    Key,
    Rates,
    described,
    from_litellm,
    from_models_dev,
    load,
    windows_by_input_limit,
)
from model_restrictions import by_model

from provider_runtime.adapters.catalog_files import read_catalog, read_prices
from provider_runtime.domain.catalog.merging import provider_order
from provider_runtime.domain.identity import ProviderId

CHECKOUT: Final = Path(__file__).resolve().parent.parent
# What every catalog has had from the beginning, as it was named then.
SEEDS: Final = {
    ("openai", "gpt-5-mini"): "GPT-5 Mini",
    ("anthropic", "claude-3-7-sonnet"): "Claude 3.7 Sonnet",
    ("openrouter", "openrouter/auto"): "OpenRouter Auto",
}
DATED: Final = re.compile(r"(?P<name>.+?)-20\d\d-?\d\d-?\d\d")
# Who reports a dated snapshot for an undated model id; a wildcard rule covers the snapshots.
# (OpenRouter does too, under names of its own, and reports the cost with them.)
REPORTS_SNAPSHOTS: Final = ("openai", "anthropic")
# Billed by the search as well: a price by tokens alone would be too low.
BILLED_BY_SEARCH: Final = re.compile(r"search|research|sonar|computer-use")
# Neither finished models to chat with, nor (with a ``:`` or a ``~``, at OpenRouter) models of their own.
PASSED_OVER: Final = re.compile(r"experimental|-exp\b|beta|gv2|labs-|learnlm|robotics|guard|^(?!ft:).*:|~")
KINDS: Final = (
    "input",
    "output",
    "cached_input",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "input_audio",
    "output_audio",
)


def main(arguments: list[str]) -> int:
    """Read both collections, write both files, read them back."""
    options = _options(arguments)
    litellm, models_dev = load(options.source, "litellm"), load(options.source, "models.dev")
    entries = merged(
        {entry.key: entry for entry in from_litellm(litellm, options.as_of, windows_by_input_limit(models_dev))},
        {entry.key: entry for entry in from_models_dev(models_dev)},
    )
    header = {"as_of": options.as_of, "sources": {name: described(options.source, name) for name in SOURCES}}
    models, prices = options.target / "models.json", options.target / "prices.json"
    models.write_text(_one_a_line(header, "models", catalog_lines(entries)), encoding="utf-8")
    prices.write_text(_one_a_line(header, "prices", price_lines(entries)), encoding="utf-8")
    print(f"{models}: {len(read_catalog(models.read_bytes()).models)} models")
    print(f"{prices}: {len(read_prices(prices.read_bytes()).rules)} rules")
    return 0


def merged(litellm: Mapping[Key, Entry], models_dev: Mapping[Key, Entry]) -> list[Entry]:
    """One entry for each model that can be asked now and answers in text, in catalog order."""
    both = {**litellm, **models_dev}
    for key in sorted(litellm.keys() & models_dev.keys()):
        both[key] = _joined(models_dev[key], litellm[key])
    chosen = []
    for key, entry in both.items():
        snapshot = DATED.fullmatch(entry.model_id)
        undated = both.get((entry.provider, snapshot["name"])) if snapshot else None
        whole = entry if undated is None else _filled_in(entry, undated)
        if _is_wanted(whole):
            chosen.append(evolve(whole, name=SEEDS.get(key, whole.name)))
    known = {entry.key for entry in chosen}
    chosen += [
        Entry(provider=key[0], model_id=key[1], name=name, tools=True, structured=True, sources=("specification",))
        for key, name in SEEDS.items()
        if key not in known
    ]
    return sorted(chosen, key=lambda entry: (provider_order(ProviderId(entry.provider)), entry.model_id))


def _joined(first: Entry, second: Entry) -> Entry:
    """Both accounts of one model: the first one's facts, flags that either raises, the dearer rates."""
    for kind in sorted(first.rates.keys() & second.rates.keys()):
        if first.rates[kind] != second.rates[kind]:
            print(
                f"{first.provider}:{first.model_id}: {kind} is {_plain(first.rates[kind])} in {first.sources[0]}"
                f" and {_plain(second.rates[kind])} in {second.sources[0]}",
                file=sys.stderr,
            )
    return evolve(
        _filled_in(first, second),
        tools=_either((first.tools, second.tools)),
        structured=_either((first.structured, second.structured)),
        reasoning=_either((first.reasoning, second.reasoning)),
        rates=_dearer(first.rates, second.rates),
        tiers={
            above: _dearer(first.tiers.get(above, {}), second.tiers.get(above, {}))
            for above in sorted(first.tiers.keys() | second.tiers.keys())
        },
        sources=tuple(sorted({*first.sources, *second.sources})),
        chats=first.chats and second.chats,
        retired=first.retired or second.retired,
    )


def _filled_in(entry: Entry, other: Entry) -> Entry:
    """``entry`` with the facts it lacks from ``other``; prices are never taken over."""
    # models.dev says what a model takes and gives with more care, so its word comes first.
    careful = other if "models.dev" in other.sources and "models.dev" not in entry.sources else entry
    return evolve(
        entry,
        name=entry.name or other.name,
        context=careful.context or entry.context or other.context,
        output=entry.output or other.output,
        tools=other.tools if entry.tools is None else entry.tools,
        structured=other.structured if entry.structured is None else entry.structured,
        reasoning=other.reasoning if entry.reasoning is None else entry.reasoning,
        takes=careful.takes or entry.takes or other.takes,
        gives=careful.gives or entry.gives or other.gives,
    )


def _is_wanted(entry: Entry) -> bool:
    gives = set(entry.gives or ("text",))
    understood = gives == {"text"} or (gives == {"text", "audio"} and "output_audio" in entry.rates)
    odd = BILLED_BY_SEARCH.search(entry.model_id) or PASSED_OVER.search(entry.model_id)
    return entry.chats and not entry.retired and understood and not odd and entry.rates.keys() >= {"input", "output"}


def catalog_lines(entries: Iterable[Entry]) -> Iterator[dict[str, object]]:
    """What the catalog says of each model.

    An id that stands under an earlier provider is left out, since a bare model id has to lead to
    one provider; its price is still listed.
    """
    taken: set[str] = set()
    listed = list(entries)
    refused = by_model(entry.key for entry in listed)
    for entry in listed:
        if entry.model_id in taken or entry.model_id.startswith("ft:"):
            continue
        taken.add(entry.model_id)
        told = {
            "provider": entry.provider,
            "model_id": entry.model_id,
            "display_name": entry.name,
            "context_window": entry.context,
            "max_output_tokens": entry.output,
            "supports_tools": entry.tools is not False,
            "supports_structured_output": entry.structured is not False,
            "supports_reasoning": entry.reasoning,
            "input_modalities": entry.takes,
            "refused_parameters": refused.get(entry.key, ()),
            "source": entry.sources,
        }
        yield {name: value for name, value in told.items() if value is not None and value != ()}


def price_lines(entries: Iterable[Entry]) -> Iterator[dict[str, object]]:
    """What each model costs; snapshots that cost the same as the undated model are covered by its line."""
    priced = {entry.key: entry for entry in entries if entry.rates}
    for entry in priced.values():
        snapshot = DATED.fullmatch(entry.model_id)
        undated = priced.get((entry.provider, snapshot["name"])) if snapshot else None
        if undated and _covers_snapshots(undated) and _costs(undated) == _costs(entry):
            continue
        patterns = [entry.model_id]
        if entry.model_id.startswith("ft:"):
            patterns = [f"{entry.model_id}:*"]  # a fine-tuned model adds its owner and its own id
        elif _covers_snapshots(entry) and not snapshot:
            patterns.append(f"{entry.model_id}-20*")
        yield {"provider": entry.provider, "models": patterns, **_costs(entry), "source": entry.sources}


def _covers_snapshots(entry: Entry) -> bool:
    return entry.provider in REPORTS_SNAPSHOTS and not entry.model_id.endswith("latest")


def _costs(entry: Entry) -> dict[str, object]:
    costs: dict[str, object] = {"usd_per_million": _rate_texts(entry, entry.rates)}
    tiers = {above: rates for above, rates in sorted(entry.tiers.items()) if rates.keys() >= {"input", "output"}}
    if tiers:
        costs["tiers"] = [
            {"above_input_tokens": above, "usd_per_million": _rate_texts(entry, rates)}
            for above, rates in tiers.items()
        ]
    return costs


def _rate_texts(entry: Entry, rates: Rates) -> dict[str, str]:
    # Reasoning is billed as output wherever these collections give no other rate for it.
    every = {"reasoning": rates["output"], **rates} if entry.reasoning else rates
    return {kind: _plain(every[kind]) for kind in KINDS if kind in every}


def _dearer(first: Rates, second: Rates) -> Rates:
    kinds = first.keys() | second.keys()
    return {kind: max(rates[kind] for rates in (first, second) if kind in rates) for kind in kinds}


def _either(flags: tuple[bool | None, bool | None]) -> bool | None:
    """Whether one of them says yes; ``None`` when neither says anything."""
    return True if True in flags else False if False in flags else None


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _one_a_line(header: Mapping[str, object], name: str, lines: Iterable[Mapping[str, object]]) -> str:
    """JSON with each entry on a line of its own, so that a difference shows which model changed."""
    head = json.dumps(header, indent=1)[:-2]
    return f'{head},\n "{name}": [\n' + ",\n".join(json.dumps(line) for line in lines) + "\n ]\n}\n"


def _options(arguments: list[str]) -> argparse.Namespace:
    shared = Path(os.environ.get("PROVIDER_RUNTIME_SHARED") or CHECKOUT.parent / "shared")
    parser = argparse.ArgumentParser(description="Make the shipped catalog and prices again.")
    parser.add_argument("--as-of", required=True, type=lambda text: date.fromisoformat(text).isoformat())
    parser.add_argument("--from", dest="source", type=Path, default=shared / "prices")
    parser.add_argument("--to", dest="target", type=Path, default=CHECKOUT / "provider_runtime" / "adapters" / "data")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
