"""How a call leaves us: what went wrong is raised from a frame that knows nothing of what was said.

The frames below hold the conversation, and some tools print the locals of a traceback. So a public
method awaits ``ending_of`` its work, forgets its arguments, and hands on what is ``given``.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeAlias, TypeVar

from provider_runtime.domain.errors import ProviderRuntimeError

T = TypeVar("T")
_FAILURES: Final = (ProviderRuntimeError, asyncio.CancelledError)
Ending: TypeAlias = T | ProviderRuntimeError | asyncio.CancelledError


async def ending_of(work: Awaitable[T]) -> Ending[T]:
    """What ``work`` comes to: its result, or its failure as a value without a traceback."""
    try:
        return await work
    except ProviderRuntimeError as error:
        return error.with_traceback(None)
    except asyncio.CancelledError as cancelled:
        return asyncio.CancelledError(*cancelled.args)


def given(ending: Ending[T]) -> T:
    """The result. Raises the failure."""
    if isinstance(ending, _FAILURES):
        raise ending
    return ending
