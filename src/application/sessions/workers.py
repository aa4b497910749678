"""What the use cases need of the running sessions."""

from abc import abstractmethod
from typing import Protocol

from application.ports.group_page import GroupPage
from application.ports.media_page import MediaPage
from application.ports.message_page import MessagePage
from application.ports.people_page import PeoplePage
from application.ports.whatsapp_driver import Recipient
from domain.bridge import Bridge
from domain.ids import SessionId
from domain.jid import Jid
from domain.lease import Lease
from domain.message import Message
from domain.session import Capability, PairingCode

_TOPIC = "session:"


def session_topic(session_id: SessionId) -> str:
    """The bus topic that says: look at this session again."""
    return f"{_TOPIC}{session_id}"


class SessionPage(PeoplePage, Protocol):
    """What the use cases ask of a session's page, at whichever gateway it is open.

    Where another gateway runs the session, all of it raises ``OWNER_SILENT`` (DeadlineExceededError) too, when that one
    doesn't answer: it may have been done.
    """

    @abstractmethod
    async def refresh_qr(self) -> None:
        """As ``LinkingPage`` has it."""

    @abstractmethod
    async def request_pairing_code(self, phone: str) -> PairingCode:
        """As ``LinkingPage`` has it."""

    @abstractmethod
    async def take_over(self) -> None:
        """As ``LinkingPage`` has it."""

    @abstractmethod
    async def resolve(self, jid: Jid) -> Recipient | None:
        """As ``MessagingPage`` has it."""

    @property
    @abstractmethod
    def media(self) -> MediaPage:
        """Messages' files."""

    @property
    @abstractmethod
    def groups(self) -> GroupPage:
        """Groups."""

    @property
    @abstractmethod
    def messages(self) -> MessagePage:
        """As ``WhatsAppPage`` has it."""


class SessionWorkers(Protocol):
    """The sessions that run, each driven by a supervised task of its own, at this gateway or at another one."""

    @abstractmethod
    def nudge(self, session_id: SessionId) -> None:
        """Says that a session's wanted state may have changed."""

    @abstractmethod
    def nudge_outbox(self, session_id: SessionId) -> None:
        """Says that a message waits to be sent."""

    @abstractmethod
    def reconsider_pace(self, session_id: SessionId) -> None:
        """Says that the settings of a session's pace may have changed."""

    @abstractmethod
    def reserve(self, session_id: SessionId, chat: Jid) -> Lease | None:
        """Takes a chat for a message that is about to be accepted, where nothing can be waiting before it.

        Where it gives a lease the message is accepted as ``SENDING`` under it, and ``hand_over`` or ``give_back``
        follows.
        """

    @abstractmethod
    def hand_over(self, message: Message) -> None:
        """Sends a message that was accepted under a reservation."""

    @abstractmethod
    def give_back(self, session_id: SessionId, chat: Jid) -> None:
        """Ends a reservation without a message that is known to be accepted."""

    @abstractmethod
    async def restart(self, session_id: SessionId) -> None:
        """Closes the session's page; the supervisor opens it again when the session is wanted.

        Raises:
            DeadlineExceededError: ``OWNER_SILENT``: the gateway that runs it doesn't say so.
        """

    @abstractmethod
    async def closed(self, session_id: SessionId) -> None:
        """Waits until the session, no longer wanted, has no page open at any gateway.

        Raises:
            DeadlineExceededError: ``OWNER_SILENT``: the gateway that runs it doesn't say so.
        """

    @abstractmethod
    async def forget(self, session_id: SessionId) -> None:
        """Ends the session's task and deletes its login. The session must not be wanted.

        Raises:
            ConflictError: ``SESSION_ELSEWHERE``: another gateway has taken it.
            DeadlineExceededError: ``OWNER_SILENT``.
        """

    @abstractmethod
    async def logout(self, session_id: SessionId) -> None:
        """Ends the session's link, and returns when the page has confirmed it and is closed.

        The link of one that has failed because its login is lost is forgotten.

        Raises:
            ConflictError: ``SESSION_NOT_RUNNING``, ``NOT_LINKED``.
            DeadlineExceededError: ``LOGOUT_UNCONFIRMED``, ``OWNER_SILENT``.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def page(self, session_id: SessionId) -> SessionPage:
        """The session's open page.

        Raises:
            ConflictError: ``SESSION_NOT_RUNNING``.
        """

    @abstractmethod
    def capabilities(self, session_id: SessionId) -> tuple[Capability, ...]:
        """What the session's page can do; empty while it isn't open."""

    @abstractmethod
    def bridge(self, session_id: SessionId) -> Bridge | None:
        """Which build of the bridge runs in the session's page; None while it isn't open."""
