"""What every medium keeps to: documents by key."""

import asyncio

import pytest

from provider_runtime.adapters.backends.medium import Documents, Media
from provider_runtime.domain.errors import BackendError, ErrorCode
from provider_runtime.testing.contracts.media.names import IMPOSSIBLE_NAMES, ODD_NAMES


class DocumentsContract:
    """Give the fixture ``media``, empty."""

    @pytest.fixture
    def media(self) -> Media:
        raise NotImplementedError("the subclass says which medium")

    @pytest.fixture
    def documents(self, media: Media) -> Documents:
        return media.documents()

    async def test_nothing_is_there_at_first(self, documents: Documents) -> None:
        assert await documents.get("things", "one") is None
        assert not await documents.exists("things", "one")
        assert await documents.keys("things") == ()
        assert not await documents.delete("things", "one")

    async def test_what_was_put_is_found(self, documents: Documents) -> None:
        for content in (b"", b"text", b"\x00\xff\r\n", b"x" * 300_000):
            version = await documents.put("things", "one", content)
            found = await documents.get("things", "one")
            assert found is not None
            assert (found.content, found.version) == (content, version)
            assert await documents.exists("things", "one")

    async def test_a_version_is_never_the_same_again(self, documents: Documents) -> None:
        versions = [await documents.put("things", "one", b"same") for _ in range(5)]
        await documents.delete("things", "one")
        versions.append(await documents.put("things", "one", b"same"))
        assert len(set(versions)) == 6

    async def test_collections_are_apart(self, documents: Documents) -> None:
        await documents.put("things", "one", b"thing")
        await documents.put("Things", "one", b"other")
        await documents.delete("things", "one")
        assert await documents.get("things", "one") is None
        assert await documents.keys("Things") == ("one",)

    async def test_deleting_leaves_nothing_and_may_be_done_again(self, documents: Documents) -> None:
        await documents.put("things", "one", b"1")
        assert await documents.delete("things", "one")
        assert not await documents.delete("things", "one")
        assert await documents.get("things", "one") is None
        assert await documents.keys("things") == ()

    async def test_keys_are_sorted_and_may_be_asked_for_by_their_beginning(self, documents: Documents) -> None:
        names = ["b", "a/2", "a", "a/1", "B", "é", "a/10", "😀", "\uffff"]
        for name in names:
            await documents.put("things", name, b"")
        assert await documents.keys("things") == tuple(sorted(names))
        assert await documents.keys("things", prefix="a/") == ("a/1", "a/10", "a/2")
        assert await documents.keys("things", prefix="nothing") == ()

    # ── comparing and setting ───────────────────────────────────────────────────────────────

    async def test_what_shall_be_absent_is_created_once(self, documents: Documents) -> None:
        version = await documents.put_if("things", "one", b"first", version=None)
        assert version
        assert await documents.put_if("things", "one", b"second", version=None) is None
        found = await documents.get("things", "one")
        assert found is not None
        assert (found.content, found.version) == (b"first", version)

    async def test_only_the_version_that_stands_there_is_replaced(self, documents: Documents) -> None:
        old = await documents.put("things", "one", b"old")
        new = await documents.put_if("things", "one", b"new", version=old)
        assert new
        assert await documents.put_if("things", "one", b"late", version=old) is None
        assert await documents.put_if("things", "other", b"late", version=old) is None
        found = await documents.get("things", "one")
        assert found is not None
        assert (found.content, found.version) == (b"new", new)
        assert not await documents.exists("things", "other")

    async def test_of_several_who_compare_and_set_at_once_one_succeeds(self, documents: Documents) -> None:
        version: str | None = None
        for _ in range(5):
            tries = [documents.put_if("things", "one", b"%d" % number, version=version) for number in range(20)]
            won = [made for made in await asyncio.gather(*tries) if made is not None]
            assert len(won) == 1
            version = won[0]

    # ── names ───────────────────────────────────────────────────────────────────────────────

    async def test_odd_names_are_names_like_others_and_never_the_same(self, documents: Documents) -> None:
        for number, name in enumerate(ODD_NAMES):
            await documents.put("odd", name, b"%d" % number)
            await documents.put(name, "key", b"%d" % number)
        for number, name in enumerate(ODD_NAMES):
            for found in (await documents.get("odd", name), await documents.get(name, "key")):
                assert found is not None
                assert found.content == b"%d" % number
        assert await documents.keys("odd") == tuple(sorted(ODD_NAMES))

    @pytest.mark.parametrize("name", IMPOSSIBLE_NAMES, ids=ascii)
    async def test_a_name_that_cannot_be_kept_is_refused(self, documents: Documents, name: str) -> None:
        for collection, key in ((name, "key"), ("collection", name)):
            for asked in (
                documents.get(collection, key),
                documents.put(collection, key, b""),
                documents.put_if(collection, key, b"", version=None),
                documents.delete(collection, key),
                documents.exists(collection, key),
            ):
                with pytest.raises(BackendError) as refused:
                    await asked
                assert refused.value.code is ErrorCode.NAME_INVALID

    # ── cancelling, closing ─────────────────────────────────────────────────────────────────

    async def test_a_cancelled_put_leaves_the_old_or_the_new_and_never_comes_after_a_later_one(
        self, documents: Documents
    ) -> None:
        for number in range(8):
            putting = asyncio.ensure_future(documents.put("things", "one", b"given up %d" % number))
            for _ in range(number % 3):
                await asyncio.sleep(0)
            putting.cancel()
            await asyncio.gather(putting, return_exceptions=True)
            await documents.put("things", "one", b"last %d" % number)
            found = await documents.get("things", "one")
            assert found is not None
            assert found.content == b"last %d" % number

    async def test_a_closed_one_refuses(self, documents: Documents, media: Media) -> None:
        await documents.put("things", "one", b"1")
        await media.aclose()
        await media.aclose()
        writing = (documents.put("things", "one", b""), documents.put_if("things", "one", b"", version=None))
        for asked in (*writing, documents.delete("a", "b"), documents.get("things", "one"), documents.keys("things")):
            with pytest.raises(BackendError, match="closed"):
                await asked

    async def test_a_flushed_one_goes_on(self, documents: Documents, media: Media) -> None:
        await media.flush()
        await documents.put("things", "one", b"1")
        await media.flush()
        assert await documents.exists("things", "one")
