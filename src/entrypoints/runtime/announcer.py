"""What the gateway tells whoever started it."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the gateway serves; a worker serves its health alone, and no gRPC."""

    rest: str
    grpc: str | None


class Announcer(Protocol):
    """Takes the gateway's progress, for a terminal or for a program."""

    @abstractmethod
    def step(self, text: str) -> None:
        """A step begins that may take a moment."""

    @abstractmethod
    def warn(self, text: str) -> None:
        """The gateway goes on, but something isn't as it was wanted."""

    @abstractmethod
    def api_key(self, key: str) -> None:
        """The first API key, told this once."""

    @abstractmethod
    def webhook_secret(self, secret: str) -> None:
        """The secret of the endpoint that ``WEBHOOK_URL`` names, told this once."""

    @abstractmethod
    def ready(self, addresses: Addresses) -> None:
        """The gateway serves."""
