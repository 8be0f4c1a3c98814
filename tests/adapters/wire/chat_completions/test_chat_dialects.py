"""Dialects: what OpenRouter's options and the vendors of compatible servers change."""

import pytest
from chat_support import ACME, a_request, encoded, fixture, openrouter_codec, remarks, vendor_codec

from provider_runtime.adapters.wire.openai_compatible import openai_compatible_dialect
from provider_runtime.adapters.wire.openrouter import openrouter_dialect
from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.messages import assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import RefusalPart, ToolCallPart
from provider_runtime.domain.conversation.request import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ReasoningBudget,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.errors import IntentUnsupported, InvalidProviderConfig, RequestInvalid
from provider_runtime.domain.json_values import freeze_object

VENDORS = (
    "generic",
    "openai",
    "azure",
    "openrouter",
    "mistral",
    "deepseek",
    "xai",
    "groq",
    "together",
    "tgi",
    "vllm",
    "llamacpp",
    "ollama",
)
TOOLS = (ToolDefinition(name="f"), ToolDefinition(name="g"))


# ── OpenRouter ──────────────────────────────────────────────────────────────────────────────


def test_options_of_openrouter_are_sent_verbatim() -> None:
    options: dict[str, object] = {
        "provider_preferences": {"order": ["Anthropic"], "allow_fallbacks": False},
        "plugins": [{"id": "web", "max_results": 3}],
        "frequency_penalty": -0.5,
        "presence_penalty": 2,
        "logit_bias": {"50256": -100},
        "logprobs": True,
        "top_logprobs": 20,
        "reasoning": {"effort": "low", "exclude": True},
        "seed": 7,
        "user": "u-1",
        "session_id": "s" * 128,
        "trace": {"trace_name": "nightly"},
        "route": "fallback",
        "max_tokens": 100,
        "modalities": ["text"],
    }
    body = encoded(openrouter_codec(**options), a_request())
    renamed = {("provider" if name == "provider_preferences" else name): value for name, value in options.items()}
    assert body == encoded(openrouter_codec(), a_request()) | renamed


def test_what_the_request_says_beats_what_the_record_says() -> None:
    codec = openrouter_codec(
        seed=1, frequency_penalty=1, max_tokens=5, reasoning={"effort": "low"}, parallel_tool_calls=True
    )
    request = a_request(
        seed=2,
        frequency_penalty=0.5,
        max_output_tokens=9,
        reasoning=ReasoningBudget(max_tokens=3),
        tools=TOOLS,
        parallel_tool_calls=False,
    )
    body = encoded(codec, request)
    assert (body["seed"], body["frequency_penalty"], body["reasoning"]) == (2, 0.5, {"max_tokens": 3})
    assert body["parallel_tool_calls"] is False
    assert body["max_completion_tokens"] == 9
    assert "max_tokens" not in body
    assert "parallel_tool_calls" not in encoded(codec, a_request())


def test_the_callers_own_options_beat_what_the_record_says() -> None:
    codec = openrouter_codec(plugins=[{"id": "web"}], route="sort")
    body = encoded(codec, a_request(provider_options={"acme": {"plugins": []}}))
    assert (body["plugins"], body["route"]) == ([], "sort")


def test_an_option_cannot_say_again_what_the_dialect_has_said() -> None:
    own = {"acme": {"chat_template_kwargs": {"enable_thinking": True}}}
    assert encoded(vendor_codec("vllm"), a_request(provider_options=own))["chat_template_kwargs"]
    with pytest.raises(RequestInvalid) as refused:
        vendor_codec("vllm").encode(a_request(provider_options=own, reasoning=ReasoningOff()), ACME)
    assert refused.value.field == "provider_options.chat_template_kwargs"


def test_fallback_models_stand_after_the_model_asked_for() -> None:
    body = encoded(openrouter_codec(fallback_models=["a/b", "c/d"]), a_request(model="x/y"))
    assert body["models"] == ["x/y", "a/b", "c/d"]
    assert "model" not in body


