"""A call as one provider will see it, frozen before anything is judged; and what came, held against it."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, cast

from attrs import field, frozen

from provider_runtime.domain.conversation.request import ResponseFormat, TextFormat
from provider_runtime.domain.conversation.response import CallWarning, ProviderResponse
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.values import open_twin


@frozen(kw_only=True)
class PreparedExchange:
    """What ``prepare`` made of a request. What is judged is what is sent: a retry sends it again.

    ``url`` is the whole address. ``headers`` hold no credential. ``wanted`` tells the decoder what
    was asked for. ``reasoning_asked`` and ``caching_asked`` are what to compare in the answer.
    """

    provider: ProviderId
    model_id: str
    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    wanted: ResponseFormat = field(factory=TextFormat)
    warnings: tuple[CallWarning, ...] = ()
    reasoning_asked: bool = False
    caching_asked: bool = False

    @property
    def body_sha256(self) -> str:
        """The digest of the body, lower-case hex: worked out when somebody asks, which in most calls nobody does."""
        return sha256(self.body).hexdigest()


_OpenExchange: Final = open_twin(PreparedExchange)


def prepared_exchange(  # noqa: PLR0913 - one for each field
    *,
    provider: ProviderId,
    model_id: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    wanted: ResponseFormat,
    warnings: tuple[CallWarning, ...],
    reasoning_asked: bool,
    caching_asked: bool,
) -> PreparedExchange:
    """The exchange of an adapter, every field of it said."""
    exchange = _OpenExchange.__new__(_OpenExchange)
    exchange.provider = provider
    exchange.model_id = model_id
    exchange.method = method
    exchange.url = url
    exchange.headers = headers
    exchange.body = body
    exchange.wanted = wanted
    exchange.warnings = warnings
    exchange.reasoning_asked = reasoning_asked
    exchange.caching_asked = caching_asked
    exchange.__class__ = PreparedExchange
    return cast("PreparedExchange", exchange)


def asked_and_got(prepared: PreparedExchange, response: ProviderResponse) -> tuple[CallWarning, ...]:
    """A warning for each thing that was asked for and visibly did not happen.

    Looked at: the model that answered, reasoning that was asked and billed as none, caching that
    was asked and neither wrote nor read anything.
    """
    same = is_same_model(prepared.model_id, response.model)
    if same and not prepared.reasoning_asked and not prepared.caching_asked:
        return ()
    remarks: list[CallWarning] = []
    if not same:
        remarks.append(warn(WarningCode.ANOTHER_MODEL_ANSWERED, f"{response.model} answered"))
    usage = response.usage
    if prepared.reasoning_asked and usage.reasoning_tokens == 0:
        remarks.append(warn(WarningCode.REASONING_NOT_USED, "reasoning was asked for, and none was billed"))
    if prepared.caching_asked and usage.cached_input_tokens == 0 and not usage.cache_write_tokens:
        remarks.append(warn(WarningCode.NOTHING_CACHED, "caching was asked for, and nothing was cached or read"))
    return tuple(remarks)


def is_same_model(asked: str, answered: str) -> bool:
    """Whether ``answered`` can be the model asked for: the same name, a dated form of it, or a router's choice.

    Vendor prefixes, ``-latest`` and variants after a colon do not count as a difference.
    """
    if answered.startswith(asked) and answered.find("/", len(asked)) < 0:
        return True  # as most answers say it
    one, other = _plain(asked), _plain(answered)
    return not other or one in {"auto", other} or other.startswith(one) or one.startswith(other)


def _plain(model: str) -> str:
    tail = model.lower().rsplit("/", 1)[-1].split(":", 1)[0]
    return "" if tail.startswith("<unknown") else tail.removesuffix("-latest")
