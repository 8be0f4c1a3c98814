"""A call as one provider will see it: the exact bytes, frozen before anything is judged."""

from collections.abc import Mapping

from attrs import field, frozen

from provider_runtime.domain.conversation.request import ResponseFormat, TextFormat
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.identity import ProviderId


@frozen(kw_only=True)
class PreparedExchange:
    """What ``prepare`` made of a request. What is judged is what is sent: a retry sends it again.

    ``url`` is the whole address. ``headers`` hold no credential. ``body_sha256`` is lower-case
    hex. ``wanted`` tells the decoder what was asked for. ``checks`` are the codec's notes on what
    to compare in the answer (reasoning asked, caching asked).
    """

    provider: ProviderId
    model_id: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    body_sha256: str
    wanted: ResponseFormat = field(factory=TextFormat)
    warnings: tuple[CallWarning, ...] = ()
    reasoning_asked: bool = False
    caching_asked: bool = False
