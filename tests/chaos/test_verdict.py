"""A run that is as it should be is good; one thing that isn't is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.ledger import (
    EDITED,
    FORWARDED,
    Doing,
    GroupChange,
    Held,
    Kind,
    Ledger,
    Notice,
    Operation,
    Posted,
    Stored,
    Struck,
)
from tests.chaos.quiet import untold
from tests.chaos.recovery import recovery_times
from tests.chaos.samples import ANA, BEN, changed, delete, edit, event, forward, send, sound, star, tell, vote
from tests.chaos.verdict import judge

CAT = "15550100102"
GROUP = "120363000000000001@g.us"
BENS_LID = "9000000000101"


@pytest.fixture
def ledger() -> Ledger:
    return sound()


@pytest.mark.parametrize(("digest", "is_good"), [("a" * 64, True), ("b" * 64, False)])
def test_a_voice_note_is_the_file_that_the_gateway_made(ledger: Ledger, digest: str, is_good: bool) -> None:
    ledger.sends[1].kind, ledger.stored["msg_2"].digest = Kind.VOICE, "a" * 64
    ledger.phones[BEN][1].digest = digest
    assert bool(judge(ledger).files_changed) is not is_good


def test_a_file_that_is_whole_is_good_and_so_is_one_that_was_deleted(ledger: Ledger) -> None:
    ledger.sends[1].digest = ledger.phones[BEN][1].digest = "a" * 64
    assert judge(ledger).is_good
    ledger.phones[BEN][1] = replace(ledger.phones[BEN][1], body="", revoked=True, digest=None)
    ledger.events.append(changed(4, "message.revoked", "A2"))
    ledger.followed, ledger.posted["evt_4"] = list(ledger.events), Posted("s1", 4, {b"-"}, 1, 1)
    assert judge(ledger).files_changed == []


def test_as_it_should_be(ledger: Ledger) -> None:
    verdict = judge(ledger)
    assert verdict.is_good
    assert (verdict.sent, verdict.accepted, verdict.received, verdict.events) == (2, 2, 1, 3)


def _lose(ledger: Ledger) -> None:
    del ledger.phones[BEN][0]


def _forget(ledger: Ledger) -> None:
    del ledger.stored["msg_1"]


def _double(ledger: Ledger) -> None:
    ledger.phones[BEN].append(Held("A9", ANA, BEN, "c1-1", by_phone=False))


def _swap(ledger: Ledger) -> None:
    ledger.phones[BEN].insert(0, ledger.phones[BEN].pop(1))


def _fail(ledger: Ledger) -> None:
    ledger.stored["msg_1"] = Stored("FAILED", "SEND_REFUSED")


def _leave_waiting(ledger: Ledger) -> None:
    ledger.stored["msg_2"] = Stored("SENDING", None)


def _refuse(ledger: Ledger) -> None:
    ledger.sends[0].message_id, ledger.sends[0].refused = None, "NUMBER_NOT_ON_WHATSAPP"


def _cut_a_file(ledger: Ledger) -> None:
    ledger.sends[1].digest, ledger.phones[BEN][1].digest = "a" * 64, "b" * 64


def _lose_a_file(ledger: Ledger) -> None:
    ledger.sends[1].digest = "a" * 64


def _miss_a_file(ledger: Ledger) -> None:
    ledger.sends[1].digest, ledger.stored["msg_2"] = "a" * 64, Stored("FAILED", "MEDIA_MISSING")
    del ledger.phones[BEN][1]


def _leave_open(ledger: Ledger) -> None:
    ledger.sends[1].answered = ledger.sends[1].message_id = None


def _tell_not(ledger: Ledger) -> None:
    ledger.phones[ANA].append(Held("B2", BEN, ANA, "p1-2", by_phone=True))


def _tell_twice(ledger: Ledger) -> None:
    ledger.events.append(event(4, "message.received", "B1"))


def _tell_what_is_not(ledger: Ledger) -> None:
    ledger.events.append(event(4, "message.received", "B7"))


def _tell_late(ledger: Ledger) -> None:
    for phone in (ANA, BEN):
        ledger.phones[phone].append(Held("B2", BEN, ANA, "p1-2", by_phone=True))
    ledger.events.insert(0, event(0, "message.received", "B2"))


def _skip(ledger: Ledger) -> None:
    del ledger.followed[1]


def _follow_twice(ledger: Ledger) -> None:
    ledger.followed.insert(1, ledger.followed[0])


def _post_not(ledger: Ledger) -> None:
    del ledger.posted["evt_2"]


def _post_in_vain(ledger: Ledger) -> None:
    ledger.posted["evt_2"].taken = 0


def _post_another(ledger: Ledger) -> None:
    ledger.posted["evt_2"].bodies.add(b"+")


def _post_early(ledger: Ledger) -> None:
    ledger.webhook_order["s1"] = [1, 3, 2]


def _leave_unfinished(ledger: Ledger) -> None:
    ledger.unfinished.append("session s1 is STARTING")


def _leave_running(ledger: Ledger) -> None:
    ledger.left_running.append("process 1")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_lose, "lost"),
        (_forget, "lost"),
        (_double, "duplicated"),
        (_swap, "out_of_order"),
        (_fail, "untrue"),
        (_cut_a_file, "files_changed"),
        (_lose_a_file, "files_changed"),
        (_miss_a_file, "files_changed"),
        (_leave_waiting, "untrue"),
        (_refuse, "untrue"),
        (_leave_open, "unanswered"),
        (_tell_not, "events_missing"),
        (_tell_twice, "events_repeated"),
        (_tell_what_is_not, "events_repeated"),
        (_tell_late, "events_out_of_order"),
        (_skip, "cursor"),
        (_follow_twice, "cursor"),
        (_post_not, "webhooks_missing"),
        (_post_in_vain, "webhooks_missing"),
        (_post_another, "webhooks_changed"),
        (_post_early, "webhooks_out_of_order"),
        (_leave_unfinished, "unfinished"),
        (_leave_running, "left_running"),
    ],
)
def test_what_is_wrong_is_named(ledger: Ledger, spoil: Callable[[Ledger], None], found: str) -> None:
    spoil(ledger)
    verdict = judge(ledger)
    assert getattr(verdict, found)
    assert not verdict.is_good


def test_what_failed_and_is_not_on_the_phone_is_true(ledger: Ledger) -> None:
    for phone in (ANA, BEN):
        del ledger.phones[phone][0]
    del ledger.events[0], ledger.followed[0]
    ledger.stored["msg_1"] = Stored("FAILED", "SEND_REFUSED")
    assert judge(ledger).is_good


def test_what_was_found_by_looking_back_may_come_late(ledger: Ledger) -> None:
    for phone in (ANA, BEN):
        ledger.phones[phone].append(Held("B2", BEN, ANA, "p1-2", by_phone=True))
    ledger.events = [event(1, "message.sent", "A1"), event(2, "message.received", "B2"), event(3, "message.sent", "A2")]
    ledger.events.append(event(4, "message.received", "B1", backfilled=True))
    ledger.followed = list(ledger.events)
    ledger.posted["evt_4"] = Posted("s1", 4, {b"-"}, 1, 1)
    verdict = judge(ledger)
    assert (verdict.is_good, verdict.events_backfilled) == (True, 1)


def test_a_reader_may_be_further_than_what_was_read_of_the_log(ledger: Ledger) -> None:
    ledger.followed.append(event(4, "message.ack", "A1"))
    assert judge(ledger).is_good
    ledger.followed.append(ledger.followed[-1])
    assert judge(ledger).cursor


def test_repeated_webhooks_are_counted_and_allowed(ledger: Ledger) -> None:
    ledger.posted["evt_2"].times = 3
    ledger.webhook_order["s1"] = [1, 2, 2, 2, 3]
    verdict = judge(ledger)
    assert (verdict.is_good, verdict.webhook_posts, verdict.webhook_repeats) == (True, 5, 2)


def test_times_are_taken_from_the_fault_to_the_last_session_that_it_met() -> None:
    def status(session: str, second: int, name: str) -> dict[str, Any]:
        time = f"2026-11-26T12:00:{second:02}+00:00"
        return {"session_id": session, "type": "session.status", "time": time, "payload": {"status": name}}

    noon = 1_795_694_400.0
    ledger = Ledger(sessions={"s1": ANA, "s2": BEN, "s3": "1"})
    for session in ledger.sessions:
        ledger.events += [status(session, 0, "STARTING"), status(session, 1, "WORKING")]
    ledger.events += [
        *(status("s1", second, name) for second, name in ((12, "STARTING"), (15, "WORKING"))),
        *(status("s2", second, name) for second, name in ((11, "STARTING"), (13, "DEGRADED"), (20, "WORKING"))),
    ]
    ledger.faults = [Struck("gateway_kill", "g", noon + 10, noon + 10), Struck("redis_cut", "g", noon + 40, noon + 40)]
    ledger.sends = [send(1, began=noon + 9, answered=noon + 11), send(2, began=noon + 12, answered=noon + 14)]
    times = recovery_times(ledger)
    assert (times["gateway_kill"].working, times["gateway_kill"].accepting) == ((10.0,), (4.0,))
    assert (times["redis_cut"].working, times["redis_cut"].accepting) == ((), ())


def test_an_operation_that_shows_once_is_good(ledger: Ledger) -> None:
    edit(ledger, 1)
    verdict = judge(ledger)
    assert verdict.is_good
    assert verdict.operations == 1


def test_a_message_that_was_deleted_is_still_known(ledger: Ledger) -> None:
    ledger.operations.append(Operation(Doing.REVOKE, ledger.sends[1], "", answered=9, message_id="msg_r"))
    ledger.stored["msg_r"] = Stored("READ", None, "R1")
    for phone in (ANA, BEN):
        ledger.phones[phone][1] = replace(ledger.phones[phone][1], body="", revoked=True)
    tell(ledger, [changed(4, "message.revoked", "A2")])
    assert judge(ledger).is_good


def test_a_reaction_is_its_owners(ledger: Ledger) -> None:
    ledger.operations.append(Operation(Doing.REACTION, ledger.sends[0], "👍", answered=9, message_id="msg_r"))
    ledger.stored["msg_r"] = Stored("SENT", None, "R1")
    for phone in (ANA, BEN):
        ledger.phones[phone][0] = replace(ledger.phones[phone][0], reactions={BEN: "👍"})
    assert len(judge(ledger).lost) == 1
    for phone in (ANA, BEN):
        ledger.phones[phone][0] = replace(ledger.phones[phone][0], reactions={ANA: "👍"})
    tell(ledger, [changed(4, "message.reaction", "A1", emoji="👍")])
    assert judge(ledger).is_good


def test_a_pin_shows_and_is_told(ledger: Ledger) -> None:
    ledger.operations.append(Operation(Doing.PIN, ledger.sends[0], "", answered=9, message_id="msg_p"))
    ledger.stored["msg_p"] = Stored("SENT", None, "P1")
    assert len(judge(ledger).lost) == 1
    for phone in (ANA, BEN):
        ledger.phones[phone][0] = replace(ledger.phones[phone][0], pinned=True)
    assert len(judge(ledger).events_missing) == 1
    tell(ledger, [changed(4, "message.pinned", "A1", pinned=True)])
    assert judge(ledger).is_good


def test_a_star_shows_on_the_accounts_own_phone_and_is_told(ledger: Ledger) -> None:
    star(ledger)
    verdict = judge(ledger)
    assert (verdict.is_good, verdict.operations) == (True, 1)
    assert untold(ledger) == []


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"shown": False, "told": 0}, "lost"),
        ({"told": 0}, "events_missing"),
        ({"told": 2}, "events_repeated"),
        ({"refused": "TARGET_UNKNOWN"}, "untrue"),
        ({"shown": False, "told": 0, "refused": "TARGET_UNKNOWN"}, None),
    ],
)
def test_what_is_wrong_with_a_star_is_named(ledger: Ledger, how: dict[str, Any], found: str | None) -> None:
    star(ledger, **how)
    verdict = judge(ledger)
    assert verdict.is_good is (found is None)
    assert found is None or len(getattr(verdict, found)) == 1


def test_a_star_that_has_no_answer_is_named(ledger: Ledger) -> None:
    star(ledger, shown=False, told=0).answered = None
    assert len(judge(ledger).unanswered) == 1


def test_a_forward_is_a_message_of_its_own(ledger: Ledger) -> None:
    forward(ledger)
    verdict = judge(ledger)
    assert (verdict.is_good, verdict.sent, verdict.accepted) == (True, 3, 3)


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"shown": 0}, "lost"),
        ({"shown": 2}, "duplicated"),
        ({"status": "FAILED"}, "untrue"),
        ({"status": "QUEUED"}, "untrue"),
    ],
)
def test_what_is_wrong_with_a_forward_is_named(ledger: Ledger, how: dict[str, Any], found: str) -> None:
    forward(ledger, **how)
    (line,) = getattr(judge(ledger), found)
    assert line.startswith(f"c1-1{FORWARDED}")


def test_a_forward_has_its_place_and_the_file(ledger: Ledger) -> None:
    forward(ledger).digest = "a" * 64
    ledger.phones[BEN][-1].digest = "b" * 64
    assert len(judge(ledger).files_changed) == 1
    ledger.phones[BEN].insert(0, ledger.phones[BEN].pop())
    assert len(judge(ledger).out_of_order) == 2


def test_a_copy_without_the_mark_is_the_message_a_second_time(ledger: Ledger) -> None:
    made = forward(ledger)
    for phone in (ANA, BEN):
        ledger.phones[phone][-1] = replace(ledger.phones[phone][-1], id="A9", body="c1-1")
    verdict = judge(ledger)
    assert verdict.lost == [f"{made.body}: READ, and not on the phone of {BEN}"]
    assert len(verdict.duplicated) == 1


def test_what_was_deleted_for_oneself_is_gone_and_told_and_still_known(ledger: Ledger) -> None:
    delete(ledger)
    verdict = judge(ledger)
    assert (verdict.is_good, verdict.operations, verdict.sent) == (True, 1, 2)
    assert untold(ledger) == []


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"gone": False}, "lost"),
        ({"told": 0}, "events_missing"),
        ({"told": 2}, "events_repeated"),
        ({"refused": "PAGE_UNAVAILABLE"}, "untrue"),
        ({"gone": False, "told": 0, "refused": "TARGET_UNKNOWN"}, None),
    ],
)
def test_what_is_wrong_with_a_deletion_for_oneself_is_named(
    ledger: Ledger, how: dict[str, Any], found: str | None
) -> None:
    delete(ledger, **how)
    verdict = judge(ledger)
    assert verdict.is_good is (found is None)
    assert found is None or len(getattr(verdict, found)) == 1


def test_what_was_deleted_for_oneself_is_still_at_the_other_and_has_its_one_event(ledger: Ledger) -> None:
    delete(ledger)
    del ledger.events[0]
    assert judge(ledger).events_missing == ["s1: no event of c1-1, sent"]
    del ledger.phones[BEN][0]
    assert len(judge(ledger).lost) == 1


def test_what_never_came_about_can_be_deleted(ledger: Ledger) -> None:
    delete(ledger)
    del ledger.phones[BEN][0], ledger.events[0]
    ledger.stored["msg_1"] = Stored("FAILED", "SEND_REFUSED")
    ledger.followed = list(ledger.events)
    assert judge(ledger).is_good


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"shown": 0, "told": 0}, "lost"),
        ({"shown": 2}, "duplicated"),
        ({"status": "FAILED"}, "untrue"),
        ({"status": "SENDING"}, "untrue"),
        ({"told": 0}, "events_missing"),
        ({"told": 2}, "events_repeated"),
    ],
)
def test_what_is_wrong_with_an_operation_is_named(ledger: Ledger, how: dict[str, Any], found: str) -> None:
    edit(ledger, 1, **how)
    verdict = judge(ledger)
    assert not verdict.is_good
    assert len(getattr(verdict, found)) == 1


@pytest.mark.parametrize("shown", [0, 1])
def test_an_operation_whose_outcome_nobody_knows_may_show_once(ledger: Ledger, shown: int) -> None:
    edit(ledger, 1, shown=shown, told=shown, status="FAILED")
    ledger.stored["msg_e1"] = Stored("FAILED", "OUTCOME_UNKNOWN", "E1")
    verdict = judge(ledger)
    assert (verdict.is_good, verdict.unknown) == (True, 1)
    ledger.phones[BEN][0].edits = [f"c1-1{EDITED}"] * 2
    assert len(judge(ledger).duplicated) == 1


def test_a_refused_operation_that_was_done_is_named(ledger: Ledger) -> None:
    operation = edit(ledger, 1)
    operation.message_id, operation.refused = None, "TARGET_NOT_SENT"
    assert len(judge(ledger).untrue) == 1


def test_a_vote_that_shows_once_is_good(ledger: Ledger) -> None:
    vote(ledger)
    verdict = judge(ledger)
    assert verdict.is_good
    assert verdict.operations == 1
    assert untold(ledger) == []


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"shown": 0, "told": 0}, "lost"),
        ({"status": "FAILED"}, "untrue"),
        ({"status": "SENDING"}, "untrue"),
        ({"told": 0}, "events_missing"),
        ({"told": 2}, "events_repeated"),
    ],
)
def test_what_is_wrong_with_a_vote_is_named(ledger: Ledger, how: dict[str, Any], found: str) -> None:
    vote(ledger, **how)
    verdict = judge(ledger)
    assert len(getattr(verdict, found)) == 1
    assert not verdict.is_good


def test_a_vote_for_something_else_is_not_the_one_that_was_asked_for(ledger: Ledger) -> None:
    vote(ledger).value = "no"
    assert len(judge(ledger).lost) == 1


def test_a_refused_vote_that_was_done_is_named(ledger: Ledger) -> None:
    operation = vote(ledger)
    operation.message_id, operation.refused = None, "MESSAGE_REVOKED"
    assert len(judge(ledger).untrue) == 1


@pytest.mark.parametrize("told", [0, 1])
def test_a_poll_that_its_author_deleted_takes_the_vote_along(ledger: Ledger, told: int) -> None:
    vote(ledger, shown=0, told=told)
    for phone in (ANA, BEN):
        ledger.phones[phone][-1] = replace(ledger.phones[phone][-1], body="", revoked=True)
    tell(ledger, [changed(9, "message.revoked", "B2")])
    assert judge(ledger).is_good
    ledger.stored["msg_v"].status = "SENDING"
    assert len(judge(ledger).untrue) == 1


@pytest.mark.parametrize(("times", "found"), [(0, "events_missing"), (2, "events_repeated")])
def test_a_vote_on_a_phone_has_one_event(ledger: Ledger, times: int, found: str) -> None:
    ledger.phones[ANA][0] = replace(ledger.phones[ANA][0], votes={BEN: "no"})
    assert len(untold(ledger)) == 1
    votes = [changed(4 + each, "poll.vote", "A1", options=["no"]) for each in range(times)]
    for each in votes:
        each["payload"]["from"] = f"{BEN}@c.us"
    tell(ledger, votes)
    (line,) = getattr(judge(ledger), found)
    assert "vote" in line
    assert BEN in line


@pytest.fixture
def grouped(ledger: Ledger) -> Ledger:
    """Besides, two messages that Ana sent into a group of three, and one that Ben wrote there."""
    ledger.groups, ledger.lids = {GROUP: [ANA, BEN, CAT]}, {BENS_LID: BEN}
    for number in (1, 2):
        ledger.sends.append(send(2 + number, client="c2", recipient=GROUP, body=f"c2-{number}"))
        ledger.stored[f"msg_{2 + number}"] = Stored("DELIVERED", None, f"G{number}")
    for phone in (ANA, BEN, CAT):
        held = [Held(f"G{number}", ANA, GROUP, f"c2-{number}", by_phone=False) for number in (1, 2)]
        ledger.phones[phone] = [*ledger.phones.get(phone, ()), *held, Held("H1", BEN, GROUP, "p2-1", by_phone=True)]
    # The log has the order of the moments, the phones' lists that of the chats.
    told = [event(4, "message.received", "H1"), event(5, "message.sent", "G1"), event(6, "message.sent", "G2")]
    tell(ledger, told)
    return ledger


def test_a_group_as_it_should_be(grouped: Ledger) -> None:
    verdict = judge(grouped)
    assert verdict.is_good
    assert (verdict.sent, verdict.accepted, verdict.received, verdict.events) == (4, 4, 2, 6)
    assert untold(grouped) == []


def _place(ledger: Ledger, phone: str, short: str) -> int:
    return [each.id for each in ledger.phones[phone]].index(short)


def _lose_at(ledger: Ledger, phone: str) -> None:
    del ledger.phones[phone][_place(ledger, phone, "G1")]


def _double_at(ledger: Ledger, phone: str) -> None:
    ledger.phones[phone].append(Held("G9", ANA, GROUP, "c2-1", by_phone=False))


def _swap_at(ledger: Ledger, phone: str) -> None:
    ledger.phones[phone].insert(0, ledger.phones[phone].pop(_place(ledger, phone, "G2")))


def _misplace_at(ledger: Ledger, phone: str) -> None:
    place = _place(ledger, phone, "G1")
    ledger.phones[phone][place] = replace(ledger.phones[phone][place], recipient=phone)


def _cut_a_file_at(ledger: Ledger, phone: str) -> None:
    ledger.sends[2].digest = "a" * 64
    for each in (BEN, CAT):
        digest = "b" * 64 if each == phone else "a" * 64
        ledger.phones[each][_place(ledger, each, "G1")].digest = digest


def _fail_but_at(ledger: Ledger, phone: str) -> None:
    ledger.stored["msg_3"] = Stored("FAILED", "SEND_REFUSED", "G1")
    for each in {ANA, BEN, CAT} - {phone}:
        _lose_at(ledger, each)


@pytest.mark.parametrize("phone", [BEN, CAT])
@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_lose_at, "lost"),
        (_double_at, "duplicated"),
        (_swap_at, "out_of_order"),
        (_misplace_at, "lost"),
        (_misplace_at, "duplicated"),
        (_cut_a_file_at, "files_changed"),
        (_fail_but_at, "untrue"),
    ],
)
def test_what_is_wrong_at_one_member_is_named(
    grouped: Ledger, spoil: Callable[[Ledger, str], None], found: str, phone: str
) -> None:
    spoil(grouped, phone)
    verdict = judge(grouped)
    (line,) = getattr(verdict, found)
    assert phone in line
    assert not verdict.is_good


def test_the_sender_is_a_member_too(grouped: Ledger) -> None:
    _lose_at(grouped, ANA)
    assert len(judge(grouped).lost) == 1


@pytest.mark.parametrize(("times", "found"), [(0, "events_missing"), (2, "events_repeated")])
@pytest.mark.parametrize("session", ["s1", "s2"])
def test_what_is_written_into_a_group_has_one_event_in_each_session_of_it(
    grouped: Ledger, session: str, times: int, found: str
) -> None:
    grouped.sessions["s2"] = CAT
    for number, short in enumerate(("H1", "G1", "G2")):
        tell(grouped, [event(10 + number, "message.received", short) | {"session_id": "s2"}])
    assert judge(grouped).is_good
    mine = [each for each in grouped.events if each["session_id"] == session]
    (there,) = [each for each in mine if each["payload"]["message"]["whatsapp_id"].endswith("H1")]
    grouped.events.remove(there)
    tell(grouped, [there | {"id": f"evt_{20 + each}", "sequence": 20 + each} for each in range(times)])
    (line,) = getattr(judge(grouped), found)
    assert line.startswith(session)


def test_the_log_of_a_group_has_the_order_of_the_phone(grouped: Ledger) -> None:
    for phone in (ANA, BEN, CAT):
        grouped.phones[phone].append(Held("H2", BEN, GROUP, "p2-2", by_phone=True))
    grouped.events.insert(0, event(0, "message.received", "H2"))
    assert len(judge(grouped).events_out_of_order) == 1


def test_an_operation_shows_at_every_member(grouped: Ledger) -> None:
    grouped.operations.append(Operation(Doing.REVOKE, grouped.sends[3], "", answered=9, message_id="msg_r"))
    grouped.stored["msg_r"] = Stored("SENT", None, "R1")
    for phone in (ANA, BEN, CAT):
        place = _place(grouped, phone, "G2")
        grouped.phones[phone][place] = replace(grouped.phones[phone][place], body="", revoked=True)
    tell(grouped, [changed(7, "message.revoked", "G2")])
    assert judge(grouped).is_good
    grouped.phones[CAT][_place(grouped, CAT, "G2")].revoked = False
    (line,) = judge(grouped).lost
    assert CAT in line


def test_a_member_deletes_for_themselves_what_is_still_at_the_others(grouped: Ledger) -> None:
    deletion = Operation(Doing.DELETE, grouped.sends[2], "", answered=9, message_id="msg_3")
    grouped.operations.append(deletion)
    assert len(judge(grouped).lost) == 1
    grouped.phones[CAT][_place(grouped, CAT, "G1")].reactions[BEN] = "🎉"
    _lose_at(grouped, ANA)
    tell(grouped, [changed(7, "message.deleted", "G1")])
    assert judge(grouped).is_good
    _lose_at(grouped, CAT)
    (line,) = judge(grouped).lost
    assert CAT in line


def _rename(ledger: Ledger, *, told: int = 1, refused: str | None = None, **times: int) -> None:
    """By Ana's client; `times` says how often it shows on whose phones."""
    change = GroupChange("s1", ANA, GROUP, "subject", "all", answered=9, message_id=GROUP, refused=refused)
    ledger.group_changes.append(change)
    for name, phone in (("ana", ANA), ("ben", BEN), ("cat", CAT)):
        ledger.notices[phone] = [Notice(GROUP, "subject", "all")] * times.get(name, 1)
    payload = {"group_id": GROUP, "changed": "SUBJECT", "value": "all"}
    made = [changed(7 + each, "group.updated", "-") | {"payload": payload} for each in range(told)]
    tell(ledger, made)


