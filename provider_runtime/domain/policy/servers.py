"""Servers: where a server of our own may be asked, with a token that nobody else gets."""

from typing import Final, Self

from attrs import frozen

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.origins import Origin, origin_of
from provider_runtime.domain.policy.endpoints import fault_of_base_url

_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


@frozen(kw_only=True)
class ServerAddress:
    """Where a server of our own is: https, or this machine; its token goes to that origin alone."""

    url: str
    origin: Origin
    tier: Tier
    allowed_networks: tuple[str, ...]

    @classmethod
    def parse(cls, url: object, allowed_networks: object = (), *, setting: str) -> Self:
        """The address that ``url`` names. Raises ``InvalidSettings`` for ``setting``.

        ``allowed_networks`` are private networks that the host may be in.
        """
        networks = tuple_of(allowed_networks)  # type: ignore[arg-type]  # checked just below
        if not isinstance(url, str) or not all(isinstance(one, str) for one in networks):
            raise _unfit(setting, "a server is named by an address, and networks by texts", "Write https://host.")
        origin = origin_of(url)
        local = origin is not None and origin.host in _THIS_MACHINE
        if origin is not None and origin.scheme != "https" and not local:
            raise _unfit(
                setting,
                f"the server at {origin.host:.80} would be asked in clear text, its token included",
                "Use https; http is for this machine alone.",
            )
        tier = Tier.LOCAL if local else Tier.CLOUD
        names = tuple(str(one) for one in networks)
        fault = fault_of_base_url(url, tier, names)
        if fault is not None or origin is None:
            why = "this is no address" if fault is None else fault.message
            raise _unfit(setting, why, "Write https://host[:port], and list the private network of the host.")
        return cls(url=url.rstrip("/"), origin=origin, tier=tier, allowed_networks=names)


def _unfit(setting: str, why: str, remedy: str) -> InvalidSettings:
    return InvalidSettings(field=setting, message=why, remedy=remedy)
