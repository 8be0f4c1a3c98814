"""What this process holds: memory, open files, tasks."""

import asyncio
import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

_STATM: Final = Path("/proc/self/statm")
_OPEN: Final = tuple(Path(place) for place in ("/proc/self/fd", "/dev/fd"))


def resident_bytes() -> int | None:
    """Memory in use now; ``None`` where the system does not say."""
    if not _STATM.exists():
        return None
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int | None:
    """File descriptors in use; ``None`` where the system does not say."""
    place = next((place for place in _OPEN if place.is_dir()), None)
    return None if place is None else len(os.listdir(place))  # noqa: PTH208 - counts; a listing that is no iterator


@frozen
class Held:
    """What is held at one moment, after what can be let go has been."""

    files: int | None
    tasks: int

    @classmethod
    def now(cls) -> "Held":
        gc.collect()
        return cls(open_files(), len(asyncio.all_tasks()))


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the straight line that fits ``points`` best."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
