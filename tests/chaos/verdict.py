"""Whether everything that was accepted, written and told is where it belongs, once."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from tests.chaos import changes
from tests.chaos.ledger import Doing, Held, Json, Ledger, Operation, Send, Stored

_LEFT: Final = frozenset({"SENT", "DELIVERED", "READ", "PLAYED"})
_UNKNOWN: Final = "OUTCOME_UNKNOWN"
_FIGURES: Final = frozenset(
    {
        "sent",
        "accepted",
        "operations",
        "unknown",
        "received",
        "events",
        "events_backfilled",
        "webhook_posts",
        "webhook_repeats",
    }
)
_MESSAGE_EVENTS: Final = frozenset({"message.received", "message.sent"})


@dataclass(slots=True)
class Verdict:
    """What was found. Each list has one line for each thing that is wrong."""

    sent: int = 0
    accepted: int = 0
    operations: int = 0
    unknown: int = 0
    """Operations of which the gateway says that nobody can know whether they were done."""

    received: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    files_changed: list[str] = field(default_factory=list)
    events_missing: list[str] = field(default_factory=list)
    events_repeated: list[str] = field(default_factory=list)
    events_out_of_order: list[str] = field(default_factory=list)
    cursor: list[str] = field(default_factory=list)
    webhooks_missing: list[str] = field(default_factory=list)
    webhooks_changed: list[str] = field(default_factory=list)
    webhooks_out_of_order: list[str] = field(default_factory=list)
    bad_signatures: int = 0
    unfinished: list[str] = field(default_factory=list)
    left_running: list[str] = field(default_factory=list)
    events: int = 0
    events_backfilled: int = 0
    webhook_posts: int = 0
    webhook_repeats: int = 0

    @property
    def is_good(self) -> bool:
        """Nothing of what must not be."""
        return not any(found for name, found in asdict(self).items() if name not in _FIGURES)


def judge(ledger: Ledger) -> Verdict:
    """Compares what was asked, held, logged and posted."""
    verdict = Verdict(
        bad_signatures=ledger.bad_signatures,
        unfinished=list(ledger.unfinished),
        left_running=list(ledger.left_running),
    )
    _judge_sends(ledger, verdict)
    _judge_operations(ledger, verdict)
    _judge_changes(ledger, verdict)
    _judge_log(ledger, verdict)
    _judge_cursor(ledger, verdict)
    _judge_webhooks(ledger, verdict)
    return verdict


def _judge_sends(ledger: Ledger, verdict: Verdict) -> None:
    verdict.sent = len(ledger.sends)
    chats: defaultdict[tuple[str, str], list[Send]] = defaultdict(list)
    for send in ledger.sends:
        chats[send.sender, send.recipient].append(send)
    texts = _texts(ledger)
    for (sender, recipient), sends in chats.items():
        held = [texts.get(each.id, each.body) for each in ledger.phones.get(recipient, ()) if each.sender == sender]
        times = Counter(held)
        _judge_files(ledger, verdict, recipient, sends)
        for send in sends:
            _judge_send(ledger, verdict, send, times[send.body])
        accepted = {send.body for send in sends if send.is_accepted}
        verdict.out_of_order += _disorder(
            [body for body in dict.fromkeys(held) if body in accepted],
            [send.body for send in sends if send.is_accepted and times[send.body]],
        )


def _judge_files(ledger: Ledger, verdict: Verdict, recipient: str, sends: Sequence[Send]) -> None:
    """What a phone has downloaded is what was sent, byte for byte. Of what was deleted nothing is there."""
    wanted = {send.body: send.digest for send in sends if send.digest is not None}
    for send in sends:
        stored = ledger.stored.get(send.message_id or "")
        if "MEDIA_MISSING" in {send.refused, stored and stored.failure}:
            verdict.files_changed.append(f"{send.body}: the gateways have lost its file")
    for held in ledger.phones.get(recipient, ()):
        if held.body in wanted and held.digest != wanted[held.body]:
            verdict.files_changed.append(f"{held.body}: the phone of {recipient} has {held.digest}")


def _texts(ledger: Ledger) -> dict[str, str]:
    """What messages said, by their ids, also those that were deleted."""
    stored = ledger.stored
    return {
        stored[send.message_id].short: send.body
        for send in ledger.sends
        if send.message_id is not None and send.message_id in stored
    }


def _judge_operations(ledger: Ledger, verdict: Verdict) -> None:
    """What was accepted shows on the recipient's phone, once; what wasn't doesn't."""
    held = {(phone, each.id): each for phone, all_held in ledger.phones.items() for each in all_held}
    for operation in ledger.operations:
        if operation.answered is None:
            verdict.unanswered.append(f"{operation.label}: no answer after {operation.tries} tries")
            continue
        verdict.operations += operation.is_accepted
        target = ledger.stored.get(operation.send.message_id or "")
        there = None if target is None else held.get((operation.send.recipient, target.short))
        _judge_operation(ledger, verdict, operation, 0 if there is None else _times(operation, there))


