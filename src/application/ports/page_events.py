"""What a session's page tells of its own accord. The driver has normalised it: no page objects get this far."""

from dataclasses import dataclass
from datetime import datetime

from application.ports.people_events import PeopleEvent
from domain.bridge import Bridge
from domain.changes import AnyChange
from domain.content import Content
from domain.errors import UnavailableError
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.message import MessageStatus
from domain.session import Capability, Me, QrCode


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeReady:
    """The bridge is in the page and has tested itself. Comes first, and again after each load of the page."""

    capabilities: tuple[Capability, ...]
    page_version: str
    bridge_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeRolledBack:
    """The bridge that was asked for fell short of the last good one, which now runs. Told once per verdict."""

    bridge: Bridge


@dataclass(frozen=True, slots=True, kw_only=True)
class QrShown:
    """The page shows a (new) QR."""

    qr: QrCode


@dataclass(frozen=True, slots=True, kw_only=True)
class QrBatchEnded:
    """The page shows no QR any more and waits to be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyDemanded:
    """WhatsApp asks the person for a passkey instead of a QR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncing:
    """The device is linked and signs in or synchronises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Linked, connected and synchronised: messages can be sent."""

    me: Me


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLost:
    """The page has lost WhatsApp and tries again by itself.

    Attributes:
        state: the page's own name of its state.
        cause: ``PROXY_UNREACHABLE`` or ``PROXY_REFUSED``, where the session's proxy is why; it is told again when that
            changes.
    """

    state: str
    cause: UnavailableError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictDetected:
    """The same login was opened in another browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """The link has ended.

    Attributes:
        locked: the page says that WhatsApp has locked the account.
        told: the page has told of the end, or had a login to be refused; else it came up without one.
    """

    locked: bool = False
    told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChange:
    """Somebody has another phone number than before."""

    before: Jid
    now: Jid


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMessage:
    """A message as the page holds it.

    Attributes:
        status: what its ack says at this time; None while WhatsApp's server doesn't have it.
        timestamp: WhatsApp's time, to the second.
        forwarded: it carries the forwarded mark.
        changes: what the page knows of what was done to it: its content is the first one where the page still has that,
            else the edited one.
        number_change: what it says of somebody's number: it is WhatsApp's notice of that.
    """

    whatsapp_id: WhatsAppMessageId
    chat: Jid
    sender: Jid
    recipient: Jid
    from_me: bool
    content: Content
    timestamp: datetime
    status: MessageStatus | None
    alternate: Jid | None = None
    push_name: str | None = None
    reply_to: WhatsAppMessageId | None = None
    forwarded: bool = False
    changes: tuple[AnyChange, ...] = ()
    number_change: NumberChange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesSeen:
    """Messages that came, oldest first. ``backfilled``: the page knew them before the bridge was listening."""

    messages: tuple[SeenMessage, ...]
    backfilled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenReceipt:
    """A receipt. ``participant``: in groups, it is that member's alone; without one it says what is so of all."""

    whatsapp_id: WhatsAppMessageId
    status: MessageStatus
    at: datetime
    participant: Jid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsSeen:
    """Receipts that came, in order."""

    receipts: tuple[SeenReceipt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesSeen:
    """What was done to messages, by anybody, in order. Their messages may be unknown, or come later."""

    changes: tuple[AnyChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserTooLarge:
    """The browser takes more memory than it is meant to, in bytes. Told again and again while it is so."""

    used: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDied:
    """The page or its browser is gone; the stream ends after this. ``detail`` is for people."""

    detail: str


PageEvent = (
    BridgeReady
    | BridgeRolledBack
    | QrShown
    | QrBatchEnded
    | PasskeyDemanded
    | Syncing
    | Connected
    | ConnectionLost
    | ConflictDetected
    | LoggedOut
    | MessagesSeen
    | ReceiptsSeen
    | ChangesSeen
    | BrowserTooLarge
    | PageDied
    | PeopleEvent
)
