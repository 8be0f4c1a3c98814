"""Rules of the operator's own, from a TOML file in the form that gitleaks reads; matched by google-re2.

RE2 takes linear time whatever the rule, which a rule from outside could not be trusted with otherwise.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from provider_runtime.adapters.leakage.hits import Hit
from provider_runtime.adapters.leakage.views import View
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.policy.leakage.findings import FindingKind

if TYPE_CHECKING:
    import re2

_FIELD: Final = "leak_rules"
_LONGEST_NAME: Final = 64


@frozen(kw_only=True)
class OwnRule:
    """One rule: what it matches, the words one of which has to be there, and how random the secret has to be.

    ``group`` is the part of the match that is the secret, 0 for all of it; ``entropy`` in bits for each
    character.
    """

    name: str
    pattern: "re2._Regexp"
    keywords: tuple[str, ...] = ()
    group: int = 0
    entropy: float = 0.0

    def hits(self, view: View) -> Iterator[Hit]:
        """Every match in ``view``."""
        if self.keywords and not any(map(view.low.__contains__, self.keywords)):
            return
        for found in self.pattern.finditer(view.text):
            start, end = found.span(self.group)
            if end > start and _entropy(view.text[start:end]) >= self.entropy:
                yield Hit(FindingKind.CUSTOM, self.name, start, end)


def read_rules(path: Path) -> tuple[OwnRule, ...]:
    """The rules in the file at ``path``. Raises ``InvalidSettings`` for a file, or a rule, that cannot be used.

    Read of each rule: ``id``, ``regex``, ``keywords``, ``secretGroup`` and ``entropy``. Allow-lists and
    rules about file names have no meaning here; a rule without ``regex`` is passed over.
    """
    try:
        import re2  # noqa: PLC0415 - the extra may be absent, and few runtimes have rules of their own
    except ImportError:
        raise _fault(
            "rules of your own need google-re2", 'Install it: pip install "provider-runtime[guard]".'
        ) from None
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as failure:
        raise _fault(f"the rules cannot be read: {type(failure).__name__}", "Give the path of a TOML file.") from None
    rows = table.get("rules")
    if not isinstance(rows, list):
        raise _fault("the file holds no [[rules]]", "Write each rule as a table of [[rules]].")
    return tuple(_rule(row, number, re2) for number, row in enumerate(rows) if isinstance(row, dict) and "regex" in row)


def _rule(row: dict[str, Any], number: int, library: Any) -> OwnRule:
    options = library.Options()
    options.log_errors = False
    try:
        rule = OwnRule(
            name=str(row["id"])[:_LONGEST_NAME],
            pattern=library.compile(str(row["regex"]), options),
            keywords=tuple(str(word).lower() for word in row.get("keywords", ())),
            group=int(row.get("secretGroup", 0)),
            entropy=float(row.get("entropy", 0.0)),
        )
    except (library.error, KeyError, TypeError, ValueError):
        raise _fault(
            f"rule number {number} cannot be used", "Give it an id and a regex that RE2 takes: no look-around."
        ) from None
    if not 0 <= rule.group <= rule.pattern.groups:
        raise _fault(f"rule number {number} names a group it does not have", "Correct its secretGroup.")
    return rule


def _entropy(text: str) -> float:
    size = len(text)
    return -sum(count / size * log2(count / size) for count in Counter(text).values())


def _fault(message: str, remedy: str) -> InvalidSettings:
    return InvalidSettings(field=_FIELD, message=message, remedy=remedy)
