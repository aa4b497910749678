"""What a client does with messages, for tests that do the same through both transports."""

from abc import abstractmethod
from datetime import datetime
from typing import Any

from .people_transport import PeopleTransport
from .transport import Transport

type Json = dict[str, Any]


class MessagesTransport(Transport, PeopleTransport):
    """What a client does. All answers have REST's form, as far as the tests look; what is absent may be missing."""

    @abstractmethod
    async def sent(
        self, to: str, kind: str, content: Any, not_before: datetime | None = None, answers: str | None = None
    ) -> Json:
        """Sends, and gives the message; ``answers`` is the message that it answers."""

    @abstractmethod
    async def upload(self, data: bytes, mime_type: str, filename: str) -> Json:
        """Puts a file into the store."""

    @abstractmethod
    async def sent_many(self, *texts: tuple[str, str]) -> list[Json]:
        """Sends texts, each given with whom it is to; gives the messages."""

    @abstractmethod
    async def canceled(self, message: str) -> Json: ...
    @abstractmethod
    async def message(self, message: str) -> Json: ...
    @abstractmethod
    async def told(self, kind: str) -> list[Json]:
        """The messages of the events of a kind, oldest first."""

    @abstractmethod
    async def listed(self, **which: Any) -> tuple[list[Json], str | None]:
        """Gives a page of messages, and the token of the next one."""

    @abstractmethod
    async def edited(self, message: str, body: str) -> Json:
        """Gives the operation and the message, as all that are operations of their own."""

    @abstractmethod
    async def revoked(self, message: str) -> Json: ...
    @abstractmethod
    async def reacted(self, message: str, emoji: str | None) -> Json: ...
    @abstractmethod
    async def voted(self, message: str, *options: str) -> Json: ...
    @abstractmethod
    async def pinned(self, message: str, days: int) -> Json: ...
    @abstractmethod
    async def unpinned(self, message: str) -> Json: ...
    @abstractmethod
    async def forward(self, message: str, to: str) -> Json: ...
    @abstractmethod
    async def unstar(self, message: str) -> Json: ...
    @abstractmethod
    async def delete_for_me(self, message: str) -> Json: ...
    @abstractmethod
    async def reactions(self, message: str) -> list[Json]: ...
    @abstractmethod
    async def votes(self, message: str) -> Json:
        """Gives the votes and the results."""

    @abstractmethod
    async def receipts(self, message: str) -> list[Json]: ...
    @abstractmethod
    async def history(self, chat: str, before: str | None, limit: int) -> Json:
        """Gives the messages, how many were new, and whether there are more."""
