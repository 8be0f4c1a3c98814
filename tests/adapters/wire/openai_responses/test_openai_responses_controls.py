from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses_cases import CODEC, encoded_body, request_for, warning_codes

from provider_runtime.adapters.wire.openai_responses.families import PLAIN, UNKNOWN, Sampling, family_for
from provider_runtime.domain.conversation.request import (
    Effort,
    Reasoning,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.identity import OPENAI, ProviderId

ENCRYPTED = ["reasoning.encrypted_content"]
MODELS = (
    "gpt-4o-mini",
    "gpt-5-nano-2025-08-07",
    "gpt-5-pro",
    "gpt-5.1",
    "gpt-5.2-chat-latest",
    "gpt-5.4-mini",
    "gpt-5.5",
    "gpt-5.6-luna",
    "gpt-6-astra",
    "o4-mini",
    "gpt-oss-120b",
    "grok-4",
    "grok-4.3",
    "my-deployment",
)


# ── families ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("openai/gpt-5.6-sol", "gpt-5.6-sol"),
        ("openai.gpt-5.5", "gpt-5.5"),
        ("ft:gpt-4o-2024-08-06:acme::abc", "gpt-4o"),
        ("GPT-5-Mini", "gpt-5-mini"),
        ("x-ai/grok-4.3", "grok-4.3"),
        ("gpt-5.1-codex-max-2025-11-20", "gpt-5.1-codex-max"),
    ],
)
def test_a_vendor_prefix_a_date_and_case_do_not_change_the_family(name: str, like: str) -> None:
    assert family_for(name) is family_for(like)
    assert family_for(name) is not UNKNOWN


@pytest.mark.parametrize("name", ["gpt-5-chat-latest", "gpt-4.1", "grok-4-1-fast-non-reasoning", "chatgpt-4o-latest"])
def test_models_that_do_not_reason_are_known_as_such(name: str) -> None:
    assert family_for(name) is PLAIN


@pytest.mark.parametrize("name", ["my-deployment", "Qwen/Qwen3-4B", "", "llama", "gpt"])
def test_a_name_that_says_nothing_has_no_family(name: str) -> None:
    assert family_for(name) is UNKNOWN


@given(st.text())
def test_every_text_has_a_family(name: str) -> None:
    family = family_for(name)
    assert family.efforts is None or list(family.efforts) == sorted(family.efforts, key=list(Effort).index)


# ── sampling ────────────────────────────────────────────────────────────────────────────────


def test_controls_that_are_not_set_are_not_sent() -> None:
    assert set(encoded_body(request_for("gpt-4.1"))) == {"model", "input", "store", "stream", "text"}


def test_sampling_controls_go_to_models_that_take_them() -> None:
    request = request_for("gpt-4.1", temperature=0, top_p=0.5, max_output_tokens=7)
    body = encoded_body(request)
    assert (body["temperature"], body["top_p"], body["max_output_tokens"]) == (0, 0.5, 7)
    assert warning_codes(request) == ["both_temperature_and_top_p_set"]


@pytest.mark.parametrize("model", ["gpt-5-mini", "o3", "gpt-5.6-sol", "gpt-6-astra"])
def test_a_model_that_refuses_sampling_gets_none_and_a_warning_each(model: str) -> None:
    request = request_for(model, temperature=0.5, top_p=0.5)
    assert {"temperature", "top_p"}.isdisjoint(encoded_body(request))
    assert warning_codes(request) == ["dropped_control", "dropped_control"]


@pytest.mark.parametrize(
    ("model", "reasoning", "sent"),
    [
        ("gpt-5.4", None, True),
        ("gpt-5.4", ReasoningOff(), True),
        ("gpt-5.4", ReasoningEffort("low"), False),
        ("gpt-5.2", ReasoningBudget(2000), False),
        ("gpt-5", ReasoningOff(), False),
        ("grok-4.3", ReasoningEffort("high"), True),
    ],
)
def test_some_models_take_sampling_only_while_they_do_not_reason(
    model: str,
    reasoning: Reasoning | None,
    sent: bool,  # noqa: FBT001 - a table
) -> None:
    assert ("temperature" in encoded_body(request_for(model, temperature=0.5, reasoning=reasoning))) is sent


