"""Counts that cannot be true, and answers with too much in them."""

from typing import Any, Final

from hostile.plays import GOOD, always, as_json, completion, response
from hostile.scenario import Scenario, scenario

_CHOICE: Final = {
    "index": 0,
    "finish_reason": "stop",
    "message": {"role": "assistant", "content": "again and again " * 4},
}


def _usage(name: str, usage: object, expect: str, settle: str) -> Scenario:
    return scenario(name, always(response(as_json(completion(usage=usage)))), expect, "1", settle)


def _counts(count: Any) -> dict[str, Any]:
    return {"prompt_tokens": count, "completion_tokens": count, "total_tokens": count}


def _overflowing() -> bytes:
    return GOOD.replace(b'"completion_tokens": 7', b'"completion_tokens": 1e999')


LIES: Final = (
    scenario("float_overflow", always(response(_overflowing())), "ok|bad_response", "1", "estimate"),
    _usage("usage_negative", _counts(-1_000_000), "ok|bad_response", "estimate"),
    _usage("usage_huge", _counts(10**30), "ok|bad_response", "estimate"),
    _usage(
        "usage_strings",
        {"prompt_tokens": "11", "completion_tokens": 7.5, "total_tokens": True},
        "ok|bad_response",
        "estimate",
    ),
    _usage("usage_missing", ..., "ok", "estimate"),
    _usage(
        "usage_over_hold",
        {"prompt_tokens": 11, "completion_tokens": 16_000, "total_tokens": 16_011},
        "ok",
        "actual|estimate",
    ),
    scenario(
        "many_choices",
        always(response(as_json(completion(choices=[_CHOICE] * 20_000)))),
        "ok|too_large|bad_response",
        "1",
        "actual|estimate",
        text=None,
        large=True,
    ),
)
