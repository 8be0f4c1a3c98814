"""What becomes of findings, of classified content and of parts that cannot be read."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.conversation.messages import Message, assistant, tool_result, user
from provider_runtime.domain.conversation.parts import (
    DocumentPart,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    TextPart,
    ThinkingPart,
)
from provider_runtime.domain.errors import ErrorCode, LeakageRefused
from provider_runtime.domain.policy.governance import Unless
from provider_runtime.domain.policy.leakage.classification import (
    ContentClassification,
    ContentFault,
    KeptContent,
    Sensitivity,
    kept_content,
)
from provider_runtime.domain.policy.leakage.findings import SEVERITIES, Finding, FindingKind, Place
from provider_runtime.domain.policy.leakage.opaque import Opaque, OpaquePart, opaque_parts
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy, Treatment
from provider_runtime.domain.policy.leakage.verdicts import Looked, leakage_verdict
from provider_runtime.domain.policy.verdict import Pass, Refusal

kinds = st.sampled_from(FindingKind)


def a_finding(kind: FindingKind = FindingKind.VENDOR_KEY) -> Finding:
    return Finding(kind=kind, where=Place(path="messages[0].content", start=3, end=9), source="acme")


def refused(looked: Looked, policy: LeakagePolicy | None = None) -> LeakageRefused:
    verdict = leakage_verdict(looked, policy or LeakagePolicy())
    assert isinstance(verdict, Refusal)
    assert isinstance(verdict.error, LeakageRefused)
    return verdict.error


def test_every_kind_has_a_severity() -> None:
    assert set(SEVERITIES) == set(FindingKind)


@given(found=st.lists(kinds, max_size=4))
def test_whatever_is_found_is_refused_unless_policy_says_otherwise(found: list[FindingKind]) -> None:
    verdict = leakage_verdict(Looked(findings=tuple(map(a_finding, found))), LeakagePolicy())
    assert isinstance(verdict, Refusal) == bool(found)


@given(found=st.lists(kinds, min_size=1, max_size=4), treatments=st.dictionaries(kinds, st.sampled_from(Treatment)))
def test_the_strictest_treatment_decides(found: list[FindingKind], treatments: dict[FindingKind, Treatment]) -> None:
    treatments.pop(FindingKind.UNREADABLE, None)
    policy = LeakagePolicy(treatments=treatments)
    wanted = [treatments.get(kind, Treatment.REFUSE) for kind in found]
    verdict = leakage_verdict(Looked(findings=tuple(map(a_finding, found))), policy)
    # What was to be redacted and is still in the bytes could not be.
    assert isinstance(verdict, Refusal) == any(one in {Treatment.REFUSE, Treatment.REDACT} for one in wanted)
    if isinstance(verdict, Pass):
        assert len(verdict.warnings) == wanted.count(Treatment.WARN)


def test_a_refusal_holds_kind_and_place_and_says_the_way_out() -> None:
    error = refused(Looked(findings=(a_finding(),)))
    assert (error.code, error.reason, error.findings) == (ErrorCode.LEAKAGE_FOUND, "secret_found", (a_finding(),))
    assert "vendor_key (acme) at messages[0].content" in error.message
    assert error.remedy
    assert pickle.loads(pickle.dumps(error)).findings == error.findings  # noqa: S301 - our own


def test_many_findings_are_told_in_short_and_kept_in_full() -> None:
    error = refused(Looked(findings=(a_finding(),) * 9))
    assert "and 4 more" in error.message
    assert len(error.findings) == 9


@pytest.mark.parametrize("markers", [("a",), ("",), ("   x  ",)])
def test_a_marker_that_stands_in_any_text_is_none(markers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="markers"):
        LeakagePolicy(markers=markers)


def test_what_cannot_be_read_cannot_be_redacted() -> None:
    with pytest.raises(ValueError, match="unreadable"):
        LeakagePolicy(treatments={"unreadable": "redact"})


# ── classified content ──────────────────────────────────────────────────────────────────────


def content(ref: str = "a", sensitivity: str = "low", *members: str, exportable: bool = True) -> ContentClassification:
    return ContentClassification(
        ref=ref, sensitivity=sensitivity, exportable=exportable, is_composite=bool(members), member_refs=members
    )


@pytest.mark.parametrize("sensitivity", ["low", "medium"])
def test_exportable_content_of_low_or_medium_sensitivity_may_leave(sensitivity: str) -> None:
    assert kept_content((content("a", sensitivity),), Unless.DENY) is None


@pytest.mark.parametrize(
    ("pieces", "kept"),
    [
        ((), KeptContent("", ContentFault.UNCLASSIFIED)),
        ((content("a", "unknown"),), KeptContent("a", ContentFault.UNCLASSIFIED)),
        ((content("a", "high"),), KeptContent("a", ContentFault.HIGH_SENSITIVITY)),
        ((content("a", exportable=False),), KeptContent("a", ContentFault.NOT_EXPORTABLE)),
        ((ContentClassification(ref="a"),), KeptContent("a", ContentFault.NOT_EXPORTABLE)),
        ((content("a", "low", "b"), content("b", "high")), KeptContent("b", ContentFault.HIGH_SENSITIVITY)),
        (
            (content("a", "low", "b"), content("b", "low", "c"), content("c", "high")),
            KeptContent("c", ContentFault.HIGH_SENSITIVITY),
        ),
        ((content("a", "low", "b"),), KeptContent("b", ContentFault.UNKNOWN_MEMBER)),
    ],
)
def test_one_bad_piece_keeps_the_whole_here(pieces: tuple[ContentClassification, ...], kept: KeptContent) -> None:
    assert kept_content(pieces, Unless.DENY) == kept
    assert refused(Looked(kept=kept)).ref == kept.ref


def test_members_that_contain_each_other_are_judged_once() -> None:
    circle = (content("a", "low", "b"), content("b", "low", "c"), content("c", "low", "a", "c"))
    assert kept_content(circle, Unless.DENY) is None


def test_a_long_chain_of_members_is_followed_to_its_end() -> None:
    chain = [content(f"n{at}", "low", f"n{at + 1}") for at in range(5000)]
    assert kept_content((*chain, content("n5000")), Unless.DENY) is None
    assert kept_content((*chain, content("n5000", "high")), Unless.DENY) is not None


def test_a_composite_that_names_no_member_is_made_of_something_unknown() -> None:
    piece = ContentClassification(ref="a", sensitivity="low", exportable=True, is_composite=True)
    assert kept_content((piece,), Unless.ALLOW) == KeptContent("a", ContentFault.UNKNOWN_MEMBER)


@given(sensitivity=st.sampled_from(Sensitivity), exportable=st.booleans())
def test_where_unclassified_content_is_allowed_the_rest_still_counts(
    sensitivity: Sensitivity,
    exportable: bool,  # noqa: FBT001 - drawn
) -> None:
    piece = ContentClassification(ref="a", sensitivity=sensitivity, exportable=exportable)
    may_leave = exportable and sensitivity is not Sensitivity.HIGH
    assert (kept_content((piece,), Unless.ALLOW) is None) == may_leave
    assert kept_content((), Unless.ALLOW) is None


# ── parts that cannot be read ───────────────────────────────────────────────────────────────

PNG = InlineData(media_type="image/png", data=b"\x89PNG")
PARTS = {
    Opaque.IMAGE: ImagePart(source=PNG),
    Opaque.REMOTE: ImagePart(source=MediaUrl(url="https://example.com/a.png")),
    Opaque.FILE: DocumentPart(source=ProviderFile(file_id="file_1")),
    Opaque.DOCUMENT: DocumentPart(source=InlineData(media_type="application/pdf", data=b"%PDF")),
    Opaque.ENCRYPTED: ThinkingPart(redacted=True),
}


@pytest.mark.parametrize("kind", PARTS)
def test_a_part_that_nobody_can_read_passes_only_where_policy_lists_it(kind: Opaque) -> None:
    parts = tuple(opaque_parts((user("hi"), assistant(PARTS[kind]))))
    assert parts == (OpaquePart(kind=kind, path="messages[1].content[0]"),)
    looked = Looked(opaque=parts)
    assert refused(looked, LeakagePolicy.strict()).reason == "opaque_part"
    assert isinstance(leakage_verdict(looked, LeakagePolicy(opaque_allowed=(kind,))), Pass)
    assert isinstance(leakage_verdict(looked, LeakagePolicy()), Pass)


@pytest.mark.parametrize(
    "message",
    [
        user("text"),
        user(DocumentPart(source=InlineData(media_type="text/plain", data=b"read me"))),
        assistant(ThinkingPart(text="Hmm.")),
        tool_result("call_1", {"a": 1}),
    ],
)
def test_text_can_be_read_wherever_it_stands(message: Message) -> None:
    assert tuple(opaque_parts((message,))) == ()


def test_an_image_in_a_tool_result_is_seen() -> None:
    (part,) = opaque_parts((tool_result("call_1", [TextPart("see"), ImagePart(source=PNG)]),))
    assert (part.kind, part.path) == (Opaque.IMAGE, "messages[0].content[0].parts[1]")