def test_a_change_of_a_group_is_at_every_member_and_told(grouped: Ledger) -> None:
    _rename(grouped)
    verdict = judge(grouped)
    assert (verdict.is_good, verdict.operations) == (True, 1)
    assert untold(grouped) == []


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"cat": 0}, "lost"),
        ({"ben": 2}, "duplicated"),
        ({"told": 0}, "events_missing"),
        ({"told": 2}, "events_repeated"),
        ({"ana": 0, "ben": 0, "refused": "NOT_GROUP_ADMIN"}, "untrue"),
    ],
)
def test_what_is_wrong_with_a_change_of_a_group_is_named(grouped: Ledger, how: dict[str, Any], found: str) -> None:
    _rename(grouped, **how)
    verdict = judge(grouped)
    assert not verdict.is_good
    assert len(getattr(verdict, found)) == 1


def test_a_change_of_a_group_that_was_done_twice_is_named_though_it_was_told_twice(grouped: Ledger) -> None:
    _rename(grouped, told=2, ana=2, ben=2, cat=2)
    verdict = judge(grouped)
    assert (len(verdict.duplicated), verdict.events_repeated) == (3, [])


def test_a_change_of_a_group_that_nobody_answered_or_told_of_is_awaited_and_named(grouped: Ledger) -> None:
    _rename(grouped, told=0)
    (line,) = untold(grouped)
    assert line.startswith("1 changes of groups of session s1")
    grouped.group_changes[0].answered = None
    assert len(judge(grouped).unanswered) == 1


def test_whom_a_group_names_by_their_lid_is_known(grouped: Ledger) -> None:
    for phone in (ANA, BEN, CAT):
        grouped.phones[phone][_place(grouped, phone, "G1")].reactions[BEN] = "🎉"
    reaction = changed(7, "message.reaction", "G1", emoji="🎉")
    reaction["payload"]["from"] = f"{BENS_LID}@lid"
    tell(grouped, [reaction])
    assert judge(grouped).is_good
