"""What Gemini models take, as data: a row per family, newest rules win.

As of November 2026. Sources: ai.google.dev "Gemini thinking", "Gemini 3", the "What's new" page of
each model from 3.5 to 4, and captured traffic.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import evolve, frozen

from provider_runtime.domain.conversation.request import Effort


class Thinking(StrEnum):
    """How a family is told how much to think."""

    NEVER = "never"
    UNTOLD = "untold"  # it thinks, and nobody can say how much
    BUDGET = "budget"  # thinkingBudget, in tokens
    LEVEL = "level"  # thinkingLevel; a budget beside it is an error, and newer models refuse any


@frozen(kw_only=True)
class ModelFamily:
    """Models that accept and refuse the same things. ``example`` is a model id of the family.

    ``levels``: the thinking levels, least first. ``least_budget`` and ``most_budget``: the tokens
    of thinking that may be asked for; ``can_rest``: a budget of 0 is taken. ``signed_calls``:
    tool calls in the history need a thought signature. ``json_with_tools``: JSON answers and tools
    go together. ``media_in_results``: tool results may hold images. ``resolution``: an image may
    say how closely it is looked at. ``sampling``: temperature, top_p and top_k count for something.
    ``penalties``: the two penalties are accepted. ``prefill``: the conversation may end with the
    model's own words.
    """

    name: str
    example: str
    thinking: Thinking
    levels: tuple[Effort, ...] = ()
    least_budget: int = 0
    most_budget: int = 0
    can_rest: bool = True
    signed_calls: bool = False
    json_with_tools: bool = False
    media_in_results: bool = False
    resolution: bool = False
    sampling: bool = True
    penalties: bool = True
    prefill: bool = True


_THREE_LEVELS: Final = (Effort.LOW, Effort.MEDIUM, Effort.HIGH)
_FOUR_LEVELS: Final = (Effort.MINIMAL, *_THREE_LEVELS)

_PLAIN: Final = ModelFamily(name="gemini-2", example="gemini-2.0-flash", thinking=Thinking.NEVER)
_2_5_PRO: Final = ModelFamily(
    name="gemini-2-5-pro",
    example="gemini-2.5-pro",
    thinking=Thinking.BUDGET,
    least_budget=128,
    most_budget=32_768,
    can_rest=False,
)
_2_5_FLASH: Final = ModelFamily(
    name="gemini-2-5-flash", example="gemini-2.5-flash", thinking=Thinking.BUDGET, least_budget=1, most_budget=24_576
)
_2_5_LITE: Final = evolve(_2_5_FLASH, name="gemini-2-5-flash-lite", example="gemini-2.5-flash-lite", least_budget=512)
_3_FLASH: Final = ModelFamily(
    name="gemini-3-flash",
    example="gemini-3-flash-preview",
    thinking=Thinking.LEVEL,
    levels=_FOUR_LEVELS,
    can_rest=False,
    signed_calls=True,
    json_with_tools=True,
    media_in_results=True,
    resolution=True,
)
_3_PRO: Final = evolve(_3_FLASH, name="gemini-3-pro", example="gemini-3-pro-preview", levels=(Effort.LOW, Effort.HIGH))
_3_1_PRO: Final = evolve(_3_FLASH, name="gemini-3-1-pro", example="gemini-3.1-pro-preview", levels=_THREE_LEVELS)
_3_5: Final = evolve(
    _3_FLASH, name="gemini-3-5", example="gemini-3.6-flash", sampling=False, penalties=False, prefill=False
)
_3_7: Final = evolve(_3_5, name="gemini-3-7", example="gemini-3.8-flash", levels=_THREE_LEVELS)
_4: Final = evolve(_3_7, name="gemini-4", example="gemini-4-argon")
_2_5_IMAGE: Final = evolve(_PLAIN, name="gemini-2-5-image", example="gemini-2.5-flash-image")
_3_IMAGE: Final = evolve(
    _3_FLASH, name="gemini-3-image", example="gemini-3-pro-image", thinking=Thinking.UNTOLD, levels=()
)

_Rows = tuple[tuple[tuple[int, int], ModelFamily], ...]
_NAMELESS: Final = "*"
# From which version on a line behaves like that; a later minor version falls under the latest row.
_LINES: Final[Mapping[str, _Rows]] = MappingProxyType(
    {
        "media": (((0, 0), _2_5_IMAGE), ((3, 0), _3_IMAGE)),
        "flash-lite": (((0, 0), _PLAIN), ((2, 5), _2_5_LITE), ((3, 0), _3_FLASH), ((3, 5), _3_5), ((4, 0), _4)),
        "flash": (
            ((0, 0), _PLAIN),
            ((2, 5), _2_5_FLASH),
            ((3, 0), _3_FLASH),
            ((3, 5), _3_5),
            ((3, 7), _3_7),
            ((4, 0), _4),
        ),
        "pro": (((0, 0), _PLAIN), ((2, 5), _2_5_PRO), ((3, 0), _3_PRO), ((3, 1), _3_1_PRO), ((4, 0), _4)),
        # argon and whatever they are called from the fourth generation on
        _NAMELESS: (((0, 0), _PLAIN), ((4, 0), _4)),
    }
)
# gemini-2.5-flash-lite-preview-06-17, gemini-3-pro-image, gemini-flash-latest, gemini-4-argon
_MODEL_ID: Final = re.compile(r"gemini-(?:(\d{1,2})(?:\.(\d{1,2}))?-)?(flash-lite|flash|pro)?")


def family_of_model(model_id: str) -> ModelFamily:
    """The family of ``model_id``: by its line and version, wherever the id wraps them.

    Models of other names, such as Gemma and tuned models, get the oldest rules: nothing is sent
    that they could refuse.
    """
    found = _MODEL_ID.search(model_id)
    if found is None:
        return _PLAIN
    major, minor, line = found.groups()
    rest = model_id[found.end() :]
    draws_or_speaks = "image" in rest or "tts" in rest
    rows = _LINES["media" if draws_or_speaks else line or _NAMELESS]
    if major is None:  # an alias of whatever is newest
        return rows[-1][1] if line else _PLAIN
    version = (int(major), int(minor or 0))
    family = rows[0][1]
    for since, later in rows:
        if since > version:
            break
        family = later
    return family


def every_family() -> tuple[ModelFamily, ...]:
    """Each family once, oldest first within its line."""
    return tuple(dict.fromkeys(family for rows in _LINES.values() for _, family in rows))
