"""What clients call, over either transport."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

CALL_SECONDS: Final = 60.0
"""How long a client waits for an answer at most."""

LIMITED: Final = "RATE_LIMITED"


class Wrong(StrEnum):
    """What is wrong with a request, by the reason that it must be refused for."""

    MESSAGE = "MESSAGE_NOT_FOUND"
    SESSION = "SESSION_NOT_FOUND"
    PHONE = "INVALID_PHONE"
    PAGE_SIZE = "INVALID_PAGE_SIZE"
    REUSED = "IDEMPOTENCY_KEY_REUSED"
    ROLE = "ROLE_TOO_LOW"
    KEY = "API_KEY_INVALID"


STATUSES: Final = {
    Wrong.MESSAGE: ("404", "NOT_FOUND"),
    Wrong.SESSION: ("404", "NOT_FOUND"),
    Wrong.PHONE: ("400", "INVALID_ARGUMENT"),
    Wrong.PAGE_SIZE: ("400", "INVALID_ARGUMENT"),
    Wrong.REUSED: ("422", "FAILED_PRECONDITION"),
    Wrong.ROLE: ("403", "PERMISSION_DENIED"),
    Wrong.KEY: ("401", "UNAUTHENTICATED"),
}
"""What such a request is answered with, in REST and in gRPC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call came to.

    Attributes:
        status: the transport's own; where there was no answer the error's name.
        reason: of an error; empty when it has none.
        message_id: of a message that was accepted, or asked for.
        retry_after: when to come back, in seconds, as the transport says it where it must: a header, a RetryInfo.
        policy: the rate that was used up.
    """

    status: str
    reason: str = ""
    message_id: str | None = None
    retry_after: float | None = None
    policy: str = ""

    @property
    def is_good(self) -> bool:
        return self.status in {"200", "201", "202", "OK"}

    @property
    def is_limited(self) -> bool:
        return self.reason == LIMITED

    @property
    def said(self) -> str:
        return f"{self.status} {self.reason}".strip()


class Caller(Protocol):
    """One client's connection. Nothing here raises for what the gateway says or fails to."""

    async def close(self) -> None: ...
    async def send(self, session: str, to: str, body: str, key: str, *, waits: bool) -> Answer: ...
    async def message(self, message_id: str) -> Answer: ...
    async def status(self, session: str) -> Answer: ...
    async def events(self, after: int, page_size: int) -> Answer: ...
    async def endpoints(self) -> Answer:
        """The webhooks' list, which takes an operator."""
        ...

    async def with_another_key(self) -> Answer:
        """A call with a key that is none of the gateway's."""
        ...
