"""A service that opens a workspace works with what its commands work with."""

from pathlib import Path

import pytest

from provider_runtime import (
    BackendError,
    InvalidSettings,
    ProfileChoice,
    ProviderConfig,
    local_server,
    open_runtime,
    workspace_settings,
)
from provider_runtime.composition.workspace.config import FILE_NAME
from provider_runtime.composition.workspace.kept import profiles_of, records_of
from provider_runtime.testing.contracts.registry.profiles import a_profile


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / FILE_NAME).write_text("deadline_s = 5\n[providers.openai]\n")
    return tmp_path


async def register(place: Path, *configs: ProviderConfig) -> None:
    async with records_of(place / ".provider-runtime") as store:
        for config in configs:
            await store.add(config)


async def test_what_is_written_registered_and_chosen_comes_together(place: Path) -> None:
    await register(place, local_server("http://localhost:8000/v1", provider_id="here"))
    async with profiles_of(place / ".provider-runtime") as store:
        await store.keep(a_profile())
        await store.choose(ProfileChoice.parse("team"))
    for named in (place, place / FILE_NAME, str(place)):
        settings = await workspace_settings(named)
        assert [config.provider_id for config in settings.providers] == ["openai", "here"]
        assert (settings.deadline_s, settings.profile) == (5, a_profile())
    async with open_runtime(settings) as runtime:
        assert runtime.resolve("role:worker").provider_id == "here"


async def test_variables_and_callers_go_before_the_file(place: Path) -> None:
    environment = {"PROVIDER_RUNTIME__DEADLINE_S": "7", "PROVIDER_RUNTIME__CIRCUIT": "false"}
    settings = await workspace_settings(place, environment=environment, circuit=True, providers=())
    assert (settings.deadline_s, settings.circuit, settings.providers) == (7, True, ())


async def test_nothing_is_made_by_looking(place: Path) -> None:
    await workspace_settings(place)
    assert [path.name for path in place.iterdir()] == [FILE_NAME]


async def test_a_chosen_profile_that_is_gone_is_an_error_and_not_no_profile(place: Path) -> None:
    async with profiles_of(place / ".provider-runtime") as store:
        await store.choose(ProfileChoice.parse("team"))
    with pytest.raises(BackendError) as missing:
        await workspace_settings(place)
    assert missing.value.key == "team"


async def test_no_workspace_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as refused:
        await workspace_settings(tmp_path)
    assert "init" in refused.value.remedy
