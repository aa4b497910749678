"""The operations of `iq` frames: which there are, and who asks."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sandbox.frames import Json
from sandbox.store.accounts import Account


class Caller(NamedTuple):
    """Who asks: an account, by one of its devices (0: the phone)."""

    account: Account
    device: int


type Operation = Callable[[Caller, Json], Json]
type Operations = Mapping[str, Operation]
"""Answers the result; raises `SandboxError` for a refusal."""
