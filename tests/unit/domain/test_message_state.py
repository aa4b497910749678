"""What a message shows doesn't depend on how often, or in which order, changes are told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.changes import AnyChange, Edited, Reacted, Revoked, Voted
from domain.content import Unsupported
from domain.event_content import EventInvitation
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.message_state import NOTHING_DONE, MessageState
from domain.text_content import Text
from tests.unit.domain.content_values import changes

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANA, ANA_LID, BEN = (Jid.parse(text) for text in ("15550100100@c.us", "9000000001@lid", "15550100200@c.us"))


def common(by: Jid = ANA, at: float = 0, **more: Any) -> dict[str, Any]:
    return {
        "target": WhatsAppMessageId("true_15550100200@c.us_3EB0"),
        "chat": BEN,
        "by": by,
        "from_me": False,
        "at": NOON + timedelta(seconds=at),
        **more,
    }


def after(*told: AnyChange) -> MessageState:
    return reduce(lambda state, change: state.apply(change), told, NOTHING_DONE)


def news(*told: AnyChange) -> list[AnyChange]:
    """Those that an event would tell of."""
    state, found = NOTHING_DONE, []
    for change in told:
        before, state = state, state.apply(change)
        if state is not before and state.says_more(before, change):
            found.append(change)
    return found


@given(st.lists(changes, max_size=8, unique_by=lambda change: change.at), st.randoms())
def test_the_order_of_telling_says_nothing(told: list[AnyChange], random: Any) -> None:
    # Told by one address each, persons are told apart whatever comes first.
    told = [type(change)(**(vars_of(change) | {"alternate": None, "from_me": False})) for change in told]
    told = [change for change in told if not isinstance(change, Revoked)]
    shuffled = told * 2
    random.shuffle(shuffled)
    assert shown(after(*told)) == shown(after(*shuffled))


def vars_of(change: AnyChange) -> dict[str, Any]:
    return {name: getattr(change, name) for name in change.__dataclass_fields__}


def shown(state: MessageState) -> Any:
    deleted = state.deleted is not None
    return state.edited, state.pinned, state.starred, deleted, state.present_reactions, state.present_votes


@given(st.lists(changes, max_size=8))
def test_told_twice_is_told_once(told: list[AnyChange]) -> None:
    assert len(news(*told, *told)) == len(news(*told))


def test_a_person_has_one_reaction_whichever_address_it_is_told_under() -> None:
    first = Reacted(**common(ANA, 1), emoji="👍")
    by_lid = Reacted(**common(ANA_LID, 2, alternate=ANA), emoji="❤️")
    state = after(first, by_lid)
    assert [each.emoji for each in state.present_reactions] == ["❤️"]
    assert news(first, by_lid, Reacted(**common(ANA, 3), emoji="❤️")) == [first, by_lid]
    assert after(by_lid, Reacted(**common(ANA, 3), emoji="")).present_reactions == ()


def test_what_is_older_changes_nothing_even_where_the_newest_was_taken_back() -> None:
    taken_back = Reacted(**common(ANA, 5), emoji="")
    late = Reacted(**common(ANA, 1), emoji="👍")
    assert after(taken_back, late).present_reactions == ()
    assert news(taken_back, late) == []


def test_votes_make_results() -> None:
    state = after(
        Voted(**common(ANA, 1), options=("a", "b")),
        Voted(**common(BEN, 2), options=("a",)),
        Voted(**common(BEN, 3), options=("b",)),
    )
    assert [(result.option, result.voters) for result in state.results(["a", "b", "c"])] == [
        ("a", (ANA,)),
        ("b", (ANA, BEN)),
        ("c", ()),
    ]


def test_an_edited_event_is_another_one_and_takes_no_text() -> None:
    old, new = (EventInvitation(name=name, starts_at=common()["at"]) for name in ("old", "new"))
    edit = Edited(**common(ANA, 1), body="new", event=new)
    assert after(edit).content(old) == new
    assert after(Edited(**common(), body="text")).content(old) == old
    moved = Edited(**common(ANA, 2), body="new", event=replace(new, description="moved"))
    assert news(edit, moved, edit) == [edit, moved]


def test_an_edit_shows_where_there_is_a_text() -> None:
    state = after(Edited(**common(), body="new", mentions=(BEN,)))
    assert state.content(Text(body="old")) == Text(body="new", mentions=(BEN,))
    unknown = Unsupported(kind="odd", raw={})
    assert state.content(unknown) is unknown
