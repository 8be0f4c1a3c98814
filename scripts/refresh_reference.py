"""Writes the generated pages of docs/reference again, from the code.

    python scripts/refresh_reference.py [--check]

Equal code gives equal pages. ``--check`` writes nothing and ends with 1 when a page is stale.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from reference_commands import command_line_page
from reference_configuration import configuration_page
from reference_events import events_page
from reference_failures import errors_page, warnings_page
from reference_json import request_json_page
from reference_output import output_page
from reference_settings import settings_page
from reference_wire_pages import wire_page
from reference_wires import WIRES, wires_page

CHECKOUT: Final = Path(__file__).resolve().parent.parent
REFERENCE: Final = CHECKOUT / "docs" / "reference"
PAGES: Final[dict[str, Callable[[], str]]] = {
    "command-line.md": command_line_page,
    "configuration.md": configuration_page,
    "errors.md": errors_page,
    "events.md": events_page,
    "json-output.md": output_page,
    "request-json.md": request_json_page,
    "settings.md": settings_page,
    "warnings.md": warnings_page,
    "wires.md": wires_page,
    **{f"wires/{wire.page}.md": partial(wire_page, wire) for wire in WIRES},
}
NOTE: Final = "<!-- Written by scripts/refresh_reference.py. Change the code or the script, not this page. -->\n\n"


def rendered(name: str) -> str:
    """The page called ``name``, as it should be."""
    return NOTE + PAGES[name]().rstrip() + "\n"


def stale_pages(folder: Path) -> list[str]:
    """The names of the pages in ``folder`` that are missing or not as they should be."""
    return [
        name for name in PAGES if not (folder / name).is_file() or (folder / name).read_text("utf-8") != rendered(name)
    ]


def main() -> None:
    """Write, or only check."""
    parser = argparse.ArgumentParser(description="Writes the generated pages of docs/reference again.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when a page is stale")
    stale = stale_pages(REFERENCE)
    if parser.parse_args().check:
        for name in stale:
            print(f"stale: docs/reference/{name}")
        sys.exit(1 if stale else 0)
    for name in stale:
        (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / name).write_text(rendered(name), encoding="utf-8")
        print(f"written: docs/reference/{name}")


if __name__ == "__main__":
    main()
