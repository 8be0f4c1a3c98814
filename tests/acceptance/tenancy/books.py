"""What must be in the books of a runtime at all times: receipts, events, and whatever else it shows of itself."""

from collections import Counter
from typing import Any

from tenancy.poison import owner_of, poison_in
from tenancy.tenants import Tenant

from provider_runtime import EventKind
from provider_runtime.domain.records.events import ENDINGS


async def check_books(tenant: Tenant, under_way: int) -> None:
    """The books of one runtime hold its own calls, each once, under the graph it began on, and nothing else."""
    for identity, receipts in tenant.books.items():
        kept = [receipt.record for receipt in await receipts.list()]
        assert (await receipts.verify()).valid
        found = Counter(
            (str(one.runtime_id), one.outcome.value, one.model_asked, one.policy_version, one.labels) for one in kept
        )
        assert found == tenant.expected[identity]
        assert all(owner_of(value) == tenant.name for value in poison_in(kept))
    _check_events(tenant, under_way)
    if tenant.present is not None:
        assert tenant.speaker.runtime_id == tenant.present.runtime_id
        shown = poison_in(tenant.speaker.export_catalog_json())
        assert shown == ({tenant.listed} if tenant.listed else frozenset())
        assert all(owner_of(value) == tenant.name for value in poison_in(repr(tenant.speaker)))


def _check_events(tenant: Tenant, under_way: int) -> None:
    events = tenant.events.events
    assert {str(event.runtime_id) for event in events} <= tenant.past_ids
    assert all(owner_of(value) == tenant.name for value in poison_in(events))
    of_calls: dict[Any, list[Any]] = {}
    for event in events:
        if event.call_id is not None:
            of_calls.setdefault(event.call_id, []).append(event)
    ended = Counter(_ending(of_call) for of_call in of_calls.values() if of_call[-1].kind in ENDINGS)
    assert ended == tenant.ended
    open_calls = sum(of_call[-1].kind not in ENDINGS for of_call in of_calls.values())
    assert open_calls == under_way


def _ending(events: list[Any]) -> tuple[str, str, str, tuple[str, ...]]:
    first, last = events[0], events[-1]
    assert first.kind is EventKind.CALL_STARTED
    assert len({event.runtime_id for event in events}) == 1, "a call stays on the graph it began on"
    assert len({event.labels for event in events}) == 1
    assert sum(event.kind in ENDINGS for event in events) == 1
    return str(last.runtime_id), last.kind.value.removeprefix("call_"), last.model_asked, last.labels
