"""Every scenario over a real runtime: as the table says, the same again, and the runtime as good as before."""

from pathlib import Path

import pytest
from hostile.catalogue import SCENARIOS
from hostile.observing import Observed, visiting
from hostile.rules import broken_rules, broken_rules_of_a_clean_call, kind_of
from hostile.scenario import Scenario
from hostile.server import HostileServer


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
async def test_a_call_ends_as_the_table_says_twice_and_leaves_the_runtime_clean(
    scenario: Scenario, server: HostileServer, tmp_path: Path
) -> None:
    server.requests[scenario.name] = 0
    hostile: list[Observed] = []
    clean: list[Observed] = []
    async with visiting(server, scenario, tmp_path) as visitor:
        for _ in range(2):
            hostile.append(await visitor.call())
            clean.append(await visitor.clean_call())
        receipts = await visitor.runtime.receipts.list()
        chain = await visitor.runtime.receipts.verify()

    own, others = set(SCENARIOS) - {"ok"}, [seen for seen in clean if scenario.name != "ok"]
    assert [list(broken_rules(scenario, seen)) for seen in hostile] == [[], []]
    assert [list(broken_rules_of_a_clean_call(seen)) for seen in others] == [[]] * len(others)
    if scenario.name in own - {"mixed_faults"}:
        assert len({(kind_of(seen.outcome), type(seen.outcome)) for seen in hostile}) == 1
    assert (chain.valid, chain.count) == (True, 4)
    assert [receipt.record.outcome == "answered" for receipt in receipts] == [
        seen.answer is not None for pair in zip(hostile, clean, strict=True) for seen in pair
    ]
    assert server.trapped == []
    assert not [asked for asked in server.recent if "cookie" in asked.headers]
