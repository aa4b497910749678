"""What a client of the gateway does, for tests that do the same through both transports."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

SESSION = "ana"


class RefusedError(Exception):
    """An error of the API.

    Attributes:
        reason: its UPPER_SNAKE name.
        status: the transport's own.
        metadata: its details.
    """

    def __init__(self, reason: str, status: object, metadata: Mapping[str, str]) -> None:
        super().__init__(f"{reason} ({status})")
        self.reason = reason
        self.status = status
        self.metadata = dict(metadata)


class Transport(ABC):
    """What a client does. All answers have REST's form, as far as the tests look."""

    @abstractmethod
    async def create(self, subject: str, people: list[str], key: str) -> dict[str, Any]: ...
    @abstractmethod
    async def groups(self) -> list[dict[str, Any]]: ...
    @abstractmethod
    async def group(self, group: str) -> dict[str, Any]: ...
    @abstractmethod
    async def update(self, group: str, **changes: Any) -> dict[str, Any]: ...
    @abstractmethod
    async def picture(self, group: str, picture: bytes | None) -> None: ...
    @abstractmethod
    async def leave(self, group: str) -> None: ...
    @abstractmethod
    async def change(self, group: str, action: str, *people: str) -> dict[str, str]:
        """Gives each person's outcome."""

    @abstractmethod
    async def code(self, group: str) -> str: ...
    @abstractmethod
    async def revoke_code(self, group: str) -> str: ...
    @abstractmethod
    async def preview(self, code: str) -> dict[str, Any]: ...
    @abstractmethod
    async def join(self, code: str) -> dict[str, Any]: ...
    @abstractmethod
    async def requests(self, group: str) -> list[dict[str, Any]]: ...
    @abstractmethod
    async def decide(self, group: str, person: str, *, approve: bool, key: str = "") -> dict[str, str]:
        """Gives each person's outcome."""

    @abstractmethod
    async def failure(self, message: str) -> str:
        """The reason for which a message failed, as it is stored."""

    @abstractmethod
    async def send(self, to: str, body: str) -> None: ...
    @abstractmethod
    async def edit(self, message: str, body: str) -> None: ...
    @abstractmethod
    async def delete(self, message: str) -> None: ...
    @abstractmethod
    async def react(self, message: str) -> None: ...
    @abstractmethod
    async def pin(self, message: str) -> None: ...
    @abstractmethod
    async def star(self, message: str) -> None: ...
    @abstractmethod
    async def file(self, message: str) -> bytes: ...


def outcomes(results: list[dict[str, Any]]) -> dict[str, str]:
    """Each person's outcome, by the address that was asked for."""
    return {result["asked"]: result["outcome"] for result in results}
