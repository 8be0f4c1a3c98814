"""Names that come from outside: kept where they have the shape of a name, since they might be a text or a key."""

import re
from typing import Final

NO_NAME: Final = "?"
"""Stands in a record where what came has not the shape of a name."""

# The alphabet of identifiers in records: no spaces, so that no sentence fits. What begins as the keys of
# the usual vendors do is none either: it is in the wrong field. Source: semantics C.9.
_NAME: Final = re.compile(r"(?!(?:sk|pk|rk|hf|gsk|ghp|gho|xai)[-_]|AIza|AKIA|eyJ)[A-Za-z0-9_.:/@+~=-]{1,256}\Z")


_NAMES_KEPT: Final = 256


def name_or_mark(text: str | None) -> str | None:
    """``text`` where it is 1 to 256 letters, digits and ``_.:/@+~=-``, and no key; else ``?``."""
    return text if text is None or _NAME.match(text) else NO_NAME


def are_names(texts: tuple[str | None, ...]) -> bool:
    """Whether ``name_or_mark`` leaves all of ``texts`` as they are. Asked of every event, so that no name is slow."""
    return "" not in texts and all(map(_NAME.match, filter(None, texts)))


class Names(dict[str | None, str | None]):
    """Names that come again and again, of models and of consents: ``names[text]`` is ``name_or_mark(text)``.

    What is a name is remembered, up to so many. What is none may be a text: it is looked at each time.
    """

    def __missing__(self, text: str | None) -> str | None:
        """Look at a name that is new here."""
        name = name_or_mark(text)
        if name == text:
            if len(self) >= _NAMES_KEPT:
                self.clear()
            self[text] = name
        return name
