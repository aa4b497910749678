"""A page's part in presence."""

from abc import abstractmethod
from typing import Protocol

from domain.jid import Jid
from domain.presence import Activity, Presence


class PresencePage(Protocol):
    """Presence, the account's and others'.

    Everything raises UnavailableError ``PAGE_UNAVAILABLE``, and CapabilityUnavailableError where the page lacks the
    function.
    """

    @abstractmethod
    async def be(self, *, online: bool) -> None:
        """Shows the account as online or not, as far as its privacy settings show it. Going takes some seconds."""

    @abstractmethod
    async def act(self, chat: Jid, activity: Activity) -> None:
        """Shows the other side that the account types, records, or has stopped.

        Raises:
            NotFoundError: ``CHAT_NOT_FOUND``.
        """

    @abstractmethod
    async def subscribe(self, jid: Jid) -> Presence:
        """Has WhatsApp tell of a person's or group's presence from now on; it is told as events. Lasts until a reload.

        Gives what is known by then. To do it again is right after the session was away.
        """
