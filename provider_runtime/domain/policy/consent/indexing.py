"""ConsentIndex: which decisions may bear on a call, found without looking at all of them."""

from collections import deque
from typing import Final, TypeAlias

from attrs import define, field

from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentScope, ConsentSubject

_RECENT: Final = 8
_Key: TypeAlias = tuple[object, ...]


@define(eq=False)
class ConsentIndex:
    """Request ids by whom and what they are for. Nobody's decisions are ever found for another tenant or runtime.

    A decision is found by its bytes, by each of its sessions, or, where it names none, by its holder
    alone. The last few of a holder are always found, so that a refusal can say what is amiss with them.
    """

    _by_key: dict[_Key, dict[str, None]] = field(factory=dict)
    _recent: dict[_Key, deque[str]] = field(factory=dict)

    def of(self, subject: ConsentSubject) -> tuple[set[str], set[str]]:
        """The ids of what may bear on the call, and those among them that are the last few of their holder."""
        holder = _holder(subject)
        recent = set(self._recent.get(holder, ()))
        found = set(recent)
        keys: list[_Key] = [(*holder, "body", subject.body_sha256), (*holder, "any")]
        if subject.session is not None:
            keys.append((*holder, "session", subject.session))
        for key in keys:
            found.update(self._by_key.get(key, ()))
        return found, recent

    def add(self, request: ConsentRequest, read: ConsentReceipt | ConsentFault) -> None:
        """Let a decision be found."""
        for key in _keys(request, read):
            self._by_key.setdefault(key, {})[request.request_id] = None
        self._recent.setdefault(_holder(request.plan.subject), deque(maxlen=_RECENT)).append(request.request_id)

    def remove(self, request: ConsentRequest, read: ConsentReceipt | ConsentFault) -> None:
        """Let it be found no more."""
        for key in _keys(request, read):
            ids = self._by_key.get(key, {})
            ids.pop(request.request_id, None)
            if not ids:
                self._by_key.pop(key, None)
        holder = _holder(request.plan.subject)
        recent = self._recent.get(holder)
        if recent is not None and request.request_id in recent:
            recent.remove(request.request_id)
            if not recent:
                del self._recent[holder]


def _keys(request: ConsentRequest, read: ConsentReceipt | ConsentFault) -> list[_Key]:
    holder = _holder(request.plan.subject)
    keys: list[_Key] = [(*holder, "body", request.plan.subject.body_sha256)]
    if isinstance(read, ConsentReceipt) and read.scope is not ConsentScope.SINGLE_CALL:
        keys += [(*holder, "session", session) for session in read.session_ids] or [(*holder, "any")]
    return keys


def _holder(subject: ConsentSubject) -> _Key:
    return (subject.runtime, subject.tenant)
