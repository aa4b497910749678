"""The WhatsApp driver: opens a session's page and talks with it."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from application.ports.group_page import GroupPage
from application.ports.media_page import MediaPage
from application.ports.message_page import MessagePage
from application.ports.page_events import PageEvent, SeenMessage
from application.ports.people_page import PeoplePage
from domain.bridge import Bridge
from domain.changes import AnyChange
from domain.content import Content
from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.operations import Operation
from domain.proxy import Proxy
from domain.session import Capability, Me, PairingCode
from domain.snapshot import ProfileImage


class PageHealth(StrEnum):
    """What a probe through the page and the bridge to the socket's state found."""

    SOUND = "sound"
    """Linked, connected and synchronised."""
    SYNCING = "syncing"
    """Linked and connected; signing in, synchronising, or bringing a fresh login to disk."""
    DISCONNECTED = "disconnected"
    """The page answers, WhatsApp doesn't."""
    CONFLICT = "conflict"
    """The page answers; another browser has the login."""
    PASSKEY = "passkey"
    """The page answers; WhatsApp asks for a passkey."""
    UNLINKED = "unlinked"
    """The page answers, and no account is linked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a probe found.

    Attributes:
        state: the page's own name of its socket's state.
        me: the account that is linked, where the health is ``SOUND``.
    """

    health: PageHealth
    state: str
    me: Me | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to hand to the page, with the id it must get.

    Attributes:
        file: what a content with a file holds, on this machine; it must stay as it is until ``send`` has returned.
        forwarded: it carries the forwarded mark.
    """

    whatsapp_id: WhatsAppMessageId
    chat: Jid
    content: Content
    reply_to: WhatsAppMessageId | None = None
    file: Path | None = None
    forwarded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingOperation:
    """An operation on a message to hand to the page.

    Attributes:
        whatsapp_id: the id that the operation's own message gets, where the page lets it be chosen.
        chat: that of the message it concerns.
    """

    whatsapp_id: WhatsAppMessageId
    chat: Jid
    content: Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A user who is on WhatsApp, in both address forms where known."""

    jid: Jid
    lid: Jid | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLogin:
    """A session's login on this machine.

    Attributes:
        linked: whether there is one.
        epoch: that of the lease under which the profile was opened or restored last; 0 when it never was.
        unread: whether it was opened since it was restored or ``note_read``: it may hold what nobody has recorded.
    """

    linked: bool
    epoch: int
    unread: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNews:
    """What a session's profile holds.

    Attributes:
        messages: oldest first, each with what was done to it.
        changes: the reactions and pins of messages that it lacks, of those that were asked for.
    """

    messages: tuple[SeenMessage, ...]
    changes: tuple[AnyChange, ...] = ()


