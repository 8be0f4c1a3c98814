"""What becomes of a call, given what was found in it."""

from typing import Final

from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import LeakageRefused
from provider_runtime.domain.policy.leakage.classification import ContentFault, KeptContent
from provider_runtime.domain.policy.leakage.findings import Finding, FindingKind
from provider_runtime.domain.policy.leakage.opaque import OpaquePart
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy, Treatment
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict
from provider_runtime.domain.values import sealed

GATE: Final = "leakage"
CLEAN: Final = Pass(gate=GATE)
_TOLD: Final = 5  # findings named in a message; the error holds them all
_WHY_KEPT: Final = {
    ContentFault.UNCLASSIFIED: ("nobody classified it", "Say what it is: CallOptions(content=…)."),
    ContentFault.NOT_EXPORTABLE: ("it is not exportable", "Use a local provider, or leave it out."),
    ContentFault.HIGH_SENSITIVITY: ("its sensitivity is high", "Use a local provider, or leave it out."),
    ContentFault.UNKNOWN_MEMBER: (
        "it is made of content that nobody described",
        "Describe every member: CallOptions(content=…).",
    ),
}


@sealed(kw_only=True)
class Looked:
    """What a look at a call brought to light."""

    findings: tuple[Finding, ...] = ()
    kept: KeptContent | None = None
    opaque: tuple[OpaquePart, ...] = ()


def leakage_verdict(looked: Looked, policy: LeakagePolicy) -> Verdict:
    """Refuse, or pass with a warning for each finding that is only to be warned of.

    What should have been redacted and is still there could not be, and is refused.
    """
    if looked.kept is not None:
        return _refusal(_kept(looked.kept))
    unread = tuple(part for part in looked.opaque if part.kind not in policy.opaque_allowed)
    if unread:
        return _refusal(_unread(unread))
    if not looked.findings:
        return CLEAN
    treated = [(finding, policy.treatment_of(finding.kind)) for finding in looked.findings]
    bad = tuple(finding for finding, treatment in treated if treatment in {Treatment.REFUSE, Treatment.REDACT})
    if bad:
        return _refusal(_found(bad))
    warned = tuple(finding for finding, treatment in treated if treatment is Treatment.WARN)
    if not warned:
        return Pass(gate=GATE, reason="what was found is allowed by policy", findings=looked.findings)
    return Pass(
        gate=GATE,
        reason=f"found and sent: {_list(warned)}",
        warnings=tuple(map(_warning, warned)),
        findings=looked.findings,
    )


def _refusal(error: LeakageRefused) -> Refusal:
    return Refusal(gate=GATE, error=error)


def _found(findings: tuple[Finding, ...]) -> LeakageRefused:
    unreadable = all(finding.kind is FindingKind.UNREADABLE for finding in findings)
    return LeakageRefused(
        reason="unreadable" if unreadable else "secret_found",
        findings=findings,
        message=f"what would be sent holds {_list(findings)}",
        remedy="Take it out, use a local provider, or have an operator treat this kind otherwise (LeakagePolicy).",
    )


def _kept(kept: KeptContent) -> LeakageRefused:
    why, remedy = _WHY_KEPT[kept.fault]
    what = f"the content {kept.ref!r:.80}" if kept.ref else "the content"
    return LeakageRefused(
        reason=kept.fault.value, ref=kept.ref, message=f"{what} may not leave this machine: {why}", remedy=remedy
    )


def _unread(parts: tuple[OpaquePart, ...]) -> LeakageRefused:
    names = ", ".join(str(part) for part in parts[:_TOLD])
    return LeakageRefused(
        reason="opaque_part",
        ref=parts[0].path,
        message=f"nobody can look into {names}, and policy does not let it pass unread",
        remedy="Leave it out, or list it in LeakagePolicy(opaque_allowed=…).",
    )


def _warning(finding: Finding) -> CallWarning:
    return warn(WarningCode.POSSIBLE_SECRET_SENT, f"{finding} was sent, as policy has it")


def _list(findings: tuple[Finding, ...]) -> str:
    told = ", ".join(map(str, findings[:_TOLD]))
    more = len(findings) - _TOLD
    return f"{told} and {more} more" if more > 0 else told
