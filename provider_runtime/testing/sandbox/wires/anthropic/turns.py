"""What the Messages API insists on in a conversation: who says what, and each result after its call."""

import re
from typing import Any, Final

from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Refused

SCOPE: Final = "anthropic"
_BLOCKS: Final = {
    "system": frozenset({"text"}),
    "user": frozenset({"text", "image", "document", "tool_result", "search_result", "container_upload"}),
    "assistant": frozenset({"text", "thinking", "redacted_thinking", "tool_use"}),
}
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
# Older models know two roles only.
_TWO_ROLES: Final = re.compile(r"claude-(?:[123]|instant|opus-(?:3|4(?!-[89]))|(?:sonnet|haiku)-[34]|sonnet-5(?!-5))")


def check_system(body: dict[str, Any]) -> None:
    """The system prompt, apart from the conversation."""
    system = body.get("system", "")
    if isinstance(system, list):
        for number, block in enumerate(system):
            _check_block(block, "system", f"system.{number}")
    elif not isinstance(system, str):
        raise Refused("system: must be text or a list of text blocks")


def check_messages(body: dict[str, Any], stamps: Stamps) -> None:
    """The conversation. Signatures must be those of ``stamps``, over the very text they stand beside."""
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        raise Refused("messages: at least one message is required")
    unanswered: list[str] = []
    for number, message in enumerate(messages):
        place = f"messages.{number}"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _BLOCKS or (role == "system" and _TWO_ROLES.search(body["model"])):
            raise Refused(f"{place}.role: '{role}' is not supported on this model")
        if number == 0 and role != "user":
            raise Refused("messages: the first message must be the user's")
        blocks = blocks_of(message)
        if not blocks and not (role == "assistant" and number == len(messages) - 1):
            raise Refused(f"{place}: all messages must have content, but for an optional final assistant message")
        for position, block in enumerate(blocks):
            _check_block(block, role, f"{place}.content.{position}")
            _check_seal(block, f"{place}.content.{position}", stamps)
        _check_results(blocks, unanswered, place)
        unanswered = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if len(set(unanswered)) != len(unanswered):
            raise Refused(f"{place}: `tool_use` ids must be unique")
    if unanswered:
        raise Refused(f"{place}: `tool_use` ids without `tool_result` blocks right after them: {', '.join(unanswered)}")
    _check_thinking_before_tools(body)


def blocks_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The content of a message as blocks. Raises ``Refused`` when it has none."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list):
        raise Refused("messages.content: must be text or a list of blocks")
    return content


def _check_block(block: object, role: str, place: str) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or kind not in _BLOCKS[role]:
        raise Refused(f"{place}.type: '{kind}' is not what a {role} message may hold")
    if kind == "text" and (not isinstance(block.get("text"), str) or not block["text"].strip()):
        raise Refused(f"{place}: text content blocks must hold something besides white space")
    if kind == "tool_use" and not (
        isinstance(block.get("input"), dict)
        and _NAME.fullmatch(str(block.get("name")))
        and _NAME.fullmatch(str(block.get("id")))
    ):
        raise Refused(f"{place}.tool_use: needs an id, a name and an input that is an object")
    if kind == "tool_result" and not isinstance(block.get("tool_use_id"), str):
        raise Refused(f"{place}.tool_result.tool_use_id: Field required")
    if kind in {"image", "document"} and not isinstance(block.get("source"), dict):
        raise Refused(f"{place}.{kind}.source: Field required")


def _check_seal(block: dict[str, Any], place: str, stamps: Stamps) -> None:
    kind = block["type"]
    if kind == "thinking":
        text, signature = block.get("thinking"), block.get("signature")
        hidden = text == "" and stamps.opened(SCOPE, signature) is not None
        if not isinstance(text, str) or not (hidden or stamps.has_signed(SCOPE, text, signature)):
            raise Refused(f"{place}: Invalid `signature` in `thinking` block")
    if kind == "redacted_thinking" and stamps.opened(SCOPE, block.get("data")) is None:
        raise Refused(f"{place}: Invalid `data` in `redacted_thinking` block")


def _check_results(blocks: list[dict[str, Any]], unanswered: list[str], place: str) -> None:
    """Results answer the calls of the message before, all of them, before anything else is said."""
    left = list(unanswered)
    for block in blocks:
        if block["type"] != "tool_result":
            break
        if block["tool_use_id"] not in left:
            raise Refused(f"{place}: unexpected `tool_use_id` in `tool_result` block: {block['tool_use_id']}")
        left.remove(block["tool_use_id"])
    if left:
        raise Refused(f"{place}: `tool_use` ids without `tool_result` blocks right after them: {', '.join(left)}")
    late = [block for block in blocks if block["type"] == "tool_result"][len(unanswered) :]
    if late:
        raise Refused(f"{place}: unexpected `tool_use_id` in `tool_result` block: {late[0]['tool_use_id']}")


def _check_thinking_before_tools(body: dict[str, Any]) -> None:
    """With a thinking budget, the turn that called the tools now answered must begin with its thinking."""
    messages = body["messages"]
    if (body.get("thinking") or {}).get("type") != "enabled" or len(messages) < 2:
        return
    kinds = [block["type"] for block in blocks_of(messages[-2])]
    if "tool_use" in kinds and kinds[0] not in {"thinking", "redacted_thinking"}:
        place = f"messages.{len(messages) - 2}.content.0.type"
        raise Refused(f"{place}: expected `thinking` or `redacted_thinking`, found `{kinds[0]}`")
