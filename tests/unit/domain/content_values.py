"""Contents without a file, and what is done to messages, for hypothesis."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from domain.changes import AnyChange, Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.contact_content import CardAddress, CardEntry, CardName, CardPhone, ContactCard, Contacts
from domain.content import Content
from domain.event_content import CallType, EventInvitation
from domain.group_invite_content import GroupInvite
from domain.ids import WhatsAppMessageId
from domain.interactive_content import Choice, Interactive, InteractiveReply, ListMenu, ReplyButtons, Section
from domain.jid import Jid, Server
from domain.location_content import Location
from domain.operations import PIN_DURATIONS, Edit, Operation, Pin, PollVote, Reaction, Revoke
from domain.poll_content import Poll
from domain.text_content import LinkPreview, Text
from tests.unit.domain.group_values import notices

# What a person can type: any text that has a UTF-8 form, and isn't blank.
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10).filter(
    lambda text: text.strip()
)
optional_words = st.none() | words
jids = st.builds(
    lambda user, server: Jid(user=str(user), server=server),
    st.integers(10**8, 10**14),
    st.sampled_from([Server.USER, Server.LID]),
)
groups = st.integers(10**8, 10**14).map(lambda user: Jid(user=str(user), server=Server.GROUP))
seconds = st.integers(1_500_000_000, 4_000_000_000).map(lambda stamp: datetime.fromtimestamp(stamp, UTC))
milliseconds = st.builds(lambda time, more: time + timedelta(milliseconds=more), seconds, st.integers(0, 999))
targets = st.sampled_from([WhatsAppMessageId("true_15550100200@c.us_3EB0"), WhatsAppMessageId("false_1@lid_3A")])
locations = st.builds(
    Location,
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    name=optional_words,
    address=optional_words,
)
kinds = st.none() | st.sampled_from(["CELL", "HOME", "WORK", "x-own"])
entries = st.lists(st.builds(CardEntry, value=words, type=kinds), max_size=2).map(tuple)
cards = st.builds(
    ContactCard,
    name=st.builds(
        CardName,
        formatted=words,
        first=optional_words,
        last=optional_words,
        middle=optional_words,
        prefix=optional_words,
        suffix=optional_words,
    ),
    phones=st.lists(
        st.builds(CardPhone, phone=words, type=kinds, whatsapp=st.none() | st.just("15550100200")), max_size=2
    ).map(tuple),
    emails=entries,
    urls=entries,
    addresses=st.lists(
        st.builds(
            CardAddress,
            street=optional_words,
            city=optional_words,
            state=optional_words,
            zip=optional_words,
            country=optional_words,
            type=kinds,
        ),
        max_size=2,
    ).map(tuple),
    company=optional_words,
    department=optional_words,
    title=optional_words,
    birthday=st.none() | st.just("1990-02-28"),
)
polls = st.lists(words, min_size=2, max_size=5, unique_by=str.strip).flatmap(
    lambda options: st.builds(
        Poll, question=words, options=st.just(tuple(options)), selectable=st.integers(0, len(options))
    )
)
events = st.builds(
    lambda starts_at, lasts, **more: EventInvitation(
        starts_at=starts_at, ends_at=None if lasts is None else starts_at + timedelta(seconds=lasts), **more
    ),
    starts_at=seconds,
    lasts=st.none() | st.integers(0, 10**6),
    name=words,
    description=optional_words,
    location=st.none() | locations,
    call=st.none() | st.sampled_from(CallType),
)
invites = st.builds(
    GroupInvite,
    group=groups,
    code=st.just("Lh3Qw9ZxT0aB7cDe"),
    group_name=optional_words,
    caption=optional_words,
    expires_at=st.none() | seconds,
)
rows = st.lists(words, min_size=1, max_size=3, unique=True).flatmap(
    lambda ids: st.tuples(
        *[st.builds(Choice, id=st.just(each), title=words, description=optional_words) for each in ids]
    )
)
lists = st.builds(
    lambda button, title, choices: ListMenu(button=button, sections=(Section(title=title, rows=choices),)),
    words,
    optional_words,
    rows,
)
buttons = rows.map(
    lambda choices: ReplyButtons(buttons=tuple(Choice(id=each.id, title=each.title) for each in choices))
)
interactives = st.builds(Interactive, body=words, action=lists | buttons, header=optional_words, footer=optional_words)
SENDABLE: Final[dict[type[Content], st.SearchStrategy[Any]]] = {
    Location: locations,
    Contacts: st.lists(cards, min_size=1, max_size=2).map(lambda given: Contacts(cards=tuple(given))),
    Poll: polls,
    EventInvitation: events,
    GroupInvite: invites,
    Interactive: interactives,
}
sendable: st.SearchStrategy[Content] = st.one_of(*SENDABLE.values())
"""Contents that a ``compose`` takes, and gives back as they were."""
replies = st.builds(
    InteractiveReply, choice=st.builds(Choice, id=words, title=words, description=optional_words), of_list=st.booleans()
)
rich_texts = st.builds(
    Text,
    body=words,
    mentions=st.lists(jids, max_size=2, unique=True).map(tuple),
    mention_all=st.booleans(),
    preview=st.none()
    | st.builds(
        LinkPreview,
        url=words,
        title=optional_words,
        description=optional_words,
        thumbnail=st.none() | st.binary(min_size=1, max_size=10),
    ),
)
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Reaction, target=targets, emoji=st.sampled_from(["", "👍", "👩🏽\u200d🚀", "1\ufe0f\u20e3", "❤️"])),
    st.builds(Edit, target=targets, body=words, mentions=st.lists(jids, max_size=2, unique=True).map(tuple)),
    st.builds(Revoke, target=targets),
    st.builds(PollVote, target=targets, options=st.lists(words, max_size=3).map(tuple)),
    st.builds(Pin, target=targets, duration=st.none() | st.sampled_from(PIN_DURATIONS)),
)
more_contents: st.SearchStrategy[Content] = st.one_of(
    notices, sendable, replies, rich_texts, operations, st.just(Location(latitude=1.5, longitude=2, live=True))
)


def _change(kind: type[Any], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        kind,
        target=targets,
        chat=jids | groups,
        by=jids,
        from_me=st.booleans(),
        at=milliseconds,
        alternate=st.none() | jids,
        **more,
    )


edited_events = st.builds(lambda event, canceled: replace(event, canceled=canceled), events, st.booleans())
reacted = _change(Reacted, emoji=st.sampled_from(["", "👍", "❤️"]))
edited = _change(Edited, body=words, mentions=st.lists(jids, max_size=2).map(tuple), event=st.none() | edited_events)
revoked = _change(Revoked)
voted = _change(Voted, options=st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True).map(tuple))
pinned = _change(Pinned, until=st.none() | milliseconds)
starred = _change(Starred, starred=st.booleans())
deleted = _change(Deleted)
changes: st.SearchStrategy[AnyChange] = st.one_of(reacted, edited, revoked, voted, pinned, starred, deleted)
