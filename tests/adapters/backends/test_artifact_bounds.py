"""Artifacts: bounds in bytes, damage, and what a later process finds."""

from pathlib import Path

import pytest

from provider_runtime.adapters.backends.families.artifacts import FilesystemArtifactProvider, MemoryArtifactProvider
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.records.artifacts import ArtifactKey
from provider_runtime.testing.fakes import FrozenClock

A, B, C = (ArtifactKey(expr_key=name, deps_fingerprint="1") for name in "abc")


async def test_size_is_bounded_and_what_alone_is_too_large_pushes_out_nothing() -> None:
    artifacts = MemoryArtifactProvider(max_bytes=2500)
    await artifacts.put(A, "x" * 800)
    await artifacts.put(B, "x" * 800)
    await artifacts.put(C, "x" * 800)
    assert await artifacts.get(A) is None
    assert (await artifacts.stats()).count == 2
    await artifacts.put(B, "x" * 5000)
    assert await artifacts.get(B) is None  # the old value would be wrong
    assert await artifacts.get(C) is not None


async def test_a_later_process_goes_on_from_what_is_there(tmp_path: Path) -> None:
    clock = FrozenClock()
    earlier = FilesystemArtifactProvider(root=tmp_path, clock=clock)
    for key in (B, A):
        await earlier.put(key, key.expr_key)
        await clock.sleep(1)
    signature = await earlier.signature()
    await earlier.aclose()
    later = FilesystemArtifactProvider(root=tmp_path, capacity=2, clock=clock)
    assert await later.signature() == signature
    await later.put(C, "c")
    assert await later.get(B) is None  # made first
    found = await later.get(A)
    assert found is not None
    assert found.value == "a"
    await later.aclose()


async def test_damage_is_told_to_whoever_asks_and_keeps_nobody_else_from_writing() -> None:
    artifacts = MemoryArtifactProvider(capacity=2)
    await artifacts.put(A, 1)
    (name,) = await artifacts.media.documents().keys("artifacts")
    await artifacts.media.documents().put("artifacts", name, b"damage")
    with pytest.raises(RecordCorrupt) as corrupt:
        await artifacts.get(A)
    assert (corrupt.value.kind, corrupt.value.key) == ("artifact", name)
    fresh = MemoryArtifactProvider(media=artifacts.media, capacity=2)
    await fresh.put(B, 2)
    await fresh.put(C, 3)
    assert await fresh.get(A) is None  # the damaged one went first
    assert await fresh.get(B) is not None
