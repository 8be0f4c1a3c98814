"""May this address be dialled? Judged for every answer of a name, and again for every socket.

The tables are our own: what the standard library calls global includes NAT64 and 6to4 forms of
private addresses, site-local and multicast ones. Source: reliability §4.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from provider_runtime.domain.catalog.providers import Tier

_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[_Network, ...]:
    return tuple(ip_network(text) for text in texts)


# Link-local, and where clouds hand out credentials: nothing opens these.
_NEVER: Final = _networks(
    "169.254.0.0/16",
    "fe80::/10",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "fd00:ec2::/32",
    "fd20:ce::254/128",
)
_LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
# An operator may list parts of these in `allowed_networks`, whatever the tier.
_PRIVATE: Final = _networks(
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"
)
# A local gateway's stand-ins for public addresses: these may be listed for the cloud tier alone.
_STAND_INS: Final = _networks("198.18.0.0/15")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_SPECIAL: Final = _networks(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
)
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")


def fault_of_address(address: str, tier: Tier, allowed_networks: tuple[str, ...] = ()) -> str | None:
    """Why a socket of ``tier`` may not connect to ``address``, as a short text, or ``None``.

    Cloud reaches public addresses, local reaches loopback. ``allowed_networks`` (CIDR) add private
    networks; link-local and metadata addresses stay out, whatever is listed.
    """
    parsed = parsed_address(address)
    if parsed is None:
        return "it is not an IP address"
    if _inside(parsed, _NEVER):
        return "it is a link-local or metadata address, which nothing may open"
    if _is_listed(parsed, tier, allowed_networks):
        return None
    if tier is Tier.LOCAL:
        return None if _inside(parsed, _LOOPBACK) else "it is not a loopback address of this machine"
    if parsed.version == 6 and parsed not in _GLOBAL_IPV6:
        return "it is not a public address"
    return "it is not a public address" if _inside(parsed, _SPECIAL) else None


def parsed_address(text: str) -> _Address | None:
    """The address that ``text`` writes out, or ``None``: names, short forms, zones and octal are none."""
    if "%" in text or not text.isascii():
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def unreadable_network(allowed_networks: tuple[str, ...]) -> str | None:
    """The first entry that is not a network in CIDR form (``10.0.0.0/8``, ``fd12::/16``), or ``None``."""
    return next((text for text in allowed_networks if _network(text) is None), None)


def _is_listed(address: _Address, tier: Tier, allowed_networks: tuple[str, ...]) -> bool:
    if not allowed_networks:
        return False
    listed = tuple(network for text in allowed_networks if (network := _network(text)) is not None)
    if not _inside(address, listed):
        return False
    if _inside(address, _PRIVATE):
        return True
    if tier is Tier.LOCAL:
        return False  # a public machine declared local would get past consent and the leak scan
    if address in _NAT64:
        # What counts is the machine behind the translation.
        behind = IPv4Address(int(address) & 0xFFFFFFFF)
        return fault_of_address(str(behind), tier, allowed_networks) is None
    return _inside(address, _STAND_INS)


def _inside(address: _Address, networks: tuple[_Network, ...]) -> bool:
    return any(address in network for network in networks)


def _network(text: str) -> _Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None
