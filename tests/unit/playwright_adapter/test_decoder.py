from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.playwright import decoder
from adapters.playwright.decoder import Decoder
from adapters.playwright.fields import MalformedError
from domain.content import Text, Unsupported
from domain.errors import InvalidArgumentError
from domain.jid import Jid
from domain.message import MessageStatus

TEXT: dict[str, Any] = {
    "id": "false_15550100200@c.us_3A0001",
    "chat": "15550100200@c.us",
    "sender": "15550100200:7@c.us",
    "recipient": "15550100100@c.us",
    "fromMe": False,
    "t": 1_795_000_000,
    "ack": 1,
    "type": "chat",
    "body": "hello",
    "mentions": ["15550100300@c.us"],
    "replyTo": "true_15550100200@c.us_3EB0",
    "pushName": "Ben",
    "alternate": "9000000001@lid",
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def test_a_text() -> None:
    message = decoder.message(TEXT)
    assert message.content == Text(body="hello", mentions=(Jid.parse("15550100300@c.us"),))
    assert message.sender == message.chat == Jid.parse("15550100200@c.us")
    assert message.timestamp == datetime.fromtimestamp(1_795_000_000, UTC)
    assert message.alternate == Jid.parse("9000000001@lid")
    assert (message.push_name, message.reply_to) == ("Ben", "true_15550100200@c.us_3EB0")
    assert message.status is MessageStatus.DELIVERED


def test_an_unknown_kind_is_kept() -> None:
    message = decoder.message({**TEXT, "type": "hologram", "raw": {"depth": 3}})
    assert message.content == Unsupported(kind="hologram", raw={"depth": 3})


@pytest.mark.parametrize(
    ("ack", "own", "theirs"),
    [
        (-1, None, MessageStatus.DELIVERED),
        (0, None, MessageStatus.DELIVERED),
        (1, MessageStatus.SENT, MessageStatus.DELIVERED),
        (2, MessageStatus.DELIVERED, MessageStatus.DELIVERED),
        (3, MessageStatus.READ, MessageStatus.READ),
        (4, MessageStatus.PLAYED, MessageStatus.PLAYED),
        (5, MessageStatus.SENT, MessageStatus.DELIVERED),
    ],
)
def test_acks(ack: int, own: MessageStatus | None, theirs: MessageStatus) -> None:
    assert decoder.message_status(ack, from_me=True) is own
    assert decoder.message_status(ack, from_me=False) is theirs


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": 7},
        {"chat": "nobody"},
        {"fromMe": "yes"},
        {"t": "now"},
        {"t": True},
        {"t": 1e300},
        {"body": None},
        {"mentions": "all"},
        {"type": None},
        {"type": "image", "raw": "text"},
    ],
)
def test_malformed_messages_are_named(change: dict[str, Any]) -> None:
    with pytest.raises((MalformedError, InvalidArgumentError)):
        decoder.message({**TEXT, **change})


def test_the_rest_goes_on_after_a_malformed_element() -> None:
    reader = Decoder("s")
    found = reader.messages([TEXT, {"id": 1}, None, {**TEXT, "id": "false_15550100200@c.us_3A0002"}])
    assert [message.whatsapp_id[-1] for message in found] == ["1", "2"]
    assert reader.malformed == 2


def test_receipts() -> None:
    reader = Decoder("s")
    own = {"id": "true_120363000000000001@g.us_3EB0", "ack": 3, "at": 1_795_000_000_500}
    found = reader.receipts([own, {**own, "participant": "9000000001@lid"}, {**own, "ack": 0}])
    assert [receipt.status for receipt in found] == [MessageStatus.READ, MessageStatus.READ]
    assert found[0].at.microsecond == 500_000
    assert found[1].participant == Jid.parse("9000000001@lid")
    assert reader.malformed == 1


@given(JSON)
def test_nothing_crashes_the_decoder(junk: object) -> None:
    reader = Decoder("s")
    for read in (reader.messages, reader.receipts, reader.capabilities):
        read(junk)
        read([junk, {**TEXT, "t": junk}, {**TEXT, "raw": junk, "type": "x"}])


def test_extras_that_cant_be_read_dont_cost_the_message() -> None:
    message = decoder.message({**TEXT, "mentions": ["15550100300@c.us", "1@bot", 7], "alternate": "5@hosted.lid"})
    assert message.content == Text(body="hello", mentions=(Jid.parse("15550100300@c.us"),))
    assert message.alternate is None
