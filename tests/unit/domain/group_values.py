"""Values of groups, for tests of forms."""

from typing import Final

from hypothesis import strategies as st

from domain.event import (
    GroupJoined,
    GroupLeft,
    GroupParticipantsChanged,
    GroupRequested,
    GroupUpdated,
    Payload,
)
from domain.group import ParticipantAction, RequestState
from domain.group_notice import GroupNotice, NoticeKind
from domain.jid import Jid, Server

GROUP: Final = Jid.parse("120363000000000001@g.us")
ANA: Final = Jid.parse("15550100001@c.us")
BEN: Final = Jid.parse("900000002@lid")

NOTICE: Final = GroupNotice(kind=NoticeKind.PROMOTED, name="promote", people=(ANA, BEN), includes_me=True, text="on")
GROUP_PAYLOADS: Final[tuple[Payload, ...]] = (
    GroupJoined(group=GROUP, by=ANA, subject="Pigeons"),
    GroupLeft(group=GROUP, by=ANA, removed=True),
    GroupParticipantsChanged(
        group=GROUP, action=ParticipantAction.PROMOTE, participants=(ANA, BEN), by=ANA, by_themselves=True
    ),
    GroupUpdated(group=GROUP, changed=NoticeKind.ANNOUNCE, value="on", by=BEN),
    GroupRequested(group=GROUP, participants=(BEN,), state=RequestState.PENDING),
)

_people = st.builds(Jid, user=st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True), server=st.just(Server.USER))
_lists = st.lists(_people, max_size=3).map(tuple)
_texts = st.none() | st.text()
notices = st.builds(
    GroupNotice,
    kind=st.sampled_from(NoticeKind),
    name=st.text(),
    people=_lists,
    includes_me=st.booleans(),
    text=_texts,
)
group_payloads: st.SearchStrategy[Payload] = st.one_of(
    st.builds(GroupJoined, group=st.just(GROUP), by=_people, subject=_texts),
    st.builds(GroupLeft, group=st.just(GROUP), by=_people, removed=st.booleans()),
    st.builds(
        GroupParticipantsChanged,
        group=st.just(GROUP),
        action=st.sampled_from(ParticipantAction),
        participants=_lists,
        by=_people,
        by_themselves=st.booleans(),
    ),
    st.builds(GroupUpdated, group=st.just(GROUP), changed=st.sampled_from(NoticeKind), value=_texts, by=_people),
    st.builds(GroupRequested, group=st.just(GROUP), participants=_lists, state=st.sampled_from(RequestState)),
)
