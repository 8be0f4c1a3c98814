"""Values that say whose they are: whoever shows one is known to know its owner."""

import re
from typing import Final

from attrs import define, field

_SHAPE: Final = re.compile(r"zq-[a-z]+-[a-z]+-\d+-qz")


@define
class Press:
    """Makes poison: each value is there once, fit for keys, header values, labels, models and paths alike."""

    made: int = field(default=0, init=False)

    def new(self, owner: str, kind: str) -> str:
        self.made += 1
        return f"zq-{owner}-{kind}-{self.made}-qz"


def poison_in(*contents: object) -> frozenset[str]:
    """Every poison value in ``contents``; what is no text is searched as it prints."""
    texts = (content.decode("latin-1") if isinstance(content, bytes) else str(content) for content in contents)
    return frozenset(value for text in texts for value in _SHAPE.findall(text))


def owner_of(value: str) -> str:
    """Whose value this is."""
    return value.split("-")[1]
