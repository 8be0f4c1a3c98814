"""The implementations that the source document names are here under their names, and each port has its mock."""

import inspect

import pytest

import provider_runtime
from provider_runtime.composition.stores.families import FAMILIES
from provider_runtime.testing import mocks
from provider_runtime.testing.recording import Recorded

NAMED = {
    "MemoryStateProvider": "StateProvider",
    "FilesystemStateProvider": "StateProvider",
    "FilesystemSessionProvider": "SessionProvider",
    "MemorySnapshotProvider": "SnapshotProvider",
    "FilesystemSnapshotProvider": "SnapshotProvider",
    "InMemoryReceiptProvider": "ReceiptProvider",
    "FilesystemReceiptProvider": "ReceiptProvider",
    "MemoryTraceProvider": "TraceProvider",
    "StreamingTraceProvider": "TraceProvider",
    "MemoryArtifactProvider": "ArtifactProvider",
    "FilesystemArtifactProvider": "ArtifactProvider",
    "MemoryLogicProvider": "LogicProvider",
    "MemoryStreamProvider": "StreamProvider",
    "MemoryProvenanceProvider": "ProvenanceProvider",
    "DefaultExpertProvider": "ExpertProvider",
    "DefaultEffectHandlerRegistry": "EffectHandlerRegistry",
}
"""Each implementation of a store that seeds/002 names, and the one it forgot, with its port (semantics B.15)."""
PERSISTING = ("State", "Session", "Snapshot", "Receipt", "Trace", "Artifact", "Provenance")


@pytest.mark.parametrize("name", NAMED)
def test_it_is_imported_from_the_public_face_and_has_every_method_of_its_port(name: str) -> None:
    implementation, port = getattr(provider_runtime, name), getattr(provider_runtime, NAMED[name])
    asked = {method for method, _ in inspect.getmembers(port, inspect.isfunction) if not method.startswith("_")}
    assert asked
    assert [method for method in asked if not callable(getattr(implementation, method, None))] == []


@pytest.mark.parametrize("family", PERSISTING)
def test_what_persists_is_kept_in_sqlite_too(family: str) -> None:
    assert inspect.isclass(getattr(provider_runtime, f"Sqlite{family}Provider"))


@pytest.mark.parametrize("port", sorted({port.__name__ for port in FAMILIES.values()}))
def test_every_port_has_a_mock_that_remembers_its_calls(port: str) -> None:
    mock = getattr(mocks, f"Mock{port}")
    assert issubclass(mock, Recorded)
    asked = [name for name, _ in inspect.getmembers(FAMILIES_BY_NAME[port], inspect.isfunction) if name[0] != "_"]
    assert [name for name in asked if not hasattr(getattr(mock, name), "is_recorded")] == []


FAMILIES_BY_NAME = {port.__name__: port for port in FAMILIES.values()}
