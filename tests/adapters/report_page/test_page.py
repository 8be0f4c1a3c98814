"""The page of a report as a document: what it says, that it escapes all it was told, and that it needs nothing else."""

import re
import sys
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from attrs import define, evolve, field
from report_samples import NOON, a_failure, a_receipt, report_of

from provider_runtime import Report, report_page
from provider_runtime.adapters.report_page.markup import tag, together, trusted
from provider_runtime.adapters.report_page.words import dollars, duration, share
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.records.receipts import CallOutcome, ChainVerdict

_VOID = frozenset({"meta", "link", "br", "hr"})


@define(eq=False)
class Document(HTMLParser):
    """A page as a parser sees it: elements with their attributes, and all that is to be read."""

    elements: list[tuple[str, dict[str, str | None]]] = field(factory=list)
    words: list[str] = field(factory=list)
    _open: list[str] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))
        if name not in _VOID:
            self._open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self._open.pop() == name, f"</{name}> closes another element"

    def handle_data(self, text: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(text.strip())

    def close(self) -> None:
        super().close()
        assert self._open == []

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.elements if found == name]


def read(page: str) -> Document:
    document = Document()
    document.feed(page)
    document.close()
    return document


@pytest.fixture(scope="session")
def page(report: Report) -> str:
    return report_page(report, title="A week's calls")


@pytest.fixture(scope="session")
def document(page: str) -> Document:
    return read(page)


def test_the_page_says_what_the_receipts_say(document: Document) -> None:
    said = set(document.words)
    for words in ("A week's calls", "63", "95.2 %", "acme", "worker", "openai:gpt-5-mini", "overloaded", "budget"):
        assert words in said
    assert "The chain of 63 receipts is whole." in " ".join(document.words)
    assert "63 calls, begun 2026-01-31 12:00:00 to 2026-01-31 19:14:00 (UTC)." in said


def test_the_page_needs_nothing_but_itself(page: str, document: Document) -> None:
    for name in ("script", "link", "img", "iframe", "object", "embed", "form", "audio", "video", "base"):
        assert document.all(name) == []
    for name, attributes in document.elements:
        for attribute, value in attributes.items():
            assert not attribute.startswith("on"), f"{name} has a handler"
            if attribute in {"href", "src", "xlink:href", "action", "srcset"}:
                assert value is not None
                assert value.startswith("#")
    style = page[page.index("<style>") : page.index("</style>")]
    assert not re.search(r"url\(|@import|@font-face", style)
    policy = next(one for one in document.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] is not None
    assert policy["content"].startswith("default-src 'none'")
    assert "unsafe-eval" not in policy["content"]
    assert "script-src" not in policy["content"]


def test_every_name_in_the_page_leads_to_something(document: Document) -> None:
    ids = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    for _, attributes in document.elements:
        target = attributes.get("href")
        if target is not None:
            assert target.removeprefix("#") in ids
        for name in (attributes.get("aria-labelledby") or "").split():
            assert name in ids
        clipped = re.fullmatch(r"url\(#(.+)\)", attributes.get("clip-path") or "url(#main)")
        assert clipped is not None
        assert clipped[1] in ids


def test_every_picture_has_a_name_and_its_figures_a_table(document: Document) -> None:
    pictures = [one for one in document.all("svg") if one.get("role") == "img"]
    assert len(pictures) == len(document.all("svg")) >= 12
    assert all(one.get("aria-labelledby") for one in pictures)
    assert len(document.all("caption")) == len(document.all("table")) >= 8
    assert all(one.get("scope") in {"col", "row"} for one in document.all("th"))


