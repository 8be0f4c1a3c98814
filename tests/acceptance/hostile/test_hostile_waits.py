"""How long is waited before a try that a server put off: by a clock that notes waits instead of waiting."""

from pathlib import Path

import pytest
from hostile.catalogue import SCENARIOS
from hostile.observing import visiting
from hostile.server import HostileServer

from provider_runtime import ProviderStatusError

_TRANSIENT, _THROTTLE = (0.25, 0.5), (0.5, 1.0)  # the first wait of its kind, at any roll of the die
# the server asked for this …
ASKED = {
    "retry_429_seconds": (1.0, 2.0),
    "retry_429_float": (0.7, 2.0),
    "retry_429_ms": (0.7, 2.0),
    "retry_429_date": (1.0, 3.3),  # dates are whole seconds
    "retry_429_date_skew": (1.0, 3.3),
}
# … or for nothing that makes sense
OWN = {
    **dict.fromkeys(
        (f"retry_429_{how}" for how in ("past", "garbage", "negative", "nan", "inf", "zero", "empty")),
        _THROTTLE,
    ),
    **dict.fromkeys(("retry_429_list", "retry_429_year", "retry_429_unicode", "then_ok_503", "then_ok_529"), _THROTTLE),
    **dict.fromkeys(("then_ok_500", "then_ok_502_html", "then_ok_408", "then_ok_409", "then_ok_425"), _TRANSIENT),
    **dict.fromkeys(("should_retry_true_forever", "status_500"), _TRANSIENT),
    "retry_429_overflow": _THROTTLE,
}


@pytest.mark.parametrize(("name", "bounds"), (ASKED | OWN).items(), ids=(ASKED | OWN).keys())
async def test_the_wait_is_what_was_asked_for_if_that_makes_sense_and_our_own_otherwise(
    name: str, bounds: tuple[float, float], server: HostileServer, tmp_path: Path
) -> None:
    async with visiting(server, SCENARIOS[name], tmp_path) as visitor:
        seen = await visitor.call()

    least, most = bounds
    assert least <= seen.waits[0] <= most
    assert all(later <= 2 * earlier for earlier, later in zip(seen.waits, seen.waits[1:], strict=False))


async def test_a_wait_too_long_for_anyone_is_told_at_once_and_not_begun(server: HostileServer, tmp_path: Path) -> None:
    async with visiting(server, SCENARIOS["retry_429_huge"], tmp_path) as visitor:
        seen = await visitor.call()

    assert isinstance(seen.outcome, ProviderStatusError)
    assert (seen.outcome.retry_after_s, seen.waits) == (86_400, ())
