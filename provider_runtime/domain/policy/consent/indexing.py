"""ConsentIndex: which decisions may bear on a call, found without looking at all of them."""

from collections import deque
from collections.abc import Collection
from typing import Final, TypeAlias

from attrs import define, field

from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentScope, ConsentSubject

_RECENT: Final = 8
_Ids: TypeAlias = dict[str, None]
Names: TypeAlias = tuple[RuntimeId, str | None, str | None, str | None]
"""Runtime and tenant, and the digest of the body and the session, where there is a decision on them."""


@define(eq=False)
class _Held:
    """The decisions of one holder, by what they are for; ``any`` are those that name nothing, and they alone."""

    any: _Ids = field(factory=dict)
    by_body: dict[str, _Ids] = field(factory=dict)
    by_session: dict[str, _Ids] = field(factory=dict)
    recent: deque[str] = field(factory=lambda: deque(maxlen=_RECENT))


@define(eq=False)
class ConsentIndex:
    """Request ids by whom and what they are for. Nobody's decisions are ever found for another tenant or runtime.

    A decision is found by its bytes, by each of its sessions, or, where it names none, by its holder
    alone. The last few of a holder are always found, so that a refusal can say what is amiss with them.
    """

    _held: dict[tuple[RuntimeId, str | None], _Held] = field(factory=dict)

    def names_of(self, subject: ConsentSubject) -> Names | None:
        """What of the call decisions are known by: equal names find the same. ``None`` where none can be found."""
        runtime, tenant, session = subject.runtime, subject.tenant, subject.session
        held = self._held.get((runtime, tenant))
        if held is None:
            return None
        by_body = held.by_body
        body = subject.body_sha256 if by_body else None  # worked out where somebody asks for it
        return (
            runtime,
            tenant,
            body if body in by_body else None,
            session if session in held.by_session else None,
        )

    def of(self, names: Names) -> tuple[Collection[str], Collection[str]]:
        """The ids of what may bear on the call, and those among them that are the last few of their holder."""
        runtime, tenant, body, session = names
        held = self._held[runtime, tenant]
        by_body, by_session = held.by_body, held.by_session
        found = {
            *held.recent,
            *held.any,
            *(() if body is None else by_body[body]),
            *(() if session is None else by_session[session]),
        }
        return found, held.recent

    def add(self, request: ConsentRequest, read: ConsentReceipt | ConsentFault) -> None:
        """Let a decision be found."""
        subject = request.plan.subject
        held = self._held.setdefault((subject.runtime, subject.tenant), _Held())
        ids = held.any if _is_for_any(read) else held.by_body.setdefault(subject.body_sha256, {})
        ids[request.request_id] = None
        for session in _sessions(read):
            held.by_session.setdefault(session, {})[request.request_id] = None
        held.recent.append(request.request_id)

    def remove(self, request: ConsentRequest, read: ConsentReceipt | ConsentFault) -> None:
        """Let it be found no more."""
        subject, request_id = request.plan.subject, request.request_id
        held = self._held[subject.runtime, subject.tenant]
        _take_out(held.by_body, subject.body_sha256, request_id)
        for session in _sessions(read):
            _take_out(held.by_session, session, request_id)
        held.any.pop(request_id, None)
        if request_id in held.recent:
            held.recent.remove(request_id)
        if not held.any and not held.by_body:  # each decision stands in one of them
            del self._held[subject.runtime, subject.tenant]


def _sessions(read: ConsentReceipt | ConsentFault) -> tuple[str, ...]:
    if isinstance(read, ConsentFault) or read.scope is ConsentScope.SINGLE_CALL:
        return ()
    return read.session_ids


def _is_for_any(read: ConsentReceipt | ConsentFault) -> bool:
    if isinstance(read, ConsentFault) or read.scope is ConsentScope.SINGLE_CALL:
        return False
    return not read.session_ids


def _take_out(ids: dict[str, _Ids], key: str, request_id: str) -> None:
    there = ids.get(key, {})
    there.pop(request_id, None)
    if not there:
        ids.pop(key, None)
