"""Is a use granted? Held against the grants in order, and what was used of them before."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from provider_runtime.domain.policy.grants.capability import (
    NOTHING_COUNTED,
    Capability,
    Decision,
    Denied,
    Granted,
    GrantFault,
    Use,
)
from provider_runtime.domain.policy.grants.caps import granting


def decide(
    use: Use, granted: frozenset[str], capabilities: Sequence[Capability], used: Mapping[str, int], now: datetime
) -> Decision:
    """Whether everything that ``use`` takes is granted; the first capability that is not, decides.

    ``granted`` are names of capabilities that need no grant. Of the grants of one capability, the first that
    admits the use grants it. ``used`` says how often each grant was used, by its id. A grant that serves a
    use twice is used once.
    """
    if granted.issuperset(use.caps):
        return NOTHING_COUNTED
    counted: dict[str, None] = {}
    for cap in use.caps:
        if cap in granted:
            continue
        found = _grant_of(cap, use, capabilities, used, now)
        if isinstance(found, Denied):
            return found
        if found.constraints.max_calls is not None:
            counted[found.capability_id] = None
    return Granted(counted=tuple(counted))


def _grant_of(
    cap: str, use: Use, capabilities: Sequence[Capability], used: Mapping[str, int], now: datetime
) -> Capability | Denied:
    denied: Denied | None = None
    for capability in capabilities:
        if granting(frozenset((capability.type,)), cap) is None:
            continue
        fault = fault_of_use(use, capability, used.get(capability.capability_id, 0), now)
        if fault is None:
            return capability
        denied = denied or Denied(cap=cap, fault=fault, capability_id=capability.capability_id)
    return denied or Denied(cap=cap, fault=GrantFault.NOT_GRANTED)


def fault_of_use(use: Use, capability: Capability, used: int, now: datetime) -> GrantFault | None:
    """Why this grant does not admit the use, or ``None``. What the use does not say meets no condition."""
    conditions = capability.constraints
    if capability.scope is not None and capability.scope not in use.scopes:
        return GrantFault.OUT_OF_SCOPE
    if conditions.expires_at is not None and now >= conditions.expires_at:
        return GrantFault.EXPIRED
    if conditions.allowed_methods is not None and (use.method or "").upper() not in conditions.allowed_methods:
        return GrantFault.METHOD_NOT_ALLOWED
    if conditions.allowed_providers is not None and use.provider not in conditions.allowed_providers:
        return GrantFault.PROVIDER_NOT_ALLOWED
    if conditions.allowed_models is not None and not _is_listed(use.model, conditions.allowed_models):
        return GrantFault.MODEL_NOT_ALLOWED
    if conditions.max_bytes is not None and (use.size is None or use.size > conditions.max_bytes):
        return GrantFault.TOO_MANY_BYTES
    if conditions.max_calls is not None and used >= conditions.max_calls:
        return GrantFault.CALLS_USED_UP
    return None


def _is_listed(model: str | None, patterns: tuple[str, ...]) -> bool:
    if model is None:
        return False
    return any(model.startswith(pattern[:-1]) if pattern.endswith("*") else model == pattern for pattern in patterns)
