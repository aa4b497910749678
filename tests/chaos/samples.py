"""Ledgers for tests of verdicts: one that is as it should be, and what is done to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.ledger import EDITED, FORWARDED, Came, Doing, Held, Ledger, Operation, Posted, Send, Stored

ANA, BEN = "15550100001", "15550100101"


def event(sequence: int, kind: str, short: str, *, backfilled: bool = False) -> dict[str, Any]:
    return {
        "id": f"evt_{sequence}",
        "sequence": sequence,
        "session_id": "s1",
        "type": kind,
        "time": f"2026-01-01T00:00:{sequence:02}Z",
        "payload": {
            "message": {
                "whatsapp_id": f"true_{BEN}@c.us_{short}",
                "backfilled": backfilled,
                "type": "text",
                "created_at": f"2026-01-01T00:00:{sequence:02}Z",
            }
        },
    }


def changed(sequence: int, kind: str, short: str, **payload: Any) -> dict[str, Any]:
    payload |= {"whatsapp_id": f"true_{BEN}@c.us_{short}", "from": f"{ANA}@c.us"}
    return {"id": f"evt_{sequence}", "sequence": sequence, "session_id": "s1", "type": kind, "payload": payload}


def send(number: int, **changes: Any) -> Send:
    made = Send(
        "c1", ANA, BEN, "s1", f"c1-{number}", began=number, tries=1, answered=number, message_id=f"msg_{number}"
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def sound() -> Ledger:
    """Two messages sent and one received."""
    ledger = Ledger(sessions={"s1": ANA}, sends=[send(1), send(2)], webhook_from=0)
    ledger.stored = {"msg_1": Stored("READ", None, "A1"), "msg_2": Stored("SENT", None, "A2")}
    mine = [Held(f"A{number}", ANA, BEN, f"c1-{number}", by_phone=False) for number in (1, 2)]
    held = [*mine, Held("B1", BEN, ANA, "p1-1", by_phone=True)]
    ledger.phones = {ANA: list(held), BEN: list(held)}
    ledger.events = [event(1, "message.sent", "A1"), event(2, "message.received", "B1"), event(3, "message.sent", "A2")]
    ledger.followed = list(ledger.events)
    ledger.posted = {f"evt_{number}": Posted("s1", number, {b"-"}, 1, 1) for number in (1, 2, 3)}
    ledger.webhook_order["s1"] = [1, 2, 3]
    return ledger


def edit(ledger: Ledger, number: int, *, shown: int = 1, told: int = 1, status: str = "SENT") -> Operation:
    """An edit of a message, as often on the phones and in the log as it is said."""
    text = f"c1-{number}{EDITED}"
    operation = Operation(Doing.EDIT, ledger.sends[number - 1], text, tries=1, answered=9, message_id=f"msg_e{number}")
    ledger.operations.append(operation)
    ledger.stored[f"msg_e{number}"] = Stored(status, None if status != "FAILED" else "EDIT_TOO_LATE", f"E{number}")
    for phone in (ANA, BEN):
        held = ledger.phones[phone][number - 1]
        ledger.phones[phone][number - 1] = replace(held, edits=[text] * shown, edited_at=[moment(9)] * shown)
    tell(ledger, [changed(4 + each, "message.edited", f"A{number}", text={"body": text}) for each in range(told)])
    return operation


def tell(ledger: Ledger, events: list[dict[str, Any]]) -> None:
    ledger.events += events
    ledger.followed = list(ledger.events)
    for event in events:
        ledger.posted[event["id"]] = Posted("s1", event["sequence"], {b"-"}, 1, 1)
        ledger.webhook_order["s1"].append(event["sequence"])


def vote(ledger: Ledger, *, shown: int = 1, told: int = 1, status: str = "SENT") -> Operation:
    """Ana's, through the gateway, in a poll that Ben sent to her on his phone."""
    for phone in (ANA, BEN):
        votes = {ANA: "yes"} if shown else {}
        ledger.phones[phone].append(
            Held("B2", BEN, ANA, "p1-2", by_phone=True, votes=votes, voted_at=dict.fromkeys(votes, moment(9)))
        )
    operation = Operation(Doing.VOTE, Came("p1-2", ANA, BEN, "msg_b2", "B2"), "yes", answered=9, message_id="msg_v")
    ledger.operations.append(operation)
    ledger.stored["msg_v"] = Stored(status, None if status != "FAILED" else "MESSAGE_REVOKED", "V1")
    votes_told = [changed(5 + each, "poll.vote", "B2", options=["yes"]) for each in range(told)]
    tell(ledger, [event(4, "message.received", "B2"), *votes_told])
    return operation


def star(ledger: Ledger, *, shown: bool = True, told: int = 1, refused: str | None = None) -> Operation:
    """On the first message, on Ana's own phone; nobody else sees it."""
    operation = Operation(Doing.STAR, ledger.sends[0], "", answered=moment(9), message_id="msg_1", refused=refused)
    if refused is not None:
        operation.message_id = None
    ledger.operations.append(operation)
    ledger.phones[ANA][0] = replace(ledger.phones[ANA][0], starred=shown)
    tell(ledger, [changed(4 + each, "message.starred", "A1", starred=True) for each in range(told)])
    return operation


def delete(ledger: Ledger, *, gone: bool = True, told: int = 1, refused: str | None = None) -> Operation:
    """The first message, on Ana's own phone; Ben has it still."""
    operation = Operation(Doing.DELETE, ledger.sends[0], "", answered=moment(9), message_id="msg_1", refused=refused)
    if refused is not None:
        operation.message_id = None
    ledger.operations.append(operation)
    if gone:
        ledger.phones[ANA] = [each for each in ledger.phones[ANA] if each.id != "A1"]
    tell(ledger, [changed(4 + each, "message.deleted", "A1") for each in range(told)])
    return operation


def forward(ledger: Ledger, *, shown: int = 1, status: str = "READ") -> Send:
    """Of the first message, to its own chat."""
    made = send(3, body=f"c1-1{FORWARDED}", forwards="msg_1")
    ledger.sends.append(made)
    ledger.stored["msg_3"] = Stored(status, None if status != "FAILED" else "SEND_REFUSED", "A3")
    for number in range(shown):
        copy = Held(f"A{3 + number}", ANA, BEN, made.body, by_phone=False)
        ledger.phones[ANA].append(copy)
        ledger.phones[BEN].append(copy)
        tell(ledger, [event(4 + number, "message.sent", copy.id)])
    return made


def second(number: int) -> datetime:
    """Of the hour in which all of it happens."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)


def moment(number: int) -> int:
    """The same in seconds since 1970."""
    return int(second(number).timestamp())
