"""Every scenario, by name, and those that only a load asks for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Final

from hostile.families.bodies import BODIES
from hostile.families.controls import CONTROLS
from hostile.families.framing import FRAMING
from hostile.families.headers import HEADERS
from hostile.families.lies import LIES
from hostile.families.redirects import REDIRECTS
from hostile.families.reflections import REFLECTIONS
from hostile.families.resets import RESETS
from hostile.families.retries import RETRIES
from hostile.families.sizes import SIZES
from hostile.families.slow import SLOW
from hostile.families.statuses import STATUSES
from hostile.plays import HANG, OK, Play, Script, always, failure, then_reset
from hostile.scenario import Scenario
from hostile.server import HostileServer, hostile_server

FAMILIES: Final[Mapping[str, tuple[Scenario, ...]]] = {
    "controls": CONTROLS,
    "slow": SLOW,
    "resets": RESETS,
    "framing": FRAMING,
    "headers": HEADERS,
    "reflections": REFLECTIONS,
    "bodies": BODIES + LIES,
    "sizes": SIZES,
    "redirects": REDIRECTS,
    "statuses": STATUSES,
    "retries": RETRIES,
}
SCENARIOS: Final[Mapping[str, Scenario]] = {row.name: row for family in FAMILIES.values() for row in family}


def by_chance(seed: int, share: float, *, unlucky: Play, otherwise: Play = (OK,)) -> Script:
    """``share`` of all requests get the ``unlucky`` play, as a seeded die decides."""
    die = Random(seed)  # noqa: S311 - chance that can be repeated
    return lambda _asked: unlucky if die.random() < share else otherwise


def load_scripts() -> dict[str, Script]:
    """Ways to be dead, or half dead, for tests under load. Fresh dice each time."""
    return {
        "dead": always(failure(503)),
        "dead_500": always(failure(500)),
        "dead_reset": always(*then_reset()),
        "dead_silent": always(HANG),
        "half_dead": by_chance(1, 0.5, unlucky=(failure(503),)),
        "half_reset": by_chance(2, 0.5, unlucky=then_reset()),
    }


@contextmanager
def whole_server() -> Iterator[HostileServer]:
    """A server of every scenario, and of the ways to be dead."""
    scripts = {name: row.script for name, row in SCENARIOS.items()} | load_scripts()
    on_head = frozenset(name for name, row in SCENARIOS.items() if row.on_head)
    with hostile_server(scripts, on_head=on_head) as server:
        yield server
