"""Is anything of a tenant where everybody can reach it: environment, context variables, module globals?"""

import asyncio
import contextvars
import logging
import os
import sys
from collections.abc import Iterable
from typing import ClassVar, Final

from attrs import define, field

from provider_runtime.testing.isolation.checks.check import Check
from provider_runtime.testing.isolation.evidence import Evidence, Finding
from provider_runtime.testing.isolation.searching import PLAIN
from provider_runtime.testing.isolation.walking import Walk

_NOT_OURS: Final = frozenset({"PYTEST_CURRENT_TEST"})  # pytest writes it as it goes
# What runs the test, and what looks on, holds the tenants by right.
_ONLOOKERS: Final = frozenset(
    (
        *("pytest", "_pytest", "pluggy", "iniconfig", "py", "xdist", "execnet", "hypothesis", "anyio", "coverage"),
        *("pytest_asyncio", "pytest_randomly", "pytest_timeout", "pytest_cov", "pip", "pygments", "_distutils_hack"),
    )
)
_OURS: Final = "provider_runtime.testing.isolation"
_ADDRESS_CACHES: Final = ("yarl.",)
# From a loop or a logger the way leads to the running test and to the handlers of pytest.
_CROSSROADS: Final = (
    *(asyncio.AbstractEventLoop, asyncio.Future, asyncio.Handle),
    *(logging.Logger, logging.Handler, logging.Manager),
)


@define(kw_only=True)
class Environment(Check):
    """``os.environ`` is as it was, and held nothing of a tenant while a call was under way."""

    name: ClassVar[str] = "environment"
    _before: dict[str, str] = field(factory=dict, init=False, repr=False)

    def begin(self, evidence: Evidence) -> None:  # noqa: ARG002 - the environment is not the evidence's
        self._before = dict(os.environ)

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        now = dict(os.environ)
        for name in sorted((now.keys() | self._before.keys()) - _NOT_OURS):
            if name not in now:
                yield self.finding(f"os.environ[{name}] was removed")
            elif now[name] != self._before.get(name):
                marks = ", ".join(mark.shown for mark, _ in evidence.marks.search.found(now[name]))
                what = "was changed" if name in self._before else "was added"
                yield self.finding(f"os.environ[{name}] {what}{f' and holds {marks}' if marks else ''}")
        for request in evidence.received:
            for name, mark in request.variables:
                yield self.finding(f"os.environ[{name}] held {mark.shown} during a call")


@define(kw_only=True)
class ContextVariables(Check):
    """No context variable of the test's own context holds anything of a tenant."""

    name: ClassVar[str] = "context"

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        roots = [
            (f"context variable {variable.name}", [value]) for variable, value in contextvars.copy_context().items()
        ]
        for where, text in Walk(skip=_is_no_service, max_depth=10).texts(roots, evidence.marks.search.may_hold):
            for mark, _ in evidence.marks.search.found(text):
                yield self.finding(f"{where} holds {mark.shown}")


@define(kw_only=True)
class ModuleGlobals(Check):
    """Nothing of a tenant can be come by from the globals of a loaded module, once the service is closed.

    Modules of the standard library, of pytest and its plugins, and those whose names begin with one
    of ``allowed`` are no starting points. Libraries that keep the addresses they have parsed may,
    as long as no key is among them. ``within``: begin at modules with these beginnings only, which is
    quicker in large processes.
    """

    name: ClassVar[str] = "module globals"
    allowed: tuple[str, ...] = ()
    within: tuple[str, ...] = ("",)

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        modules = {name: module for name, module in sys.modules.copy().items() if hasattr(module, "__dict__")}
        # The globals of every module are entered from the module itself or not at all.
        every = frozenset(id(vars(module)) for module in modules.values()) | {id(os.environ)}  # has its own check
        roots = [(name, vars(module)) for name, module in modules.items() if self._is_searched(name)]
        walk = Walk(skip=_is_no_service, apart=every)
        for where, text in walk.texts(roots, evidence.marks.search.may_hold):
            for mark, form in evidence.marks.search.found(text):
                if where.startswith(_ADDRESS_CACHES) and mark.kind not in evidence.secret_kinds:
                    continue
                yield self.finding(f"{where} holds {mark.shown}{'' if form == PLAIN else f' ({form})'}")

    def _is_searched(self, name: str) -> bool:
        package = name.partition(".")[0]
        known = package in sys.stdlib_module_names or package in _ONLOOKERS
        return not known and name.startswith(self.within) and not name.startswith((_OURS, *self.allowed))


def _is_no_service(kind: type) -> bool:
    """Whether objects of this class, and the class itself, belong to the test or to the standard library."""
    module = getattr(kind, "__module__", None)
    if issubclass(kind, _CROSSROADS) or not isinstance(module, str):
        return True
    return module.partition(".")[0] in _ONLOOKERS or module.startswith(_OURS)