def test_hints_that_the_api_does_not_know_are_dropped_with_a_warning_each() -> None:
    request = request_for("gpt-4.1", top_k=3, seed=7, frequency_penalty=0.1, presence_penalty=0.2)
    assert set(encoded_body(request)) == {"model", "input", "store", "stream", "text"}
    assert warning_codes(request) == ["dropped_control"] * 4


def test_stop_sequences_carry_meaning_and_are_refused() -> None:
    with pytest.raises(IntentUnsupported) as refused:
        CODEC.encode(request_for("gpt-4.1", stop=("END",)), OPENAI)
    assert refused.value.field == "stop"


# ── reasoning ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("model", "reasoning", "effort", "warnings"),
    [
        ("gpt-5.6-sol", ReasoningEffort("max"), "max", []),
        ("gpt-5.5", ReasoningEffort("max"), "xhigh", ["reasoning_approximated"]),
        ("gpt-5", ReasoningEffort("minimal"), "minimal", []),
        ("gpt-5.1", ReasoningEffort("minimal"), "low", ["reasoning_approximated"]),
        ("o4-mini", ReasoningEffort("xhigh"), "high", ["reasoning_approximated"]),
        ("gpt-5-pro", ReasoningEffort("low"), "high", ["reasoning_approximated"]),
        ("grok-3-mini", ReasoningEffort("medium"), "low", ["reasoning_approximated"]),
        ("my-deployment", ReasoningEffort("max"), "max", []),
        ("gpt-4.1", ReasoningEffort("low"), None, ["dropped_control"]),
        ("grok-4", ReasoningEffort("low"), None, ["dropped_control"]),
        ("gpt-5.6-sol", ReasoningBudget(1), "low", ["reasoning_approximated"]),
        ("gpt-5.6-sol", ReasoningBudget(16_384), "medium", ["reasoning_approximated"]),
        ("gpt-5.6-sol", ReasoningBudget(16_385), "high", ["reasoning_approximated"]),
        ("gpt-5.6-sol", ReasoningBudget(10**6), "max", ["reasoning_approximated"]),
        ("gpt-4.1", ReasoningBudget(500), None, ["dropped_control"]),
        ("gpt-5.6-sol", ReasoningOff(), "none", []),
        ("gpt-5", ReasoningOff(), "minimal", ["reasoning_approximated"]),
        ("gpt-6-astra", ReasoningOff(), "low", ["reasoning_approximated"]),
        ("my-deployment", ReasoningOff(), "none", []),
        ("gpt-4.1", ReasoningOff(), None, []),
        ("grok-4", ReasoningOff(), None, ["dropped_control"]),
    ],
)
def test_reasoning_is_asked_as_near_as_the_model_comes(
    model: str, reasoning: Reasoning, effort: str | None, warnings: list[str]
) -> None:
    request = request_for(model, reasoning=reasoning)
    assert encoded_body(request).get("reasoning") == ({"effort": effort} if effort else None)
    assert warning_codes(request) == warnings


@given(model=st.sampled_from(MODELS), effort=st.sampled_from(Effort))
def test_an_effort_is_never_sent_to_a_model_that_does_not_know_it(model: str, effort: Effort) -> None:
    known = family_for(model).efforts
    sent = encoded_body(request_for(model, reasoning=ReasoningEffort(effort))).get("reasoning")
    if known is None:
        assert sent == {"effort": effort.value}
    else:
        assert sent is None if known == () else sent["effort"] in {one.value for one in known}


@given(model=st.sampled_from(MODELS), budgets=st.lists(st.integers(1, 200_000), min_size=2, max_size=2))
def test_a_larger_budget_never_means_less_effort(model: str, budgets: list[int]) -> None:
    ranks = [effort.value for effort in Effort]
    efforts = [
        encoded_body(request_for(model, reasoning=ReasoningBudget(budget))).get("reasoning", {"effort": "minimal"})
        for budget in sorted(budgets)
    ]
    assert ranks.index(efforts[0]["effort"]) <= ranks.index(efforts[1]["effort"])


