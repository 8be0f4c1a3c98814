"""Which model takes what on the Gemini wire."""

import pytest
from gemini_wire import a_request, config_of, encoded, sent

from provider_runtime.adapters.wire.gemini.families import ModelFamily, Thinking, every_family, family_of_model
from provider_runtime.domain.conversation.messages import assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import ImageDetail, ImagePart, InlineData, ToolCallPart
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    Reasoning,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import ToolCall, ToolDefinition
from provider_runtime.domain.errors import IntentUnsupported

_FAMILIES = every_family()


@pytest.mark.parametrize(
    ("model_id", "family"),
    [
        ("gemini-1.5-flash-002", "gemini-2"),
        ("gemini-2.0-flash-lite", "gemini-2"),
        ("gemini-2.5-pro", "gemini-2-5-pro"),
        ("gemini-2.5-flash-preview-09-2025", "gemini-2-5-flash"),
        ("gemini-2.5-flash-lite-preview-06-17", "gemini-2-5-flash-lite"),
        ("gemini-2.5-flash-image-preview", "gemini-2-5-image"),
        ("gemini-2.5-flash-preview-tts", "gemini-2-5-image"),
        ("gemini-3.1-flash-lite-image", "gemini-3-image"),
        ("gemini-3-pro-preview", "gemini-3-pro"),
        ("gemini-3.1-pro-preview-customtools", "gemini-3-1-pro"),
        ("gemini-3-flash-preview", "gemini-3-flash"),
        ("gemini-3.1-flash-lite", "gemini-3-flash"),
        ("gemini-3-pro-image-preview", "gemini-3-image"),
        ("gemini-3.5-flash-lite", "gemini-3-5"),
        ("gemini-3.6-flash", "gemini-3-5"),
        ("gemini-3.7-flash", "gemini-3-7"),
        ("gemini-3.8-flash", "gemini-3-7"),
        ("gemini-4-argon", "gemini-4"),
        ("gemini-4-neon", "gemini-4"),
        ("gemini-5-flash", "gemini-4"),
        ("gemini-flash-latest", "gemini-4"),
        ("gemini-pro-latest", "gemini-4"),
        ("models/gemini-2.5-flash", "gemini-2-5-flash"),
        ("gemma-3-27b-it", "gemini-2"),
        ("gemini-gemma-2-9b-it", "gemini-2"),
        ("learnlm-2.0-flash", "gemini-2"),
    ],
)
def test_a_model_belongs_to_the_family_of_its_version(model_id: str, family: str) -> None:
    assert family_of_model(model_id).name == family


@pytest.mark.parametrize("family", _FAMILIES, ids=lambda family: family.name)
def test_the_example_of_a_family_belongs_to_it(family: ModelFamily) -> None:
    assert family_of_model(family.example) is family


def test_families_have_names_of_their_own() -> None:
    assert len({family.name for family in _FAMILIES}) == len(_FAMILIES)


@pytest.mark.parametrize("family", _FAMILIES, ids=lambda family: family.name)
def test_every_family_takes_a_plain_request(family: ModelFamily) -> None:
    body = sent(a_request(system("Be brief."), user("Hello"), model=family.example))
    assert set(body) == {"systemInstruction", "contents", "store"}


