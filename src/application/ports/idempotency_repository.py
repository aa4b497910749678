"""What was answered to a request that carries a key of its caller's."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRequest:
    """A request as its caller names it.

    Attributes:
        scope: whose keys these are; the same key of somebody else is another one.
        key: the caller's own name of the request, 1 to 255 printable ASCII characters.
        fingerprint: 32-byte hash of what is asked; the same key with another one is a mistake of the caller's.
    """

    scope: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is known of a request.

    Attributes:
        answer: what it was answered, where it has been; then there is nothing left to do.
        taken_over: somebody had begun it and died: parts of it may have been done.
        begun_at: when it was begun first, where it is taken over.
    """

    answer: Mapping[str, Any] | None = None
    taken_over: bool = False
    begun_at: datetime | None = None


class IdempotencyRepository(Protocol):
    """Answers by request key. Part of a unit of work: a record appears with what was done, or not at all."""

    @abstractmethod
    async def find(self, request: KeyedRequest) -> Mapping[str, Any] | None:
        """What the request was answered; None when it wasn't. Waits for nobody.

        Raises:
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """

    @abstractmethod
    async def claim(self, request: KeyedRequest, *, now: datetime, busy_until: datetime) -> Claim:
        """Begins a request, unless it has been answered; waits for a unit of work that is just beginning the same.

        Who does the work in this very unit of work answers before its end. Who does it after the commit has until
        ``busy_until``; then somebody else may take over, and at once where that lies so far ahead that a wrong clock
        wrote it (``refusals.is_busy``).

        Raises:
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
            ConflictError: ``REQUEST_IN_PROGRESS``: somebody is at it, and hasn't reached its ``busy_until``.
        """

    @abstractmethod
    async def answer(self, request: KeyedRequest, answer: Mapping[str, Any]) -> None:
        """Records the answer to a request that was claimed."""

    @abstractmethod
    async def release(self, request: KeyedRequest) -> None:
        """Forgets a claim that came to nothing; an answer stays."""

    @abstractmethod
    async def prune(self, *, before: datetime, limit: int) -> int:
        """Forgets requests that were begun before a time, at most so many, and returns how many they were."""
