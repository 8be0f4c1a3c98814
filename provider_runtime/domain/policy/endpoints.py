"""May this base URL be contacted? Judged on its text; every address it leads to is judged at the socket.

The grammar is that of ``origins``. Source: reliability §4; semantics C.2.
"""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import EndpointBlocked, EndpointInvalid
from provider_runtime.domain.origins import DEFAULT_PORTS, MAX_LENGTH, origin_of
from provider_runtime.domain.policy.addresses import fault_of_address, parsed_address, unreadable_network

# Possessive (`++`): nothing is ever tried twice, so the time is linear in the text.
_NAME: Final = re.compile(r"(?:(?!-)[a-z0-9-]{1,63}+(?<!-)(?:\.(?!\Z)|\Z))++")
_MAX_NAME: Final = 253
# What a resolver may take for a number: such a name has to be a dotted quad, or it is refused.
_NUMERIC_END: Final = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\Z")

# Names that nobody may own: a listed network does not make them trustworthy.
_OWNERLESS_NAMES: Final = (".localhost", ".invalid", ".example", ".onion")
_LOCAL_NAMES: Final = (
    *_OWNERLESS_NAMES,
    ".local",
    ".internal",
    ".lan",
    ".home",
    ".home.arpa",
    ".corp",
    ".intranet",
    ".private",
    ".svc",
    ".test",
)
_METADATA_NAME: Final = "metadata.google.internal"
_THIS_MACHINE: Final = frozenset(("localhost", "127.0.0.1", "[::1]"))

# The ports that browsers refuse (WHATWG fetch), and those of databases and of cluster control.
_BAD_PORTS: Final = frozenset(
    int(port)
    for port in """
    1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113
    115 117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554
    556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665
    6666 6667 6668 6669 6679 6697 10080
    2375 2376 2379 3306 5432 6379 9200 10250 11211 27017
    """.split()  # noqa: SIM905 - a hundred lines of one port each read worse
)


def fault_of_base_url(
    base_url: str, tier: Tier, allowed_networks: tuple[str, ...] = ()
) -> EndpointInvalid | EndpointBlocked | None:
    """Why a provider of ``tier`` may not live at ``base_url``, or ``None``.

    ``EndpointInvalid``: it is no base URL at all. ``EndpointBlocked``: it is one, and leads where
    this tier may not go. Cloud is https to a public name; local is this machine. A private host
    needs its network in ``allowed_networks``. Messages quote host and port at most.
    """
    origin = origin_of(base_url)
    if origin is None:
        return _invalid(base_url)
    if allowed_networks and (unreadable := unreadable_network(allowed_networks)) is not None:
        return EndpointInvalid(
            message=f"allowed_networks holds {unreadable!r:.60}, which is not a network",
            remedy="Write networks as 10.0.0.0/8 or fd12:3456::/32, without host bits.",
        )
    if origin.port > 65535:
        return EndpointInvalid(message=f"the base URL has port {origin.port}", remedy="Ports end at 65535.")
    if tier is not Tier.LOCAL and origin.scheme != "https":
        return EndpointBlocked(
            message="a cloud provider is contacted over https only",
            remedy="Use an https base URL, so that neither key nor prompt travels in clear text.",
        )
    if fault := _fault_of_port(origin.port, tier):
        return EndpointBlocked(message=fault, remedy="Let the provider listen on another port.")
    fault = _fault_of_host(origin.host, tier, allowed_networks)
    return None if fault is None else EndpointBlocked(message=fault, remedy=_remedy(tier, allowed_networks))


def _fault_of_port(port: int, tier: Tier) -> str | None:
    if port in _BAD_PORTS:
        return f"port {port} belongs to another kind of service"
    if tier is not Tier.LOCAL and port != 443 and port < 1024:
        return f"port {port} is not one for a cloud provider: 443, or 1024 and above"
    return None


def _fault_of_host(host: str, tier: Tier, allowed_networks: tuple[str, ...]) -> str | None:
    local = tier is Tier.LOCAL
    if local and host in _THIS_MACHINE:
        return None
    if host.startswith("["):
        return _fault_of_literal(host[1:-1], host, tier, allowed_networks)
    if len(host) > _MAX_NAME or _NAME.fullmatch(host) is None:
        return f"the host {host!r:.80} is not a host name"
    if _NUMERIC_END.search(host):
        return _fault_of_literal(host, host, tier, allowed_networks)
    if host == _METADATA_NAME:
        return f"{host} is a metadata service"
    if local:
        if allowed_networks and not f".{host}".endswith(_OWNERLESS_NAMES):
            return None  # every address it leads to has to be in those networks
        return f"the host {host!r:.80} is not this machine: a local provider lives at localhost"
    if "." not in host:
        return f"the host {host!r:.80} is no public name: it depends on the resolver's search list"
    if f".{host}".endswith(_OWNERLESS_NAMES if allowed_networks else _LOCAL_NAMES):
        return f"the host {host!r:.80} is a name of a local network"
    return None


def _fault_of_literal(text: str, host: str, tier: Tier, allowed_networks: tuple[str, ...]) -> str | None:
    address = parsed_address(text)
    # IPv4 stands bare, IPv6 in brackets. Another spelling than the canonical one is read differently elsewhere.
    kind = IPv6Address if host.startswith("[") else IPv4Address
    if not isinstance(address, kind) or str(address) != text:
        return f"the host {host!r:.80} is a number, and not an address in its usual form"
    if fault := fault_of_address(text, tier, allowed_networks):
        return f"the address {host} may not be contacted: {fault}"
    if tier is not Tier.LOCAL and not fault_of_address(text, tier):
        return f"the host {host} is an address: a cloud provider is contacted by its name"
    return None


def _remedy(tier: Tier, allowed_networks: tuple[str, ...]) -> str:
    if tier is not Tier.LOCAL:
        return "Use the provider's public https address; for a private host list its network in allowed_networks."
    if allowed_networks:
        return "Use a host inside allowed_networks, or register the provider as cloud."
    return "Register the provider as cloud, or list the network of the host in its allowed_networks."


def _invalid(base_url: str) -> EndpointInvalid:
    return EndpointInvalid(
        message=f"the base URL {_what_is_wrong(base_url)}",
        remedy="Write it as https://host[:port][/path]: ASCII, no user, query, fragment, escapes or dot segments.",
    )


def _what_is_wrong(base_url: str) -> str:
    if not base_url:
        return "is empty"
    if len(base_url) > MAX_LENGTH:
        return f"is longer than {MAX_LENGTH} characters"
    scheme, separator, rest = base_url.partition("://")
    if not separator or scheme.lower() not in DEFAULT_PORTS:
        return "does not start with https:// or http://"
    if "@" in rest.partition("/")[0]:
        return "holds a user name or password, and those are registered apart"
    if "?" in rest or "#" in rest:
        return "has a query or a fragment, and paths are added to it"
    return "is not in the one form that every parser reads alike"
