"""A provenance graph for other tools: W3C PROV-JSON, a drawing for Graphviz, and plain JSON."""

import json
from hashlib import sha256
from typing import Any, Final

from provider_runtime.adapters.serialization import make_converter
from provider_runtime.domain.records.evidence import Derivation, Evidence, ProvenanceGraph

_PREFIX: Final = "runtime"
_NAMESPACE: Final = "urn:provider-runtime:"


def prov_json(graph: ProvenanceGraph) -> str:
    """``graph`` in W3C PROV-JSON: evidence and items are entities, derivations activities, models agents.

    No snippet is written: a graph says where something comes from, not what it says. Equal graphs
    give equal text.
    """
    document: dict[str, dict[str, Any]] = {"prefix": {_PREFIX: _NAMESPACE}}
    for evidence in graph.evidence:
        _section(document, "entity")[_name(evidence.evidence_id)] = _evidence_entity(evidence)
    for derivation in graph.derivations:
        _add_derivation(document, derivation)
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def dot(graph: ProvenanceGraph) -> str:
    """``graph`` as a drawing for Graphviz: arrows lead from what was made to what it was made from."""
    lines = [f"  {_quoted(one.evidence_id)} [shape=note];" for one in graph.evidence]
    lines += [f"  {_quoted(one.item)} [shape=box];" for one in graph.derivations]
    lines += [
        f"  {_quoted(one.item)} -> {_quoted(source)} [label={_quoted(one.activity)}];"
        for one in graph.derivations
        for source in one.sources
    ]
    return "\n".join(["digraph provenance {", *lines, "}"]) + "\n"


def plain_json(graph: ProvenanceGraph) -> str:
    """``graph`` in the canonical form of its own types, without the snippets."""
    converter = make_converter()
    evidence = [{**converter.unstructure(one), "snippet": ""} for one in graph.evidence]
    document = {"evidence": evidence, "derivations": [converter.unstructure(one) for one in graph.derivations]}
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def _evidence_entity(evidence: Evidence) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "prov:label": evidence.evidence_id,
        "prov:type": {"$": f"{_PREFIX}:Evidence", "type": "prov:QUALIFIED_NAME"},
        f"{_PREFIX}:ref": evidence.ref,
        f"{_PREFIX}:fingerprint": evidence.fingerprint,
        f"{_PREFIX}:obtained_via": evidence.obtained_via,
        f"{_PREFIX}:world_view": evidence.world_view.value,
        f"{_PREFIX}:mode": evidence.mode.value,
        f"{_PREFIX}:captured_at": {"$": evidence.captured_at.isoformat(), "type": "xsd:dateTime"},
    }
    if evidence.span is not None:
        entity[f"{_PREFIX}:span"] = f"{evidence.span.start}-{evidence.span.end}"
    return entity


def _add_derivation(document: dict[str, dict[str, Any]], derivation: Derivation) -> None:
    item, activity = _name(derivation.item), _name(f"activity/{derivation.item}")
    _section(document, "entity")[item] = {
        "prov:label": derivation.item,
        "prov:type": {"$": f"{_PREFIX}:Item", "type": "prov:QUALIFIED_NAME"},
        f"{_PREFIX}:mode": derivation.mode.value,
    }
    _section(document, "activity")[activity] = {
        "prov:endTime": derivation.recorded_at.isoformat(),
        "prov:label": derivation.activity,
    }
    _relate(document, "wasGeneratedBy", {"prov:entity": item, "prov:activity": activity})
    for source in derivation.sources:
        _relate(document, "used", {"prov:activity": activity, "prov:entity": _name(source)})
        _relate(
            document,
            "wasDerivedFrom",
            {"prov:generatedEntity": item, "prov:usedEntity": _name(source), "prov:activity": activity},
        )
    if derivation.model is not None:
        agent = _name(f"model/{derivation.model}")
        _section(document, "agent")[agent] = {
            "prov:label": derivation.model,
            "prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"},
        }
        _relate(document, "wasAssociatedWith", {"prov:activity": activity, "prov:agent": agent})


def _section(document: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    return document.setdefault(name, {})


def _relate(document: dict[str, dict[str, Any]], relation: str, fields: dict[str, str]) -> None:
    section = _section(document, relation)
    section[f"_:{relation}{len(section)}"] = fields


def _name(text: str) -> str:
    """A qualified name for any text: names of items may hold what such a name may not. The label has the text."""
    return f"{_PREFIX}:n{sha256(text.encode()).hexdigest()[:32]}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
