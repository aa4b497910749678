"""A page's part in chats."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from application.ports.page_events import SeenMessage
from domain.chat import Chat, ChatChange
from domain.ids import WhatsAppMessageId
from domain.jid import Jid


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderMessages:
    """Messages of a chat, oldest first. ``more``: there are older ones, in the page or on the phone."""

    messages: tuple[SeenMessage, ...]
    more: bool


class ChatPage(Protocol):
    """Chats. A person's chat is found under either form of the address.

    Everything raises UnavailableError ``PAGE_UNAVAILABLE``, and CapabilityUnavailableError where the page lacks the
    function.
    """

    @abstractmethod
    async def list(self) -> tuple[Chat, ...]:
        """All chats, pinned ones first, then the latest active."""

    @abstractmethod
    async def get(self, jid: Jid) -> Chat:
        """One chat.

        Raises:
            NotFoundError: ``CHAT_NOT_FOUND``.
        """

    @abstractmethod
    async def change(self, jid: Jid, change: ChatChange) -> Chat:
        """Changes a chat on all of the account's devices; what is so already stays so. Gives it as it is then.

        Raises:
            NotFoundError: ``CHAT_NOT_FOUND``.
            UnprocessableError: ``TOO_MANY_PINNED``: WhatsApp pins three at most. ``CHANGE_REFUSED``.
        """

    @abstractmethod
    async def clear(self, jid: Jid, *, keep_starred: bool) -> Chat:
        """Takes a chat's messages off the account's devices; the other side keeps them.

        Raises:
            NotFoundError: ``CHAT_NOT_FOUND``.
            UnprocessableError: ``CHANGE_REFUSED``.
        """

    @abstractmethod
    async def delete(self, jid: Jid) -> None:
        """Takes a chat off the account's devices; one that isn't there is deleted already.

        Raises:
            UnprocessableError: ``CHANGE_REFUSED``.
        """

    @abstractmethod
    async def older(self, jid: Jid, *, before: WhatsAppMessageId | None, limit: int) -> OlderMessages:
        """The ``limit`` messages before one, or the newest; what the page doesn't hold it asks the phone for.

        Raises:
            NotFoundError: ``CHAT_NOT_FOUND``, ``MESSAGE_NOT_IN_PAGE``: the page doesn't hold ``before``.
            DeadlineExceededError: ``PHONE_SILENT``: the phone, which has older ones, doesn't answer.
        """