def _judge_operation(ledger: Ledger, verdict: Verdict, operation: Operation, times: int) -> None:
    if times > 1:
        verdict.duplicated.append(f"{operation.label}: {times} times on the phone of {operation.send.recipient}")
    stored = ledger.stored.get(operation.message_id or "")
    if stored is None:
        if operation.is_accepted:
            verdict.lost.append(f"{operation.label}: accepted as {operation.message_id}, which is unknown")
        elif times:
            verdict.untrue.append(f"{operation.label}: refused ({operation.refused}), and done")
        return
    if stored.status == "FAILED" and stored.failure == _UNKNOWN:
        verdict.unknown += 1
        return
    _judge_status(verdict, operation.label, stored, times)


def _judge_status(verdict: Verdict, label: str, stored: Stored, times: int) -> None:
    """Whether what the gateway says of it at the end is so."""
    known = f"{label}: {stored.status}{f' ({stored.failure})' if stored.failure else ''}"
    if stored.status in _LEFT and not times:
        verdict.lost.append(f"{known}, and not on the phone")
    elif stored.status == "FAILED" and times:
        verdict.untrue.append(f"{known}, and on the phone")
    elif stored.status not in _LEFT and stored.status != "FAILED":
        verdict.untrue.append(f"{known} at the end, and {times} times on the phone")


def _times(operation: Operation, held: Held) -> int:
    """How often it shows. Of deletions and reactions the last one counts, however many there were."""
    match operation.kind:
        case Doing.EDIT:
            return held.edits.count(operation.value)
        case Doing.REVOKE:
            return int(held.revoked)
        case Doing.REACTION:
            return int(held.reactions.get(operation.send.sender) == operation.value)


def _judge_changes(ledger: Ledger, verdict: Verdict) -> None:
    """Whatever was done to a message of an account's, by whomever, has one event in the account's session."""
    for session, phone in ledger.sessions.items():
        told = changes.told(ledger.events, session)
        expected = changes.shown(ledger.phones.get(phone, ()))
        verdict.events_missing += [
            f"{session}: no event of {label}" for change, label in expected.items() if not told[change]
        ]
        verdict.events_repeated += [
            f"{session}: {times} events {' '.join(change)}" for change, times in told.items() if times > 1
        ]


def _judge_send(ledger: Ledger, verdict: Verdict, send: Send, times: int) -> None:
    if times > 1:
        verdict.duplicated.append(f"{send.body}: {times} times on the phone of {send.recipient}")
    if send.answered is None:
        verdict.unanswered.append(f"{send.body}: no answer after {send.tries} tries")
        return
    stored = None if send.message_id is None else ledger.stored.get(send.message_id)
    if send.is_accepted:
        verdict.accepted += 1
    if stored is None:
        if send.is_accepted:
            verdict.lost.append(f"{send.body}: accepted as {send.message_id}, which the gateway doesn't know")
        elif times:
            verdict.untrue.append(f"{send.body}: refused ({send.refused}), and on the phone")
        return
    _judge_status(verdict, send.body, stored, times)


