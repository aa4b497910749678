"""Which addresses a webhook may go to."""

from ipaddress import ip_network

import pytest

from adapters.http.address_policy import EVERYWHERE, AddressPolicy

STRICT, OPEN = AddressPolicy(), AddressPolicy(EVERYWHERE)
PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3"),
    *("192.0.2.1", "198.18.0.1", "203.0.113.9", "240.0.0.1", "255.255.255.255", "192.0.0.8"),
    *("::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "2001:db8::1", "4000::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"),
    *(
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:7f00:1::",
        "2a00:1450::5efe:127.0.0.1",
        "2a00:1450::200:5efe:a00:1",
    ),
]
NEVER = ["0.0.0.0", "::", "224.0.0.1", "239.1.2.3", "ff02::1", "ff0e::1"]  # noqa: S104 - nothing is bound
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "2a00:1450:4001::1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not STRICT.permits(address)
    assert STRICT.permits_literal(f"[{address}]" if ":" in address else address) is False


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_permitted(address: str) -> None:
    assert STRICT.permits(address)
    assert STRICT.permits_literal(address) is True


@pytest.mark.parametrize("address", [*PRIVATE, *PUBLIC])
def test_everything_may_be_allowed(address: str) -> None:
    assert OPEN.permits(address)


@pytest.mark.parametrize("address", NEVER)
def test_nobody_in_particular_is_never_allowed(address: str) -> None:
    assert not OPEN.permits(address)


def test_a_network_may_be_allowed() -> None:
    policy = AddressPolicy([ip_network("10.1.0.0/16"), ip_network("fd00:1::/64")])
    assert policy.permits("10.1.2.3")
    assert policy.permits("::ffff:10.1.2.3")
    assert policy.permits("fd00:1::7")
    assert not policy.permits("10.2.0.1")
    assert not policy.permits("fd00:2::7")
    assert policy.permits("8.8.8.8")


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1.", "017700000001", "0x", "1.2.3.4.5"),
        *("08.8.8.8", "256.256.256.256", "example.0x1", "fe80::1%25eth0", "1::2::3"),
    ],
)
def test_odd_numbers_are_refused_even_if_all_is_allowed(host: str) -> None:
    assert OPEN.permits_literal(host) is False or ":" in host
    assert STRICT.permits_literal(host) is False


@pytest.mark.parametrize("host", ["example.org", "localhost", "a.b.c.", "1e100.net", "x0x1", "xn--bcher-kva.example"])
def test_names_are_left_to_the_resolver(host: str) -> None:
    assert STRICT.permits_literal(host) is None
