"""The model of the sandbox: no intelligence, but a useful and honest answer to anything.

It calls a tool when it is offered one, reports what a tool answered, fills in a schema when one is
given, and otherwise says what it was asked. Equal prompts get equal replies.
"""

from enum import StrEnum
from typing import Any, Final

import msgspec
from attrs import evolve, field, frozen

from provider_runtime.testing.sandbox.counting import characters_of, tokens_of
from provider_runtime.testing.sandbox.instances import instance_of

_QUOTED_TEXT: Final = 160
_UNLIMITED: Final = 1 << 30


class Wanted(StrEnum):
    """The form an answer shall have."""

    TEXT = "text"
    JSON_OBJECT = "json_object"
    JSON_SCHEMA = "json_schema"


class Ending(StrEnum):
    """Why a reply ended."""

    STOP = "stop"
    STOP_SEQUENCE = "stop_sequence"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"


@frozen(kw_only=True)
class Tool:
    """A tool on offer."""

    name: str
    schema: Any = field(factory=dict)


@frozen(kw_only=True)
class Prompt:
    """What a request comes down to, whatever its wire.

    ``text`` is what the user said last, ``media`` how many images, documents and recordings came
    with it, ``results`` what tools answered if that is what came last. ``may_call`` and
    ``must_call`` say how free the choice of tools is, ``named`` the one that must be called.
    ``input_tokens`` is the whole prompt; ``prior_tokens`` what stands before the assistant's last
    turn, 0 if it has not spoken.
    """

    model: str
    text: str
    media: int = 0
    results: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    may_call: bool = True
    must_call: bool = False
    named: str | None = None
    several_calls: bool = True
    wanted: Wanted = Wanted.TEXT
    schema: Any = None
    think: bool = False
    max_tokens: int = _UNLIMITED
    stop: tuple[str, ...] = ()
    input_tokens: int = 0
    prior_tokens: int = 0


@frozen(kw_only=True)
class Call:
    """A tool call the model makes."""

    name: str
    arguments: dict[str, Any]

    @property
    def arguments_text(self) -> str:
        """The arguments as JSON text, as most wires carry them."""
        return _as_text(self.arguments)


@frozen(kw_only=True)
class Reply:
    """What the model answers: reasoning, then tool calls or a text. ``stop_sequence`` is the one it ran into."""

    thinking: str = ""
    calls: tuple[Call, ...] = ()
    text: str = ""
    ending: Ending = Ending.STOP
    stop_sequence: str | None = None

    @property
    def thinking_tokens(self) -> int:
        """Tokens of the reasoning alone."""
        return tokens_of(len(self.thinking))

    @property
    def output_tokens(self) -> int:
        """Everything written, reasoning included."""
        said = len(self.text) + sum(len(call.name) + len(call.arguments_text) for call in self.calls)
        return tokens_of(said) + self.thinking_tokens


def reply_to(prompt: Prompt) -> Reply:
    """The reply, cut where the request says so."""
    calls = _calls(prompt)
    thinking = _thought(prompt, calls) if prompt.think else ""
    if calls:
        reply = Reply(thinking=thinking, calls=calls, ending=Ending.TOOL_CALLS)
    else:
        reply = _stopped(Reply(thinking=thinking, text=_said(prompt)), prompt.stop)
    return _limited(reply, prompt.max_tokens)


def _calls(prompt: Prompt) -> tuple[Call, ...]:
    if not prompt.may_call or not prompt.tools or (prompt.results and not prompt.must_call):
        return ()
    said = prompt.text.lower()
    if prompt.named is not None:
        chosen = [tool for tool in prompt.tools if tool.name == prompt.named]
    else:
        chosen = [tool for tool in prompt.tools if tool.name.lower() in said] or [prompt.tools[0]]
    if not prompt.several_calls:
        chosen = chosen[:1]
    return tuple(Call(name=tool.name, arguments=_arguments(tool, prompt.text)) for tool in chosen)


def _arguments(tool: Tool, text: str) -> dict[str, Any]:
    value = instance_of({"type": "object", **tool.schema}, text)
    return value if isinstance(value, dict) else {}


def _thought(prompt: Prompt, calls: tuple[Call, ...]) -> str:
    if calls:
        step = f"a tool can help, so I call {calls[0].name}"
    elif prompt.results:
        step = "the tools have answered, so I report what they said"
    else:
        step = "no tool is needed, so I answer"
    return f"The user said {_words(prompt.text)}; {step}."


def _said(prompt: Prompt) -> str:
    if prompt.wanted is Wanted.JSON_SCHEMA:
        return _as_text(instance_of(prompt.schema, prompt.text))
    if prompt.wanted is Wanted.JSON_OBJECT:
        return _as_text({"sandbox": prompt.model, "said": _quoted(prompt.text)})
    if prompt.results:
        answered = "; ".join(_quoted(result) for result in prompt.results)
        return f"Sandbox ({prompt.model}): the tool answered: {answered}"
    seen = f" and sent {prompt.media} {'file' if prompt.media == 1 else 'files'}" if prompt.media else ""
    return f"Sandbox ({prompt.model}): you said {_words(prompt.text)}{seen}: {_quoted(prompt.text)}"


def _words(text: str) -> str:
    number = len(text.split())
    return "1 word" if number == 1 else f"{number} words"


def _quoted(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _QUOTED_TEXT else f"{flat[: _QUOTED_TEXT - 1]}…"


def _as_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _stopped(reply: Reply, stops: tuple[str, ...]) -> Reply:
    found = [(reply.text.find(stop), stop) for stop in stops if stop in reply.text]
    if not found:
        return reply
    place, stop = min(found)
    return evolve(reply, text=reply.text[:place], ending=Ending.STOP_SEQUENCE, stop_sequence=stop)


def _limited(reply: Reply, max_tokens: int) -> Reply:
    """The reply as far as ``max_tokens`` go. Reasoning comes first; a tool call is made whole or not at all."""
    if reply.output_tokens <= max_tokens:
        return reply
    left = characters_of(max(0, max_tokens - reply.thinking_tokens))
    return Reply(
        thinking=reply.thinking[: characters_of(max_tokens)],
        text=reply.text[:left],
        ending=Ending.LENGTH,
    )
