"""Options that several commands have, each meaning the same wherever it stands."""

from collections.abc import Callable
from typing import Any

import click

from provider_runtime.domain.catalog.providers import ProviderKind

_KINDS = tuple(kind.value for kind in ProviderKind)


def kind_option(whose: str) -> Callable[..., Any]:
    """``--kind``: which wire is spoken. The kinds stand in the text, where lines can fold."""
    return click.option(
        "--kind", type=click.Choice(_KINDS), metavar="KIND", help=f"The wire that {whose}: {', '.join(_KINDS)}."
    )
