"""A batch that is killed at any moment, again and again, answers each line once, and its books agree."""

import random
from pathlib import Path

import pytest
from killed_batches.agreement import Agreement, agreement_of, write_questions
from killed_batches.children import Children, Order

from provider_runtime.testing.sandbox import Sandbox

KILLED, DONE = -9, 0


async def killed_until_done(
    folder: Path, children: Children, sandbox: Sandbox, chance: random.Random, *, lines: int, longest_s: float
) -> tuple[int, Agreement]:
    """Kill run after run at moments of chance until one has come to its end; how many were killed."""
    folder.mkdir()
    write_questions(folder / "in.jsonl", lines)
    sandbox.clear()
    in_order, concurrency = chance.random() < 0.5, chance.choice([1, 4, 16])
    kills = kept = 0
    while True:
        order = Order(
            folder=str(folder),
            sandbox_url=sandbox.url,
            concurrency=concurrency,
            in_order=in_order,
            killed_after_s=chance.uniform(0.02, longest_s),
        )
        ended = await children.run(order)
        assert ended in {KILLED, DONE}
        if ended == DONE:
            return kills, await agreement_of(folder, lines, sandbox.requests, in_order=in_order)
        kills += 1
        if (now := _kept(folder)) == kept:
            longest_s *= 1.2  # a machine that is busy elsewhere needs longer to come anywhere at all
        kept = now


def _kept(folder: Path) -> int:
    answers = folder / "out.jsonl"
    return answers.read_bytes().count(b"\n") if answers.exists() else 0


async def campaign(tmp_path: Path, *, kills: int, lines: int, longest_s: float, seed: int) -> tuple[int, int]:
    chance, killed, again, batches = random.Random(seed), 0, 0, 0  # noqa: S311 - moments, not secrets
    async with Sandbox() as sandbox, Children() as children:
        while killed < kills:
            batches += 1
            more, agreement = await killed_until_done(
                tmp_path / f"{batches}", children, sandbox, chance, lines=lines, longest_s=longest_s
            )
            assert agreement.wrong == ()
            killed, again = killed + more, again + agreement.asked_again
    return killed, again


async def test_a_dozen_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    killed, _ = await campaign(tmp_path, kills=12, lines=60, longest_s=0.3, seed=7)
    assert killed >= 12


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_three_hundred_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    killed, again = await campaign(tmp_path, kills=300, lines=200, longest_s=0.6, seed=20)
    assert killed >= 300
    assert again > 100  # lines were really under way when their runs were killed