def test_headings_go_down_step_by_step(document: Document) -> None:
    levels = [int(name[1]) for name, _ in document.elements if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


HOSTILE = "<script>alert(1)</script>"
QUOTED = "\"><img src=x onerror=alert(1)>'&amp;"


def test_whatever_stands_in_a_receipt_is_text_and_nothing_else() -> None:
    harm: dict[str, Any] = {
        "call_id": HOSTILE,
        "model_answered": QUOTED,
        "model_asked": HOSTILE,
        "provider": HOSTILE,
        "origin": QUOTED,
        "labels": (f"tenant={QUOTED}", HOSTILE),
        "role": HOSTILE,
        "finish_reason": QUOTED,
        "warnings": (HOSTILE,),
        "trace_id": QUOTED,
        "gates": (f"{HOSTILE}:refused",),
    }
    receipts = [evolve(one, record=evolve(one.record, **harm)) for one in (a_receipt(1), a_failure(2))]
    refused = evolve(receipts[0], record=evolve(receipts[0].record, outcome=CallOutcome.REFUSED, error_code=QUOTED))
    verdict = ChainVerdict(valid=False, count=1, broken_at=0, error=HOSTILE)
    document = read(report_page(report_of(*receipts, refused, verdict=verdict), title=HOSTILE))
    assert document.all("script") == document.all("img") == []
    assert HOSTILE in document.words
    assert any(QUOTED in words for words in document.words)


def test_where_nothing_happened_the_page_says_so() -> None:
    document = read(report_page(report_of(since=NOON)))
    assert "No calls since 2026-01-31 12:00:00." in document.words
    assert document.all("svg") == []


def test_a_single_call_makes_a_page_too() -> None:
    document = read(report_page(report_of(a_receipt(1, cost_nano_usd=None, role=None, labels=()))))
    assert "1 call, begun 2026-01-31 12:07:00 to 2026-01-31 12:07:00 (UTC)." in document.words
    assert "No call has a cost." in document.words
    assert "No call names a role or a tenant." in document.words


@pytest.mark.parametrize("count", [2, 3, 7, 50, 200])
def test_the_axis_of_time_says_each_moment_once_and_begins_with_the_first(count: int) -> None:
    calls = [
        a_receipt(second, started_at=f"2026-01-31T12:{second // 60:02}:{second % 60:02}Z") for second in range(count)
    ]
    first_picture = re.findall(r"<svg.*?</svg>", report_page(report_of(*calls)), re.DOTALL)[0]
    labels = re.findall(r'opacity="1"[^>]*>(\d\d:\d\d(?::\d\d)?)</text>', first_picture)
    assert labels == sorted(set(labels))
    assert labels[0].startswith("12:00")
    assert 3 <= len(labels) <= 12


def test_a_timeline_tells_each_attempt_at_its_place(document: Document) -> None:
    said = " ".join(document.words)
    assert "attempt 2 after 590 ms overloaded · openai:gpt-5 · after waiting 500 ms · no retry: attempts_used" in said
    assert "How long it waited between attempts is not in its receipt." in said  # of the one without a trace


def test_a_chain_that_is_broken_is_told() -> None:
    verdict = ChainVerdict(valid=False, count=2, broken_at=1, error="the receipt does not match its own hash")
    page = report_page(report_of(a_receipt(1), verdict=verdict))
    assert "The chain of receipts is broken at 1: the receipt does not match its own hash." in page


def test_equal_reports_are_equal_pages(report: Report, page: str) -> None:
    assert report_page(report, title="A week's calls") == page


def test_drawing_says_nothing_on_standard_error(report: Report, capfd: pytest.CaptureFixture[str]) -> None:
    report_page(report)
    assert capfd.readouterr().err == ""


def test_without_the_library_that_draws_the_way_out_is_told(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(InvalidSettings, match=r"provider-runtime\[report\]"):
        report_page(report)


def test_markup_is_made_by_tags_and_by_nothing_else() -> None:
    assert tag("p", "<b>", tag("b", "x"), class_='a"b', hidden=True, for_=None) == (
        '<p class="a&quot;b" hidden>&lt;b&gt;<b>x</b></p>'
    )
    assert together("a", trusted("<i>"), None, 7) == "a<i>7"


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (dollars(0), "$0"),
        (dollars(1), "$0.000000"),
        (dollars(12_345_678), "$0.0123"),
        (dollars(1_234_000_000_000), "$1,234"),
        (share(0, 5), "0 %"),
        (share(1, 100_000), "< 0.1 %"),
        (share(99_999, 100_000), "> 99.9 %"),
        (share(1, 0), "-"),
        (duration(None), "-"),
        (duration(0.5), "0.5 ms"),
        (duration(1500), "1.5 s"),
        (duration(600_000), "10 min"),
    ],
)
def test_amounts_are_told_as_people_read_them(shown: str, words: str) -> None:
    assert shown == words
