"""Providers and servers under the names of the conventions, and the library that is only imported when used."""

import subprocess
import sys

import pytest

from provider_runtime.adapters.telemetry import genai_conventions as names
from provider_runtime.adapters.telemetry.finished_call import server
from provider_runtime.adapters.telemetry.genai_conventions import GenAiConventions, provider_name
from provider_runtime.domain.catalog.providers import ProviderKind


def test_the_newer_edition_is_named_as_the_environment_would_name_it() -> None:
    assert GenAiConventions("gen_ai_latest_experimental") is GenAiConventions.LATEST


@pytest.mark.parametrize(
    ("host", "kind", "name"),
    [
        ("api.openai.com", "openai", "openai"),
        ("api.openai.com", "openai_chat", "openai"),
        ("127.0.0.1", "openai", "openai"),
        ("acme.openai.azure.com", "openai_compatible", "azure.ai.openai"),
        ("api.anthropic.com", "anthropic", "anthropic"),
        ("generativelanguage.googleapis.com", "gemini", "gcp.gemini"),
        ("us-central1-aiplatform.googleapis.com", "gemini", "gcp.vertex_ai"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "openai_compatible", "aws.bedrock"),
        ("api.mistral.ai", "openai_compatible", "mistral_ai"),
        ("api.groq.com", "openai_compatible", "groq"),
        ("api.deepseek.com", "openai_compatible", "deepseek"),
        ("api.x.ai", "openai_compatible", "x_ai"),
        ("api.moonshot.cn", "openai_compatible", "moonshot_ai"),
        ("api.perplexity.ai", "openai_compatible", "perplexity"),
        ("openrouter.ai", "openrouter", "openrouter"),
        ("localhost", "ollama", "ollama"),
        ("gpu-7.internal", "openai_compatible", "acme-vllm"),
        ("notapi.x.ai.example.com", "openai_compatible", "acme-vllm"),
        ("apixai", "openai_compatible", "acme-vllm"),
        (None, None, "acme-vllm"),
    ],
)
def test_a_provider_has_the_name_of_the_conventions_or_its_own(host: str | None, kind: str | None, name: str) -> None:
    assert provider_name(host=host, kind=kind, provider="acme-vllm") == name


def test_every_wire_has_a_name_but_the_one_that_everybody_speaks() -> None:
    assert set(names._BY_KIND) == {kind.value for kind in ProviderKind} - {"openai_compatible"}


@pytest.mark.parametrize(
    ("origin", "address", "port"),
    [
        ("https://api.openai.com:443", "api.openai.com", 443),
        ("https://api.openai.com", "api.openai.com", 443),
        ("http://[::1]:8765", "::1", 8765),
        ("http://localhost", "localhost", 80),
    ],
)
def test_an_origin_is_an_address_and_a_port(origin: str, address: str, port: int) -> None:
    assert server(origin) == {"server.address": address, "server.port": port}


@pytest.mark.parametrize("origin", [None, "", "nonsense", "https://x:port", "https://[", "unix:/tmp/my.sock"])
def test_what_is_no_origin_has_no_address(origin: str | None) -> None:
    assert server(origin) == {}


def test_importing_the_sinks_does_not_import_opentelemetry() -> None:
    program = (
        "import sys, provider_runtime.adapters.telemetry\n"
        "print(sorted(name for name in sys.modules if name.startswith('opentelemetry')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_opentelemetry_the_error_says_how_to_get_it() -> None:
    program = (
        "import sys\nsys.modules['opentelemetry'] = None\n"
        "from provider_runtime.adapters.telemetry import OpenTelemetryEventSink\n"
        "try:\n    OpenTelemetryEventSink.from_globals()\nexcept Exception as error:\n"
        "    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("InvalidSettings")
    assert "provider-runtime[otel]" in done.stdout
