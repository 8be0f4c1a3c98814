"""Verdict: what a gate says of a call."""

from typing import TypeAlias

from attrs import frozen

from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.errors import CallRefused
from provider_runtime.domain.policy.budgets.holds import Hold
from provider_runtime.domain.policy.consent.verdicts import Granted as Consented
from provider_runtime.domain.policy.grants.capability import Granted
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.values import sealed


@sealed
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


@frozen(kw_only=True)
class Refusal:
    """The gate keeps the call back; ``error`` is what the caller gets, and says the way out."""

    gate: str
    error: CallRefused


Verdict: TypeAlias = Pass | Refusal
