"""Verdict: what a gate says of a call."""

from typing import Final, TypeAlias, cast

from attrs import frozen

from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.errors import CallRefused
from provider_runtime.domain.policy.budgets.holds import Hold
from provider_runtime.domain.policy.consent.verdicts import Granted as Consented
from provider_runtime.domain.policy.grants.capability import Granted
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.values import open_twin, sealed


@sealed(kw_only=True)
class Pass:
    """The gate lets the call through. ``configured`` is ``False`` where nothing was set up to judge.

    ``warnings`` go with the answer. ``findings`` are what a guard saw and let pass. ``hold`` is what was
    set aside for the first attempt, ``consented`` the consent that the call is made on; whoever sends the
    call settles the one, and takes a use of the other. ``granted`` is what the call was granted; where
    another gate refuses the call, the uses that were counted for it are given back.

    """

    gate: str
    reason: str = ""
    configured: bool = True
    warnings: tuple[CallWarning, ...] = ()
    hold: Hold | None = None
    findings: tuple[Finding, ...] = ()
    granted: Granted | None = None
    consented: Consented | None = None


_OpenPass: Final = open_twin(Pass)


def passing(
    gate: str,
    warnings: tuple[CallWarning, ...] = (),
    hold: Hold | None = None,
    granted: Granted | None = None,
    consented: Consented | None = None,
) -> Pass:
    """A ``Pass`` that is made anew for each call."""
    verdict = _OpenPass.__new__(_OpenPass)
    verdict.gate = gate
    verdict.reason = ""
    verdict.configured = True
    verdict.warnings = warnings
    verdict.hold = hold
    verdict.findings = ()
    verdict.granted = granted
    verdict.consented = consented
    verdict.__class__ = Pass
    return cast("Pass", verdict)


@frozen(kw_only=True)
class Refusal:
    """The gate keeps the call back; ``error`` is what the caller gets, and says the way out."""

    gate: str
    error: CallRefused


Verdict: TypeAlias = Pass | Refusal
