"""Values for the suites."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.system.system_clock import SystemClock
from adapters.system.ulid_generator import UlidGenerator
from domain.access import ApiKey, Role, User
from domain.content import Text
from domain.event import MessageAcked, NewEvent, Payload
from domain.ids import SessionId
from domain.jid import Jid
from domain.message import Direction, Message, MessageStatus
from domain.session import Session
from domain.webhook import WebhookEndpoint, new_secret

IDS = UlidGenerator(SystemClock())
SALES = SessionId("sales")
SUPPORT = SessionId("support")
ME = Jid.parse("15550100001@c.us")
ANA = Jid.parse("15550100002@c.us")
ANA_LID = Jid.parse("900000002@lid")
BOB = Jid.parse("15550100003@c.us")
GROUP = Jid.parse("120363000000000001@g.us")
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Some seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def session(session_id: SessionId = SALES, **changes: Any) -> Session:
    """A session that was just created."""
    created = Session.create(id=session_id, name="Sales", start=True, metadata={"team": "sãles 🕊"}, now=NOON)
    return replace(created, **changes)


def user(**changes: Any) -> User:
    """A user who may do everything."""
    made = User(id=IDS.user_id(), name="Ana", role=Role.ADMIN, created_at=NOON, updated_at=NOON)
    return replace(made, **changes)


def api_key(owner: User, **changes: Any) -> ApiKey:
    """A key that was just made."""
    key_id = IDS.api_key_id()
    made = ApiKey(
        id=key_id,
        user_id=owner.id,
        name="Desk",
        role=Role.SENDER,
        hint="pombo_abcd",
        request_scope=f"key:{key_id}",
        created_at=NOON,
    )
    return replace(made, **changes)


def outbound(chat: Jid = ANA, session_id: SessionId = SALES, **changes: Any) -> Message:
    """A message that was just accepted."""
    message = Message(
        id=IDS.message_id(),
        session_id=session_id,
        whatsapp_id=IDS.outbound_whatsapp_id(chat),
        direction=Direction.OUTBOUND,
        chat=chat,
        sender=ME,
        recipient=chat,
        content=Text(body="hi"),
        status=MessageStatus.QUEUED,
        created_at=NOON,
        from_api=True,
    )
    return replace(message, **changes)


def inbound(chat: Jid = ANA, session_id: SessionId = SALES, **changes: Any) -> Message:
    """A message that came."""
    message = outbound(
        chat, session_id, direction=Direction.INBOUND, sender=ANA, recipient=ME, status=MessageStatus.DELIVERED
    )
    return replace(message, **{"from_api": False, **changes})


def webhook(**changes: Any) -> WebhookEndpoint:
    """An endpoint that was just made."""
    made = WebhookEndpoint(
        id=IDS.webhook_id(), url="https://hook.example/", secret=new_secret(), created_at=NOON, updated_at=NOON
    )
    return replace(made, **changes)


def event(session_id: SessionId | None = SALES, payload: Payload | None = None, time: datetime = NOON) -> NewEvent:
    """An event, a receipt unless told otherwise."""
    message = outbound(session_id=session_id or SALES)
    receipt = MessageAcked(
        message_id=message.id,
        whatsapp_id=message.whatsapp_id,
        chat=message.chat,
        status=MessageStatus.DELIVERED,
        at=NOON,
    )
    return NewEvent(id=IDS.event_id(), session_id=session_id, time=time, payload=payload or receipt)