def _judge_log(ledger: Ledger, verdict: Verdict) -> None:
    """Every message of an account's, whoever sent it, has one event in the account's session, and no other has one."""
    verdict.events = len(ledger.events)
    for session, phone in ledger.sessions.items():
        told = [(_short_id(event), event) for event in ledger.events if _is_message(event, session)]
        times = Counter(short for short, _ in told)
        held = ledger.phones.get(phone, [])
        for each in held:
            kind = "sent" if each.sender == phone else "received"
            if not times[each.id]:
                verdict.events_missing.append(f"{session}: no event of {each.body}, {kind}")
            elif times[each.id] > 1:
                verdict.events_repeated.append(f"{session}: {times[each.id]} events of {each.body}, {kind}")
        verdict.received += sum(each.sender != phone for each in held)
        strangers = {short for short, _ in told} - {each.id for each in held}
        verdict.events_repeated += [f"{session}: an event of {each}, which no phone has" for each in sorted(strangers)]
        # What is found by looking back comes when it is found, behind what came live meanwhile, and is marked.
        live = [short for short, event in told if not event["payload"]["message"]["backfilled"]]
        verdict.events_backfilled += len(told) - len(live)
        verdict.events_out_of_order += _order_in_log(session, phone, held, live, _texts(ledger))


def _order_in_log(
    session: str, phone: str, held: Sequence[Held], told: Sequence[str], texts: Mapping[str, str]
) -> list[str]:
    found = []
    peers = {each.sender for each in held} - {phone}
    for peer in sorted(peers):
        came = {each.id: texts.get(each.id, each.body or each.id) for each in held if each.sender == peer}
        logged = [came[each] for each in dict.fromkeys(told) if each in came]
        there = set(logged)
        found += [f"{session}: {line}" for line in _disorder(logged, [body for body in came.values() if body in there])]
    return found


def _judge_cursor(ledger: Ledger, verdict: Verdict) -> None:
    whole = [(event["sequence"], event["id"]) for event in ledger.events]
    followed = [(event["sequence"], event["id"]) for event in ledger.followed]
    # The log may have grown behind what was read of it, and the reader may have read that, too.
    if followed[: len(whole)] != whole or len(set(followed)) < len(followed):
        missed, twice = set(whole) - set(followed), [each for each, n in Counter(followed).items() if n > 1]
        verdict.cursor.append(f"a reader with a cursor missed {len(missed)} events and had {len(twice)} twice")
    for read in (whole, followed):
        if [sequence for sequence, _ in read] != sorted({sequence for sequence, _ in read}):
            verdict.cursor.append("the log's sequences don't rise")


def _judge_webhooks(ledger: Ledger, verdict: Verdict) -> None:
    for event in ledger.events:
        if event["sequence"] <= ledger.webhook_from:
            continue
        posted = ledger.posted.get(event["id"])
        if posted is None or not posted.taken:
            verdict.webhooks_missing.append(f"{event['sequence']} {event['type']} of {event['session_id']}")
        elif len(posted.bodies) > 1:
            verdict.webhooks_changed.append(f"{event['sequence']} {event['type']}: {len(posted.bodies)} bodies")
    verdict.webhook_posts = sum(posted.times for posted in ledger.posted.values())
    verdict.webhook_repeats = verdict.webhook_posts - len(ledger.posted)
    for session, sequences in ledger.webhook_order.items():
        firsts = list(dict.fromkeys(sequences))
        if firsts != sorted(firsts):
            verdict.webhooks_out_of_order.append(f"events of {session} came in another order than the log's")


def _disorder(found: Sequence[str], expected: Sequence[str]) -> list[str]:
    """Those that come after one that they should come before."""
    place = {body: number for number, body in enumerate(expected)}
    latest, late = -1, []
    for body in found:
        if place[body] < latest:
            late.append(f"{body} after {expected[latest]}")
        latest = max(latest, place[body])
    return late


def _is_message(event: Json, session: str) -> bool:
    if event["session_id"] != session or event["type"] not in _MESSAGE_EVENTS:
        return False
    return event["payload"]["message"]["type"] not in set(Doing)


def _short_id(event: Json) -> str:
    """WhatsApp's own id of a message, without chat and direction."""
    return str(event["payload"]["message"]["whatsapp_id"]).split("_")[2]
