"""Strategies for requests and everything they can ask for."""

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    Reasoning,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
    ResponseFormat,
    TextFormat,
)
from provider_runtime.domain.conversation.tools import (
    ToolChoice,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.testing.strategies.conversations import conversations
from provider_runtime.testing.strategies.parts import cache_boundaries
from provider_runtime.testing.strategies.values import (
    few,
    json_objects,
    names,
    numbers,
    perhaps,
    provider_ids,
    texts,
)


def model_refs() -> SearchStrategy[ModelRef]:
    """Models, with and without a provider hint."""
    return st.builds(ModelRef, model_id=names(), provider_hint=perhaps(provider_ids()))


def tools() -> SearchStrategy[ToolDefinition]:
    """Tools with any schema."""
    return st.builds(
        ToolDefinition,
        name=names(),
        description=perhaps(texts()),
        parameters_schema=json_objects(),
        strict=perhaps(st.booleans()),
        cache=perhaps(cache_boundaries()),
    )


def response_formats() -> SearchStrategy[ResponseFormat]:
    """Free text, JSON, JSON with a schema."""
    with_schema = st.builds(JsonSchemaFormat, name=names(), schema=json_objects(), strict=st.booleans())
    return st.just(TextFormat()) | st.just(JsonObjectFormat()) | with_schema


def reasonings() -> SearchStrategy[Reasoning]:
    """Every way to say how hard to think."""
    return (
        st.builds(ReasoningEffort, st.sampled_from(Effort))
        | st.builds(ReasoningBudget, st.integers(1, 10**6))
        | st.just(ReasoningOff())
    )


def requests() -> SearchStrategy[ProviderRequest]:
    """Requests that pass ``fault_of_request``, with any of the controls."""
    penalty = perhaps(numbers(-2, 2))
    asked = st.builds(
        ProviderRequest,
        model=model_refs(),
        messages=conversations(),
        response_format=response_formats(),
        temperature=perhaps(numbers(0, 2)),
        top_p=perhaps(numbers(0, 1)),
        top_k=perhaps(st.integers(1)),
        max_output_tokens=perhaps(st.integers(1, 2**32 - 1)),
        stop=few(names(), most=2),
        seed=perhaps(st.integers(-(2**63), 2**64 - 1)),
        frequency_penalty=penalty,
        presence_penalty=penalty,
        reasoning=perhaps(reasonings()),
        parallel_tool_calls=perhaps(st.booleans()),
        metadata=st.dictionaries(texts(), texts(), max_size=2),
        provider_options=st.dictionaries(provider_ids(), json_objects(), max_size=2),
    )
    defined = st.lists(tools(), max_size=3, unique_by=lambda tool: tool.name)
    return st.builds(_with_tools, asked, defined, st.integers(0, 5))


def _with_tools(request: ProviderRequest, defined: list[ToolDefinition], wish: int) -> ProviderRequest:
    choices: list[ToolChoice] = [ToolChoiceAuto(), ToolChoiceNone()]
    if defined:
        choices += [ToolChoiceRequired(), *(ToolChoiceSpecific(tool.name) for tool in defined)]
    return evolve(request, tools=defined, tool_choice=choices[wish % len(choices)])
