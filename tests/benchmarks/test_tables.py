"""What was found is shown in tables, carried between processes, and put on the page."""

import json
from pathlib import Path

from attrs import asdict
from measuring import Findings, Table, Target, at_least, at_most, markdown, plain, ratio, slope, targets_table
from page import PEERS, SECTIONS, page_of, peers_part

TABLE = Table("Calls", ("call", "CPU"), (("one | two", "1 µs"), ("three", "22 µs")))
FINDINGS = Findings(
    (TABLE,), (at_most("CPU", 1.25, 1.5, "times bare", floor=0.9), at_least("pace", 0.7, 0.9, "times bare"))
)


def test_a_table_is_aligned_on_a_terminal() -> None:
    assert plain(TABLE).splitlines() == ["Calls", "call         CPU", "one | two   1 µs", "three      22 µs"]


def test_a_table_of_a_page_keeps_its_columns_whatever_its_cells_hold() -> None:
    assert markdown(TABLE).splitlines()[2:] == [
        "| call | CPU |",
        "| --- | ---: |",
        "| one \\| two | 1 µs |",
        "| three | 22 µs |",
    ]


def test_findings_come_out_of_another_process_as_they_were() -> None:
    assert Findings.read(json.dumps(asdict(FINDINGS))) == FINDINGS


def test_what_was_aimed_at_is_reached_or_not_in_plain_words() -> None:
    rows = targets_table(FINDINGS.targets).rows
    assert rows == (
        ("CPU", "≤ 1.25 times bare", "1.50 times bare", "0.90 times bare", "not reached"),
        ("pace", "≥ 0.7 times bare", "0.90 times bare", "", "reached"),
    )


def test_a_bound_is_reached_by_what_equals_it() -> None:
    assert at_most("", 2, 2, "").reached
    assert at_least("", 2, 2, "").reached
    assert at_most("", 2_000, 1, "µs") == Target("", "≤ 2,000 µs", "1.00 µs", reached=True)


def test_a_ratio_is_that_of_each_round() -> None:
    # The machine was four times as slow in one round; the ratio does not know.
    assert ratio({"bare": [1.0, 4.0, 1.0], "ours": [2.0, 8.0, 2.0]}, "ours") == 2.0


def test_a_slope_is_that_of_the_line_through_the_points() -> None:
    assert slope([(0, 5), (10, 25), (20, 45)]) == 2


def test_a_page_written_anew_keeps_what_was_measured_of_other_libraries(tmp_path: Path) -> None:
    place = tmp_path / "page.md"
    place.write_text(page_of({}, quick=True, peers="\n\nlibraries\n"))
    assert peers_part(place) == "\n\nlibraries\n"
    again = page_of({SECTIONS[0]: FINDINGS, SECTIONS[1]: None}, quick=True, peers=peers_part(place))
    assert again.endswith(f"{PEERS}\n\nlibraries\n")
    assert "not reached" in again
    assert "Not measured: it failed." in again
    assert "python benchmarks/overhead.py --quick" in again