@pytest.mark.parametrize("family", _FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize(
    "reasoning",
    [*(ReasoningEffort(effort) for effort in Effort), ReasoningBudget(1), ReasoningBudget(10**6), ReasoningOff()],
    ids=str,
)
def test_every_family_is_told_how_to_think_in_its_own_way_or_a_warning_says_that_it_is_not(
    family: ModelFamily, reasoning: Reasoning
) -> None:
    config, warned = config_of(a_request(model=family.example, reasoning=reasoning))
    thinking = config.get("thinkingConfig", {})
    assert not {"thinkingBudget", "thinkingLevel"} <= thinking.keys()
    if "thinkingLevel" in thinking:
        assert family.thinking is Thinking.LEVEL
        assert thinking["thinkingLevel"].lower() in family.levels
    if "thinkingBudget" in thinking:
        assert family.thinking is Thinking.BUDGET
        budget = thinking["thinkingBudget"]
        assert (budget == 0 and family.can_rest) or family.least_budget <= budget <= family.most_budget
    exact = {
        Thinking.NEVER: isinstance(reasoning, ReasoningOff),
        Thinking.UNTOLD: False,
        Thinking.BUDGET: isinstance(reasoning, ReasoningOff) and family.can_rest,
        Thinking.LEVEL: isinstance(reasoning, ReasoningEffort) and reasoning.effort in family.levels,
    }[family.thinking]
    if isinstance(reasoning, ReasoningBudget) and thinking.get("thinkingBudget") == reasoning.max_tokens:
        exact = True
    assert (warned == []) == exact
    assert thinking.get("includeThoughts", False) == (bool(thinking) and not isinstance(reasoning, ReasoningOff))


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking"),
    [
        ("gemini-2.5-flash", ReasoningEffort(Effort.LOW), 1024),
        ("gemini-2.5-flash", ReasoningEffort(Effort.MEDIUM), 8192),
        ("gemini-2.5-flash", ReasoningEffort(Effort.MAX), 24576),
        ("gemini-2.5-pro", ReasoningEffort(Effort.MAX), 32768),
        ("gemini-2.5-pro", ReasoningOff(), 128),
        ("gemini-2.5-flash-lite", ReasoningBudget(100), 512),
        ("gemini-3-pro-preview", ReasoningEffort(Effort.MEDIUM), "LOW"),
        ("gemini-3-flash-preview", ReasoningEffort(Effort.MINIMAL), "MINIMAL"),
        ("gemini-3.8-flash", ReasoningEffort(Effort.MINIMAL), "LOW"),
        ("gemini-3.8-flash", ReasoningEffort(Effort.MAX), "HIGH"),
        ("gemini-3-flash-preview", ReasoningBudget(512), "MINIMAL"),
        ("gemini-3-flash-preview", ReasoningBudget(1024), "LOW"),
        ("gemini-3-flash-preview", ReasoningBudget(10_000), "MEDIUM"),
        ("gemini-3-flash-preview", ReasoningBudget(100_000), "HIGH"),
        ("gemini-4-argon", ReasoningOff(), "LOW"),
    ],
)
def test_what_cannot_be_said_is_said_nearly(model: str, reasoning: Reasoning, thinking: object) -> None:
    config, _ = config_of(a_request(model=model, reasoning=reasoning))
    assert next(iter(config["thinkingConfig"].values())) == thinking


@pytest.mark.parametrize("family", _FAMILIES, ids=lambda family: family.name)
def test_each_control_is_sent_or_its_loss_is_announced(family: ModelFamily) -> None:
    controls = {
        "temperature": ("temperature", 0.5, family.sampling),
        "top_p": ("topP", 0.5, family.sampling),
        "top_k": ("topK", 3, family.sampling),
        "presence_penalty": ("presencePenalty", 0.5, family.penalties),
        "frequency_penalty": ("frequencyPenalty", 0.5, family.penalties),
        "seed": ("seed", 3, True),
        "max_output_tokens": ("maxOutputTokens", 3, True),
    }
    for ours, (theirs, value, taken) in controls.items():
        config, warned = config_of(a_request(model=family.example, **{ours: value}))
        assert (config, warned) == (({theirs: value}, []) if taken else ({}, ["dropped_control"]))


@pytest.mark.parametrize("family", _FAMILIES, ids=lambda family: family.name)
def test_what_a_family_cannot_do_and_carries_meaning_is_refused(family: ModelFamily) -> None:
    both = a_request(model=family.example, tools=(ToolDefinition(name="now"),), response_format=JsonObjectFormat())
    prefilled = a_request(user("Count"), assistant("One,"), model=family.example)
    for request, taken, place in (
        (both, family.json_with_tools, "response_format"),
        (prefilled, family.prefill, "messages"),
    ):
        if taken:
            sent(request)
            continue
        with pytest.raises(IntentUnsupported) as refused:
            encoded(request)
        assert refused.value.field == place


@pytest.mark.parametrize("family", _FAMILIES, ids=lambda family: family.name)
def test_files_of_tools_are_held_by_the_result_or_stand_beside_it(family: ModelFamily) -> None:
    image = ImagePart(source=InlineData(media_type="image/png", data=b"x"))
    call = ToolCall(id="c1", name="draw")
    body, warned = encoded(
        a_request(user("Draw"), assistant(ToolCallPart(call)), tool_result(call, [image]), model=family.example)
    )
    first, *rest = body["contents"][-1]["parts"]
    assert ("parts" in first["functionResponse"]) == family.media_in_results
    assert len(rest) == (not family.media_in_results)
    assert warned == ([] if family.media_in_results else ["tool_result_coerced"])


@pytest.mark.parametrize("family", _FAMILIES, ids=lambda family: family.name)
def test_how_closely_to_look_is_said_where_it_can_be(family: ModelFamily) -> None:
    image = ImagePart(source=InlineData(media_type="image/png", data=b"x"), detail=ImageDetail.LOW)
    body, warned = encoded(a_request(user(image), model=family.example))
    assert ("mediaResolution" in body["contents"][0]["parts"][0]) == family.resolution
    assert warned == ([] if family.resolution else ["dropped_control"])
