"""Where a call comes from, and whom that is believed of."""

from ipaddress import ip_network

import pytest

from entrypoints.caller_address import UNKNOWN, caller_address, caller_site, grpc_peer

PROXY, INNER = "10.0.0.7", "10.0.0.8"
TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        # Anybody may write the header; only the proxies' is read.
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),
        (PROXY, ["198.51.100.9"], "198.51.100.9"),
        (PROXY, ["203.0.113.1, 198.51.100.9"], "198.51.100.9"),
        (PROXY, ["203.0.113.1", "198.51.100.9"], "198.51.100.9"),
        (PROXY, [f"203.0.113.1, 198.51.100.9, {INNER}"], "198.51.100.9"),
        (PROXY, [f"{INNER}, {PROXY}"], INNER),
        (PROXY, [], PROXY),
        (PROXY, ["unknown"], PROXY),
        (PROXY, ["198.51.100.9, _hidden"], PROXY),
        (PROXY, [""], PROXY),
        (PROXY, ["198.51.100.9:5123"], "198.51.100.9"),
        (PROXY, ["[2001:db8::5]:443"], "2001:db8::5"),
        (PROXY, ["2001:db8::5"], "2001:db8::5"),
        ("::ffff:10.0.0.7", ["198.51.100.9"], "198.51.100.9"),
        ("2001:db8:1::1", ["198.51.100.9"], "198.51.100.9"),
        ("::ffff:192.0.2.1", [], "192.0.2.1"),
        ("fe80::1%eth0", [], "fe80::1"),
        (None, ["198.51.100.9"], UNKNOWN),
        ("/run/socket", ["198.51.100.9"], UNKNOWN),
    ],
)
def test_the_caller_behind_proxies(peer: str | None, forwarded: list[str], expected: str) -> None:
    assert caller_address(peer, forwarded, TRUSTED) == expected


def test_nobody_is_trusted_by_default() -> None:
    assert caller_address(PROXY, ["198.51.100.9"], ()) == PROXY


def test_a_site_is_one_caller() -> None:
    assert caller_site("2001:db8:5:6:7::8") == caller_site("2001:db8:5:6:ffff::1") == "2001:db8:5:6::/64"
    assert caller_site("2001:db8:5:7::8") != caller_site("2001:db8:5:6::8")
    assert caller_site("192.0.2.1") == "192.0.2.1"
    assert caller_site(UNKNOWN) == UNKNOWN


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("ipv4:192.0.2.1:50051", "192.0.2.1"),
        ("ipv6:%5B2001:db8::1%5D:50051", "2001:db8::1"),
        ("ipv6:[::1]:50051", "::1"),
        ("unix:/run/socket", None),
        ("", None),
    ],
)
def test_what_grpc_calls_a_peer(peer: str, expected: str | None) -> None:
    assert grpc_peer(peer) == expected