@pytest.mark.parametrize(
    ("model", "reasoning", "included"),
    [
        ("gpt-5", None, ENCRYPTED),
        ("gpt-5.4", ReasoningOff(), ENCRYPTED),
        ("grok-4.3", None, ENCRYPTED),
        ("gpt-4.1", None, None),
        ("gpt-5-chat-latest", ReasoningEffort("low"), None),
        ("gpt-oss-20b", ReasoningEffort("low"), None),
        ("my-deployment", None, None),
        ("my-deployment", ReasoningOff(), None),
        ("my-deployment", ReasoningEffort("low"), ENCRYPTED),
    ],
)
def test_encrypted_reasoning_is_asked_of_models_that_have_it(
    model: str, reasoning: Reasoning | None, included: list[str] | None
) -> None:
    assert encoded_body(request_for(model, reasoning=reasoning)).get("include") == included


def test_a_family_that_takes_sampling_while_resting_can_rest() -> None:
    resting = [family_for(model) for model in MODELS if family_for(model).sampling is Sampling.WITHOUT_REASONING]
    assert resting
    assert all(family.can_rest for family in resting)


# ── labels ──────────────────────────────────────────────────────────────────────────────────


def labels(count: int, key: int = 3, value: int = 3) -> dict[str, str]:
    return {f"{number:0{key}}": "v" * value for number in range(count)}


def test_labels_within_the_limits_are_sent() -> None:
    assert len(encoded_body(request_for("gpt-4.1", metadata=labels(16, 64, 512)))["metadata"]) == 16


@pytest.mark.parametrize("metadata", [labels(17), labels(1, 65), labels(1, 3, 513)])
def test_labels_beyond_the_limits_are_refused(metadata: dict[str, str]) -> None:
    with pytest.raises(RequestInvalid) as refused:
        CODEC.encode(request_for("gpt-4.1", metadata=metadata), OPENAI)
    assert refused.value.field == "metadata"


# ── verbatim options ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"model": "other"}, "provider_options.model"),
        ({"input": "other"}, "provider_options.input"),
        ({"store": True}, "provider_options.store"),
        ({"stream": True}, "provider_options.stream"),
        ({"temperature": 1}, "provider_options.temperature"),
        ({"metadata": {}}, "provider_options.metadata"),
        ({"tool_choice": "none"}, "provider_options.tool_choice"),
        ({"text": {"format": {"type": "text"}}}, "provider_options.text.format"),
        ({"reasoning": {"effort": "low"}}, "provider_options.reasoning.effort"),
        ({"text": "short"}, "provider_options.text"),
        ({"include": "all"}, "provider_options.include"),
        ({"tools": {}}, "provider_options.tools"),
    ],
)
def test_an_option_cannot_decide_what_the_request_decides(options: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        CODEC.encode(request_for("gpt-5", provider_options={"openai": options}), OPENAI)
    assert refused.value.field == field


@given(
    st.dictionaries(
        st.text(min_size=1), st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), max_size=4
    )
)
def test_any_other_option_arrives_as_it_was_given(options: dict[str, Any]) -> None:
    taken = set(encoded_body(request_for("gpt-5", temperature=1)))
    taken |= {"temperature", "top_p", "max_output_tokens", "metadata", "tools", "reasoning"}
    taken |= {"tool_choice", "parallel_tool_calls"}
    free = {name: value for name, value in options.items() if name not in taken}
    body = encoded_body(request_for("gpt-5", provider_options={"openai": free}))
    assert {name: body[name] for name in free} == free


def test_the_options_of_another_provider_are_not_sent() -> None:
    request = request_for("gpt-5", provider_options={"azure-eu": {"service_tier": "flex"}})
    assert "service_tier" not in encoded_body(request)
    assert b'"service_tier":"flex"' in CODEC.encode(request, ProviderId("azure-eu")).body
