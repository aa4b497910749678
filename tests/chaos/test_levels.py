"""What is given and taken back is judged by how it was left, and by what can be known of that."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.ledger import UNDOES, Came, Doing, Held, Ledger, Operation, Restored, Stored
from tests.chaos.quiet import untold
from tests.chaos.report import keep
from tests.chaos.samples import ANA, BEN, changed, event, moment, second, sound, tell
from tests.chaos.verdict import judge

SENT, LATE, UNKNOWN, REFUSED = "SENT", "FAILED", "OUTCOME_UNKNOWN", "TARGET_UNKNOWN"
THERE, GONE = True, False
_EVENTS = {Doing.REACTION: "message.reaction", Doing.PIN: "message.pinned", Doing.STAR: "message.starred"}
LEVELS = tuple(UNDOES)


@pytest.fixture
def ledger() -> Ledger:
    return sound()


def _ask(ledger: Ledger, kind: Doing, came: str) -> Operation:
    """Something done to the first message; it failed or was refused where its name says so."""
    number = len(ledger.operations)
    operation = Operation(kind, ledger.sends[0], "👍" if kind is Doing.REACTION else "", answered=moment(9))
    ledger.operations.append(operation)
    if kind in {Doing.STAR, Doing.UNSTAR}:
        operation.message_id = "msg_1" if came == SENT else None
        operation.refused = None if came == SENT else REFUSED
    elif came == REFUSED:
        operation.refused = came
    else:
        operation.message_id = f"msg_l{number}"
        failure = {SENT: None, LATE: "SEND_REFUSED"}.get(came, came)
        ledger.stored[operation.message_id] = Stored("SENT" if came == SENT else "FAILED", failure, f"L{number}")
    return operation


def _leave(ledger: Ledger, kind: Doing, is_there: bool, phones: Sequence[str] = (ANA, BEN)) -> None:
    attributes: dict[Doing, dict[str, Any]] = {
        Doing.REACTION: {"reactions": {ANA: "👍"} if is_there else {}},
        Doing.PIN: {"pinned": is_there},
        Doing.STAR: {"starred": is_there},
    }
    for phone in phones:
        ledger.phones[phone][0] = replace(ledger.phones[phone][0], **attributes[kind])


def _say(ledger: Ledger, kind: Doing, *levels: bool) -> None:
    """Events that tell so, in their order."""
    said = {
        Doing.REACTION: lambda is_there: {"emoji": "👍" if is_there else ""},
        Doing.PIN: lambda is_there: {"pinned": is_there},
        Doing.STAR: lambda is_there: {"starred": is_there},
    }[kind]
    tell(ledger, [changed(4 + n, _EVENTS[kind], "A1", **said(level)) for n, level in enumerate(levels)])


@pytest.mark.parametrize("kind", LEVELS)
def test_what_was_taken_back_is_gone_and_both_are_told(ledger: Ledger, kind: Doing) -> None:
    _ask(ledger, kind, SENT)
    _ask(ledger, UNDOES[kind], SENT)
    _say(ledger, kind, THERE, GONE)
    verdict = judge(ledger)
    assert (verdict.is_good, verdict.operations) == (True, 2)
    assert untold(ledger) == []


@pytest.mark.parametrize("kind", LEVELS)
def test_what_was_taken_back_and_is_still_there_is_lost(ledger: Ledger, kind: Doing) -> None:
    _ask(ledger, kind, SENT)
    _ask(ledger, UNDOES[kind], SENT)
    _leave(ledger, kind, THERE, (ANA if kind is Doing.STAR else BEN,))
    _say(ledger, kind, THERE, GONE)
    (line,) = judge(ledger).lost
    assert line.startswith(f"{UNDOES[kind]} of c1-1")


@pytest.mark.parametrize("kind", LEVELS)
@pytest.mark.parametrize(
    ("told", "found"),
    [
        ((THERE,), "events_missing"),
        ((GONE,), "events_missing"),
        ((THERE, GONE, GONE), "events_repeated"),
        ((THERE, THERE, GONE), "events_repeated"),
    ],
)
def test_each_of_the_two_has_its_one_event(ledger: Ledger, kind: Doing, told: Sequence[bool], found: str) -> None:
    _ask(ledger, kind, SENT)
    _ask(ledger, UNDOES[kind], SENT)
    _say(ledger, kind, *told)
    verdict = judge(ledger)
    assert len(getattr(verdict, found)) == 1
    assert not verdict.is_good
    assert bool(untold(ledger)) is (found == "events_missing")


@pytest.mark.parametrize("kind", LEVELS)
@pytest.mark.parametrize(("is_there", "is_good"), [(THERE, True), (GONE, False)])
def test_what_failed_has_taken_nothing_back(ledger: Ledger, kind: Doing, is_there: bool, is_good: bool) -> None:
    _ask(ledger, kind, SENT)
    _ask(ledger, UNDOES[kind], LATE)
    _leave(ledger, kind, is_there)
    _say(ledger, kind, *((THERE,) if is_there else (THERE, GONE)))
    verdict = judge(ledger)
    assert verdict.is_good is is_good
    assert bool(verdict.untrue) is not is_good


@pytest.mark.parametrize("kind", [Doing.REACTION, Doing.PIN])
@pytest.mark.parametrize("is_there", [THERE, GONE])
def test_where_nobody_knows_what_was_taken_back_both_are_good(ledger: Ledger, kind: Doing, is_there: bool) -> None:
    _ask(ledger, kind, SENT)
    _ask(ledger, UNDOES[kind], UNKNOWN)
    _leave(ledger, kind, is_there)
    _say(ledger, kind, *((THERE,) if is_there else (THERE, GONE)))
    verdict = judge(ledger)
    assert (verdict.is_good, verdict.unknown) == (True, 1)


@pytest.mark.parametrize("kind", [Doing.REACTION, Doing.PIN])
def test_what_was_done_last_of_what_is_known_leaves_no_third(ledger: Ledger, kind: Doing) -> None:
    """Whatever came of the first, it was taken back; only the first may have come late."""
    _ask(ledger, kind, UNKNOWN)
    _ask(ledger, UNDOES[kind], SENT)
    assert judge(ledger).is_good
    _leave(ledger, kind, THERE)
    _say(ledger, kind, THERE)
    assert judge(ledger).is_good
    if kind is Doing.REACTION:
        ledger.phones[BEN][0].reactions[ANA] = "😡"
        assert len(judge(ledger).lost) == 1


@pytest.mark.parametrize("kind", LEVELS)
def test_what_was_refused_and_is_there_is_untrue(ledger: Ledger, kind: Doing) -> None:
    _ask(ledger, kind, REFUSED)
    assert judge(ledger).is_good
    _leave(ledger, kind, THERE)
    _say(ledger, kind, THERE)
    assert judge(ledger).untrue


def test_the_end_of_a_star_that_was_refused_by_a_page_without_the_message_may_be_done(ledger: Ledger) -> None:
    _ask(ledger, Doing.STAR, SENT)
    _ask(ledger, Doing.UNSTAR, REFUSED)
    _say(ledger, Doing.STAR, THERE)
    verdict = judge(ledger)
    assert len(verdict.untrue) == 1
    ledger.restores = [Restored("s1", second(0), second(5))]
    verdict = judge(ledger)
    assert (verdict.is_good, len(verdict.beyond_reach)) == (True, 2)
    _leave(ledger, Doing.STAR, THERE, (ANA,))
    assert (judge(ledger).is_good, judge(ledger).beyond_reach) == (True, [])


@pytest.mark.parametrize("kind", LEVELS)
def test_what_others_took_back_is_told_where_it_was_told_before(ledger: Ledger, kind: Doing) -> None:
    _say(ledger, kind, THERE)
    verdict = judge(ledger)
    # Of a star that was taken away on the phone while nobody heard the page, it doesn't tell the end.
    found = verdict.beyond_reach if kind is Doing.STAR else verdict.events_missing
    assert len(found) == 1
    assert verdict.is_good is (kind is Doing.STAR)
    assert bool(untold(ledger)) is not verdict.is_good
    ledger.phones[ANA][0] = replace(ledger.phones[ANA][0], body="", revoked=True)
    tell(ledger, [changed(9, "message.revoked", "A1")])
    assert judge(ledger).is_good


def _listen(ledger: Ledger, *, played: bool, refused: str | None = None) -> None:
    """Ana marks as played what Ben has recorded."""
    for phone in (ANA, BEN):
        ledger.phones[phone].append(Held("B2", BEN, ANA, "p1-2", by_phone=True, played={ANA} if played else set()))
    tell(ledger, [event(4, "message.received", "B2")])
    note = Came("msg_b2", ANA, BEN, "msg_b2", "B2")
    accepted = None if refused else "msg_b2"
    ledger.operations.append(
        Operation(Doing.PLAYED, note, "", answered=moment(9), message_id=accepted, refused=refused)
    )


@pytest.mark.parametrize(("played", "unheard"), [(True, 0), (False, 1)])
def test_a_voice_note_was_played_and_its_writer_is_told_mostly(ledger: Ledger, played: bool, unheard: int) -> None:
    _listen(ledger, played=played)
    verdict = judge(ledger)
    assert (verdict.is_good, verdict.operations, verdict.unheard) == (True, 1, unheard)


@pytest.mark.parametrize(("played", "is_good"), [(True, False), (False, True)])
def test_playing_that_was_refused_isn_t_told(ledger: Ledger, played: bool, is_good: bool) -> None:
    _listen(ledger, played=played, refused="NOT_PLAYABLE")
    assert judge(ledger).is_good is is_good


def test_playing_that_a_page_without_the_message_refused_may_be_told(ledger: Ledger) -> None:
    _listen(ledger, played=True, refused=REFUSED)
    ledger.restores = [Restored("s1", second(0), second(5))]
    assert judge(ledger).is_good


def test_what_is_kept_for_looking_into_it_can_be_written(ledger: Ledger, tmp_path: Path) -> None:
    _listen(ledger, played=True)
    keep(tmp_path, ledger)
    held = [json.loads(line) for line in (tmp_path / "phones.jsonl").read_text().splitlines()]
    assert [each["played"] for each in held if each["id"] == "B2"] == [[ANA], [ANA]]
