"""What every WorkProfileStore keeps to."""

import asyncio

import pytest
from attrs import evolve

from provider_runtime.domain.errors import RecordConflict
from provider_runtime.domain.identity import ProfileName
from provider_runtime.domain.profiles.editions import ProfileChoice
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.profiles.roles import ModelAssignment
from provider_runtime.ports.registry.profiles import WorkProfileStore
from provider_runtime.testing.fakes import FrozenClock


def a_profile(name: str = "team", model: str = "here:small") -> WorkProfile:
    """A profile with one role."""
    return WorkProfile(name=name, assignments={"worker": ModelAssignment(primary=model)})


class WorkProfileStoreContract:
    """Give the fixtures ``clock``, and ``store``: an empty one that goes by it."""

    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()

    @pytest.fixture
    def store(self, clock: FrozenClock) -> WorkProfileStore:
        raise NotImplementedError("the subclass says which store")

    def test_it_is_a_work_profile_store(self, store: WorkProfileStore) -> None:
        assert isinstance(store, WorkProfileStore)

    async def test_an_empty_store_has_nothing_and_nothing_is_chosen(self, store: WorkProfileStore) -> None:
        assert await store.list() == ()
        assert await store.current(ProfileName("team")) is None
        assert await store.edition(a_profile().profile_id) is None
        assert await store.editions(ProfileName("team")) == ()
        assert await store.remove(ProfileName("team")) is False
        assert await store.chosen() is None

    async def test_what_was_kept_is_found_by_its_name_and_by_its_id(
        self, store: WorkProfileStore, clock: FrozenClock
    ) -> None:
        kept = await store.keep(a_profile())
        assert (kept.profile, kept.kept_at, kept.previous) == (a_profile(), clock.now(), None)
        assert await store.current(ProfileName("team")) == kept
        assert await store.edition(a_profile().profile_id) == kept

    async def test_profiles_are_listed_by_name(self, store: WorkProfileStore) -> None:
        for name in ("zed", "Team", "team", "a.b"):
            await store.keep(a_profile(name))
        assert [edition.name for edition in await store.list()] == ["Team", "a.b", "team", "zed"]

    async def test_an_edit_is_another_edition_and_the_old_one_stays_as_it_was(
        self, store: WorkProfileStore, clock: FrozenClock
    ) -> None:
        first = await store.keep(a_profile())
        clock.advance(60)
        second = await store.keep(a_profile(model="here:large"), instead_of=first.profile_id)
        assert second.previous == first.profile_id
        assert await store.current(ProfileName("team")) == second
        assert await store.edition(first.profile_id) == first
        assert await store.editions(ProfileName("team")) == (first, second)
        assert await store.list() == (second,)

    async def test_editions_of_a_name_that_begins_like_another_are_its_own(self, store: WorkProfileStore) -> None:
        await store.keep(a_profile("team"))
        longer = await store.keep(a_profile("team.b"))
        assert await store.editions(ProfileName("team.b")) == (longer,)
        assert len(await store.editions(ProfileName("team"))) == 1

    async def test_an_edit_back_leads_to_the_edition_that_was_there_before(
        self, store: WorkProfileStore, clock: FrozenClock
    ) -> None:
        first = await store.keep(a_profile())
        clock.advance(60)
        second = await store.keep(a_profile(model="here:large"), instead_of=first.profile_id)
        assert await store.keep(a_profile(), instead_of=second.profile_id) == first
        assert await store.current(ProfileName("team")) == first

    async def test_a_name_is_taken_once(self, store: WorkProfileStore) -> None:
        first = await store.keep(a_profile())
        with pytest.raises(RecordConflict) as refused:
            await store.keep(a_profile(model="here:other"))
        assert refused.value.key == "team"
        assert await store.current(ProfileName("team")) == first

    async def test_of_two_editors_the_later_one_is_told_and_loses_nothing_of_the_others_change(
        self, store: WorkProfileStore
    ) -> None:
        seen = await store.keep(a_profile())
        first = await store.keep(a_profile(model="here:first"), instead_of=seen.profile_id)
        with pytest.raises(RecordConflict):
            await store.keep(a_profile(model="here:second"), instead_of=seen.profile_id)
        assert await store.current(ProfileName("team")) == first

    async def test_of_many_editors_at_once_exactly_one_gets_through(self, store: WorkProfileStore) -> None:
        seen = await store.keep(a_profile())
        editing = (store.keep(a_profile(model=f"here:m-{n}"), instead_of=seen.profile_id) for n in range(8))
        outcomes = await asyncio.gather(*editing, return_exceptions=True)
        done = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)] == [RecordConflict] * 7
        assert await store.list() == tuple(done)

    async def test_a_removed_name_is_gone_and_its_editions_can_still_be_looked_up(
        self, store: WorkProfileStore
    ) -> None:
        kept = await store.keep(a_profile())
        assert await store.remove(ProfileName("team")) is True
        assert await store.list() == ()
        assert await store.current(ProfileName("team")) is None
        assert await store.edition(kept.profile_id) == kept
        with pytest.raises(RecordConflict):
            await store.keep(a_profile(model="here:late"), instead_of=kept.profile_id)
        assert (await store.keep(a_profile(model="here:anew"))).previous is None

    async def test_a_choice_stays_until_another_is_made(self, store: WorkProfileStore) -> None:
        team, pinned = ProfileChoice.parse("team"), ProfileChoice.parse(a_profile().profile_id)
        assert await store.choose(team) is None
        assert await store.chosen() == team
        assert await store.choose(pinned) == team
        assert await store.chosen() == pinned
        assert await store.choose(None) == pinned
        assert await store.chosen() is None

    async def test_what_a_profile_says_comes_back_whole(self, store: WorkProfileStore) -> None:
        profile = evolve(
            a_profile(),
            description="für die Nacht",
            assignments={
                "worker": ModelAssignment(primary="a:b", fallback="c:d:e", local_only=True, allowed_models=["x:y"])
            },
        )
        await store.keep(profile)
        found = await store.current(ProfileName("team"))
        assert found is not None
        assert found.profile == profile
