"""A page's parts in chats and people."""

from abc import abstractmethod
from typing import Protocol

from application.ports.call_page import CallPage
from application.ports.chat_page import ChatPage
from application.ports.contact_page import BlocklistPage, ContactPage
from application.ports.presence_page import PresencePage


class PeoplePage(Protocol):
    """Each part by itself."""

    @property
    @abstractmethod
    def chats(self) -> ChatPage:
        """Chats."""

    @property
    @abstractmethod
    def contacts(self) -> ContactPage:
        """People."""

    @property
    @abstractmethod
    def blocklist(self) -> BlocklistPage:
        """Who is blocked."""

    @property
    @abstractmethod
    def presence(self) -> PresencePage:
        """Presence."""

    @property
    @abstractmethod
    def calls(self) -> CallPage:
        """Incoming calls."""
