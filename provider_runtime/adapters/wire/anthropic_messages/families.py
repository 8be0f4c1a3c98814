"""What the models behind the Messages protocol accept, as data: a row per family, newest rules win.

The API has one shape and many refusals: sampling controls, thinking budgets, forced tool calls and
prefilled answers are each accepted by some models and answered with 400 by others. Rows say from
which version on a family behaves like that, so a later minor version falls under the latest row.
As of November 2026. Sources: platform.claude.com, "What's new" and "Effort" pages of each model,
the capabilities that ``/v1/models`` reports, and captured traffic.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import evolve, frozen

from provider_runtime.domain.conversation.request import Effort


class Thinking(StrEnum):
    """How a family is asked to think."""

    NEVER = "never"
    BUDGET = "budget"  # thinking.type enabled, with budget_tokens
    EITHER = "either"  # budgets still work, adaptive is preferred
    ADAPTIVE = "adaptive"  # thinking.type adaptive, with output_config.effort; budgets are refused


class Off(StrEnum):
    """How a family is told not to think."""

    LEFT_OUT = "left_out"  # it does not think unless asked
    DISABLED = "disabled"  # thinking.type disabled
    BETWEEN_TOOLS = "between_tools"  # the least there is: short notes between tool calls
    IMPOSSIBLE = "impossible"


class Sampling(StrEnum):
    """Which of temperature, top_p and top_k a family takes."""

    FREE = "free"
    ONE = "one"  # temperature or top_p, not both
    REFUSED = "refused"


@frozen(kw_only=True)
class ModelFamily:
    """Models that accept and refuse the same things. ``example`` is a model id of the family.

    ``prefill``: the conversation may end with an assistant message, which the answer continues.
    ``forced_tools``: a tool call may be insisted on. ``system_anywhere``: system messages may
    follow a user turn. ``structured``: JSON schemas are enforced for answers and strict tools.
    """

    name: str
    example: str
    thinking: Thinking
    efforts: tuple[Effort, ...] = ()
    off: Off = Off.LEFT_OUT
    sampling: Sampling = Sampling.REFUSED
    structured: bool = True
    prefill: bool = False
    forced_tools: bool = True
    system_anywhere: bool = False


_UP_TO_MAX: Final = (Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.MAX)
_ALL: Final = (Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.XHIGH, Effort.MAX)

_EARLY: Final = ModelFamily(
    name="claude-3",
    example="claude-3-5-haiku-20241022",
    thinking=Thinking.NEVER,
    sampling=Sampling.FREE,
    structured=False,
    prefill=True,
)
_4_0: Final = evolve(
    _EARLY, name="claude-4-0", example="claude-sonnet-4-20250514", thinking=Thinking.BUDGET, off=Off.DISABLED
)
_4_5: Final = evolve(_4_0, name="claude-4-5", example="claude-sonnet-4-5", sampling=Sampling.ONE, structured=True)
_4_6: Final = evolve(
    _4_5, name="claude-4-6", example="claude-opus-4-6", thinking=Thinking.EITHER, efforts=_UP_TO_MAX, prefill=False
)
_OPUS_4_7: Final = ModelFamily(
    name="opus-4-7", example="claude-opus-4-7", thinking=Thinking.ADAPTIVE, efforts=_ALL, off=Off.LEFT_OUT
)
_OPUS_4_8: Final = evolve(_OPUS_4_7, name="opus-4-8", example="claude-opus-4-8", system_anywhere=True)
_SONNET_5: Final = evolve(_OPUS_4_7, name="sonnet-5", example="claude-sonnet-5", off=Off.DISABLED)
_OPUS_5: Final = evolve(_SONNET_5, name="claude-5", example="claude-opus-5", system_anywhere=True)
_FABLE_5: Final = evolve(_OPUS_5, name="fable-5", example="claude-fable-5", off=Off.IMPOSSIBLE)
_OPUS_5_5: Final = evolve(_FABLE_5, name="claude-5-5", example="claude-opus-5-5", forced_tools=False)
_SONNET_5_5: Final = evolve(_OPUS_5_5, name="sonnet-5-5", example="claude-sonnet-5-5", off=Off.BETWEEN_TOOLS)

# A Claude of a line nobody here has heard of: hints that newer models refuse are left out,
# what carries meaning is sent and judged by the API.
_UNKNOWN_CLAUDE: Final = evolve(_OPUS_4_7, name="claude-unknown", example="claude-next")
# Other people's models behind the same protocol: the classic shape, which all of them know.
_COMPATIBLE: Final = evolve(_4_0, name="compatible", example="gpt-oss:20b", structured=True)

FAMILIES: Final = (
    _EARLY,
    _4_0,
    _4_5,
    _4_6,
    _OPUS_4_7,
    _OPUS_4_8,
    _SONNET_5,
    _OPUS_5,
    _FABLE_5,
    _OPUS_5_5,
    _SONNET_5_5,
    _UNKNOWN_CLAUDE,
    _COMPATIBLE,
)

_Rows = tuple[tuple[tuple[int, int], ModelFamily], ...]
# For each line of models: from this version on, this family. In rising order.
_LINES: Final[Mapping[str, _Rows]] = MappingProxyType(
    {
        "haiku": (((0, 0), _EARLY), ((4, 5), _4_5), ((5, 5), _OPUS_5)),
        "sonnet": (
            ((0, 0), _EARLY),
            ((3, 7), _4_0),
            ((4, 5), _4_5),
            ((4, 6), _4_6),
            ((5, 0), _SONNET_5),
            ((5, 5), _SONNET_5_5),
        ),
        "opus": (
            ((0, 0), _EARLY),
            ((4, 0), _4_0),
            ((4, 1), _4_5),
            ((4, 6), _4_6),
            ((4, 7), _OPUS_4_7),
            ((4, 8), _OPUS_4_8),
            ((5, 0), _OPUS_5),
            ((5, 5), _OPUS_5_5),
        ),
        "fable": (((0, 0), _FABLE_5), ((5, 1), _OPUS_5_5)),
        "mythos": (((0, 0), _FABLE_5), ((5, 1), _OPUS_5_5)),
        "instant": (((0, 0), _EARLY),),
    }
)
# claude-opus-4-5-20251101, claude-3-7-sonnet-latest, anthropic/claude-opus-4.5; a date is no minor version.
_MODEL_ID: Final = re.compile(r"claude-(?:([a-z]+)-?)?(?:(\d{1,2})(?:[-.](\d{1,2}))?(?!\d))?(?:-([a-z]+))?")


def family_of_model(model_id: str) -> ModelFamily:
    """The family of ``model_id``: by its name and version, wherever the id wraps them."""
    found = _MODEL_ID.search(model_id)
    if found is None:
        return _COMPATIBLE
    name, major, minor, name_after = found.groups()
    if name is None and major is not None and int(major) < 3:
        return _EARLY
    rows = _LINES.get(name or name_after or "")
    if rows is None:
        return _UNKNOWN_CLAUDE
    if major is None:
        return rows[-1][1]
    version = (int(major), int(minor or 0))
    family = rows[0][1]
    for since, later in rows:
        if since > version:
            break
        family = later
    return family


@frozen(kw_only=True)
class VersionRules:
    """What one value of the ``anthropic-version`` header changes for every model."""

    sampling: bool


# 2026-10-21 also refuses documents in assistant turns and citations on user text: neither is ever sent.
VERSIONS: Final[Mapping[str, VersionRules]] = MappingProxyType(
    {"2023-06-01": VersionRules(sampling=True), "2026-10-21": VersionRules(sampling=False)}
)
