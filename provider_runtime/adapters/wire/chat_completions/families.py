"""What OpenAI's model families take on this wire, as data: newer models refuse what older ones allowed.

Sources: OpenAI's API description 2.3.0 and reasoning guide; the error texts of the API itself
("Function tools with reasoning_effort are not supported …", "Unsupported parameter: 'stop' …").
"""

from typing import Final

from attrs import frozen

_SINCE_5_1: Final = ("none", "low", "medium", "high")
_SINCE_5_2: Final = (*_SINCE_5_1, "xhigh")
_O_SERIES: Final = ("low", "medium", "high")


@frozen(kw_only=True)
class ModelFamily:
    """What models whose names begin with one of ``prefixes`` take.

    ``efforts`` are the values of the reasoning control, least first; ``None``: what the dialect
    says; empty: the models do not reason, or do not let anybody say how much.
    ``thinks_unasked``: they reason unless told not to. ``sampling_while_thinking``: temperature,
    top_p and the penalties are accepted while they reason. ``tools_while_thinking``: so are tools.
    ``must_say_no_thinking``: with tools, "none" has to be said. ``cache_breakpoints``: a content
    part can end a cached prefix.
    """

    prefixes: tuple[str, ...] = ("",)
    efforts: tuple[str, ...] | None = None
    thinks_unasked: bool = False
    sampling_while_thinking: bool = True
    tools_while_thinking: bool = True
    must_say_no_thinking: bool = False
    sampling: bool = True
    stop: bool = True
    parallel_tool_calls: bool = True
    cache_breakpoints: bool = False


AS_THE_DIALECT_SAYS: Final = ModelFamily()

# The first family that fits counts, so longer names stand before shorter ones.
OPENAI_FAMILIES: Final = (
    ModelFamily(
        prefixes=("gpt-4o-search", "gpt-4o-mini-search", "gpt-5-search"),
        efforts=(),
        sampling=False,
    ),
    ModelFamily(
        prefixes=("gpt-5-chat", "gpt-5.1-chat", "gpt-5.2-chat", "gpt-5.3-chat"),
        efforts=(),
    ),
    ModelFamily(
        prefixes=("gpt-5.6", "gpt-5.7", "gpt-5.8", "gpt-5.9", "gpt-6"),
        efforts=(*_SINCE_5_2, "max"),
        thinks_unasked=True,
        sampling_while_thinking=False,
        tools_while_thinking=False,
        must_say_no_thinking=True,
        cache_breakpoints=True,
    ),
    ModelFamily(
        prefixes=("gpt-5.5",),
        efforts=_SINCE_5_2,
        thinks_unasked=True,
        sampling_while_thinking=False,
        tools_while_thinking=False,
    ),
    ModelFamily(
        prefixes=("gpt-5.2", "gpt-5.3", "gpt-5.4"),
        efforts=_SINCE_5_2,
        sampling_while_thinking=False,
        tools_while_thinking=False,
        stop=False,
    ),
    ModelFamily(
        prefixes=("gpt-5.1",),
        efforts=_SINCE_5_1,
        sampling_while_thinking=False,
        stop=False,
    ),
    ModelFamily(
        prefixes=("gpt-5",),
        efforts=("minimal", "low", "medium", "high"),
        thinks_unasked=True,
        sampling_while_thinking=False,
        stop=False,
    ),
    ModelFamily(
        prefixes=("o1", "o3-mini"),
        efforts=_O_SERIES,
        thinks_unasked=True,
        sampling_while_thinking=False,
        parallel_tool_calls=False,
    ),
    ModelFamily(
        prefixes=("o3", "o4"),
        efforts=_O_SERIES,
        thinks_unasked=True,
        sampling_while_thinking=False,
        stop=False,
        parallel_tool_calls=False,
    ),
    ModelFamily(efforts=()),
)


def family_for(model_id: str, families: tuple[ModelFamily, ...]) -> ModelFamily:
    """The first family that fits the model; fine-tuned models belong to what they were made from."""
    name = model_id.removeprefix("ft:")
    for family in families:
        if name.startswith(family.prefixes):
            return family
    return AS_THE_DIALECT_SAYS
