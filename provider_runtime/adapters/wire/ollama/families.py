"""How the model families that Ollama serves are told to think, as data.

Sources: docs.ollama.com, "Thinking"; the server's own error texts (``"…" does not support
thinking``, ``think value "high" is not supported for this model``). What a model can do is known
to the server alone, by the model's file; a name tells it for the well-known families only.
"""

import re
from typing import Final

from attrs import frozen

from provider_runtime.domain.conversation.request import Effort

_THREE_LEVELS: Final = (Effort.LOW, Effort.MEDIUM, Effort.HIGH)


@frozen(kw_only=True)
class ModelFamily:
    """What the models whose names fit ``names`` take as ``think``.

    ``levels``: the words they know, least first; empty: a switch only. ``thinks``: whether they
    think at all; asking those that do not is answered with status 400. ``can_stop``: whether they
    can be told not to think.
    """

    names: "re.Pattern[str]"
    levels: tuple[Effort, ...] = ()
    thinks: bool = True
    can_stop: bool = True


ANY_OTHER: Final = ModelFamily(names=re.compile(r".*", re.DOTALL))

# Whole names, so that what somebody made of such a model under another name is left to the server.
_FAMILIES: Final = (
    ModelFamily(names=re.compile(r"gpt-oss.*", re.DOTALL), levels=_THREE_LEVELS, can_stop=False),
    ModelFamily(names=re.compile(r"deepseek-v4.*", re.DOTALL), levels=(*_THREE_LEVELS, Effort.MAX)),
    ModelFamily(
        names=re.compile(
            r"llama(?:2|3(?:\.[123])?)(?:-vision)?|gemma[23]?|qwen(?:2(?:\.5)?)?(?:-?coder|-?vl)?|"
            r"mistral|mixtral|phi3(?:\.5)?|codellama|codegemma|tinyllama|starcoder2?"
        ),
        thinks=False,
    ),
)


def runs_in_the_cloud(model_id: str) -> bool:
    """Whether a server on this machine would pass the call on to the vendor: ``gpt-oss:120b-cloud``."""
    tag = model_id.rsplit("/", 1)[-1].partition(":")[2].lower()
    return tag == "cloud" or tag.endswith("-cloud")


def family_of_model(model_id: str) -> ModelFamily:
    """The family of a model, by its name without registry, namespace and tag."""
    name = model_id.rsplit("/", 1)[-1].split(":", 1)[0].lower()
    for family in _FAMILIES:
        if family.names.fullmatch(name):
            return family
    return ANY_OTHER
