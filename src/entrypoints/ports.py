"""Ports to listen on, checked before anything long is begun."""

import errno
import socket

from domain.errors import ConflictError, UnavailableError


def check_port(host: str, port: int, setting: str) -> None:
    """Says early that a port can't be had; 0 is always to be had.

    Raises:
        ConflictError: ``PORT_IN_USE``.
        UnavailableError: ``CANNOT_LISTEN``: the address isn't this machine's, or the port needs privileges.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise listen_error(error, host, port, setting) from error


def listen_error(error: OSError, host: str, port: int, setting: str) -> ConflictError | UnavailableError:
    """What an attempt to listen failed by, in words that say what to do."""
    metadata = {"host": host, "port": str(port), "setting": setting}
    if error.errno == errno.EADDRINUSE:
        return ConflictError(
            "PORT_IN_USE",
            f"Port {port} on {host} is in use. Stop what uses it, or choose another port with {setting}.",
            metadata=metadata,
        )
    return UnavailableError(
        "CANNOT_LISTEN",
        f"Can't listen on {host} port {port}: {error.strerror or error}. Choose another address with POMBO_HOST or "
        f"another port with {setting}.",
        metadata=metadata,
    )
