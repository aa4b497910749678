"""What an account of the WhatsApp in memory keeps of chats and people, and shows of itself."""

from dataclasses import dataclass, field, replace

from domain.call import Call
from domain.chat import Chat, Muted
from domain.contact import BusinessProfile, Name
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.presence import Activity


@dataclass(slots=True, kw_only=True)
class ChatState:
    """What an account's devices share of a chat."""

    archived: bool = False
    pinned: bool = False
    muted: Muted | None = None
    marked_unread: bool = False


@dataclass(slots=True, kw_only=True)
class People:
    """One account's.

    Attributes:
        chats: states by the chat's address.
        read: inbound messages that were read.
        picture, about, business, username: what it shows of itself.
        moved_to_lid: its messages are told of by its LID; ``hides_phone``: and its number isn't.
        calls: that ring now.
        typing: what others do in chats with it, as its phone shows it.
    """

    chats: dict[Jid, ChatState] = field(default_factory=dict)
    read: set[WhatsAppMessageId] = field(default_factory=set)
    book: dict[Jid, Name] = field(default_factory=dict)
    blocked: set[Jid] = field(default_factory=set)
    picture: str | None = None
    about: str | None = None
    business: BusinessProfile | None = None
    username: str | None = None
    moved_to_lid: bool = False
    hides_phone: bool = False
    online: bool = False
    calls: dict[str, Call] = field(default_factory=dict)
    typing: dict[Jid, Activity] = field(default_factory=dict)

    def state(self, chat: Jid) -> ChatState:
        """A chat's state; a new one where there is none."""
        return self.chats.setdefault(chat, ChatState())


def same_but(chat: Chat, state: ChatState) -> Chat:
    """A chat with its shared state."""
    pinned_at = chat.last_at if state.pinned else None
    return replace(
        chat, archived=state.archived, pinned_at=pinned_at, muted=state.muted, marked_unread=state.marked_unread
    )
