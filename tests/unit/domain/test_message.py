from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.content import MAX_TEXT_CHARACTERS, Text
from domain.errors import InvalidArgumentError
from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import RECEIPTS, Direction, Failure, Message, MessageStatus, advances

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANA, BEN = Jid.parse("15550100100@c.us"), Jid.parse("15550100200@c.us")


def message(status: MessageStatus = MessageStatus.QUEUED) -> Message:
    return Message(
        id=MessageId("msg_1"),
        session_id=SessionId("ana"),
        whatsapp_id=WhatsAppMessageId(f"true_{BEN}_3EB0"),
        direction=Direction.OUTBOUND,
        chat=BEN,
        sender=ANA,
        recipient=BEN,
        content=Text(body="hi"),
        status=status,
        created_at=NOW,
    )


@given(st.lists(st.sampled_from(list(MessageStatus)), max_size=20))
def test_receipts_in_any_order_never_take_a_message_back(receipts: list[MessageStatus]) -> None:
    seen = message()
    reached: list[MessageStatus] = []
    for number, receipt in enumerate(receipts):
        seen = seen.advance(receipt, NOW + timedelta(seconds=number), failure=Failure(reason="R", message="m"))
        reached.append(seen.status)
    order = [s for i, s in enumerate(reached) if i == 0 or s is not reached[i - 1]]
    assert len(order) == len(set(order))
    assert (seen.failure is not None) == (seen.status is MessageStatus.FAILED)


def test_a_receipt_proves_that_a_failed_message_left() -> None:
    failed = message().advance(MessageStatus.FAILED, NOW, failure=Failure(reason="R", message="m"))
    assert failed.advance(MessageStatus.DELIVERED, NOW).failure is None
    assert not advances(MessageStatus.FAILED, MessageStatus.SENDING)


def test_a_message_that_was_taken_back_stays_so() -> None:
    assert all(not advances(MessageStatus.CANCELED, status) for status in MessageStatus)


def test_only_what_is_queued_can_be_taken_back() -> None:
    assert [status for status in MessageStatus if advances(status, MessageStatus.CANCELED)] == [MessageStatus.QUEUED]


def test_a_receipt_proves_that_an_expired_message_left() -> None:
    assert {status for status in MessageStatus if advances(MessageStatus.EXPIRED, status)} == RECEIPTS


def test_an_acknowledged_message_cannot_fail() -> None:
    sent = message(MessageStatus.SENT)
    assert sent.advance(MessageStatus.FAILED, NOW, failure=Failure(reason="R", message="m")) is sent


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "EMPTY_TEXT"),
        (" \n", "EMPTY_TEXT"),
        ("a\x00", "INVALID_TEXT"),
        ("\ud800", "INVALID_TEXT"),
        ("😀" * (MAX_TEXT_CHARACTERS // 2) + "x", "TEXT_TOO_LONG"),
    ],
)
def test_refuses_a_text_that_could_not_be_sent(body: str, reason: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Text.compose(body)
    assert (caught.value.reason, caught.value.field) == (reason, "text.body")


def test_a_text_may_fill_the_limit() -> None:
    assert Text.compose("😀" * (MAX_TEXT_CHARACTERS // 2))


def test_only_users_are_mentioned_each_once() -> None:
    assert Text.compose("@15550100200", (BEN, BEN)).mentions == (BEN,)
    with pytest.raises(InvalidArgumentError, match="Only users"):
        Text.compose("x", (Jid.parse("120363000000000000@g.us"),))


def test_no_step_shows_before_the_one_it_follows() -> None:
    """The page's clock and ours differ, and what was sent first may be recorded last."""
    sent = message().advance(MessageStatus.SENT, NOW + timedelta(seconds=2))
    delivered = sent.advance(MessageStatus.DELIVERED, NOW + timedelta(seconds=1))
    assert delivered.delivered_at == delivered.sent_at == NOW + timedelta(seconds=2)
    assert delivered.advance(MessageStatus.READ, NOW + timedelta(seconds=3)).read_at == NOW + timedelta(seconds=3)
    early = message().advance(MessageStatus.SENT, NOW - timedelta(hours=1))
    assert early.sent_at == early.created_at
