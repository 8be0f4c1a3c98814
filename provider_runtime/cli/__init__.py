"""The command line: ``provider-runtime run``, ``explain``, ``demo`` and their kin."""

import sys


def main() -> None:
    """Run the command line; the entry point of ``provider-runtime``."""
    try:
        import click  # noqa: F401, PLC0415 - only the extra `cli` brings it
        import rich  # noqa: F401, PLC0415 - as above
    except ImportError:
        sys.stderr.write("The command line needs click and rich: pip install 'provider-runtime[cli]'\n")
        raise SystemExit(3) from None
    from provider_runtime.cli.app import app  # noqa: PLC0415 - as above

    app()
