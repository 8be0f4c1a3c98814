"""The retry budget: a provider that is down is not made worse by everybody's second tries."""

from typing import Final

from attrs import field, frozen

from provider_runtime.domain.checks import whole

# Counted in tenths of a token: ten times a tenth is one, which sums of floats do not promise.
_FULL: Final = 100
_LEAST_TO_RETRY: Final = 50
_FAILURE: Final = 10
_SUCCESS: Final = 1


@frozen(kw_only=True)
class RetryTokens:
    """What is left of the retries that one runtime may spend on one origin.

    Ten tokens at most. A failure that may heal costs one, a success earns a tenth, and tries are
    repeated only while more than five are left; first tries are never held back. So a provider that
    is down gets at most five extra requests however many calls there are, and one that fails now and
    then at most a tenth more. ``tenths``: the tokens, times ten. Raises ``ValueError``.
    Source: reliability §2.5; the rule is that of gRPC (A6).
    """

    tenths: int = field(default=_FULL, validator=whole(0, _FULL))

    @property
    def allow_a_retry(self) -> bool:
        """Whether a try may be repeated now."""
        return self.tenths > _LEAST_TO_RETRY

    def failed(self) -> "RetryTokens":
        """After a failure that may heal, whether or not it is tried again."""
        return RetryTokens(tenths=max(0, self.tenths - _FAILURE))

    def succeeded(self) -> "RetryTokens":
        """After an answer."""
        return self if self.tenths == _FULL else RetryTokens(tenths=min(_FULL, self.tenths + _SUCCESS))
