"""A content on its way to the bridge."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A content on its way to the bridge.

    Attributes:
        needs: the capabilities without which it can't be sent.
        args: what the bridge is told of it.
        command: the bridge's command that sends it.
    """

    needs: tuple[str, ...]
    args: Mapping[str, Any]
    command: str = "send"
