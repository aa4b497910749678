"""The page's part in what is done to messages without a message of its own."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.ids import WhatsAppMessageId


class MessagePage(Protocol):
    """Doing the same again changes nothing."""

    @abstractmethod
    async def star(self, message: WhatsAppMessageId, *, starred: bool) -> datetime:
        """Marks a message with a star, or takes that back. Gives the page's time of it.

        Raises:
            UnprocessableError: ``TARGET_UNKNOWN``: the page doesn't have the message.
            CapabilityUnavailableError: the page lacks the function.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def delete_for_me(self, message: WhatsAppMessageId) -> datetime:
        """Deletes a message on the account's own devices. Gives the page's time of it.

        Raises:
            UnprocessableError: ``TARGET_UNKNOWN``: the page doesn't have the message, be it that it was deleted.
            CapabilityUnavailableError: the page lacks the function.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def mark_played(self, message: WhatsAppMessageId) -> datetime:
        """Tells the writer of a voice note that it was played. Gives the page's time of it.

        Raises:
            UnprocessableError: ``TARGET_UNKNOWN``: the page doesn't have the message; ``NOT_PLAYABLE``.
            CapabilityUnavailableError: the page lacks the function.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """
