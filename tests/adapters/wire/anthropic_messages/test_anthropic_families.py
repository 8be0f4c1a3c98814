"""Which model accepts what on the Messages wire."""

import pytest
from anthropic_wire import a_request, encoded

from provider_runtime.adapters.wire.anthropic_messages.codec import AnthropicMessagesCodec
from provider_runtime.adapters.wire.anthropic_messages.families import FAMILIES, VERSIONS, ModelFamily, family_of_model
from provider_runtime.domain.conversation.messages import system
from provider_runtime.domain.identity import ANTHROPIC


@pytest.mark.parametrize(
    ("model_id", "family"),
    [
        ("claude-2.1", "claude-3"),
        ("claude-instant-1.2", "claude-3"),
        ("claude-3-haiku-20240307", "claude-3"),
        ("claude-3-5-sonnet-latest", "claude-3"),
        ("claude-3-7-sonnet-20250219", "claude-4-0"),
        ("claude-sonnet-4-20250514", "claude-4-0"),
        ("claude-opus-4-0", "claude-4-0"),
        ("claude-opus-4-1-20250805", "claude-4-5"),
        ("claude-haiku-4-5-20251001", "claude-4-5"),
        ("anthropic/claude-sonnet-4.5", "claude-4-5"),
        ("us.anthropic.claude-opus-4-6-v1:0", "claude-4-6"),
        ("claude-sonnet-4-6", "claude-4-6"),
        ("claude-opus-4-7", "opus-4-7"),
        ("claude-opus-4-8-20260528", "opus-4-8"),
        ("claude-sonnet-5", "sonnet-5"),
        ("claude-opus-5", "claude-5"),
        ("claude-haiku-5-5", "claude-5"),
        ("claude-fable-5", "fable-5"),
        ("claude-mythos-preview", "claude-5-5"),
        ("claude-fable-5-2", "claude-5-5"),
        ("claude-opus-5-5", "claude-5-5"),
        ("claude-opus-latest", "claude-5-5"),
        ("claude-sonnet-5-5@20260928", "sonnet-5-5"),
        ("claude-sonnet-6", "sonnet-5-5"),
        ("claude-epic-1", "claude-unknown"),
        ("gpt-oss:20b", "compatible"),
        ("kimi-k2", "compatible"),
    ],
)
def test_a_model_belongs_to_the_family_of_its_version(model_id: str, family: str) -> None:
    assert family_of_model(model_id).name == family


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_example_of_a_family_belongs_to_it(family: ModelFamily) -> None:
    assert family_of_model(family.example) is family


def test_families_have_names_of_their_own() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_takes_a_plain_request(family: ModelFamily) -> None:
    body, warned = encoded(a_request(system("Be brief."), *a_request().messages, model=family.example))
    assert set(body) == {"model", "max_tokens", "system", "messages", "stream"}
    assert warned == []


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("version", VERSIONS)
def test_sampling_controls_are_sent_or_announced(family: ModelFamily, version: str) -> None:
    codec = AnthropicMessagesCodec(api_version=version)
    body, warned = encoded(a_request(model=family.example, temperature=0.5, top_p=0.9, top_k=3), codec)
    missing = {"temperature", "top_p", "top_k"} - set(body)
    assert warned.count("dropped_control") == len(missing)
    if version == "2026-10-21":
        assert len(missing) == 3


def test_the_header_says_the_version_of_the_codec() -> None:
    assert AnthropicMessagesCodec().fixed_headers == (("anthropic-version", "2023-06-01"),)
    newer = AnthropicMessagesCodec(api_version="2026-10-21")
    assert newer.fixed_headers == (("anthropic-version", "2026-10-21"),)


def test_a_version_nobody_has_read_about_is_refused() -> None:
    with pytest.raises(ValueError, match="api_version"):
        AnthropicMessagesCodec(api_version="2030-01-01")


@pytest.mark.parametrize("limits", [{"m": 0}, {"m": "many"}, {"m": True}, {"m": 1.5}])
def test_output_limits_are_whole_counts(limits: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="output_limits"):
        AnthropicMessagesCodec(output_limits=limits)


def test_the_credential_goes_into_its_own_header_without_a_prefix() -> None:
    codec = AnthropicMessagesCodec()
    assert (codec.auth_header, codec.auth_prefix) == ("x-api-key", "")
    assert "authorization" not in dict(codec.fixed_headers)
    assert codec.models_path.startswith("/v1/models")
    assert codec.capabilities.supports_thinking


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_conversation_is_handed_over_as_the_family_can_take_it(family: ModelFamily) -> None:
    target = AnthropicMessagesCodec().handoff_target(ANTHROPIC, family.example)
    assert target.system_anywhere is family.system_anywhere
    assert not target.plain_thinking
    assert target.tool_id.fullmatch("toolu_01-Ab")
    assert not target.tool_id.fullmatch("call.1")
    assert not target.tool_id.fullmatch("x" * 65)
