"""A conversation as the Messages protocol wants it: system apart, two roles, results first."""

from typing import Any, Final

from provider_runtime.adapters.wire.anthropic_messages.blocks import (
    answered,
    said,
    said_by_assistant,
    said_by_system,
    said_by_user,
)
from provider_runtime.adapters.wire.anthropic_messages.encoding import Block, Encoding
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.warnings import WarningCode

Turn = dict[str, Any]
# Looked up once, since a long conversation asks for each message.
_USER: Final = MessageRole.USER
_ASSISTANT: Final = MessageRole.ASSISTANT
_TOOL: Final = MessageRole.TOOL


def system_and_turns(messages: tuple[Message, ...], encoding: Encoding) -> tuple[list[Block], list[Turn]]:
    """The leading system messages as blocks, and everything after them as turns.

    Turns of one role become one turn. Raises ``RequestInvalid`` for a message that says nothing,
    ``IntentUnsupported`` for parts that the wire cannot carry.
    """
    system: list[Block] = []
    turns: list[Turn] = []
    late_system = False
    for index, message in enumerate(messages):
        role, plain = message.role, message.plain_text
        if plain and (role is _USER or role is _ASSISTANT) and not plain.isspace():  # as most turns are
            _add("user" if role is _USER else "assistant", [{"type": "text", "text": plain}], turns)
            continue
        encoding.index = index
        if role is _USER:
            _add("user", _filled(said(message, said_by_user, encoding), encoding), turns)
        elif role is _ASSISTANT:
            blocks = said(message, said_by_assistant, encoding)
            if blocks:
                _add("assistant", blocks, turns)
            else:
                encoding.warn(
                    WarningCode.HANDOFF_EMPTY_MESSAGE_DROPPED, f"message {index} has nothing to send and was left out"
                )
        elif role is _TOOL:
            _add_results(_filled(answered(message, encoding), encoding), turns)
        elif turns:
            late_system = True
            _check_late_system(encoding)
            _add("system", _filled(said(message, said_by_system, encoding), encoding), turns)
        else:
            system += said(message, said_by_system, encoding)
    return system, _placed(turns, encoding) if late_system else turns


def _add(role: str, blocks: list[Block], turns: list[Turn]) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": blocks})


def _filled(blocks: list[Block], encoding: Encoding) -> list[Block]:
    if not blocks:
        raise encoding.invalid(
            f"messages[{encoding.index}]", "the message says nothing", "Give it content, or leave it out."
        )
    return blocks


def _add_results(blocks: list[Block], turns: list[Turn]) -> None:
    if not turns or turns[-1]["role"] != "user":
        turns.append({"role": "user", "content": blocks})
        return
    # Within a user turn results stand before everything else: the API insists.
    content = turns[-1]["content"]
    place = next((number for number, block in enumerate(content) if block["type"] != "tool_result"), len(content))
    content[place:place] = blocks


def _check_late_system(encoding: Encoding) -> None:
    if not encoding.family.system_anywhere:
        raise encoding.unsupported(
            f"messages[{encoding.index}]",
            "this model takes system messages only before everything else",
            "Put it first, or hand the conversation over with hand_off.",
        )


def _placed(turns: list[Turn], encoding: Encoding) -> list[Turn]:
    """System turns where the API takes them: after a user turn, and last or before an assistant turn.

    Elsewhere they become marked user text, as ``hand_off`` writes it for models without the role.
    """
    placed: list[Turn] = []
    for number, turn in enumerate(turns):
        after = turns[number + 1]["role"] if number + 1 < len(turns) else "assistant"
        if turn["role"] == "system" and (not placed or placed[-1]["role"] != "user" or after != "assistant"):
            encoding.warn(
                WarningCode.HANDOFF_SYSTEM_AS_USER_TEXT,
                "a system message that is not the last word before an answer became marked user text",
            )
            for block in turn["content"]:
                block["text"] = f"<system>\n{block['text']}\n</system>"
            turn["role"] = "user"
        _add(turn["role"], turn["content"], placed)
    return placed
