from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConflictError, InvalidArgumentError
from domain.ids import SessionId, parse_message_id, parse_session_id
from domain.session import Session, SessionStatus, StatusReason, Wanted

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def session(**changes: object) -> Session:
    fields: dict[str, object] = {"id": SessionId("ana"), "name": "Ana", "start": True, "metadata": {}, "now": NOW}
    return Session.create(**(fields | changes))  # type: ignore[arg-type]  # the tests give wrong values on purpose


def test_a_new_session_is_stopped_and_wanted_as_asked() -> None:
    assert (session().status, session().wanted) == (SessionStatus.STOPPED, Wanted.RUNNING)
    assert session(start=False).wanted is Wanted.STOPPED


@given(st.lists(st.sampled_from(list(SessionStatus)), max_size=30))
def test_every_way_through_the_states_starts_before_it_works(wishes: list[SessionStatus]) -> None:
    now = session()
    for wish in wishes:
        before = now.status
        try:
            now = now.observe(wish, StatusReason.REQUESTED, NOW)
        except ConflictError as error:
            assert error.reason == "INVALID_TRANSITION"
            continue
        if now.status is SessionStatus.WORKING and before is not SessionStatus.WORKING:
            assert before not in {SessionStatus.STOPPED, SessionStatus.FAILED, SessionStatus.LOGGED_OUT}


def test_the_same_observation_changes_nothing() -> None:
    starting = session().observe(SessionStatus.STARTING, StatusReason.PAGE_LOADING, NOW)
    assert starting.observe(SessionStatus.STARTING, StatusReason.PAGE_LOADING, NOW) is starting
    assert starting.observe(SessionStatus.STARTING, StatusReason.SYNCING, NOW) is not starting


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"])
def test_refuses_a_bad_name(name: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        session(name=name)
    assert caught.value.reason == "INVALID_NAME"


@pytest.mark.parametrize("metadata", [{"": "x"}, {"k" * 65: "x"}, {"k": "v" * 513}, {"k": "\x00"},
                                      {str(n): "" for n in range(51)}])  # fmt: skip
def test_refuses_bad_metadata(metadata: dict[str, str]) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        session(metadata=metadata)
    assert caught.value.reason == "INVALID_METADATA"


@pytest.mark.parametrize("slug", ["a", "9lives", "team-1_b", "x" * 63])
def test_a_slug_is_an_id(slug: str) -> None:
    assert parse_session_id(slug) == slug


@pytest.mark.parametrize("slug", ["", "-a", "_a", "A", "a b", "a/b", "..", "x" * 64, "ä", "a\n"])
def test_anything_else_is_not(slug: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_session_id(slug)
    assert caught.value.reason == "INVALID_SESSION_ID"


@pytest.mark.parametrize(
    "text", ["", "msg_", "msg_1", "MSG_01ARZ3NDEKTSV4RRFFQ69G5FAV", "msg_01ARZ3NDEKTSV4RRFFQ69G5FA\x00"]
)
def test_a_message_id_is_checked_before_anybody_looks_for_it(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_message_id(text)
    assert caught.value.reason == "INVALID_MESSAGE_ID"
