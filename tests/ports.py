"""Ports for processes that are told theirs, and keep them over restarts."""

import os
import random
import socket
from collections.abc import Iterator
from itertools import count
from typing import Final

_FIRST: Final = 20_000
_SPAN: Final = 2_000
_WORKERS: Final = 6
"""All lie below 32768, where those begin that the system gives out itself: no outgoing connection gets in between."""


def _own() -> Iterator[int]:
    """This test process's own stretch, round and round: no other worker of the run chooses out of it."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    start = random.randrange(_SPAN)  # noqa: S311 - so that two runs on one machine seldom meet
    for number in count(start):
        yield _FIRST + worker * _SPAN + number % _SPAN


_PORTS: Final = _own()


def free_port() -> int:
    """A port of loopback that nobody listens on, and that this process hasn't given out lately."""
    for port in _PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("never reached: the ports go round")