class LinkingPage(Protocol):
    """The page's part in linking and unlinking."""

    @abstractmethod
    async def refresh_qr(self) -> None:
        """Asks for a new batch of QRs; they come as events.

        Raises:
            ConflictError: ``ALREADY_LINKED``.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def request_pairing_code(self, phone: str) -> PairingCode:
        """Asks for a code to type on the phone with this number (digits only).

        Raises:
            ConflictError: ``ALREADY_LINKED``.
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``.
            RateLimitedError: ``PAIRING_CODE_RATE_LIMITED``.
            CapabilityUnavailableError: the page lacks the function.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def logout(self) -> None:
        """Ends the link, and returns when the page has confirmed it.

        Raises:
            ConflictError: ``NOT_LINKED``.
            DeadlineExceededError: ``LOGOUT_UNCONFIRMED``: the page didn't confirm; the link may still stand.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def take_over(self) -> None:
        """Takes the login back from another browser, and returns when the page is at it; what comes of it is told.

        Raises:
            ConflictError: ``NOT_IN_CONFLICT``: no other browser has it.
            CapabilityUnavailableError: the page lacks the function.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """


class MessagingPage(Protocol):
    """The page's part in messages."""

    @abstractmethod
    async def send(self, message: Outgoing) -> SeenMessage:
        """Sends with the given id and returns when WhatsApp's server has the message. Calls may overlap.

        Sending again with an id that was sent before sends nothing twice and gives the first one's result.

        Raises:
            UnprocessableError: refused for good: ``NUMBER_NOT_ON_WHATSAPP``, ``QUOTED_MESSAGE_UNKNOWN``,
                ``SEND_REFUSED``; of a file: ``MEDIA_UNREADABLE``, ``MEDIA_UPLOAD_FAILED``.
            TooLargeError: ``MEDIA_TOO_LARGE``: the account may send no such file.
            RateLimitedError: ``REACHOUT_TIMELOCK`` (463) or ``NEW_CHAT_CAP`` (475): refused, not sent.
            CapabilityUnavailableError: the page lacks the function; not sent.
            UnavailableError: ``PAGE_UNAVAILABLE``: whether it left is unknown; look it up later.
            DeadlineExceededError: ``SEND_UNCONFIRMED``: whether it left is unknown; look it up later.
        """

    @abstractmethod
    async def find(self, whatsapp_id: WhatsAppMessageId) -> SeenMessage | None:
        """Looks a message up in the page.

        Raises:
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def perform(self, operation: OutgoingOperation) -> datetime:
        """Does something to a message, and returns when WhatsApp's server has it. Calls may overlap.

        Two calls with one id at once are one: who gave up on the first and asks again joins it, however late it is.

        Done again when its effect is there already, it does nothing and gives that one's time. Its effect shows in
        ``ChangesSeen`` as well, with the same time.

        Returns:
            when it was done, as its change tells it: ``Change.at``.

        Raises:
            UnprocessableError: refused for good: ``TARGET_UNKNOWN`` (the page doesn't have the message),
                ``EDIT_TOO_LATE``, ``REVOKE_TOO_LATE``, ``NOT_AN_OWN_MESSAGE``, ``NOT_GROUP_ADMIN``,
                ``NOT_GROUP_MEMBER``, ``SEND_REFUSED``.
            CapabilityUnavailableError: the page lacks the function; not done.
            UnavailableError: ``PAGE_UNAVAILABLE``: whether it was done is unknown; look for its effect later.
            DeadlineExceededError: ``SEND_UNCONFIRMED``: whether it was done is unknown; look for its effect later.
        """

    @abstractmethod
    async def effect(self, operation: OutgoingOperation) -> datetime | None:
        """Looks whether an operation's effect is there, and gives its time as ``perform`` does; None: it isn't.

        An effect that WhatsApp's server isn't known to have doesn't count.

        Raises:
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def recent(self, *, since: datetime, limit: int) -> tuple[SeenMessage, ...]:
        """The messages the page knows that are not older than ``since``, oldest first; the newest ``limit`` of them.

        Raises:
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def changes(self, targets: Collection[WhatsAppMessageId]) -> tuple[AnyChange, ...]:
        """The reactions and pins that the page knows of these messages, be the messages themselves in it or not.

        A page that came from an older snapshot may lack a message and know what was done to it. Of edits, deletions and
        votes it knows only with their message.

        Raises:
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def resolve(self, jid: Jid) -> Recipient | None:
        """Looks a user up on WhatsApp; None when there is no account.

        Raises:
            UnavailableError: ``PAGE_UNAVAILABLE``.
            DeadlineExceededError: ``LOOKUP_TIMEOUT``.
        """


class WhatsAppPage(LinkingPage, MessagingPage, PeoplePage, Protocol):
    """An open page of one session."""

    @property
    @abstractmethod
    def messages(self) -> MessagePage:
        """What is done to messages without a message of its own."""

    @abstractmethod
    def events(self) -> AsyncIterator[PageEvent]:
        """Everything the page tells, from its opening on, in order; ends after ``PageDied`` or ``close``.

        One consumer only. Nothing is dropped while it is slow.
        """

    @abstractmethod
    def capabilities(self) -> tuple[Capability, ...]:
        """What the bridge's last self-test found; empty before the first."""

    @property
    @abstractmethod
    def media(self) -> MediaPage:
        """Messages' files."""

    @property
    @abstractmethod
    def groups(self) -> GroupPage:
        """Groups."""

    @abstractmethod
    def bridge(self) -> Bridge | None:
        """Which build of the bridge runs in the page; None before the first."""

    @abstractmethod
    async def probe(self) -> Probe:
        """Goes through page and bridge to the socket's state.

        Raises:
            UnavailableError: ``PAGE_UNAVAILABLE``: the page or the bridge doesn't answer.
        """

    @abstractmethod
    async def reload(self) -> None:
        """Loads the page anew in the same browser, and returns when the bridge is up in it.

        What the page has told stays told, and its state follows as events, as after the opening. What was asked of it
        and isn't answered yet fails with ``PAGE_UNAVAILABLE``.

        Raises:
            UnavailableError: ``PAGE_UNREACHABLE``, ``BRIDGE_FAILED``, ``PAGE_UNAVAILABLE``: the page may be of no use
                any more; close it.
        """

    @abstractmethod
    async def image(self) -> ProfileImage:
        """The login's part of the profile as it is at one moment. The page stands still for it, a tenth of a second.

        Raises:
            ConflictError: ``NOT_LINKED``: there is no login, or it isn't on disk yet.
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
            UnavailableError: ``PAGE_UNAVAILABLE``, ``PROFILE_UNREADABLE``.
        """

    @abstractmethod
    async def close(self) -> None:
        """Closes the page and its browser, and keeps the link. May be called twice."""


class WhatsAppDriver(Protocol):
    """Opens pages. One page per session at a time."""

    @abstractmethod
    async def open(self, session_id: SessionId, epoch: int, proxy: Proxy | None = None) -> WhatsAppPage:
        """Opens the session's own profile in a browser and loads the page. Doesn't wait for the login.

        Args:
            session_id: whose.
            epoch: that of the lease it is opened under; it stays with the profile. 0 is before any lease.
            proxy: what WhatsApp is reached by, and never past it; None: directly.

        Raises:
            UnavailableError: ``BROWSER_MISSING``, ``BROWSER_FAILED``, ``PAGE_UNREACHABLE``, ``BRIDGE_FAILED``,
                ``DISK_FULL``, ``PROXY_UNREACHABLE``, ``PROXY_REFUSED``.
            ConflictError: ``PROFILE_IN_USE``.
        """

    @abstractmethod
    async def login(self, session_id: SessionId) -> LocalLogin:
        """What there is of a session's login on this machine. The page must be closed, here and below.

        Raises:
            ConflictError: ``PROFILE_IN_USE``.
            UnavailableError: ``BROWSER_FAILED``, ``PROFILE_UNWRITABLE``.
        """

    @abstractmethod
    async def image(self, session_id: SessionId) -> ProfileImage | None:
        """The login's part of a session's profile; None where there is no login.

        Raises:
            ConflictError: ``PROFILE_IN_USE``.
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
            UnavailableError: ``BROWSER_FAILED``, ``PROFILE_UNREADABLE``, ``PROFILE_UNWRITABLE``.
        """

    @abstractmethod
    async def restore(self, session_id: SessionId, image: ProfileImage, epoch: int) -> None:
        """Puts an image in the place of the session's profile, whole or not at all.

        Args:
            session_id: whose.
            image: as ``image`` gave it, on whichever machine.
            epoch: that of the lease it is restored under; it stays with the profile.

        Raises:
            ConflictError: ``PROFILE_IN_USE``.
            UnprocessableError: ``SNAPSHOT_CORRUPT``, ``SNAPSHOT_UNSUPPORTED``: it isn't an image of this driver's.
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
            UnavailableError: ``BROWSER_FAILED``, ``PROFILE_UNWRITABLE``.
        """

    @abstractmethod
    async def unread(self) -> Mapping[SessionId, int]:
        """The linked sessions whose profile on this machine is unread (see ``LocalLogin``), and the profiles' epochs.

        A session whose page is open may be among them.

        Raises:
            UnavailableError: ``PROFILE_UNREADABLE``.
        """

    @abstractmethod
    async def stored_news(
        self,
        session_id: SessionId,
        *,
        since: datetime,
        recorded: Collection[WhatsAppMessageId],
        proxy: Proxy | None = None,
    ) -> StoredNews:
        """What a session's profile holds.

        For a profile whose session another gateway runs by now: WhatsApp isn't reached, hears nothing of it, and the
        profile stays as it is.

        Args:
            session_id: whose.
            since: messages that are older are left out.
            recorded: messages that are on record: of those among them that the profile lacks, as it came from an older
                snapshot, it may know what was done to them (see ``MessagingPage.changes``).
            proxy: what the site's files are got by, and never past it; None: directly.

        Raises:
            ConflictError: ``PROFILE_IN_USE``; ``NOT_LINKED``: it holds no login.
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
            UnavailableError: ``BROWSER_MISSING``, ``BROWSER_FAILED``, ``PAGE_UNREACHABLE``, ``PAGE_UNAVAILABLE``,
                ``BRIDGE_FAILED``, ``PROFILE_UNREADABLE``, ``PROFILE_UNWRITABLE``, ``DISK_FULL``,
                ``PROXY_UNREACHABLE``, ``PROXY_REFUSED``.
        """

    @abstractmethod
    async def note_read(self, session_id: SessionId, epoch: int) -> None:
        """Says that what a profile holds is on record, unless it was opened again, under a later lease.

        Raises:
            ConflictError: ``PROFILE_IN_USE``.
            UnavailableError: ``BROWSER_FAILED``, ``PROFILE_UNWRITABLE``.
        """

    @abstractmethod
    async def memory(self) -> Mapping[SessionId, int]:
        """What the browser of each open page takes of the machine's memory, in bytes. Never fails."""

    @abstractmethod
    async def forget(self, session_id: SessionId) -> None:
        """Deletes the session's profile, and with it the login. The page must be closed."""
