"""An answer of the Messages wire, sent back as the next message of the conversation."""

from typing import Any

from anthropic_wire import ADAPTIVE, CLASSIC, CODEC, a_request, an_answer, decoded, encoded, text_block
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.conversation.messages import tool_result, user
from provider_runtime.domain.conversation.tools import ToolDefinition
from provider_runtime.domain.identity import ProviderId

_filled_text = st.text(min_size=1, max_size=20).filter(lambda text: not text.isspace())
_signatures = st.text(min_size=1, max_size=20)
_locations = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["char_location", "page_location", "content_block_location"]),
        "cited_text": st.text(max_size=9),
    },
    optional={"document_index": st.integers(0, 9), "document_title": st.none() | st.text(max_size=5)},
)
_blocks = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, _filled_text),
    st.builds(
        lambda text, cited: {"type": "text", "text": text, "citations": cited},
        _filled_text,
        st.lists(_locations, min_size=1, max_size=2),
    ),
    st.builds(
        lambda text, signature: {"type": "thinking", "thinking": text, "signature": signature},
        st.text(max_size=20),
        _signatures,
    ),
    st.builds(lambda data: {"type": "redacted_thinking", "data": data}, _signatures),
)
_inputs = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), max_size=3
)


@given(
    blocks=st.lists(_blocks, min_size=1, max_size=5),
    inputs=st.lists(_inputs, max_size=2),
    model=st.sampled_from([CLASSIC, ADAPTIVE]),
)
def test_an_answer_goes_back_block_by_block_as_it_came(
    blocks: list[dict[str, Any]], inputs: list[dict[str, Any]], model: str
) -> None:
    calls = [
        {"type": "tool_use", "id": f"t{number}", "name": "look", "input": one} for number, one in enumerate(inputs)
    ]
    response = decoded(an_answer(*blocks, *calls))
    results = [tool_result(call, "ok") for call in response.tool_calls] or [user("go on")]
    request = a_request(user("Hi"), response.message, *results, model=model, tools=(ToolDefinition(name="look"),))
    body, warned = encoded(request)
    assert body["messages"][1] == {"role": "assistant", "content": [*blocks, *calls]}
    assert warned == []


def test_an_answer_does_not_go_back_to_another_provider_as_its_own() -> None:
    response = decoded(an_answer({"type": "thinking", "thinking": "hm", "signature": "sig"}, text_block("Hi")))
    request = a_request(user("a"), response.message, user("b"))
    result = CODEC.encode(request, ProviderId("acme"))
    assert b"sig" not in result.body
    assert [warning.code for warning in result.warnings] == ["dropped_thinking_on_encode"]
