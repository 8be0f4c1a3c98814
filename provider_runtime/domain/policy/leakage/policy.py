"""LeakagePolicy: what becomes of a call in which something was found."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

from attrs import Attribute, field, frozen

from provider_runtime.domain.checks import FILLED_TEXTS, FLAG, number, whole
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.leakage.findings import FindingKind
from provider_runtime.domain.policy.leakage.opaque import Opaque

_SHORTEST_MARKER: Final = 4
_KNOWN_OPAQUE: Final = tuple(kind for kind in Opaque if kind is not Opaque.UNKNOWN)


class Treatment(StrEnum):
    """What a finding does to a call."""

    REFUSE = "refuse"  # nothing is sent
    REDACT = "redact"  # a label stands in its place before the bytes are frozen
    WARN = "warn"  # it is sent, and the response carries a warning
    ALLOW = "allow"  # it is sent


def _treatments(given: Mapping[Any, Any]) -> Mapping[FindingKind, Treatment]:
    return MappingProxyType({FindingKind(kind): Treatment(treatment) for kind, treatment in given.items()})


def _opaque(given: Iterable[Any]) -> tuple[Opaque, ...]:
    return tuple(sorted({Opaque(str(kind)) for kind in tuple_of(given)}))


@frozen(kw_only=True)
class LeakagePolicy:
    """What becomes of each kind of finding. ``LeakagePolicy()`` refuses them all.

    ``treatments`` name the kinds that are treated otherwise. ``opaque_allowed`` are the parts that
    may be sent although nobody can look into them; by default all. ``markers`` are phrases that must
    stay here, whatever their case (a project's name, ``TLP:RED``). ``local_exempt``: calls that do
    not leave this machine are not looked at. ``time_limit_s`` bounds one look; a guard that takes
    longer refuses.
    Raises ``ValueError`` for what cannot be: text that is unreadable cannot be redacted, for one.
    """

    treatments: Mapping[FindingKind, Treatment] = field(factory=dict, converter=_treatments)
    opaque_allowed: tuple[Opaque, ...] = field(default=_KNOWN_OPAQUE, converter=_opaque)
    markers: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    local_exempt: bool = field(default=True, validator=FLAG)
    time_limit_s: float = field(default=5.0, validator=number(0.01, 600))
    most_findings: int = field(default=50, validator=whole(1, 1000))

    @treatments.validator
    def _unreadable_stays(self, _attribute: "Attribute[object]", treatments: Mapping[FindingKind, Treatment]) -> None:
        if treatments.get(FindingKind.UNREADABLE) is Treatment.REDACT:
            raise ValueError("treatments[unreadable]: what cannot be read cannot be redacted; refuse, warn or allow it")

    @markers.validator
    def _markers_are_long_enough(self, _attribute: "Attribute[object]", markers: tuple[str, ...]) -> None:
        for number_, marker in enumerate(markers):
            if len(marker.strip()) < _SHORTEST_MARKER:
                raise ValueError(f"markers[{number_}]: fewer than {_SHORTEST_MARKER} letters are found in any text")

    @classmethod
    def strict(cls) -> Self:
        """Refuses every finding, and every part that nobody can look into."""
        return cls(opaque_allowed=())

    def treatment_of(self, kind: FindingKind) -> Treatment:
        """What becomes of a finding of this kind."""
        return self.treatments.get(kind, Treatment.REFUSE)

    @property
    def redacts(self) -> frozenset[FindingKind]:
        """The kinds that are masked before the bytes are frozen."""
        return frozenset(kind for kind, treatment in self.treatments.items() if treatment is Treatment.REDACT)
