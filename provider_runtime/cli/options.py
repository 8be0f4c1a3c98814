"""Options that several commands have, each meaning the same wherever it stands."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import click

from provider_runtime.domain.catalog.providers import ProviderKind, Tier

_KINDS = tuple(kind.value for kind in ProviderKind)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def kind_option(whose: str) -> Callable[..., Any]:
    """``--kind``: which wire is spoken. The kinds stand in the text, where lines can fold."""
    return click.option(
        "--kind", type=click.Choice(_KINDS), metavar="KIND", help=f"The wire that {whose}: {', '.join(_KINDS)}."
    )


def tier_at(base_url: str) -> Tier:
    """The tier of a server that somebody names by its address alone: local on this machine, else cloud."""
    try:
        return Tier.LOCAL if urlsplit(base_url).hostname in _LOOPBACK else Tier.CLOUD
    except ValueError:
        return Tier.CLOUD
