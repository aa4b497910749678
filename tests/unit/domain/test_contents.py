"""Contents: what can be sent and what can't, and vCards."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact_content import CardName, CardPhone, ContactCard, Contacts
from domain.errors import InvalidArgumentError
from domain.event_content import EventInvitation
from domain.group_invite_content import GroupInvite
from domain.ids import WhatsAppMessageId
from domain.interactive_content import Choice, Interactive, ListMenu, ReplyButtons, Section
from domain.jid import Jid
from domain.location_content import Location
from domain.operations import Pin, Reaction
from domain.poll_content import Poll
from domain.vcard import read_vcard, write_vcard
from tests.unit.domain.content_values import cards

TARGET = WhatsAppMessageId("true_15550100200@c.us_3EB0")
GROUP = Jid.parse("120363000000000001@g.us")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def card(**more: Any) -> ContactCard:
    return ContactCard(name=CardName(formatted="Ana"), **more)


def rows(count: int) -> tuple[Choice, ...]:
    return tuple(Choice(id=str(n), title=f"Row {n}") for n in range(count))


def menu(*sections: Section) -> ListMenu:
    return ListMenu(button="Choose", sections=sections)


@pytest.mark.parametrize(
    ("compose", "reason", "field"),
    [
        (lambda: Location.compose(90.1, 0), "INVALID_COORDINATES", "location.latitude"),
        (lambda: Location.compose(0, -181), "INVALID_COORDINATES", "location.longitude"),
        (lambda: Location.compose(float("nan"), 0), "INVALID_COORDINATES", "location.latitude"),
        (lambda: Location.compose(0, 0, name="x" * 1_001), "TEXT_TOO_LONG", "location.name"),
        (lambda: Contacts.compose([]), "INVALID_CONTACTS", "contacts"),
        (lambda: Contacts.compose([card()] * 258), "INVALID_CONTACTS", "contacts"),
        (
            lambda: Contacts.compose([ContactCard(name=CardName(formatted=" "))]),
            "EMPTY_TEXT",
            "contacts[0].name.formatted_name",
        ),
        (lambda: Contacts.compose([card(phones=(CardPhone(phone=""),))]), "EMPTY_TEXT", "contacts[0].phones[0].phone"),
        (
            lambda: Contacts.compose([card(phones=(CardPhone(phone="1", whatsapp="1;x=2"),))]),
            "INVALID_CONTACTS",
            "contacts[0].phones[0].wa_id",
        ),
        (
            lambda: Contacts.compose([card(phones=(CardPhone(phone="1", type="A:B"),))]),
            "INVALID_CONTACTS",
            "contacts[0].phones[0].type",
        ),
        (lambda: Poll.compose(" ", ["a", "b"]), "EMPTY_TEXT", "poll.question"),
        (lambda: Poll.compose("q" * 256, ["a", "b"]), "TEXT_TOO_LONG", "poll.question"),
        (lambda: Poll.compose("q", ["a"]), "INVALID_POLL", "poll.options"),
        (lambda: Poll.compose("q", [str(n) for n in range(13)]), "INVALID_POLL", "poll.options"),
        (lambda: Poll.compose("q", ["a", "a "]), "INVALID_POLL", "poll.options"),
        (lambda: Poll.compose("q", ["a", "b" * 101]), "TEXT_TOO_LONG", "poll.options[1]"),
        (lambda: Poll.compose("q", ["a", "b"], selectable=3), "INVALID_POLL", "poll.selectable"),
        (lambda: Poll.compose("q", ["a", "b"], selectable=-1), "INVALID_POLL", "poll.selectable"),
        (
            lambda: EventInvitation.compose("x", NOON, ends_at=NOON.replace(hour=11)),
            "INVALID_EVENT_TIME",
            "event.end_time",
        ),
        (lambda: EventInvitation.compose("", NOON), "EMPTY_TEXT", "event.name"),
        (
            lambda: GroupInvite.compose(Jid.parse("15550100200@c.us"), "x" * 16),
            "INVALID_GROUP_INVITE",
            "group_invite.group_id",
        ),
        (lambda: GroupInvite.compose(GROUP, "https://chat"), "INVALID_GROUP_INVITE", "group_invite.code"),
        (lambda: Interactive.compose("x", menu()), "INVALID_INTERACTIVE", "interactive.action.sections"),
        (
            lambda: Interactive.compose("x", menu(Section(title=None, rows=rows(11)))),
            "INVALID_INTERACTIVE",
            "interactive.action.sections",
        ),
        (
            lambda: Interactive.compose("x", menu(Section(title=None, rows=rows(1)), Section(title="b", rows=rows(1)))),
            "EMPTY_TEXT",
            "interactive.action.sections[0].title",
        ),
        (
            lambda: Interactive.compose("x", menu(Section(title="a", rows=rows(1)), Section(title="b", rows=rows(1)))),
            "INVALID_INTERACTIVE",
            "interactive.action.sections",
        ),
        (
            lambda: Interactive.compose("x", ReplyButtons(buttons=rows(4))),
            "INVALID_INTERACTIVE",
            "interactive.action.buttons",
        ),
        (
            lambda: Interactive.compose("x" * 1_025, ReplyButtons(buttons=rows(1))),
            "TEXT_TOO_LONG",
            "interactive.body.text",
        ),
        (lambda: Reaction.compose(TARGET, "ok"), "INVALID_EMOJI", "emoji"),
        (lambda: Reaction.compose(TARGET, "1"), "INVALID_EMOJI", "emoji"),
        (lambda: Reaction.compose(TARGET, "👍" * 30), "INVALID_EMOJI", "emoji"),
        (lambda: Reaction.compose(TARGET, "\ud83d"), "INVALID_EMOJI", "emoji"),
        (lambda: Pin.compose(TARGET, NOON - NOON), "INVALID_DURATION", "duration"),
    ],
)
def test_what_cant_be_sent_is_refused_with_its_reason(compose: Any, reason: str, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        compose()
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize(
    "emoji",
    [
        "👍",
        "❤️",
        "👨\u200d👩\u200d👧\u200d👦",
        "1️⃣",
        "🇵🇹",
        "©️",
        "👍🏽",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_emoji_are_taken_whole(emoji: str) -> None:
    assert Reaction.compose(TARGET, emoji).emoji == emoji


def test_a_choice_has_to_be_one_that_the_poll_allows() -> None:
    poll = Poll.compose("?", ["a", "b", "c"], selectable=2)
    poll.check_choice(())
    poll.check_choice(("a", "c"))
    for chosen, reason in ((("d",), "UNKNOWN_POLL_OPTION"), (("a", "b", "c"), "TOO_MANY_POLL_OPTIONS")):
        with pytest.raises(InvalidArgumentError) as caught:
            poll.check_choice(chosen)
        assert caught.value.reason == reason
    Poll.compose("?", ["a", "b", "c"], selectable=0).check_choice(("a", "b", "c"))


@given(cards)
def test_a_card_survives_its_vcard(given_card: ContactCard) -> None:
    assert read_vcard(write_vcard(given_card)) == given_card


@given(st.text())
def test_any_text_can_be_read_as_a_vcard(text: str) -> None:
    read_vcard(text, name="x")


def test_a_vcard_of_a_phones_own_making_is_read() -> None:
    text = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Silva;Ana;;;\r\nFN:Ana Silva\r\n"
        "item1.TEL;type=CELL;type=pref;waid=15550100200:+1 555\r\n  010 0200\r\nitem1.X-ABLabel:Mobile\r\n"
        "EMAIL;TYPE=INTERNET,HOME:ana@example.com\r\nORG:Pombo\\; Filhos;\r\nPHOTO;BASE64:AAAA\r\nEND:VCARD"
    )
    read = read_vcard(text)
    assert read.name == CardName(formatted="Ana Silva", first="Ana", last="Silva")
    assert read.phones == (CardPhone(phone="+1 555 010 0200", type="CELL", whatsapp="15550100200"),)
    assert [(entry.value, entry.type) for entry in read.emails] == [("ana@example.com", "HOME")]
    assert (read.company, read.department) == ("Pombo; Filhos", None)
