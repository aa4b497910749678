"""Ports are checked early, and named with their setting."""

import socket

import pytest

from domain.errors import ConflictError, UnavailableError
from entrypoints.ports import check_port


def test_a_free_port_passes() -> None:
    check_port("127.0.0.1", 0, "PORT")


def test_a_port_in_use_names_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConflictError, match="GRPC_PORT") as caught:
            check_port("127.0.0.1", taken.getsockname()[1], "GRPC_PORT")
    assert caught.value.reason == "PORT_IN_USE"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    with pytest.raises(UnavailableError, match="POMBO_HOST") as caught:
        check_port(host, 0, "PORT")
    assert caught.value.reason == "CANNOT_LISTEN"