def test_attribution_is_sent_as_headers() -> None:
    codec = openrouter_codec(http_referer="https://acme.example", x_title="Acme")
    assert codec.fixed_headers == (("http-referer", "https://acme.example"), ("x-title", "Acme"))
    assert openrouter_codec().fixed_headers == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_config", {}),
        ("debug", {}),
        ("stream_options", {}),
        ("unheard", 1),
        ("fallback_models", "a/b"),
        ("fallback_models", []),
        ("fallback_models", [" "]),
        ("provider_preferences", []),
        ("plugins", {}),
        ("plugins", ["web"]),
        ("parallel_tool_calls", "yes"),
        ("frequency_penalty", 2.1),
        ("presence_penalty", True),
        ("logit_bias", {"1": "x"}),
        ("logit_bias", []),
        ("logprobs", 1),
        ("top_logprobs", 21),
        ("top_logprobs", 1.0),
        ("reasoning", "high"),
        ("seed", 1.5),
        ("user", " "),
        ("session_id", "s" * 129),
        ("trace", None),
        ("route", "best"),
        ("route", {"a": 1}),
        ("max_tokens", 0),
        ("modalities", ["text", "image"]),
        ("http_referer", "https://acme.example\r\nx-evil: 1"),
        ("x_title", "Ä"),
        ("x_title", ""),
    ],
)
def test_an_option_that_cannot_be_right_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidProviderConfig) as refused:
        openrouter_dialect(freeze_object({name: value}))
    assert refused.value.field == f"options.{name}"


# ── compatible servers ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"vendor": "acme"}, "options.vendor"),
        ({"vendor": 5}, "options.vendor"),
        ({"vendor": ["mistral"]}, "options.vendor"),
        ({"colour": "red"}, "options.colour"),
        ({"api_version": "2024-12-01"}, "options.api_version"),
        ({"vendor": "azure", "api_version": "a&b"}, "options.api_version"),
        ({"vendor": "azure", "api_version": 5}, "options.api_version"),
    ],
)
def test_unknown_options_of_compatible_servers_are_refused_by_name(options: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidProviderConfig) as refused:
        openai_compatible_dialect(freeze_object(options))
    assert refused.value.field == field


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_speaks_under_its_base_url(vendor: str) -> None:
    codec = vendor_codec(vendor)
    assert codec.dialect.name == vendor
    assert codec.encode(a_request(), ACME).path == "/chat/completions"
    assert codec.models_path == "/models"


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_is_sent_the_golden_request(vendor: str) -> None:
    request = a_request(
        system("Be terse."),
        user("Say hello."),
        temperature=0.5,
        top_k=3,
        max_output_tokens=10,
        seed=4,
        tools=(ToolDefinition(name="f", strict=True),),
        parallel_tool_calls=True,
        metadata={"team": "blue"},
    )
    golden = fixture("vendors")
    expected = golden["common"] | golden[vendor]
    assert encoded(vendor_codec(vendor), request) == {k: value for k, value in expected.items() if value is not None}


def test_azure_has_its_own_header_and_an_api_version_in_the_address() -> None:
    dialect = openai_compatible_dialect(freeze_object({"vendor": "azure", "api_version": "2024-12-01-preview"}))
    assert dialect.chat_path == "/chat/completions?api-version=2024-12-01-preview"
    assert dialect.models_path == "/models?api-version=2024-12-01-preview"
    assert (dialect.auth_header, dialect.auth_prefix) == ("api-key", "")


def test_tool_call_ids_fit_the_alphabet_of_the_target() -> None:
    call = ToolCall(id="toolu_bdrk_01ADw53o3uvrGvccVaVYUX4G", name="f")
    fitting = ToolCall(id="gSIMJiOkT", name="f")
    messages = (
        user("?"),
        assistant(ToolCallPart(call), ToolCallPart(fitting)),
        tool_result(call, "1"),
        tool_result(fitting, "2"),
    )
    handed = hand_off(messages, vendor_codec("mistral").handoff_target(ACME, "mistral-small"))
    sent = encoded(vendor_codec("mistral"), a_request(*handed.messages))["messages"]
    ids = [made["id"] for made in sent[1]["tool_calls"]]
    assert ids[1] == "gSIMJiOkT"
    assert len(ids[0]) == 9
    assert ids[0].isalnum()
    assert [message["tool_call_id"] for message in sent[2:]] == ids
    long = (user("?"), assistant(ToolCallPart(ToolCall(id="x" * 41, name="f"))), tool_result("x" * 41, "1"))
    openai = vendor_codec("openai").handoff_target(ACME, "gpt-4.1")
    assert [warning.code for warning in hand_off(long, openai).losses] == ["handoff_tool_id_rewritten"]


