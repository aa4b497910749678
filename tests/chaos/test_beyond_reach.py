"""What may be beyond the reach of a restored page is counted apart, and awaited for a while; nothing else is."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.ledger import Came, Doing, Held, Ledger, Operation, Restored, Stored
from tests.chaos.quiet import Calm, beyond, untold
from tests.chaos.restores import restored
from tests.chaos.samples import ANA, BEN, delete, edit, moment, second, sound, star, vote
from tests.chaos.verdict import judge


@pytest.fixture
def ledger() -> Ledger:
    return sound()


def test_the_end_is_awaited_until_messages_and_changes_are_told(ledger: Ledger) -> None:
    assert untold(ledger) == []
    edit(ledger, 1, told=0)
    (line,) = untold(ledger)
    assert line.startswith("1 edits, deletions, reactions, pins, stars and votes of session s1")
    del ledger.events[1]
    assert len(untold(ledger)) == 2


def _reword(ledger: Ledger, at: int | None) -> Held:
    """Ben edits what he wrote, in that second; no event tells of it."""
    held = next(each for each in ledger.phones[ANA] if each.id == "B1")
    held.edits.append("other words")
    if at is not None:
        held.edited_at.append(moment(at))
    return held


@pytest.mark.parametrize(("taken", "at", "is_beyond"), [(1, 5, True), (2, 2, True), (3, 5, False), (0, 1, False)])
def test_an_edit_of_a_message_that_the_restored_page_may_have_lacked_is_beyond_reach(
    ledger: Ledger, taken: int, at: int, is_beyond: bool
) -> None:
    """The message came in the second second; the snapshot was taken before or after that."""
    _reword(ledger, 9)
    assert judge(ledger).events_missing == ["s1: no event of the edit of p1-1"]
    assert not judge(ledger).beyond_reach
    ledger.restores = [Restored("s1", second(taken), second(at)), Restored("s2", second(1), second(5))]
    verdict = judge(ledger)
    assert (len(verdict.beyond_reach), len(verdict.events_missing)) == ((1, 0) if is_beyond else (0, 1))
    assert verdict.is_good is is_beyond
    assert bool(untold(ledger)) is not is_beyond
    assert bool(beyond(ledger)) is is_beyond


@pytest.mark.parametrize(("at", "is_beyond"), [(None, False), (39, False), (40, True), (99, True), (200, True)])
@pytest.mark.parametrize("kind", ["edit", "vote", "deletion"])
def test_a_change_is_beyond_reach_only_shortly_before_the_restore_or_after_it(
    ledger: Ledger, kind: str, at: int | None, is_beyond: bool
) -> None:
    ledger.restores = [Restored("s1", second(1), second(100))]
    if kind == "edit":
        _reword(ledger, at)
    else:
        known = None if at is None else moment(at)
        held = next(each for each in ledger.phones[ANA] if each.id == "B1")
        held.revoked, held.revoked_at = kind == "deletion", known if kind == "deletion" else None
        if kind == "vote":
            held.votes[BEN] = "yes"
            held.voted_at |= {} if known is None else {BEN: known}
    verdict = judge(ledger)
    assert (len(verdict.beyond_reach), len(verdict.events_missing)) == ((1, 0) if is_beyond else (0, 1))
    assert verdict.is_good is is_beyond


def test_of_two_edits_alike_the_first_counts(ledger: Ledger) -> None:
    ledger.restores = [Restored("s1", second(1), second(100))]
    _reword(ledger, 3)
    _reword(ledger, 99)
    assert len(judge(ledger).events_missing) == 1


def test_one_restore_must_fit_by_all_its_times(ledger: Ledger) -> None:
    """Of the one the snapshot holds the message, the other came long after the edit."""
    _reword(ledger, 9)
    ledger.restores = [Restored("s1", second(3), second(5)), Restored("s1", second(1), second(100))]
    assert len(judge(ledger).events_missing) == 1


def _edit_own(ledger: Ledger) -> Operation:
    return edit(ledger, 1, told=0)


def _vote_own(ledger: Ledger) -> Operation:
    return vote(ledger, told=0)


def _delete_own(ledger: Ledger) -> Operation:
    operation = Operation(Doing.REVOKE, ledger.sends[0], "", answered=9, message_id="msg_r")
    ledger.operations.append(operation)
    ledger.stored["msg_r"] = Stored("SENT", None, "R1")
    for phone in (ANA, BEN):
        held = replace(ledger.phones[phone][0], body="", revoked=True, revoked_at=moment(9))
        ledger.phones[phone][0] = held
    return operation


@pytest.mark.parametrize("operate", [_edit_own, _vote_own, _delete_own])
def test_what_the_sessions_own_client_asked_for_is_missing_whatever_was_restored(
    ledger: Ledger, operate: Callable[[Ledger], Operation]
) -> None:
    operation = operate(ledger)
    ledger.restores = [Restored("s1", second(0), second(8))]
    verdict = judge(ledger)
    assert (len(verdict.events_missing), verdict.beyond_reach) == (1, [])
    assert (len(untold(ledger)), beyond(ledger)) == (1, [])
    # Who says that it was refused, or that it failed, doesn't tell it.
    assert operation.message_id is not None
    ledger.stored[operation.message_id] = Stored("FAILED", "OUTCOME_UNKNOWN")
    assert len(judge(ledger).beyond_reach) == 1


def test_what_another_sessions_client_asked_for_may_be_beyond_reach(ledger: Ledger) -> None:
    """Ben's own session tells it; Ana's has it from its page."""
    _reword(ledger, 9)
    ledger.restores = [Restored("s1", second(1), second(8))]
    bens = Came("p1-1", BEN, ANA, "msg_b1", "B1")
    ledger.operations.append(Operation(Doing.EDIT, bens, "other words", answered=9, message_id="msg_e"))
    ledger.stored["msg_e"] = Stored("SENT", None, "E1")
    assert len(judge(ledger).beyond_reach) == 1


def test_a_reaction_or_a_message_without_an_event_is_missing_whatever_was_restored(ledger: Ledger) -> None:
    ledger.restores = [Restored("s1", second(1), second(5))]
    held = next(each for each in ledger.phones[ANA] if each.id == "B1")
    held.reactions[BEN] = "👍"
    assert judge(ledger).events_missing == [f"s1: no event of {BEN}'s reaction to p1-1"]
    held.reactions.clear()
    ledger.events = [each for each in ledger.events if each["sequence"] != 2]
    _reword(ledger, 9)
    assert len(judge(ledger).events_missing) == 2


@pytest.mark.parametrize(
    ("taken", "at", "reason", "is_beyond"),
    [
        (0, 5, "TARGET_UNKNOWN", True),
        (0, 9, "TARGET_UNKNOWN", True),
        (0, 10, "TARGET_UNKNOWN", False),
        (2, 5, "TARGET_UNKNOWN", False),
        (0, 5, "IDEMPOTENCY_KEY_REUSED", False),
    ],
)
def test_a_star_that_a_page_without_the_message_refused_may_have_been_set_by_the_one_before(
    ledger: Ledger, taken: int, at: int, reason: str, *, is_beyond: bool
) -> None:
    """The message was told in the first second, and the refusal came in the ninth."""
    star(ledger, refused=reason, told=0)
    ledger.restores = [Restored("s1", second(taken), second(at)), Restored("s2", second(0), second(5))]
    verdict = judge(ledger)
    assert (len(verdict.beyond_reach), len(verdict.untrue), len(verdict.events_missing)) == (
        (2, 0, 0) if is_beyond else (0, 1, 1)
    )
    star(ledger, shown=False, told=0)
    assert len(judge(ledger).lost) == 1


@pytest.mark.parametrize(("taken", "at", "is_beyond"), [(0, 5, True), (0, 10, False), (2, 5, False)])
def test_a_page_without_the_message_takes_it_for_deleted(
    ledger: Ledger, taken: int, at: int, *, is_beyond: bool
) -> None:
    delete(ledger, gone=False)
    ledger.restores = [Restored("s1", second(taken), second(at)), Restored("s2", second(0), second(5))]
    verdict = judge(ledger)
    assert (len(verdict.beyond_reach), len(verdict.lost)) == ((1, 0) if is_beyond else (0, 1))


def test_a_deletion_for_oneself_without_an_event_is_missing_whatever_was_restored(ledger: Ledger) -> None:
    delete(ledger, told=0)
    ledger.restores = [Restored("s1", second(0), second(5))]
    assert len(judge(ledger).events_missing) == 1
    assert len(untold(ledger)) == 1


def test_what_may_be_beyond_reach_is_awaited_for_a_while() -> None:
    calm = Calm()
    assert not calm.is_over(100.0, [], ["an edit"])
    assert not calm.is_over(129.0, [], ["an edit"])
    assert calm.is_over(130.0, [], ["an edit"])
    assert calm.is_over(129.0, [], [])


def test_what_is_open_again_is_awaited_anew() -> None:
    calm = Calm()
    assert not calm.is_over(100.0, [], [])
    assert not calm.is_over(106.0, ["a vote"], [])
    assert not calm.is_over(107.0, [], [])
    assert not calm.is_over(111.0, [], [])
    assert calm.is_over(112.0, [], [])


def test_restores_are_read_from_the_logs_of_gateways(tmp_path: Path) -> None:
    line = {
        "session_id": "s1",
        "detail": "version 3 of 2026-01-01 00:00:01 UTC",
        "event": "snapshot_restored",
        "timestamp": "2026-01-01T00:00:05Z",
    }
    log = tmp_path / "gateway-1.log"
    log.write_text("\n".join(('{"event": "other"}', json.dumps(line), "no JSON", json.dumps(line)[:-9])))
    assert restored([log]) == [Restored("s1", second(1), second(5))]
