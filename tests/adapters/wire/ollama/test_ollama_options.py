"""What a provider record may set for every call to an Ollama server."""

from typing import Any

import pytest
from attrs import evolve

from provider_runtime import JsonObject, ProviderKind, Tier, freeze, ollama_server
from provider_runtime.adapters.wire.ollama.codec import OllamaCodec
from provider_runtime.adapters.wire.ollama.options import OllamaSettings, ollama_options
from provider_runtime.composition.wires import codec_for
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.errors import InvalidProviderConfig
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, freeze_object


def test_without_options_only_the_cutting_of_prompts_is_forbidden() -> None:
    assert ollama_options(EMPTY_OBJECT) == OllamaSettings()
    assert OllamaSettings().fields == {"truncate": False}


@pytest.mark.parametrize(
    "options",
    [
        {"num_ctx": 1},
        {"num_ctx": 2**31 - 1},
        {"num_gpu": -1},
        {"num_keep": 0, "main_gpu": 0, "num_thread": 0},
        {"num_batch": 1},
        {"typical_p": 0, "repeat_penalty": 0},
        {"repeat_penalty": 10, "typical_p": 1},
        {"use_mmap": False},
        {"min_p": 0},
        {"min_p": 1.0},
        {"repeat_penalty": 1.1},
        {"repeat_last_n": -1},
    ],
)
def test_options_of_the_model_go_to_the_model(options: dict[str, Any]) -> None:
    assert ollama_options(freeze_object(options)).model_options == options


@pytest.mark.parametrize("value", ["10m", "1h30m", "0", "-1", "-1s", "500ms", "1.5h", 0, -1, 300, 1.5])
def test_models_are_kept_as_long_as_the_server_can_be_told(value: object) -> None:
    settings = ollama_options(freeze_object({"keep_alive": value, "shift": False}))
    assert settings.fields == {"truncate": False, "keep_alive": value, "shift": False}
    assert settings.model_options == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_ctx", 0),
        ("num_ctx", 2**31),
        ("num_ctx", "4096"),
        ("num_ctx", True),
        ("num_ctx", 4096.0),
        ("num_ctx", None),
        ("keep_alive", ""),
        ("keep_alive", "soon"),
        ("keep_alive", "5 m"),
        ("keep_alive", "5m\n"),
        ("keep_alive", True),
        ("keep_alive", None),
        ("truncate", "no"),
        ("shift", 0),
        ("num_gpu", -2),
        ("repeat_last_n", -2),
        ("num_keep", -1),
        ("main_gpu", -1),
        ("num_thread", -1),
        ("num_batch", 0),
        ("repeat_penalty", 10.5),
        ("typical_p", 1.5),
        ("use_mmap", 1),
        ("min_p", 1.1),
        ("min_p", False),
        ("repeat_penalty", -1),
        ("temperature", 0.5),
        ("num_predict", 5),
        ("vendor", "ollama"),
        ("options", {"num_ctx": 1}),
    ],
)
def test_an_option_that_is_unknown_or_cannot_be_right_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidProviderConfig) as refused:
        ollama_options(freeze_object({name: value}))
    assert refused.value.field == f"options.{name}"
    assert name in refused.value.message
    assert "num_ctx" in refused.value.remedy


def test_a_server_on_this_machine_needs_a_line_and_no_key() -> None:
    record = ollama_server(default_model="qwen3:4b", options=JsonObject({"num_ctx": 16384}))
    assert (record.provider_id, record.kind, record.tier) == ("ollama", ProviderKind.OLLAMA, Tier.LOCAL)
    assert (record.base_url, record.default_model) == ("http://localhost:11434", "qwen3:4b")
    codec = codec_for(record, ModelCatalog())
    assert isinstance(codec, OllamaCodec)
    assert codec.settings.model_options == freeze({"num_ctx": 16384})
    assert codec.cloud_models is False


def test_the_codec_says_what_it_is_and_how_a_key_is_sent() -> None:
    codec = OllamaCodec()
    assert (codec.wire, codec.models_path, codec.fixed_headers) == ("ollama", "/api/tags", ())
    assert (codec.auth_header, codec.auth_prefix) == ("authorization", "Bearer ")
    assert codec.capabilities.supports_thinking
    assert codec.capabilities.supports_tools
    target = codec.handoff_target(ProviderId("acme"), "m")
    assert (target.wire, target.plain_thinking, target.system_anywhere) == ("ollama", True, True)


def test_a_server_that_is_registered_as_cloud_may_pass_calls_on() -> None:
    codec = codec_for(evolve(ollama_server("https://ollama.com"), tier=Tier.CLOUD), ModelCatalog())
    assert isinstance(codec, OllamaCodec)
    assert codec.cloud_models is True
