"""Write ``provider_runtime/__init__.pyi``: the public names for type checkers, from the table of their homes.

python scripts/refresh_face.py [--check]
"""

import sys
from collections import defaultdict
from pathlib import Path

import provider_runtime

STUB = Path(provider_runtime.__file__).with_suffix(".pyi")


def stub() -> str:
    """The stub as it should be: every public name, imported from its home under its own name."""
    by_home: dict[str, list[str]] = defaultdict(list)
    for name, home in provider_runtime.HOMES.items():
        by_home[home].append(name)
    lines = ["# Written by scripts/refresh_face.py: the names of provider_runtime, for type checkers."]
    lines.append("from collections.abc import Mapping")
    lines.append("")
    for home in sorted(by_home):
        lines.append(f"from {home} import (")
        lines.extend(f"    {name}," for name in sorted(by_home[home], key=_as_ruff_sorts))
        lines.append(")")
    lines += ["", "HOMES: Mapping[str, str]", "__all__ = ["]
    lines.extend(
        f'    "{name}",' for name in sorted(provider_runtime.HOMES, key=lambda name: (not name.isupper(), name))
    )
    return "\n".join([*lines, "]", ""])


def _as_ruff_sorts(name: str) -> tuple[bool, bool, str]:
    """Constants, then classes, then functions; each without regard to capital letters."""
    return not name.isupper(), name[0].islower(), name.lower()


def main() -> int:
    """Write the stub, or with ``--check`` say whether it is up to date."""
    if "--check" not in sys.argv[1:]:
        STUB.write_text(stub(), encoding="utf-8")
        return 0
    fresh = STUB.is_file() and STUB.read_text("utf-8") == stub()
    print("up to date" if fresh else "stale: run python scripts/refresh_face.py")
    return 0 if fresh else 1


if __name__ == "__main__":
    sys.exit(main())
