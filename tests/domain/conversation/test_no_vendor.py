"""Canonical types belong to no vendor: what only one of them has is opaque, scoped, or an option for it alone."""

import importlib
import pkgutil
import re
from enum import Enum

import attrs
import pytest

from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain import conversation
from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.domain.conversation.warnings import WarningCode

VENDORS = {config.provider_id for config in PRESETS} | {
    *(word for kind in ProviderKind for word in kind.value.split("_") if word not in {"chat", "compatible"}),
    *("azure", "claude", "deepseek", "google", "gpt", "groq", "mistral", "vllm", "xai"),
}
MODULES = [
    importlib.import_module(f"{conversation.__name__}.{found.name}")
    for found in pkgutil.iter_modules(conversation.__path__)
]
TYPES = sorted(
    {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__.startswith(conversation.__name__)
    },
    key=lambda kind: kind.__name__,
)
# The source document gives these codes their names ([001]); they say whose answer was incomplete.
NAMED_ELSEWHERE = {code for code in WarningCode if code.value.startswith("openai_incomplete_")}


def words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()))


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_neither_a_type_nor_a_field_nor_a_choice_is_named_after_a_vendor(kind: type) -> None:
    named = {kind.__name__}
    if attrs.has(kind):
        named |= {field.name for field in attrs.fields(kind)}
    if issubclass(kind, Enum):
        named |= {str(choice.value) for choice in set(kind) - NAMED_ELSEWHERE}
    assert {name for name in named if words(name) & VENDORS} == set()


def test_the_search_would_find_one() -> None:
    assert len(TYPES) > 30
    assert words("AnthropicThinking") & VENDORS
    assert words("openai_incomplete_content_filter") & VENDORS
    assert len(NAMED_ELSEWHERE) == 4
