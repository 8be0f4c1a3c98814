"""ProjectionPlan: what would leave the machine, as the person who decides is shown it; and what is asked of them."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from attrs import Attribute, asdict, field, frozen
from attrs.validators import optional

from provider_runtime.domain.calls.labels import check_identifier, is_identifier
from provider_runtime.domain.checks import FILLED, FILLED_TEXTS, is_a
from provider_runtime.domain.identity import Role
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.consent.subject import ConsentScope, ConsentSubject
from provider_runtime.domain.policy.leakage.findings import Finding

PLAN_VERSION: Final = 1
_PLAN: Final = b"provider_runtime/projection-plan/v1\0"


def fault_of_reason(reason: object) -> str | None:
    """Why ``reason`` cannot be one: it is a short name, and no text. ``None`` where it can."""
    if reason is None or is_identifier(reason):
        return None
    return "a reason is a short name of letters, digits and _.:/@+-, such as tests_failed_twice"


def to_milliseconds(moment: datetime) -> datetime:
    """The moment in UTC, in whole milliseconds: as it is written, so it is read back."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return moment  # the validator says what is wrong
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def check_moment(_instance: object, attribute: "Attribute[Any]", moment: object) -> None:
    """A moment with its time zone."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"{attribute.name} must be a time with its time zone")


@frozen(kw_only=True)
class ProjectionPlan:
    """Everything that a person consents to: who is asked, where, which bytes, at what cost, what was found in them.

    ``redactions`` and ``warnings`` are codes, ``findings`` kind and place: nothing here is text of the
    conversation. ``plan_id`` is worked out from everything else, so a plan that was changed has another.
    Source: semantics C.5, ``hsk.projection_plan``.
    """

    subject: ConsentSubject = field(validator=is_a(ConsentSubject))
    endpoint: str = field(validator=FILLED)
    role: Role | None = None
    warnings: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    redactions: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    findings: tuple[Finding, ...] = field(default=(), converter=tuple_of)
    version: int = PLAN_VERSION
    plan_id: str = field(init=False, eq=False)

    @plan_id.default
    def _made_of_contents(self) -> str:
        contents = {
            "subject": asdict(self.subject),
            "endpoint": self.endpoint,
            "role": self.role,
            "warnings": self.warnings,
            "redactions": self.redactions,
            "findings": [asdict(finding) for finding in self.findings],
            "version": self.version,
        }
        text = json.dumps(contents, sort_keys=True, separators=(",", ":"))
        return f"plan_{sha256(_PLAN + text.encode()).hexdigest()[:32]}"


@frozen(kw_only=True)
class ConsentRequest:
    """A question that waits for a person: may this plan be carried out?

    ``reason`` is the caller's, a short name; ``scope`` what it would like. Decided once, or never:
    nobody is asked any more after ``expires_at``.
    """

    request_id: str = field(validator=check_identifier)
    plan: ProjectionPlan = field(validator=is_a(ProjectionPlan))
    scope: ConsentScope = field(default=ConsentScope.SINGLE_CALL, converter=ConsentScope)
    reason: str | None = field(default=None, validator=optional(check_identifier))
    created_at: datetime = field(converter=to_milliseconds, validator=check_moment)
    expires_at: datetime = field(converter=to_milliseconds, validator=check_moment)
