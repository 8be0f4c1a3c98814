"""What was seen while the tenants called, and what is wrong with it."""

from collections.abc import Iterable
from pathlib import Path

from attrs import define, field, frozen

from provider_runtime.testing.isolation.marks import Mark, MarkKind, Marks


@frozen(kw_only=True)
class Finding:
    """One thing that one tenant could learn of another, or that was left behind. Poison values are named, not shown."""

    check: str
    text: str

    def __str__(self) -> str:
        return f"[{self.check}] {self.text}"


class IsolationBroken(AssertionError):
    """Something crossed from one tenant to another, or was left behind.

    ``findings`` say what and where; ``seed`` repeats the same values, order, delays and failures.
    """

    _SHOWN = 40

    def __init__(self, findings: Iterable[Finding], seed: str) -> None:
        self.findings = tuple(dict.fromkeys(findings))
        self.seed = seed
        lines = [str(finding) for finding in self.findings[: self._SHOWN]]
        if more := len(self.findings) - len(lines):
            lines.append(f"… and {more} more")
        found = "\n  ".join(lines)
        super().__init__(f"{len(self.findings)} finding(s); repeat with --isolation-seed={seed}\n  {found}")


@frozen(kw_only=True)
class ReceivedRequest:
    """One request as the upstream got it. ``number`` counts from 1, ``path`` includes the query.

    ``owner`` is the tenant whose address it came to, ``None`` for an address that is nobody's.
    ``fault`` is what was done to it instead of an answer. ``in_flight`` are the owners of the
    requests that were waiting just then. ``variables`` are the environment variables that held a
    poison value at that moment, each with what it was.
    """

    number: int
    method: str
    path: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    owner: str | None
    fault: str | None
    in_flight: frozenset[str]
    variables: tuple[tuple[str, Mark], ...] = ()

    @property
    def shown(self) -> str:
        """The request as findings call it: its path may hold poison, so that is left out."""
        return f"request {self.number} ({self.method}) to the address of {self.owner or 'nobody'}"

    def parts(self) -> Iterable[tuple[str, str | bytes]]:
        """The request in pieces: where, and what stands there."""
        yield "its path", self.path
        for name, value in self.headers:
            yield f"header {name}", value
        yield "its body", self.body


@frozen(kw_only=True)
class CallOutcome:
    """How one call of the service ended: with an answer or with an exception.

    ``to_be_refused``: the call had no right to an answer, for want of a key or after the end.
    """

    tenant: str
    number: int
    answer: object = field(default=None, repr=False)
    error: BaseException | None = None
    to_be_refused: str | None = None
    echoed: bool = True

    @property
    def shown(self) -> str:
        return f"call {self.number} of {self.tenant}"


@define(kw_only=True)
class Evidence:
    """All that the checks look at. ``open_port`` is the upstream's own."""

    marks: Marks
    received: list[ReceivedRequest] = field(factory=list)
    outcomes: list[CallOutcome] = field(factory=list)
    tenants: tuple[str, ...] = ()
    keyless: frozenset[str] = frozenset()
    files: tuple[Path, ...] = ()
    needs_key: bool = True
    echoes: bool = True
    secret_kinds: tuple[MarkKind, ...] = (MarkKind.KEY, MarkKind.COOKIE)
    open_port: int = 0
