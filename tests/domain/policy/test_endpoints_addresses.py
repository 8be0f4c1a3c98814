"""Addresses: forbidden ranges to their last address, and not one further."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.policy.addresses import fault_of_address

_EVERYTHING = ("0.0.0.0/0", "::/0")
_NEVER = (
    "169.254.0.0/16",
    "fe80::/10",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "fd00:ec2::/32",
    "fd20:ce::254/128",
)
_NOT_PUBLIC = (
    *_NEVER,
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
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
    "::/3",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "4000::/2",
    "8000::/1",
)
_PUBLIC_NEIGHBOURS = (
    "1.0.0.0",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::",
    "2001:200::",
    "2001:db7:ffff::",
    "2001:db9::",
    "2001:ffff::",
    "2003::",
    "3ffe::",
    "3fff:1000::",
    "3fff:ffff::",
)


@st.composite
def addresses_in(draw: st.DrawFn, networks: tuple[str, ...]) -> str:
    """An address of one of the networks, its first and last ones often."""
    network = ip_network(draw(st.sampled_from(networks)))
    last = network.num_addresses - 1
    return str(network[draw(st.sampled_from((0, last)) | st.integers(0, last))])


@given(addresses_in(_NOT_PUBLIC))
def test_no_address_of_a_forbidden_range_is_dialled_for_cloud(address: str) -> None:
    assert fault_of_address(address, Tier.CLOUD) is not None


@pytest.mark.parametrize("address", _PUBLIC_NEIGHBOURS)
def test_the_addresses_just_outside_are_public(address: str) -> None:
    assert fault_of_address(address, Tier.CLOUD) is None
    assert fault_of_address(address, Tier.LOCAL) is not None


@given(st.ip_addresses().map(str))
def test_local_is_loopback_and_nothing_else(address: str) -> None:
    assert (fault_of_address(address, Tier.LOCAL) is None) is (address == "::1" or address.startswith("127."))


@given(addresses_in(("127.0.0.0/8", "::1/128")))
def test_all_of_loopback_is_local_and_none_of_it_cloud(address: str) -> None:
    assert fault_of_address(address, Tier.LOCAL) is None
    assert fault_of_address(address, Tier.CLOUD) is not None


@given(addresses_in(_NEVER), st.sampled_from(Tier))
def test_what_is_never_dialled_is_not_dialled_whatever_is_listed(address: str, tier: Tier) -> None:
    assert fault_of_address(address, tier, _EVERYTHING) is not None


@given(st.ip_addresses(v=4).map(int), st.sampled_from(Tier), st.booleans())
def test_an_ipv4_address_dressed_as_ipv6_is_refused_whichever_it_is(number: int, tier: Tier, listed: bool) -> None:  # noqa: FBT001 - drawn
    assume(number > 1)  # ::1 is loopback itself, and :: the unspecified address
    forms = (
        0xFFFF << 32 | number,  # mapped
        number,  # compatible
        0xFFFF << 48 | number,  # translated
        0x2002 << 112 | number << 80 | 1,  # 6to4
        0x20010000 << 96 | number ^ 0xFFFFFFFF,  # Teredo
        0x0064FF9B0001 << 80 | number,  # NAT64 of a local operator
    )
    for form in forms:
        assert fault_of_address(str(IPv6Address(form)), tier, _EVERYTHING if listed else ()) is not None


@given(st.ip_addresses(v=4))
def test_behind_nat64_counts_the_machine_that_is_reached(behind: IPv4Address) -> None:
    through = str(IPv6Address(int(IPv6Address("64:ff9b::")) | int(behind)))
    assert fault_of_address(through, Tier.CLOUD) is not None
    assert fault_of_address(through, Tier.LOCAL, ("64:ff9b::/96",)) is not None
    listed = fault_of_address(through, Tier.CLOUD, ("64:ff9b::/96",))
    assert (listed is None) is (fault_of_address(str(behind), Tier.CLOUD) is None)


@given(st.ip_addresses().map(str))
def test_with_everything_listed_local_still_means_a_private_network(address: str) -> None:
    if fault_of_address(address, Tier.LOCAL, _EVERYTHING) is None:
        assert fault_of_address(address, Tier.CLOUD) is not None


@given(addresses_in(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")), st.sampled_from(Tier))
def test_a_private_address_needs_its_own_network_listed(address: str, tier: Tier) -> None:
    assume(fault_of_address(address, tier, _EVERYTHING) is None)
    assert fault_of_address(address, tier) is not None
    assert fault_of_address(address, tier, (address,)) is None
    assert fault_of_address(address, tier, ("192.0.2.0/24",)) is not None


@given(st.text(max_size=40) | st.sampled_from(("localhost", "127.1", "0177.0.0.1", "::1%lo", "1.2.3.4 ", "[::1]", "")))
def test_text_that_is_no_address_is_refused(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        pass
    else:
        assume("%" in text)
    assert fault_of_address(text, Tier.LOCAL, _EVERYTHING) is not None
    assert fault_of_address(text, Tier.CLOUD, _EVERYTHING) is not None
