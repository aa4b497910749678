"""What is asked of chats and people at another gateway arrives there, and back, as it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest

from application.ports.call_page import CallPage
from application.ports.chat_page import ChatPage, OlderMessages
from application.ports.contact_page import BlocklistPage, ContactPage
from application.ports.page_events import SeenMessage
from application.ports.presence_page import PresencePage
from application.workers.peer_codec import read, write
from domain.call import Call
from domain.chat import Chat, ChatChange, Muted
from domain.contact import BusinessProfile, Contact, Existence, Name
from domain.content import Text
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.message import MessageStatus
from domain.presence import Activity, Presence

NOW = datetime(2026, 11, 22, 14, 3, 21, tzinfo=UTC)
PN, LID = Jid.parse("15550001@c.us"), Jid.parse("900001@lid")
SEEN = SeenMessage(
    whatsapp_id=WhatsAppMessageId("true_1_2"),
    chat=PN,
    sender=PN,
    recipient=LID,
    from_me=True,
    content=Text(body="hi"),
    timestamp=NOW,
    status=MessageStatus.SENT,
    alternate=LID,
)
CHAT = Chat(jid=PN, alternate=LID, muted=Muted(until=NOW), pinned_at=NOW)


@pytest.mark.parametrize(
    ("port", "method", "value"),
    [
        (ChatPage, "list", (CHAT, Chat(jid=LID, muted=Muted()))),
        (ChatPage, "get", CHAT),
        (ChatPage, "older", OlderMessages(messages=(SEEN,), more=True)),
        (ChatPage, "delete", None),
        (ContactPage, "list", (Contact(jid=PN),)),
        (ContactPage, "exists", (Existence(asked="x"), Existence(asked="y", jid=PN, lid=LID))),
        (ContactPage, "picture", "https://x.test/p"),
        (ContactPage, "about", None),
        (ContactPage, "business", BusinessProfile(websites=("a", "b"))),
        (ContactPage, "business", None),
        (ContactPage, "common_groups", (Jid.parse("120363000000000000@g.us"),)),
        (BlocklistPage, "block", Contact(jid=LID, blocked=True)),
        (PresencePage, "subscribe", Presence(chat=PN, activity=Activity.RECORDING, last_seen=NOW)),
        (CallPage, "ringing", (Call(id="a", caller=PN, offered_at=NOW),)),
    ],
)
def test_answers_come_back(port: Any, method: str, value: Any) -> None:
    declared = get_type_hints(getattr(port, method))["return"]
    assert read(write(value, declared), declared) == value


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (ChatChange, ChatChange(archived=True, mute=Muted(until=NOW))),
        (ChatChange, ChatChange(unmute=True, unread=False)),
        (Name, Name(first="Ada", last="L")),
        (Sequence[str], ("a", "@b")),
        (WhatsAppMessageId | None, None),
        (Activity, Activity.COMPOSING),
    ],
)
def test_arguments_arrive(declared: Any, value: Any) -> None:
    arrived = read(write(value, declared), declared)
    assert (list(arrived) if declared == Sequence[str] else arrived) == (
        list(value) if declared == Sequence[str] else value
    )
