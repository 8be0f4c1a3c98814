"""The names of the released edition are OpenTelemetry's own, to the letter."""

import pytest
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes
from opentelemetry.semconv.schemas import Schemas

from provider_runtime.adapters.telemetry import genai_conventions as names
from provider_runtime.adapters.telemetry.genai_conventions import GenAiConventions

# Deprecated since the conventions moved out, so a newer release may be without them.
GONE = "this release of opentelemetry-semantic-conventions has no names for generative AI"
gen_ai_attributes = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes", reason=GONE)
gen_ai_metrics = pytest.importorskip("opentelemetry.semconv._incubating.metrics.gen_ai_metrics", reason=GONE)

MODULES = (gen_ai_attributes, gen_ai_metrics, error_attributes, http_attributes, server_attributes)
KNOWN = {value for module in MODULES for value in vars(module).values() if isinstance(value, str)}
OF_THE_NEWER_EDITION = ("gen_ai.client.inference.", "gen_ai.usage.cache_write.", "gen_ai.token.modality")
CUSTOM = {"openrouter", "ollama"}  # the conventions have no name for them
NEWER = {"moonshot_ai"}  # named since they moved out


def ours() -> set[str]:
    values = [value for name, value in vars(names).items() if name.isupper() and not name.startswith("_")]
    every = [inner for value in values for inner in (value.values() if isinstance(value, dict) else [value])]
    return {text for text in every if isinstance(text, str) and "." in text and "/" not in text}


def test_every_name_of_the_released_edition_is_one_of_opentelemetry() -> None:
    told = {name for name in ours() if not name.startswith((names.OWN, *OF_THE_NEWER_EDITION))}
    assert len(told) > 20
    assert told - KNOWN == set()


def test_the_schema_of_the_released_edition_is_one_of_opentelemetry() -> None:
    assert names.SCHEMA_URLS[GenAiConventions.RELEASED] in {schema.value for schema in Schemas}


def test_every_name_of_a_provider_is_one_of_opentelemetry_or_known_not_to_be() -> None:
    known = {member.value for member in gen_ai_attributes.GenAiProviderNameValues}
    assert {name for _, name in names._BY_HOST} - NEWER <= known
    assert set(names._BY_KIND.values()) - CUSTOM <= known
