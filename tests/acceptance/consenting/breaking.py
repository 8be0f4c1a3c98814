"""Ways in which a part breaks down, and a call that wants consent whatever becomes of the part."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from consenting.cloud import CLOUD

from provider_runtime import (
    BackendError,
    ConsentFault,
    ConsentRefused,
    ConsentTerms,
    ProviderRuntime,
)
from provider_runtime.testing.builders import a_request

WORDS = "the patient is called Wilhelmina"
REQUEST = a_request(WORDS, model=CLOUD)


async def raises_os_error(*_: object, **__: object) -> object:
    raise OSError(5, f"Input/output error in {WORDS}")


async def raises_backend_error(*_: object, **__: object) -> object:
    raise BackendError(message="gone", remedy="bring it back")


async def raises_cancelled(*_: object, **__: object) -> object:
    raise asyncio.CancelledError


async def raises_a_timeout(*_: object, **__: object) -> object:
    raise TimeoutError


async def hangs(*_: object, **__: object) -> object:
    await asyncio.Event().wait()
    return None


async def hangs_and_will_not_be_cancelled(*_: object, **__: object) -> object:
    for _ in range(5):
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            continue
    return None


def answers(value: object) -> Callable[..., Any]:
    async def answer(*_: object, **__: object) -> object:
        return value

    return answer


BREAKDOWNS: dict[str, tuple[Callable[..., Any], ConsentFault]] = {
    "raises": (raises_os_error, ConsentFault.LEDGER_FAILED),
    "raises an error of ours": (raises_backend_error, ConsentFault.LEDGER_FAILED),
    "raises CancelledError": (raises_cancelled, ConsentFault.LEDGER_FAILED),
    "raises TimeoutError": (raises_a_timeout, ConsentFault.LEDGER_FAILED),
    "hangs": (hangs, ConsentFault.LEDGER_TOO_SLOW),
    "hangs for good": (hangs_and_will_not_be_cancelled, ConsentFault.LEDGER_TOO_SLOW),
    "answers None": (answers(None), ConsentFault.ANSWER_UNREADABLE),
    "answers True": (answers(True), ConsentFault.ANSWER_UNREADABLE),
    "answers a text": (answers("granted"), ConsentFault.ANSWER_UNREADABLE),
}


async def consented(runtime: ProviderRuntime, terms: ConsentTerms | None = None) -> None:
    question = await runtime.request_consent(REQUEST)
    await runtime.consents.approve(question.request_id, user_id="ada", terms=terms or ConsentTerms(uses=9))


async def refusal_of(runtime: ProviderRuntime) -> ConsentRefused:
    with pytest.raises(ConsentRefused) as refused:
        await runtime.run(REQUEST)
    assert "Wilhelmina" not in f"{refused.value!r}{refused.value}"
    return refused.value
