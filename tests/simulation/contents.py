"""What people and programs of a run say to each other: every kind of content, each with words of its own in it."""

import random
from datetime import UTC, datetime, timedelta
from typing import Final

from application.ports.page_events import SeenMessage
from domain.contact_content import CardName, CardPhone, ContactCard, Contacts
from domain.content import Content, Text
from domain.event_content import EventInvitation
from domain.group_invite_content import GroupInvite
from domain.interactive_content import Choice, Interactive, ListMenu, ReplyButtons, Section
from domain.jid import Jid, Server
from domain.location_content import Location
from domain.media_content import Audio, Document, Image, MediaReference, Sticker, Video
from domain.message import Message
from domain.poll_content import Poll
from tests.simulation.files import NAMES, sound_form

_BEGIN: Final = datetime(2030, 1, 1, tzinfo=UTC)
_CHOICE: Final = Choice(id="a", title="The first")
OPTIONS: Final = tuple(f"option {number}" for number in range(8))
"""Of every poll; a choice of several of them is a number in binary."""

FORWARDED: Final = " (forwarded)"


def said(content: Content) -> str | None:
    """What tells a message apart: the words that whoever sent it put there, or its file where it has no words.

    None for what nobody sends here.
    """
    match content:
        case Text(body=words) | Interactive(body=words):
            return words
        case Document(caption=words) | Image(caption=words) | Video(caption=words) | GroupInvite(caption=words):
            return words
        case Audio(media=file) | Sticker(media=file):
            return NAMES.get(file.sha256 or "")
        case Location(name=words):
            return words
        case Contacts(cards=(first, *_)):
            return first.name.formatted
        case Poll(question=words) | EventInvitation(name=words):
            return words
        case _:
            return None


def label(message: Message | SeenMessage) -> str | None:
    """What tells a message apart from all others, a forward of it too, of which there is one at most."""
    words = said(message.content)
    return None if words is None else words + FORWARDED * message.forwarded


def other_than_text(chance: random.Random, words: str) -> Content:
    """Content of some kind that holds no file, with these words in it."""
    match chance.randrange(7):
        case 0:
            return Location.compose(chance.randint(-90, 90), chance.randint(-180, 180), name=words)
        case 1:
            card = ContactCard(name=CardName(formatted=words), phones=(CardPhone(phone="+1 555 010 0999"),))
            return Contacts.compose([card])
        case 2:
            return EventInvitation.compose(words, _BEGIN, ends_at=_BEGIN + timedelta(hours=1))
        case 3:
            return GroupInvite.compose(Jid(user="120363000000000001", server=Server.GROUP), "ABCDEFGH", caption=words)
        case 4:
            return Interactive.compose(words, ReplyButtons(buttons=(_CHOICE,)))
        case 5:
            return Interactive.compose(
                words, ListMenu(button="Choose", sections=(Section(title=None, rows=(_CHOICE,)),))
            )
        case _:
            return Poll.compose(words, OPTIONS, selectable=0)


def wordless(number: int) -> Audio | Sticker:
    """The file without words of this number, as a phone sends it."""
    form = sound_form(number)
    if form == "sticker":
        return Sticker(media=MediaReference(mime_type="image/webp"))
    return Audio(media=MediaReference(mime_type="audio/ogg"), voice=form == "voice")


def choice(number: int) -> tuple[str, ...]:
    """A choice of options that no other number has; number is 1 to 255."""
    return tuple(option for place, option in enumerate(OPTIONS) if number >> place & 1)
