"""A message of one plain text takes a shorter way through each encoder: the same is sent as by the longer one."""

from typing import Any

import pytest
from all_wires import WIRES, Wire
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import TextPart
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.errors import ProviderRuntimeError

_TEXTS = st.sampled_from(["", " ", "\n\t", "a word", "naïve 🙂", '"quoted" \\ \u2028']) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=8
)
_ROLES = st.sampled_from([MessageRole.USER, MessageRole.ASSISTANT, MessageRole.SYSTEM])
_TURNS = st.lists(st.tuples(_ROLES, st.lists(_TEXTS, min_size=1, max_size=2)), min_size=1, max_size=8)


def _said(turns: list[tuple[MessageRole, list[str]]], *, the_long_way: bool) -> list[Message]:
    messages = [Message(role=role, content=[TextPart(text) for text in texts]) for role, texts in turns]
    if the_long_way:
        for message in messages:
            object.__setattr__(message, "plain_text", None)  # as of a message that is more than one text
    return messages


def _sent(wire: Wire, model_id: str, messages: list[Message]) -> Any:
    request = ProviderRequest(model=ModelRef(model_id=model_id), messages=messages, max_output_tokens=100)
    try:
        encoded = wire.codec.encode(request, wire.provider)
    except ProviderRuntimeError as error:
        return type(error), str(error)
    return encoded.body, encoded.warnings


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
@given(turns=_TURNS, chance=st.data())
def test_a_plain_text_is_sent_as_it_would_be_the_long_way(
    wire: Wire, turns: list[tuple[MessageRole, list[str]]], chance: st.DataObject
) -> None:
    model_id = chance.draw(st.sampled_from(wire.models))
    short = _sent(wire, model_id, _said(turns, the_long_way=False))
    assert short == _sent(wire, model_id, _said(turns, the_long_way=True))
