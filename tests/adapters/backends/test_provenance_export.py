"""A provenance graph as others read it: by the reference library of W3C PROV, and by Graphviz."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.backends.families.prov_json import dot, prov_json
from provider_runtime.domain.records.evidence import (
    Derivation,
    EpistemicMode,
    Evidence,
    ProvenanceGraph,
    Span,
    WorldView,
    fingerprint_of,
)
from provider_runtime.testing.strategies.values import moments, names, perhaps, texts

prov_model = pytest.importorskip("prov.model", reason="the extra `provenance` is not installed")


@st.composite
def graphs(draw: st.DrawFn) -> ProvenanceGraph:
    """Graphs with odd names in them."""
    ids = draw(st.lists(names(), min_size=1, max_size=6, unique=True))
    cut = draw(st.integers(1, len(ids)))
    evidence = [
        Evidence(
            evidence_id=one,
            ref=draw(names()),
            span=draw(perhaps(st.just(Span(start=0, end=3)))),
            fingerprint=fingerprint_of(one),
            snippet="what was said" + draw(texts()),
            captured_at=draw(moments()),
            world_view=draw(st.sampled_from(WorldView)),
            mode=draw(st.sampled_from(EpistemicMode)),
        )
        for one in ids[:cut]
    ]
    derivations = [
        Derivation(
            item=one,
            sources=draw(st.lists(st.sampled_from(ids[:place]), min_size=1, max_size=3, unique=True)),
            activity=draw(names()),
            model=draw(perhaps(names())),
            recorded_at=draw(moments()),
        )
        for place, one in enumerate(ids[cut:], start=cut)
    ]
    return ProvenanceGraph(evidence=evidence, derivations=derivations)


def labels_of(document: Any, kind: Any) -> list[str]:
    return sorted(str(next(iter(record.get_attribute("prov:label")))) for record in document.get_records(kind))


@given(graph=graphs())
def test_the_reference_library_reads_every_entity_every_derivation_and_every_model(graph: ProvenanceGraph) -> None:
    written = prov_json(graph)
    document = prov_model.ProvDocument.deserialize(content=written, format="json")
    entities = [one.evidence_id for one in graph.evidence] + [one.item for one in graph.derivations]
    assert labels_of(document, prov_model.ProvEntity) == sorted(entities)
    assert labels_of(document, prov_model.ProvAgent) == sorted({one.model for one in graph.derivations if one.model})
    label_of = {
        record.identifier: str(next(iter(record.get_attribute("prov:label"))))
        for record in document.get_records(prov_model.ProvEntity)
    }
    edges = {
        (label_of[record.args[0]], label_of[record.args[1]])
        for record in document.get_records(prov_model.ProvDerivation)
    }
    assert edges == {(one.item, source) for one in graph.derivations for source in one.sources}
    assert prov_model.ProvDocument.deserialize(content=document.serialize(format="json"), format="json") == document
    assert "what was said" not in written


@given(graph=graphs())
def test_a_drawing_has_a_line_for_each_thing_and_each_arrow_and_none_besides(graph: ProvenanceGraph) -> None:
    lines = dot(graph).removesuffix("\n").split("\n")
    text = r'"(?:[^"\\]|\\.)*"'
    arrows = [line for line in lines if re.fullmatch(rf"  {text} -> {text} \[label={text}\];", line, re.DOTALL)]
    nodes = [line for line in lines if re.fullmatch(rf"  {text} \[shape=(?:note|box)\];", line, re.DOTALL)]
    assert len(arrows) == sum(len(one.sources) for one in graph.derivations)
    assert len(nodes) == len(graph.evidence) + len(graph.derivations)
    assert len(lines) == len(arrows) + len(nodes) + 2