def test_chat_templates_get_one_system_message_in_front() -> None:
    codec = vendor_codec("llamacpp")
    messages = (system("Be terse."), system("Be kind."), user("Hi"), assistant("Hi"), system("Now rude."), user("Hi"))
    handed = hand_off(messages, codec.handoff_target(ACME, "qwen3"))
    sent = encoded(codec, a_request(*handed.messages))["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user", "user"]
    assert sent[0]["content"] == "Be terse.\n\nBe kind."
    kept = encoded(vendor_codec("groq"), a_request(*messages))["messages"]
    assert [message["role"] for message in kept] == [str(message.role) for message in messages]


def test_a_server_that_ignores_names_is_given_the_one_tool_and_no_choice() -> None:
    request = a_request(tools=TOOLS, tool_choice=ToolChoiceSpecific(name="g"))
    body = encoded(vendor_codec("llamacpp"), request)
    assert [tool["function"]["name"] for tool in body["tools"]] == ["g"]
    assert body["tool_choice"] == "required"


def test_a_server_that_ignores_tool_choice_is_not_trusted_with_one() -> None:
    codec = vendor_codec("ollama")
    for choice in (ToolChoiceRequired(), ToolChoiceSpecific(name="g")):
        with pytest.raises(IntentUnsupported) as refused:
            codec.encode(a_request(tools=TOOLS, tool_choice=choice), ACME)
        assert refused.value.field == "tool_choice"
    assert "tools" not in encoded(codec, a_request(tools=TOOLS, tool_choice=ToolChoiceNone()))
    assert "tool_choice" not in encoded(codec, a_request(tools=TOOLS))


def test_schemas_go_in_the_form_each_server_takes() -> None:
    wanted = JsonSchemaFormat(name="city", schema={"type": "object"})
    body = encoded(vendor_codec("tgi"), a_request(response_format=wanted))
    assert body["response_format"] == {
        "type": "json_schema",
        "value": {"name": "city", "schema": {"type": "object"}},
    }
    for vendor, refused_format in (("deepseek", wanted), ("tgi", JsonObjectFormat())):
        with pytest.raises(IntentUnsupported) as refused:
            vendor_codec(vendor).encode(a_request(response_format=refused_format), ACME)
        assert refused.value.field == "response_format"


def test_a_refusal_is_text_where_the_wire_has_no_field_for_it() -> None:
    request = a_request(user("?"), assistant(RefusalPart("No.")), user("Why?"))
    assert encoded(vendor_codec("mistral"), request)["messages"][1] == {"role": "assistant", "content": "No."}


def test_what_a_vendor_does_not_define_is_dropped_with_a_remark() -> None:
    request = a_request(seed=1, top_k=2, metadata={"a": "b"}, tools=TOOLS, parallel_tool_calls=True)
    dropped = ["dropped_control"] * 3 + ["dropped_unsupported_metadata_keys"]
    assert remarks(vendor_codec("deepseek"), request) == dropped
    assert remarks(vendor_codec("openrouter"), request) == []


@pytest.mark.parametrize(
    ("vendor", "asked", "sent"),
    [
        ("mistral", {"temperature": 2}, {"temperature": 1.5}),
        ("mistral", {"top_p": 0}, {"top_p": 0.01}),
        ("mistral", {"seed": -7}, {"random_seed": 0}),
        ("tgi", {"seed": -7}, {"seed": 0}),
        ("openai", {"seed": 2**63}, {"seed": 2**63 - 1}),
        ("azure", {"seed": 2**64 - 1}, {"seed": 2**63 - 1}),
    ],
)
def test_a_control_beyond_what_a_server_takes_is_brought_to_its_bound(
    vendor: str, asked: dict[str, float], sent: dict[str, float]
) -> None:
    request = a_request(**asked)
    body = encoded(vendor_codec(vendor), request)
    assert {name: body[name] for name in sent} == sent
    assert remarks(vendor_codec(vendor), request) == ["clamped_control"]
    assert remarks(vendor_codec(), request) == []
