"""Check: one question about a trial."""

from collections.abc import Iterable
from typing import ClassVar

from attrs import define

from provider_runtime.testing.isolation.evidence import Evidence, Finding


@define(kw_only=True)
class Check:
    """One question. ``begin`` before the service starts, ``findings`` after it ended, ``end`` whatever happened.

    Write your own by saying ``name`` and ``findings``. ``settles``: what it finds may be on its way
    out, so it is asked again until nothing is left or the patience of the trial is over.
    """

    name: ClassVar[str]
    settles: ClassVar[bool] = False

    def begin(self, evidence: Evidence) -> None:
        """Note how things are, or start to watch."""

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """What is wrong. May be asked several times."""
        raise NotImplementedError

    def end(self) -> None:
        """Stop watching."""

    def finding(self, text: str) -> Finding:
        """A finding of this check."""
        return Finding(check=self.name, text=text)
