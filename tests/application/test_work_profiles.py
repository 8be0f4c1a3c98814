"""Choosing a work profile: the choice outlives the process, and each change of what holds is told once."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.backends.profiles import MemoryWorkProfileStore, SqliteWorkProfileStore
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.profiles.choosing import WorkProfiles
from provider_runtime.domain.errors import AssignmentInvalid, RecordConflict, RecordMissing
from provider_runtime.domain.identity import ProfileName, ProviderId, RuntimeId
from provider_runtime.domain.profiles.editions import ProfileChoice
from provider_runtime.domain.records.events import EventKind
from provider_runtime.ports.registry.profiles import WorkProfileStore
from provider_runtime.testing.contracts.registry.profiles import a_profile
from provider_runtime.testing.fakes import EventRecorder, FrozenClock

TEAM = ProfileName("team")


class Desk:
    """Profiles over a store, and what was told of them."""

    def __init__(self, store: WorkProfileStore | None = None) -> None:
        self.events = EventRecorder()
        self.store = store or MemoryWorkProfileStore()
        self.profiles = WorkProfiles(
            store=self.store,
            telemetry=Telemetry(sink=self.events),
            clock=FrozenClock(),
            runtime_id=RuntimeId("desk"),
            registered=[ProviderId("here")],
        )

    @property
    def told(self) -> list[tuple[str, Any, Any]]:
        return [(event.kind.value, event.previous_profile_id, event.profile_id) for event in self.events.events]


async def test_a_choice_outlives_the_process(tmp_path: Path) -> None:
    desk = Desk(SqliteWorkProfileStore(path=tmp_path / "records.sqlite"))
    await desk.profiles.keep(a_profile())
    await desk.profiles.use(ProfileChoice(name=TEAM))
    await desk.store.aclose()
    later = Desk(SqliteWorkProfileStore(path=tmp_path / "records.sqlite"))
    assert await later.profiles.chosen() == a_profile()
    await later.store.aclose()


async def test_choosing_a_profile_is_told_as_selected_and_another_as_changed() -> None:
    desk = Desk()
    await desk.profiles.keep(a_profile())
    await desk.profiles.keep(a_profile("night"))
    await desk.profiles.use(ProfileChoice(name=TEAM))
    await desk.profiles.use(ProfileChoice(name=TEAM))
    await desk.profiles.use(ProfileChoice.parse("night"))
    await desk.profiles.use(None)
    team, night = a_profile().profile_id, a_profile("night").profile_id
    assert desk.told == [
        (EventKind.PROFILE_SELECTED, None, team),
        (EventKind.PROFILE_CHANGED, team, night),
        (EventKind.PROFILE_CHANGED, night, None),
    ]


async def test_an_edit_of_the_profile_that_holds_is_a_change_and_one_of_another_is_not() -> None:
    desk = Desk()
    first = await desk.profiles.keep(a_profile())
    other = await desk.profiles.keep(a_profile("other"))
    await desk.profiles.use(ProfileChoice(name=TEAM))
    edited = a_profile(model="here:large")
    await desk.profiles.keep(edited, instead_of=first.profile_id)
    await desk.profiles.keep(a_profile("other", "here:large"), instead_of=other.profile_id)
    assert desk.told[1:] == [(EventKind.PROFILE_CHANGED, first.profile_id, edited.profile_id)]
    assert await desk.profiles.chosen() == edited


async def test_a_pinned_edition_stays_through_every_edit() -> None:
    desk = Desk()
    first = await desk.profiles.keep(a_profile())
    await desk.profiles.use(ProfileChoice.parse(first.profile_id))
    await desk.profiles.keep(a_profile(model="here:large"), instead_of=first.profile_id)
    assert await desk.profiles.chosen() == first.profile
    assert [kind for kind, _, _ in desk.told] == [EventKind.PROFILE_SELECTED]


async def test_removing_the_profile_that_holds_leaves_none_and_is_told() -> None:
    desk = Desk()
    await desk.profiles.keep(a_profile())
    await desk.profiles.use(ProfileChoice(name=TEAM))
    assert await desk.profiles.remove(TEAM) is True
    assert await desk.profiles.chosen() is None
    assert desk.told[-1] == (EventKind.PROFILE_CHANGED, a_profile().profile_id, None)
    assert await desk.profiles.remove(TEAM) is False


async def test_a_profile_that_names_a_stranger_is_neither_kept_nor_chosen() -> None:
    desk = Desk()
    stranger = a_profile(model="nobody:small")
    with pytest.raises(AssignmentInvalid):
        await desk.profiles.keep(stranger)
    assert await desk.store.list() == ()
    await desk.store.keep(stranger)
    with pytest.raises(AssignmentInvalid):
        await desk.profiles.use(ProfileChoice(name=TEAM))
    assert await desk.store.chosen() is None


@pytest.mark.parametrize("text", ["team", f"{a_profile().profile_id}"])
async def test_what_is_not_kept_cannot_be_chosen(text: str) -> None:
    desk = Desk()
    with pytest.raises(RecordMissing) as missing:
        await desk.profiles.use(ProfileChoice.parse(text))
    assert missing.value.key == text
    assert desk.told == []


async def test_a_late_editor_changes_nothing_and_nothing_is_told() -> None:
    desk = Desk()
    await desk.profiles.keep(a_profile())
    await desk.profiles.use(ProfileChoice(name=TEAM))
    with pytest.raises(RecordConflict):
        await desk.profiles.keep(a_profile(model="here:late"), instead_of=a_profile(model="here:x").profile_id)
    assert len(desk.told) == 1


@given(text=st.text(max_size=30))
def test_what_is_read_as_a_choice_is_written_the_same(text: str) -> None:
    try:
        choice = ProfileChoice.parse(text)
    except ValueError:
        return
    assert str(choice) == text
    assert ProfileChoice.parse(str(choice)) == choice
