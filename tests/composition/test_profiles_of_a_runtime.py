"""A runtime is opened with its work profile, or told another one by its registry."""

import asyncio

import pytest
from attrs import evolve
from working_team import TEAM, Team

from provider_runtime import (
    AssignmentInvalid,
    ErrorCode,
    EventKind,
    ExpertRole,
    InvalidSettings,
    ModelAssignment,
    RuntimeRegistry,
    RuntimeSettings,
    WorkProfile,
    local_server,
    open_runtime,
)
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FakeTransport

ANSWER = b'{"model":"m","choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}'


def profile(model: str) -> WorkProfile:
    return WorkProfile(name="team", assignments={"worker": ModelAssignment(primary=f"local:{model}")})


def settings(worker: str | None) -> RuntimeSettings:
    return RuntimeSettings(
        providers=[local_server("http://localhost:8000/v1")], profile=None if worker is None else profile(worker)
    )


async def test_choosing_a_profile_is_an_event_and_so_is_what_becomes_of_each_role() -> None:  # T-PROFILE-001
    team = Team()
    async with team.opening:
        selected, *resolved = team.events.events
    assert (selected.kind, selected.profile_id) == (EventKind.PROFILE_SELECTED, TEAM.profile_id)
    assert (selected.automation, selected.cloud_escalation) == ("autonomous", True)
    assert {event.kind for event in resolved} == {EventKind.PROFILE_RESOLVED}
    assert [(event.role, event.provider, event.tier, event.model_asked) for event in resolved] == [
        ("frontend", "there", "local", "chat"),
        ("orchestrator", "cloud", "cloud", "large"),
        ("validator", "here", "local", "strict"),
        ("worker", "here", "local", "small"),
    ]


async def test_without_a_profile_there_is_nothing_to_tell() -> None:
    team = Team(None)
    async with team.opening:
        assert team.events.events == []


@pytest.mark.parametrize("place", ["primary", "fallback"])
async def test_a_profile_that_leads_nowhere_opens_no_runtime(place: str) -> None:
    models = {"primary": "here:small", place: "nobody:small"}
    lost = WorkProfile(name="lost", assignments={"worker": ModelAssignment(**models)})
    with pytest.raises(AssignmentInvalid) as invalid:
        async with Team(lost).opening:
            pytest.fail("the runtime was opened")
    assert invalid.value.code is ErrorCode.ASSIGNMENT_INVALID
    assert (invalid.value.role, invalid.value.profile_id) == ("worker", lost.profile_id)
    assert "cloud, here, there" in invalid.value.remedy


async def test_an_expert_that_leads_nowhere_opens_no_runtime() -> None:
    expert = ExpertRole(role="critic", assignment=ModelAssignment(primary="nobody:small"))
    with pytest.raises(AssignmentInvalid, match="the expert critic"):
        async with Team(None, experts=[expert]).opening:
            pytest.fail("the runtime was opened")


@pytest.mark.parametrize("wrong", [{"profile": "team"}, {"experts": ["coder"]}, {"swaps": 3}])
def test_what_is_no_profile_is_no_setting(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidSettings):
        RuntimeSettings(**wrong)  # type: ignore[arg-type]  # what the test is about


async def test_another_profile_changes_the_next_call_and_none_that_is_under_way() -> None:  # T-PROFILE-002
    arrived, go_on = asyncio.Event(), asyncio.Event()

    class Slow(FakeTransport):
        async def exchange(self, request: HttpRequest) -> HttpReply:
            self.exchanges.append(request)
            arrived.set()
            await go_on.wait()
            return HttpReply(status=200, headers={"content-type": "application/json"}, body=ANSWER)

    transport, events = Slow(), EventRecorder()
    async with RuntimeRegistry() as registry:
        handle = await registry.register("acme", settings("before"), transport=transport, event_sink=events)
        under_way = asyncio.create_task(handle.run(a_request(model="role:worker")))
        await arrived.wait()
        await registry.reconfigure("acme", settings("after"))
        assert handle.resolve("role:worker").model_id == "after"
        go_on.set()
        await under_way
        await handle.run(a_request(model="role:worker"))
        first, second = (receipt.record for receipt in await handle.receipts.list())
    assert (first.model_asked, first.profile_id) == ("before", profile("before").profile_id)
    assert (second.model_asked, second.profile_id) == ("after", profile("after").profile_id)
    (changed,) = [event for event in events.events if event.kind is EventKind.PROFILE_CHANGED]
    assert (changed.previous_profile_id, changed.profile_id) == (first.profile_id, second.profile_id)


@pytest.mark.parametrize(("before", "after", "told"), [("a", "a", 0), ("a", None, 1), (None, "a", 1), (None, None, 0)])
async def test_a_registry_tells_of_a_profile_only_when_it_changes(
    before: str | None, after: str | None, told: int
) -> None:
    events = EventRecorder()
    async with RuntimeRegistry() as registry:
        handle = await registry.register("acme", settings(before), transport=FakeTransport(), event_sink=events)
        await registry.reconfigure("acme", evolve(settings(after), deadline_s=1.0))
        assert handle.ready
    assert events.kinds.count(EventKind.PROFILE_CHANGED) == told


async def test_two_runtimes_with_two_profiles_know_nothing_of_each_other() -> None:
    async with (
        open_runtime(settings("one"), transport=FakeTransport()) as one,
        open_runtime(settings("other"), transport=FakeTransport()) as other,
    ):
        assert (one.resolve("role:worker").model_id, other.resolve("role:worker").model_id) == ("one", "other")
