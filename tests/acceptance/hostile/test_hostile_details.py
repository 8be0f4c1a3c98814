"""What single rows of the table ask for beyond the outcome."""

import re
from pathlib import Path

from hostile.catalogue import SCENARIOS
from hostile.families.reflections import FORGED
from hostile.observing import Observed, visiting
from hostile.server import HostileServer

from provider_runtime import CallRecord, ProviderError

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


async def _called(server: HostileServer, name: str, folder: Path) -> tuple[Observed, CallRecord]:
    async with visiting(server, SCENARIOS[name], folder) as visitor:
        seen = await visitor.call()
        (receipt,) = await visitor.runtime.receipts.list()
    return seen, receipt.record


async def test_a_receipt_names_the_model_asked_for_and_the_one_that_answered(
    server: HostileServer, tmp_path: Path
) -> None:
    _seen, record = await _called(server, "wrong_model", tmp_path)
    assert (record.model_asked, record.model_answered) == ("m", "another-model")


async def test_an_unheard_of_finish_reason_is_other(server: HostileServer, tmp_path: Path) -> None:
    _seen, record = await _called(server, "unknown_fields", tmp_path)
    assert record.finish_reason == "other"


async def test_a_request_id_is_recorded_only_if_it_is_short_and_printable(
    server: HostileServer, tmp_path: Path
) -> None:
    seen, record = await _called(server, "evil_request_id", tmp_path)
    assert seen.answer is not None
    assert seen.answer.provider_request_id is None
    assert [attempt.provider_request_id for attempt in record.attempts] == [None]


async def test_forged_lines_and_escapes_come_out_as_one_harmless_line(server: HostileServer, tmp_path: Path) -> None:
    seen, _record = await _called(server, "log_injection", tmp_path)
    assert isinstance(seen.outcome, ProviderError)
    assert _CONTROL.search(FORGED)
    assert not _CONTROL.search(str(seen.outcome))


async def test_a_retry_sends_the_identical_bytes(server: HostileServer, tmp_path: Path) -> None:
    server.recent.clear()
    await _called(server, "status_503", tmp_path)
    asked = [asked for asked in server.recent if asked.scenario == "status_503"]
    assert len(asked) == 3
    assert len({(one.head, one.body) for one in asked}) == 1


async def test_every_try_is_on_record_with_its_own_outcome(server: HostileServer, tmp_path: Path) -> None:
    _seen, record = await _called(server, "then_ok_503", tmp_path)
    assert [(attempt.outcome, attempt.status_code) for attempt in record.attempts] == [
        ("overloaded", 503),
        ("overloaded", 503),
        ("answered", None),
    ]


async def test_a_lie_about_usage_is_no_usage(server: HostileServer, tmp_path: Path) -> None:
    for name in ("usage_negative", "usage_huge", "usage_strings", "usage_missing"):
        seen, record = await _called(server, name, tmp_path / name)
        assert seen.answer is not None
        assert (seen.answer.usage.input_tokens, seen.answer.usage.output_tokens) == (None, None)
        assert (record.input_tokens, record.output_tokens) == (None, None)


async def test_an_answer_that_is_none_is_told_by_status_media_type_size_and_digest_only(
    server: HostileServer, tmp_path: Path
) -> None:
    seen, _record = await _called(server, "html_200", tmp_path)
    assert isinstance(seen.outcome, ProviderError)
    assert re.search(r"\(HTTP status 200, text/html, 70 bytes, sha256 [0-9a-f]{12}\)", str(seen.outcome))
    assert "network" not in str(seen.outcome)
