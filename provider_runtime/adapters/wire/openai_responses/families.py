"""What each family of models takes on this wire, as data: efforts, sampling, encrypted reasoning, cache marks.

The API refuses a whole request for one parameter that the model does not know, so what may be
sent depends on the model. As of 2026-10: the vendors' model pages and live answers to probes.
"""

import re
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from attrs import frozen

from provider_runtime.domain.conversation.request import Effort


class Sampling(Enum):
    """When a family accepts ``temperature`` and ``top_p``."""

    ALWAYS = auto()
    WITHOUT_REASONING = auto()
    NEVER = auto()


@frozen(kw_only=True)
class Family:
    """One family of models.

    ``reasons``: ``None`` where nobody knows. ``efforts``: what ``reasoning.effort`` may be, the
    weakest first; empty: the field is refused; ``None``: unknown, so anything asked is passed on.
    ``can_rest``: effort ``none`` turns reasoning off; ``rests``: that is the default.
    ``encrypts``: reasoning comes encrypted if ``include`` asks for it; asking any other model is
    an error. ``marks_cache``: parts may carry ``prompt_cache_breakpoint``.
    """

    reasons: bool | None = True
    efforts: tuple[Effort, ...] | None = ()
    can_rest: bool = False
    rests: bool = False
    sampling: Sampling = Sampling.NEVER
    encrypts: bool | None = True
    marks_cache: bool = False


_TO_HIGH: Final = (Effort.LOW, Effort.MEDIUM, Effort.HIGH)
_TO_XHIGH: Final = (*_TO_HIGH, Effort.XHIGH)
_TO_MAX: Final = (*_TO_XHIGH, Effort.MAX)

UNKNOWN: Final = Family(reasons=None, efforts=None, sampling=Sampling.ALWAYS, encrypts=None)
PLAIN: Final = Family(reasons=False, sampling=Sampling.ALWAYS, encrypts=False)
_O_SERIES: Final = Family(efforts=_TO_HIGH)
_ONLY_MEDIUM: Final = Family(efforts=(Effort.MEDIUM,))
_CODEX: Final = Family(efforts=_TO_XHIGH)
_PRO: Final = Family(efforts=(Effort.MEDIUM, Effort.HIGH, Effort.XHIGH))
_RESTING: Final = Family(efforts=_TO_XHIGH, can_rest=True, rests=True, sampling=Sampling.WITHOUT_REASONING)
_GROK: Final = Family(sampling=Sampling.ALWAYS)

# The first prefix that fits counts, so the longer name stands before the shorter one.
_ROWS: Final[tuple[tuple[str, Family], ...]] = (
    ("gpt-4", PLAIN),
    ("gpt-3", PLAIN),
    ("chatgpt-", PLAIN),
    ("gpt-5-chat", PLAIN),
    ("gpt-5-pro", Family(efforts=(Effort.HIGH,))),
    ("gpt-5-codex", _O_SERIES),
    ("gpt-5.1-chat", _ONLY_MEDIUM),
    ("gpt-5.1-codex-max", _CODEX),
    ("gpt-5.1-codex-mini", Family(efforts=(Effort.MEDIUM, Effort.HIGH))),
    ("gpt-5.1-codex", _O_SERIES),
    ("gpt-5.1", Family(efforts=_TO_HIGH, can_rest=True, rests=True, sampling=Sampling.WITHOUT_REASONING)),
    ("gpt-5.2-chat", _ONLY_MEDIUM),
    ("gpt-5.2-codex", _CODEX),
    ("gpt-5.2-pro", _PRO),
    ("gpt-5.2", _RESTING),
    ("gpt-5.3-chat", _ONLY_MEDIUM),
    ("gpt-5.3", _CODEX),
    ("gpt-5.4-pro", _PRO),
    ("gpt-5.4", _RESTING),
    ("gpt-5.5-pro", _PRO),
    ("gpt-5.5", Family(efforts=_TO_XHIGH, can_rest=True)),
    ("gpt-5.", Family(efforts=_TO_MAX, can_rest=True, marks_cache=True)),  # 5.6 and what may follow it
    ("gpt-5", Family(efforts=(Effort.MINIMAL, *_TO_HIGH))),
    ("gpt-6", Family(efforts=_TO_MAX, marks_cache=True)),
    ("gpt-oss", Family(efforts=_TO_HIGH, sampling=Sampling.ALWAYS, encrypts=False)),
    ("o3-deep-research", _ONLY_MEDIUM),
    ("o4-mini-deep-research", _ONLY_MEDIUM),
    ("computer-use", _ONLY_MEDIUM),
    ("codex-mini", _O_SERIES),
    ("o1", _O_SERIES),
    ("o3", _O_SERIES),
    ("o4", _O_SERIES),
    ("grok-2", PLAIN),
    ("grok-3-mini", Family(efforts=(Effort.LOW, Effort.HIGH), sampling=Sampling.ALWAYS)),
    ("grok-3", PLAIN),
    ("grok-4.20", _GROK),
    ("grok-4.3", Family(efforts=_TO_HIGH, can_rest=True, sampling=Sampling.ALWAYS)),
    ("grok-4.", Family(efforts=_TO_HIGH, sampling=Sampling.ALWAYS)),  # 4.5 and later
    ("grok-4", _GROK),
    ("grok-code", _GROK),
)
_FAMILIES: Final = MappingProxyType(dict(_ROWS))
_NAME: Final = re.compile(
    r"(?:.*/)?(?:openai\.|xai\.|ft:)*(" + "|".join(re.escape(prefix) for prefix, _ in _ROWS) + ")", re.IGNORECASE
)


def family_for(model_id: str) -> Family:
    """The family of a model id; ``UNKNOWN`` for names that say nothing, such as an Azure deployment's.

    A vendor's prefix does not count: ``openai/gpt-5.6-sol``, ``openai.gpt-5.5``, ``ft:gpt-4o:acme``.
    """
    found = _NAME.match(model_id)
    if found is None:
        return UNKNOWN
    return PLAIN if "non-reasoning" in model_id else _FAMILIES[found[1].lower()]
