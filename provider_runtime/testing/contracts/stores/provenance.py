"""What every ``ProvenanceProvider`` promises."""

import json
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.errors import RecordMissing
from provider_runtime.domain.records.evidence import (
    EpistemicMode,
    Evidence,
    EvidenceStatus,
    GraphForm,
    Span,
    StalenessReport,
    WorldView,
    evidence_id_of,
    fingerprint_of,
)
from provider_runtime.ports.stores.provenance import ProvenanceProvider
from provider_runtime.testing.contracts.stores.drawn import DRAWN
from provider_runtime.testing.fakes import FrozenClock


class TextSources(dict[str, str]):
    """Sources in a dict. See ``SourceReader``."""

    async def read(self, ref: str) -> str | None:
        """The text under ``ref``."""
        return self.get(ref)


class ProvenanceProviderContract:
    """Subclass it, and give it a fixture ``provenance``: an empty one over ``sources`` and ``clock``."""

    @pytest.fixture
    def sources(self) -> TextSources:
        return TextSources(report="Sales rose by 4 %.", memo="Costs fell.")

    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()

    @pytest.fixture
    def provenance(self, sources: TextSources, clock: FrozenClock) -> ProvenanceProvider:
        raise NotImplementedError

    def test_it_is_a_provenance_provider(self, provenance: ProvenanceProvider) -> None:
        assert isinstance(provenance, ProvenanceProvider)

    async def test_captured_evidence_says_what_stood_where(
        self, provenance: ProvenanceProvider, clock: FrozenClock
    ) -> None:
        evidence_id = await provenance.capture("report", span=Span(start=0, end=10), obtained_via="search")
        evidence = await provenance.get_evidence(evidence_id)
        assert evidence is not None
        assert evidence_id.startswith("ev:sha256:")
        assert len(evidence_id) == len("ev:sha256:") + 16
        assert (evidence.snippet, evidence.obtained_via, evidence.captured_at) == ("Sales rose", "search", clock.now())
        assert await provenance.get_evidence("ev:sha256:0000000000000000") is None

    async def test_equal_evidence_is_kept_once_and_the_first_time_counts(
        self, provenance: ProvenanceProvider, clock: FrozenClock
    ) -> None:
        first, begun = await provenance.capture("report"), clock.now()
        await clock.sleep(60)
        assert await provenance.capture("report") == first
        (kept,) = await provenance.query()
        assert kept.captured_at == begun
        others = [
            await provenance.capture("memo"),
            await provenance.capture("report", span=Span(start=0, end=5)),
            await provenance.capture("report", mode=EpistemicMode.ASSUMED),
            await provenance.capture("report", world_view=WorldView.STAGED),
            await provenance.capture("report", obtained_via="search"),
        ]
        assert len({first, *others}) == 6

    async def test_evidence_that_was_captured_elsewhere_is_kept_as_it_is(
        self, provenance: ProvenanceProvider, clock: FrozenClock
    ) -> None:
        fingerprint = fingerprint_of("Prices stay.")
        evidence_id = evidence_id_of(
            ref="page",
            span=None,
            fingerprint=fingerprint,
            obtained_via="fetch",
            world_view=WorldView.BASE,
            mode=EpistemicMode.MEASURED,
        )
        evidence = Evidence(
            evidence_id=evidence_id,
            ref="page",
            fingerprint=fingerprint,
            snippet="Prices stay.",
            obtained_via="fetch",
            captured_at=clock.now(),
            mode=EpistemicMode.MEASURED,
        )
        assert await provenance.record(evidence) == evidence_id
        assert await provenance.record(evolve(evidence, captured_at=clock.now() + timedelta(hours=1))) == evidence_id
        assert await provenance.get_evidence(evidence_id) == evidence
        with pytest.raises(ValueError, match="does not follow"):
            await provenance.record(evolve(evidence, ref="another page"))

    async def test_what_is_captured_is_known_in_the_mode_that_was_set(self, provenance: ProvenanceProvider) -> None:
        assert provenance.get_mode() is EpistemicMode.OBSERVED
        provenance.set_mode(EpistemicMode.ASSUMED)
        assert provenance.get_mode() is EpistemicMode.ASSUMED
        assumed = await provenance.get_evidence(await provenance.capture("report"))
        measured = await provenance.get_evidence(await provenance.capture("report", mode=EpistemicMode.MEASURED))
        assert assumed is not None
        assert measured is not None
        assert (assumed.mode, measured.mode) == (EpistemicMode.ASSUMED, EpistemicMode.MEASURED)

    @pytest.mark.parametrize("form", GraphForm)
    async def test_the_graph_is_exported_with_every_link_and_no_word_of_a_source(
        self, provenance: ProvenanceProvider, form: GraphForm
    ) -> None:
        evidence_id = await provenance.capture("report")
        await provenance.record_derivation("summary", (evidence_id,), activity="summarise")
        text = await provenance.export(form)
        assert text == await provenance.export(form)
        assert all(word in text for word in (evidence_id, "summary", "summarise"))
        assert "Sales rose" not in text
        if form is not GraphForm.DOT:
            assert isinstance(json.loads(text), dict)

    async def test_a_source_that_is_not_there_or_too_short_is_refused(self, provenance: ProvenanceProvider) -> None:
        with pytest.raises(RecordMissing):
            await provenance.capture("nothing")
        with pytest.raises(ValueError, match="behind the end"):
            await provenance.capture("memo", span=Span(start=0, end=100))
        assert (await provenance.graph()).evidence == ()

    async def test_evidence_is_held_against_its_source(
        self, provenance: ProvenanceProvider, sources: TextSources
    ) -> None:
        evidence_id = await provenance.capture("report", span=Span(start=0, end=10))
        assert await provenance.verify(evidence_id) is EvidenceStatus.VALID
        sources["report"] = "Sales rose by 5 %."
        assert await provenance.verify(evidence_id) is EvidenceStatus.STALE
        sources["report"] = "Sales fell by 5 %."
        assert await provenance.verify(evidence_id) is EvidenceStatus.CONTENT_MISMATCH
        del sources["report"]
        assert await provenance.verify(evidence_id) is EvidenceStatus.STALE
        with pytest.raises(RecordMissing):
            await provenance.verify("ev:sha256:0000000000000000")

    # ── derivations ─────────────────────────────────────────────────────────────────────────

    async def test_what_was_made_from_two_things_of_one_origin_has_it_once(
        self, provenance: ProvenanceProvider
    ) -> None:
        origin = await provenance.capture("report")
        for item, made_from in (("left", (origin,)), ("right", (origin,)), ("top", ("left", "right"))):
            await provenance.record_derivation(item, made_from, activity="summary")
        assert await provenance.trace("top") == ("left", "right", origin)
        assert await provenance.trace("top", max_depth=1) == ("left", "right")
        assert await provenance.trace("top", max_depth=0) == ()
        assert await provenance.trace(origin) == ()
        assert await provenance.find_derived(origin) == ("left", "right", "top")
        assert await provenance.find_derived("top") == ()

    async def test_nothing_is_derived_from_itself_however_far_round(self, provenance: ProvenanceProvider) -> None:
        origin = await provenance.capture("report")
        await provenance.record_derivation("a", (origin,), activity="x")
        await provenance.record_derivation("b", ("a",), activity="x")
        for item, made_from in (("a", ("a",)), ("a", ("b",)), (origin, ("a",))):
            with pytest.raises(ValueError, match="derived"):
                await provenance.record_derivation(item, made_from, activity="x")
        assert await provenance.trace("b") == ("a", origin)

    async def test_a_source_that_is_not_there_is_refused(self, provenance: ProvenanceProvider) -> None:
        with pytest.raises(RecordMissing):
            await provenance.record_derivation("a", ("ev:sha256:0000000000000000",), activity="x")
        for asked in (provenance.trace("a"), provenance.find_derived("a"), provenance.staleness("a")):
            with pytest.raises(RecordMissing):
                await asked

    async def test_some_modes_demand_a_source_and_others_do_not(self, provenance: ProvenanceProvider) -> None:
        for mode in EpistemicMode:
            if mode.demands_evidence:
                with pytest.raises(ValueError, match="source"):
                    await provenance.record_derivation(mode, (), activity="x", mode=mode)
            else:
                await provenance.record_derivation(mode, (), activity="x", mode=mode)
        kept = (await provenance.graph()).derivations
        assert [one.item for one in kept] == ["assumed", "hypothesized", "inferred"]

    async def test_the_models_behind_an_item_are_found(self, provenance: ProvenanceProvider) -> None:
        origin = await provenance.capture("report")
        drafted = await provenance.record_derivation("draft", (origin,), activity="draft", model="here:small")
        await provenance.record_derivation("layout", ("draft",), activity="layout")
        checked = await provenance.record_derivation("final", ("layout",), activity="check", model="here:large")
        assert await provenance.find_llm_influences("final") == (checked, drafted)
        assert await provenance.find_llm_influences("layout") == (drafted,)

    async def test_an_item_is_stale_when_any_of_its_sources_is(
        self, provenance: ProvenanceProvider, sources: TextSources
    ) -> None:
        report, memo = await provenance.capture("report"), await provenance.capture("memo")
        await provenance.record_derivation("a", (report, memo), activity="x")
        await provenance.record_derivation("b", ("a",), activity="x")
        assert await provenance.staleness("b") == StalenessReport(stale_items=(), total_sources=2)
        sources["memo"] = "Costs rose."
        assert await provenance.staleness("b") == StalenessReport(stale_items=(memo,), total_sources=2)
        assert await provenance.is_stale("b")
        assert not await provenance.is_stale(report)

    # ── looking through, and letting go ─────────────────────────────────────────────────────

    async def test_evidence_is_found_by_time_and_by_id(
        self, provenance: ProvenanceProvider, clock: FrozenClock
    ) -> None:
        begun = clock.now()
        first = await provenance.capture("report")
        await clock.sleep(60)
        second = await provenance.capture("memo")
        minute = timedelta(seconds=60)
        assert [one.evidence_id for one in await provenance.query(after=begun)] == [second]
        assert [one.evidence_id for one in await provenance.query(before=begun + minute)] == [first]
        assert [one.evidence_id for one in await provenance.query(prefix=first[:16])] == [first]
        assert await provenance.query(after=begun, before=begun + minute) == ()

    async def test_old_evidence_goes_unless_something_was_made_from_it(
        self, provenance: ProvenanceProvider, clock: FrozenClock
    ) -> None:
        used, idle = await provenance.capture("report"), await provenance.capture("memo")
        await provenance.record_derivation("a", (used,), activity="x")
        assert await provenance.prune(clock.now()) == 0
        await clock.sleep(1)
        assert await provenance.prune(clock.now()) == 1
        assert await provenance.get_evidence(idle) is None
        assert await provenance.get_evidence(used) is not None

    @DRAWN
    @given(data=st.data())
    async def test_tracing_and_finding_what_was_derived_agree(
        self, provenance: ProvenanceProvider, data: st.DataObject
    ) -> None:
        origin, items = await provenance.capture("report"), list[str]()
        for number in range(4):
            made_from = data.draw(st.lists(st.sampled_from([origin, *items]), min_size=1, max_size=3))
            items.append(f"item {number}")
            await provenance.record_derivation(items[-1], tuple(made_from), activity="x")
        for one in items:
            behind = await provenance.trace(one)
            assert len(set(behind)) == len(behind)
            for source in behind:
                assert one in await provenance.find_derived(source)
