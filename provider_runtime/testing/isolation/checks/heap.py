"""Is a key anywhere in memory, once the service is closed and forgotten?"""

import gc
from collections.abc import Iterable
from types import CoroutineType, FrameType, GeneratorType, ModuleType
from typing import ClassVar, Final

from attrs import define

from provider_runtime.testing.isolation.checks.check import Check
from provider_runtime.testing.isolation.evidence import CallOutcome, Evidence, Finding
from provider_runtime.testing.isolation.walking import direct_texts

_NOT_ASKED: Final = (FrameType, CoroutineType, GeneratorType, ModuleType)
_PLAIN: Final = (dict, list, tuple, frozenset)
_OURS: Final = "provider_runtime.testing.isolation"


@define(kw_only=True)
class Heap(Check):
    """No object that the garbage collector knows holds a key, but those of the trial and running functions.

    Strict: the test must have let go of its service and of the answers before the block ends, such
    as by using them in a function of its own. ``allowed``: names of types that may hold one.
    """

    name: ClassVar[str] = "heap"
    settles: ClassVar[bool] = True  # connections that are closing hold what they carried
    allowed: tuple[str, ...] = ()

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        gc.collect()
        search = evidence.marks.search_for(*evidence.secret_kinds)
        everything = gc.get_objects()
        ours = _held_by_the_trial(everything)
        for thing in everything:
            if id(thing) in ours or isinstance(thing, _NOT_ASKED) or type(thing).__qualname__ in self.allowed:
                continue
            for text in direct_texts(thing):
                if search.may_hold(text):
                    for mark, _ in search.found(text):
                        yield self.finding(f"{_named(thing)} holds {mark.shown}")


def _held_by_the_trial(everything: list[object]) -> set[int]:
    """The objects of this package and the plain containers they are made of."""
    ahead = [thing for thing in everything if _is_ours(thing)]
    ours: set[int] = set()
    while ahead:
        thing = ahead.pop()
        if id(thing) not in ours:
            ours.add(id(thing))
            ahead += [held for held in gc.get_referents(thing) if isinstance(held, _PLAIN) or _is_ours(held)]
    return ours


def _is_ours(thing: object) -> bool:
    # What a call came to is the service's: it must not hide there.
    return str(type(thing).__module__).startswith(_OURS) and not isinstance(thing, CallOutcome | Evidence)


def _named(thing: object) -> str:
    kind = type(thing)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if not isinstance(thing, _PLAIN):
        return f"an object of type {name}"
    owners = [type(owner) for owner in gc.get_referrers(thing) if not isinstance(owner, (list, FrameType, *_NOT_ASKED))]
    return f"a {name} of {owners[0].__module__}.{owners[0].__qualname__}" if owners else f"a {name}"
