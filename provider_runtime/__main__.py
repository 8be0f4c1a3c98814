"""``python -m provider_runtime``: the command line."""

from provider_runtime.cli import main

if __name__ == "__main__":
    main()
