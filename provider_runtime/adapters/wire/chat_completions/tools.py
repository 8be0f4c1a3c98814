"""Tools, and how freely the model may choose among them, in the form each server obeys."""

import re
from typing import Any, Final

from provider_runtime.adapters.wire.chat_completions.dialect import ToolChoiceForm
from provider_runtime.adapters.wire.chat_completions.request_parts import Encoding, mark
from provider_runtime.domain.conversation.messages import MessageRole
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.tools import (
    ToolChoice,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.conversation.warnings import WarningCode

# Members of an enum are looked up by its metaclass, which takes long.
_NOT: Final = ToolChoiceForm.NOT
_UNNAMED: Final = ToolChoiceForm.UNNAMED
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of a tool, and of a schema


def write_tools(body: dict[str, Any], request: ProviderRequest, encoding: Encoding) -> None:
    """Write the tools and the choice among them. Raises ``RequestInvalid`` or ``IntentUnsupported``."""
    choice, tools = request.tool_choice, request.tools
    if not tools and type(choice) is ToolChoiceAuto and not encoding.dialect.tools_beside_results:
        return
    _check(request, encoding)
    form = encoding.dialect.tool_choice
    if not tools or (form is _NOT and isinstance(choice, ToolChoiceNone)):
        return  # nothing to choose from; and where no choice is obeyed, without tools there is nothing to call
    if form is _UNNAMED and isinstance(choice, ToolChoiceSpecific):
        # "required" among a single tool is the same thing said in words this server knows.
        tools, choice = tuple(tool for tool in tools if tool.name == choice.name), ToolChoiceRequired()
    body["tools"] = [_tool(tool, encoding, number) for number, tool in enumerate(tools)]
    if form is not _NOT:
        body["tool_choice"] = _choice(choice)
    if request.parallel_tool_calls is not None:
        if encoding.dialect.parallel_tool_calls and encoding.family.parallel_tool_calls:
            body["parallel_tool_calls"] = request.parallel_tool_calls
        else:
            encoding.dropped("parallel_tool_calls")


def _check(request: ProviderRequest, encoding: Encoding) -> None:
    choice, tools = request.tool_choice, request.tools
    if isinstance(choice, ToolChoiceSpecific) and all(tool.name != choice.name for tool in tools):
        raise encoding.wrong("tool_choice", "the tool that is insisted on is not defined", "Define it in tools.")
    insists = type(choice) is ToolChoiceRequired or type(choice) is ToolChoiceSpecific
    if not tools and insists:
        raise encoding.wrong("tool_choice", "a tool call is required, but no tool is defined", "Add tools.")
    if insists and encoding.dialect.tool_choice is _NOT:
        raise encoding.cannot("tool_choice", "this server ignores tool_choice", "Use auto or none.")
    bare = encoding.dialect.tools_beside_results and not tools
    if bare and any(said.role is MessageRole.TOOL for said in request.messages):
        raise encoding.wrong("tools", "this provider wants the tools beside their results", "Define them again.")


def _choice(choice: ToolChoice) -> str | dict[str, Any]:
    if isinstance(choice, ToolChoiceAuto):
        return "auto"
    if isinstance(choice, ToolChoiceSpecific):
        return {"type": "function", "function": {"name": choice.name}}
    return "required" if isinstance(choice, ToolChoiceRequired) else "none"


def _tool(tool: ToolDefinition, encoding: Encoding, number: int) -> dict[str, Any]:
    if not NAME.fullmatch(tool.name):
        raise encoding.wrong(
            f"tools[{number}].name",
            "a tool name has 1 to 64 letters, digits, underscores and hyphens on this wire",
            "Rename the tool.",
        )
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = tool.parameters_schema
    if tool.strict is not None:
        if encoding.dialect.strict_tools:
            function["strict"] = tool.strict
        elif tool.strict:
            encoding.dropped(f"tools[{number}].strict")
    written: dict[str, Any] = {"type": "function", "function": function}
    if tool.cache is not None:
        if encoding.dialect.cache_control:
            mark(written, tool.cache, encoding.dialect)
        else:
            encoding.remark(WarningCode.DROPPED_CACHE_BOUNDARY, f"tools[{number}]: this provider takes none on tools")
    return written
