"""The command line: ``provider-runtime run``, ``explain``, ``demo`` and their kin."""

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line; the entry point of ``provider-runtime``."""
    # Looked for, not loaded: help is printed without rich.
    if find_spec("click") is None or find_spec("rich") is None:
        sys.stderr.write("The command line needs click and rich: pip install 'provider-runtime[cli]'\n")
        raise SystemExit(3)
    from provider_runtime.cli.app import app  # noqa: PLC0415 - only the extra `cli` brings what it needs

    app()
