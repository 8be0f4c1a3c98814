"""What every SecretStore keeps to."""

import asyncio
from typing import Final

import pytest

from provider_runtime.domain.errors import BackendError, ErrorCode
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.secrets import SecretStore, StoredSecret

OPENAI: Final = Origin("https", "api.openai.com", 443)
LOCAL: Final = Origin("http", "[::1]", 8080)
BAD_NAMES: Final = ("", " ", "a b", "../a", "a/b", ".a", "-a", "a\n", "ä", "a" * 65, "a\x00", "(list of names)")


class SecretStoreContract:
    """Give the fixture ``store``: an empty one."""

    @pytest.fixture
    def store(self) -> SecretStore:
        raise NotImplementedError("the subclass says which store")

    def test_it_is_a_secret_store(self, store: SecretStore) -> None:
        assert isinstance(store, SecretStore)

    async def test_an_empty_store_has_nothing(self, store: SecretStore) -> None:
        assert await store.names() == ()
        assert await store.get("work") is None
        assert await store.delete("work") is False

    async def test_what_was_put_is_found_with_the_origin_it_is_bound_to(self, store: SecretStore) -> None:
        await store.put("work", Secret("sk-work"), bound_to=OPENAI)
        await store.put("home", Secret("sk-home"), bound_to=LOCAL)
        assert await store.get("work") == StoredSecret(secret=Secret("sk-work"), bound_to=OPENAI)
        assert await store.get("home") == StoredSecret(secret=Secret("sk-home"), bound_to=LOCAL)

    async def test_names_are_sorted_and_hold_no_secret(self, store: SecretStore) -> None:
        for name in ("b", "a", "C", "0.x_y-z"):
            await store.put(name, Secret("sk"), bound_to=OPENAI)
        assert await store.names() == ("0.x_y-z", "C", "a", "b")

    async def test_putting_again_replaces_secret_and_origin(self, store: SecretStore) -> None:
        await store.put("work", Secret("sk-old"), bound_to=OPENAI)
        await store.put("work", Secret("sk-new"), bound_to=LOCAL)
        assert await store.get("work") == StoredSecret(secret=Secret("sk-new"), bound_to=LOCAL)
        assert await store.names() == ("work",)

    async def test_what_was_deleted_is_gone_and_the_rest_is_not(self, store: SecretStore) -> None:
        for name in ("a", "b"):
            await store.put(name, Secret(f"sk-{name}"), bound_to=OPENAI)
        assert await store.delete("a") is True
        assert await store.delete("a") is False
        assert await store.get("a") is None
        assert await store.names() == ("b",)
        assert await store.get("b") is not None

    @pytest.mark.parametrize("name", BAD_NAMES)
    async def test_a_name_that_is_none_is_refused_without_being_repeated(self, store: SecretStore, name: str) -> None:
        for work in (store.get(name), store.delete(name), store.put(name, Secret("sk-x"), bound_to=OPENAI)):
            with pytest.raises(BackendError) as refused:
                await work
            assert refused.value.code is ErrorCode.NAME_INVALID
            assert refused.value.remedy
            assert not name.strip() or name not in refused.value.message
        assert await store.names() == ()

    async def test_any_printable_secret_comes_back_as_it_was(self, store: SecretStore) -> None:
        every = "".join(chr(code) for code in range(0x21, 0x7F)) + '"\\' * 3
        await store.put("odd", Secret(every), bound_to=OPENAI)
        kept = await store.get("odd")
        assert kept is not None
        assert kept.secret == Secret(every)

    async def test_writing_at_once_loses_nothing(self, store: SecretStore) -> None:
        names = [f"key-{number}" for number in range(20)]
        await asyncio.gather(*(store.put(name, Secret(f"sk-{name}"), bound_to=OPENAI) for name in names))
        assert await store.names() == tuple(sorted(names))
        for name in names:
            kept = await store.get(name)
            assert kept is not None
            assert kept.secret == Secret(f"sk-{name}")

    async def test_the_store_prints_no_secret(self, store: SecretStore) -> None:
        await store.put("work", Secret("sk-canary-123"), bound_to=OPENAI)
        assert "canary" not in f"{store!r} {await store.get('work')!r}"
