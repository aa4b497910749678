"""The document is complete, true, and the one that is checked in."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from application.messages.read_messages import MessagePage
from application.ports.webhook_log import DeadLetter, Delivery
from application.representation.events import event_to_dict
from application.representation.media import media_to_dict
from application.representation.messages import message_to_dict
from application.representation.sessions import capability_to_dict, me_to_dict, session_to_dict, status_change_to_dict
from application.sessions.read_sessions import SessionReport
from application.webhooks.read_webhooks import WebhookReport
from application.webhooks.representation import (
    dead_letter_to_dict,
    delivery_to_dict,
    new_webhook_to_dict,
    webhook_to_dict,
)
from application.webhooks.representation import report_to_dict as webhook_report_to_dict
from domain.bridge import Bridge, BridgeSource, ReplacedBridge
from domain.changes import Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.contact_content import CardAddress, CardEntry, CardName, CardPhone, ContactCard, Contacts
from domain.content import Content, Text, Unsupported
from domain.event import (
    PAYLOAD_TYPES,
    Event,
    MessageAcked,
    MessageCanceled,
    MessageDeleted,
    MessageEdited,
    MessageExpired,
    MessageFailed,
    MessagePinned,
    MessageQueued,
    MessageReacted,
    MessageReceived,
    MessageRevoked,
    MessageSent,
    MessageStarred,
    PairingCodeIssued,
    Payload,
    PollVoted,
    QrIssued,
    SessionStatusChanged,
    WebhookDisabled,
)
from domain.event_content import CallType, EventInvitation
from domain.group_invite_content import GroupInvite
from domain.ids import EventId, MediaId, MessageId, SessionId, WebhookId, WhatsAppMessageId
from domain.interactive_content import Choice, Interactive, InteractiveReply, ListMenu, ReplyButtons, Section
from domain.jid import Jid
from domain.location_content import Location
from domain.media import Media, MediaFacts, MediaKind
from domain.media_content import Audio, Document, Image, MediaReference, Sticker, Video
from domain.media_events import MessageMediaStored
from domain.message import Direction, Failure, Message, MessageStatus
from domain.message_state import MessageState
from domain.operations import Edit, Pin, PollVote, Reaction, Revoke
from domain.poll_content import Poll
from domain.session import Capability, Me, Session, SessionStatus, StatusReason
from domain.text_content import LinkPreview
from domain.webhook import DeliveryKind, DeliveryOutcome, DisabledReason, WebhookEndpoint
from entrypoints.rest.app import create_app
from entrypoints.rest.config import RestConfig
from entrypoints.rest.models import events, media, messages, sessions, webhooks
from entrypoints.rest.models.problem import Problem as ProblemModel
from entrypoints.rest.openapi import to_text
from entrypoints.rest.problem import INTERNAL
from entrypoints.rest.reasons import REASONS
from entrypoints.rest.routes.sessions import report_to_dict
from entrypoints.use_cases import UseCases
from tests.pacing_samples import PACING_PAYLOADS
from tests.people_samples import PEOPLE_PAYLOADS
from tests.unit.domain.group_values import GROUP_PAYLOADS

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 22, 14, 3, 21, 482913, tzinfo=UTC)
ANA, BEN = Jid.from_phone("15550100100"), Jid.from_phone("15550100200")
ME = Me(jid=ANA, lid=Jid.parse("9000000001@lid"), name="Ana")


def message(content: Content, **more: Any) -> Message:
    return Message(
        id=MessageId("msg_1"),
        session_id=SessionId("ana"),
        whatsapp_id=WhatsAppMessageId("true_x_1"),
        direction=Direction.OUTBOUND,
        chat=BEN,
        sender=ANA,
        recipient=BEN,
        content=content,
        status=MessageStatus.FAILED,
        created_at=NOW,
        **more,
    )


PLAIN = message(Text(body="hi"))
FULL = message(
    Unsupported(kind="poll_creation", raw={"a": [1]}),
    alternate=Jid.parse("9000000002@lid"),
    push_name="Ben",
    reply_to=WhatsAppMessageId("true_x_0"),
    failure=Failure(reason="SEND_REFUSED", message="No."),
    sent_at=NOW,
    delivered_at=NOW,
    read_at=NOW,
    played_at=NOW,
)
NEW = Session.create(id=SessionId("ana"), name="Ana", start=True, metadata={"a": "b"}, now=NOW)
LINKED = NEW.link(ME, NEW.created_at).observe(SessionStatus.STARTING, StatusReason.REQUESTED, NOW, detail="so")
BRIDGE = Bridge(
    version="4.6.0",
    sha256="0" * 64,
    source=BridgeSource.ROLLED_BACK,
    rolled_back_from=ReplacedBridge(version=None, sha256=None, detail="it can't be read"),
)
CAPABILITY = Capability(name="SEND_TEXT", available=False, detail="chat.sendTextMessage")
CHANGE: dict[str, Any] = {
    "target": WhatsAppMessageId("true_x_1"),
    "chat": BEN,
    "by": BEN,
    "from_me": False,
    "at": NOW,
    "alternate": Jid.parse("9000000002@lid"),
}
POLL = message(
    Poll(question="?", options=("a", "b")),
    forwarded=True,
    state=MessageState(
        edited=Edited(**CHANGE, body="new"),
        revoked=Revoked(**CHANGE),
        deleted=Deleted(**CHANGE),
        starred=Starred(**CHANGE, starred=True),
        pinned=Pinned(**CHANGE, until=NOW),
        reactions=(Reacted(**CHANGE, emoji="👍"),),
        votes=(Voted(**CHANGE, options=("a",)),),
    ),
)
CONTENTS: list[Content] = [
    Text(body="hi", mention_all=True, preview=LinkPreview(url="https://a.example", title="A", thumbnail=b"jpeg")),
    Location(latitude=1.5, longitude=-2, name="Here"),
    Contacts(
        cards=(
            ContactCard(
                name=CardName(formatted="Ana", first="Ana"),
                phones=(CardPhone(phone="+1", type="CELL", whatsapp="15550100100"),),
                emails=(CardEntry(value="a@example.com"),),
                urls=(CardEntry(value="https://a.example", type="WORK"),),
                addresses=(CardAddress(city="Lisboa"),),
                company="Pombo",
                birthday="1990-02-28",
            ),
        )
    ),
    EventInvitation(
        name="x", starts_at=NOW, ends_at=NOW, location=Location(latitude=0, longitude=0), call=CallType.VIDEO
    ),
    GroupInvite(group=Jid.parse("120363000000000001@g.us"), code="Lh3Qw9ZxT0aB7cDe", expires_at=NOW),
    Interactive(
        body="x",
        header="h",
        footer="f",
        action=ListMenu(button="b", sections=(Section(title="s", rows=(Choice(id="1", title="one"),)),)),
    ),
    Interactive(body="x", action=ReplyButtons(buttons=(Choice(id="1", title="one"),))),
    InteractiveReply(choice=Choice(id="1", title="one", description="d"), of_list=True),
    Reaction(target=WhatsAppMessageId("true_x_1"), emoji="👍"),
    Edit(target=WhatsAppMessageId("true_x_1"), body="new", mentions=(BEN,)),
    Revoke(target=WhatsAppMessageId("true_x_1")),
    PollVote(target=WhatsAppMessageId("true_x_1"), options=("a",)),
    Pin(target=WhatsAppMessageId("true_x_1"), duration=timedelta(days=7)),
]
MEDIA = Media(
    id=MediaId("media_1"),
    kind=MediaKind.AUDIO,
    mime_type="audio/ogg; codecs=opus",
    size=1_000,
    sha256="0" * 64,
    filename="note.ogg",
    facts=MediaFacts(duration=timedelta(seconds=3.25), waveform=(0, 100)),
    created_at=NOW,
    expires_at=NOW,
)
FILE = MediaReference(mime_type="image/webp", size=9, sha256="0" * 64, id=MediaId("media_1"))
FILES: list[Content] = [
    Image(media=FILE, caption="x", width=1, height=2, view_once=True),
    Image(media=MediaReference(mime_type="image/jpeg")),
    Video(media=FILE, caption="x", gif=True, width=1, height=2, duration=timedelta(seconds=1.5)),
    Audio(media=FILE, voice=True, duration=timedelta(seconds=1), waveform=(1, 2)),
    Document(media=FILE, filename="a.pdf", caption="x"),
    Sticker(media=FILE, animated=True, width=512, height=512),
]
PAYLOADS: list[Payload] = [
    *GROUP_PAYLOADS,
    SessionStatusChanged(status=SessionStatus.WORKING, reason=StatusReason.LINKED, detail=None, me=ME),
    SessionStatusChanged(status=SessionStatus.STOPPED, reason=StatusReason.CREATED, detail="x", me=None),
    QrIssued(expires_at=NOW),
    PairingCodeIssued(expires_at=NOW),
    MessageQueued(message=PLAIN),
    MessageSent(message=FULL),
    MessageReceived(message=PLAIN),
    MessageFailed(message=FULL),
    MessageCanceled(message=FULL),
    MessageExpired(message=PLAIN),
    MessageAcked(
        message_id=MessageId("msg_1"),
        whatsapp_id=WhatsAppMessageId("true_x_1"),
        chat=BEN,
        status=MessageStatus.READ,
        at=NOW,
        participant=BEN,
    ),
    MessageEdited(message_id=None, change=Edited(**CHANGE, body="new", mentions=(BEN,))),
    MessageRevoked(message_id=MessageId("msg_1"), change=Revoked(**CHANGE)),
    MessageReacted(message_id=MessageId("msg_1"), change=Reacted(**CHANGE, emoji="👍")),
    PollVoted(message_id=MessageId("msg_1"), change=Voted(**CHANGE, options=("a",))),
    MessageEdited(message_id=None, change=Edited(**CHANGE, body="x", event=EventInvitation(name="x", starts_at=NOW))),
    MessagePinned(message_id=MessageId("msg_1"), change=Pinned(**CHANGE, until=NOW)),
    MessageStarred(message_id=MessageId("msg_1"), change=Starred(**CHANGE, starred=True)),
    MessageDeleted(message_id=MessageId("msg_1"), change=Deleted(**CHANGE)),
    MessageMediaStored(
        message_id=MessageId("msg_1"), whatsapp_id=WhatsAppMessageId("false_1_2"), chat=PLAIN.chat, media=MEDIA
    ),
    WebhookDisabled(endpoint_id=WebhookId("whk_1"), reason=DisabledReason.FAILING, failing_since=NOW),
    *PEOPLE_PAYLOADS,
    *PACING_PAYLOADS,
]
PLAIN_WEBHOOK = WebhookEndpoint(
    id=WebhookId("whk_1"), url="https://a.example/", secret="whsec_YQ==", created_at=NOW, updated_at=NOW
)
FULL_WEBHOOK = replace(
    PLAIN_WEBHOOK.disable(DisabledReason.GONE, NOW).rotate("whsec_Yg==", overlap=timedelta(hours=1), now=NOW),
    types=("message.ack",),
    session_ids=(SessionId("ana"),),
    headers={"X-Team": "a"},
    failing_since=NOW,
)
WEBHOOK_REPORT = WebhookReport(endpoint=FULL_WEBHOOK, backlog=3, dead_letters=1, last_success_at=NOW)
DELIVERY = Delivery(
    webhook_id=WebhookId("whk_1"),
    event_id=EventId("evt_1"),
    event_type="webhook.test",
    session_id=None,
    kind=DeliveryKind.TEST,
    attempt=1,
    at=NOW,
    took=timedelta(milliseconds=12.6),
    outcome=DeliveryOutcome.TIMEOUT,
    detail="No answer.",
)
LETTER = DeadLetter(
    webhook_id=WebhookId("whk_1"),
    event_id=EventId("evt_1"),
    event_type="message.ack",
    session_id=SessionId("ana"),
    position=7,
    attempts=3,
    first_failed_at=NOW,
    given_up_at=NOW,
    outcome=DeliveryOutcome.REFUSED,
    status=500,
)


def event(payload: Payload) -> Event:
    return Event(id=EventId("evt_1"), session_id=SessionId("ana"), time=NOW, sequence=7, payload=payload)


SHOWN: list[tuple[type[BaseModel], dict[str, Any] | None]] = [
    *((messages.Message, message_to_dict(shown)) for shown in (PLAIN, FULL, POLL, *map(message, (*CONTENTS, *FILES)))),
    (media.Media, media_to_dict(MEDIA)),
    *((sessions.Session, session_to_dict(shown)) for shown in (NEW, LINKED)),
    (sessions.Me, me_to_dict(ME)),
    (sessions.StatusChange, status_change_to_dict(LINKED.last_change())),
    (sessions.Capability, capability_to_dict(CAPABILITY)),
    (
        sessions.SessionStatusReport,
        report_to_dict(
            SessionReport(session=LINKED, history=[NEW.last_change()], capabilities=(CAPABILITY,), bridge=BRIDGE)
        ),
    ),
    *((events.Event, event_to_dict(event(payload))) for payload in PAYLOADS),
    (webhooks.Webhook, webhook_to_dict(PLAIN_WEBHOOK)),
    (webhooks.NewWebhook, new_webhook_to_dict(FULL_WEBHOOK)),
    (webhooks.WebhookReport, webhook_report_to_dict(WEBHOOK_REPORT)),
    (webhooks.Delivery, delivery_to_dict(DELIVERY)),
    (webhooks.DeadLetter, dead_letter_to_dict(LETTER)),
    (ProblemModel, INTERNAL.to_dict("request-1")),
]


@pytest.mark.parametrize(("model", "shown"), SHOWN)
def test_the_models_are_what_is_shown(model: type[BaseModel], shown: dict[str, Any] | None) -> None:
    """Read by its model and written again, a representation stays as it is: no field too many, none too few."""
    read = model.model_validate(shown)
    assert read.model_dump(mode="json", by_alias=True, exclude_unset=True) == shown


def test_every_kind_of_event_is_shown() -> None:
    assert {payload.TYPE for payload in PAYLOADS} == set(PAYLOAD_TYPES)
    assert MessagePage(items=[PLAIN], next_page_token=None).items


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(object.__new__(UseCases), RestConfig()).openapi()


def test_the_document_is_the_one_checked_in(document: dict[str, Any]) -> None:
    assert (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8") == to_text(document), (
        "the API has changed; write it anew: python -m entrypoints.rest.openapi docs/openapi.json"
    )


def test_the_version_is_the_packages() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    assert RestConfig().version == version[1]


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))
    for operation in operations(document):
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= {tag["name"] for tag in document["tags"]}
        for parameter in operation.get("parameters", []):
            assert parameter.get("description") or parameter["name"] in {
                "session_id",
                "message_id",
                "media_id",
                "webhook_id",
                "group_id",
                "user_id",
                "key_id",
                "code",
                "direction",
                "status",
            }


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for operation in operations(document):
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert errors.keys() >= {"401", "500"} or operation["security"] == []
        for answer in errors.values():
            assert list(answer["content"]) == ["application/problem+json"]
            for reason, example in answer["content"]["application/problem+json"].get("examples", {}).items():
                assert reason in REASONS
                assert ProblemModel.model_validate({"retry_after": None} | example["value"]).reason == reason


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert name in document["components"]["schemas"]
