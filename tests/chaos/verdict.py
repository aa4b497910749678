"""Whether everything that was accepted, written and told is where it belongs, once."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from tests.chaos import changes
from tests.chaos.found import Verdict
from tests.chaos.groups import judge_groups
from tests.chaos.ledger import COMMANDS, Came, Doing, Held, Kind, Ledger, Operation, Send, Stored
from tests.chaos.levels import LEFT, SET, UNKNOWN, chains, expected, judge_level
from tests.chaos.restores import beyond_reach, was_passed_over


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
    judge_groups(ledger, verdict)
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
    verdict.duplicated += _strays(ledger, texts)
    for (sender, recipient), sends in chats.items():
        times: dict[str, Counter[str]] = {}
        for phone in ledger.holders(recipient):
            chat = [each for each in ledger.had(phone) if (each.sender, each.recipient) == (sender, recipient)]
            times[phone] = Counter(texts.get(each.id, each.body) for each in chat)
            held = [texts.get(each.id, each.body) for each in chat if not each.deleted]
            verdict.out_of_order += [f"{line}, on the phone of {phone}" for line in _order_of_sends(held, sends)]
            if phone != sender:
                _judge_files(ledger, verdict, phone, chat, sends)
        for send in sends:
            _judge_send(ledger, verdict, send, {phone: found[send.body] for phone, found in times.items()})


def _strays(ledger: Ledger, texts: Mapping[str, str]) -> list[str]:
    """What was sent to one chat, and is in another."""
    meant = {send.body: send.recipient for send in ledger.sends}
    held = [(phone, each, texts.get(each.id, each.body)) for phone, there in ledger.phones.items() for each in there]
    return [
        f"{body}: on the phone of {phone} as one to {each.recipient}"
        for phone, each, body in held
        if meant.get(body, each.recipient) != each.recipient
    ]


def _order_of_sends(held: Sequence[str], sends: Sequence[Send]) -> list[str]:
    there = set(held)
    accepted = [send.body for send in sends if send.is_accepted and send.body in there]
    return _disorder([body for body in dict.fromkeys(held) if body in set(accepted)], accepted)


def _judge_files(ledger: Ledger, verdict: Verdict, phone: str, chat: Sequence[Held], sends: Sequence[Send]) -> None:
    """What a phone has downloaded is what was sent, byte for byte. Of what was deleted nothing is there.

    A voice note is what the gateway made of what was sent.
    """
    wanted = {send.body: send.digest for send in sends if send.digest is not None}
    notes = [send for send in sends if send.kind is Kind.VOICE and send.message_id in ledger.stored]
    wanted |= {send.body: ledger.stored[send.message_id or ""].digest for send in notes}
    for held in chat:
        if held.body in wanted and held.digest != wanted[held.body]:
            verdict.files_changed.append(f"{held.body}: the phone of {phone} has {held.digest}")


def _texts(ledger: Ledger) -> dict[str, str]:
    """What messages said, by their ids, also those that were deleted."""
    stored = ledger.stored
    return {
        stored[send.message_id].short: send.body
        for send in ledger.sends
        if send.message_id is not None and send.message_id in stored
    }


def _judge_operations(ledger: Ledger, verdict: Verdict) -> None:
    """What was accepted shows on the recipient's phone, or on the account's own, once; what wasn't doesn't."""
    held = {(phone, each.id): each for phone in ledger.phones for each in ledger.had(phone)}
    for chain in chains(ledger):
        judge_level(ledger, verdict, chain, _where(ledger, chain[0], held))
    for operation in ledger.operations:
        if operation.answered is None:
            verdict.unanswered.append(f"{operation.label}: no answer after {operation.tries} tries")
            continue
        verdict.operations += operation.is_accepted
        if operation.kind in SET:
            _judge_end(ledger, verdict, operation)
            continue
        short = ledger.target(operation)
        if operation.kind is Doing.PLAYED:
            _judge_played(ledger, verdict, operation)
            continue
        if operation.kind in COMMANDS:
            _judge_deletion(ledger, verdict, operation, {phone: held.get((phone, short)) for phone in ledger.phones})
            continue
        there = _where(ledger, operation, held)
        if isinstance(operation.send, Came):
            # When its author deletes it, the votes go with it: nobody can see any more what they were.
            there = {phone: each for phone, each in there.items() if each is None or not each.revoked}
        times = {phone: 0 if each is None else _times(operation, each) for phone, each in there.items()}
        _judge_operation(ledger, verdict, operation, times)


def _where(ledger: Ledger, operation: Operation, held: Mapping[tuple[str, str], Held]) -> dict[str, Held | None]:
    """The message as the phones have it that must show what is done: a command's own, or each that got the message."""
    short, send = ledger.target(operation), operation.send
    phones = (send.by,) if operation.kind in COMMANDS else ledger.holders(send.recipient)
    there = {phone: held.get((phone, short)) for phone in phones}
    # Where somebody has deleted it for themselves it shows no more.
    return {phone: each for phone, each in there.items() if each is None or not each.deleted}


def _judge_end(ledger: Ledger, verdict: Verdict, operation: Operation) -> None:
    """Of what can be taken back: that the gateway knows what it accepted, and what came of it."""
    stored = ledger.stored.get(operation.message_id or "")
    if operation.kind in COMMANDS:
        return
    if stored is None:
        if operation.is_accepted:
            verdict.lost.append(f"{operation.label}: accepted as {operation.message_id}, which is unknown")
    elif stored.status == "FAILED" and stored.failure == UNKNOWN:
        verdict.unknown += 1
    elif stored.status not in LEFT and stored.status != "FAILED":
        verdict.untrue.append(f"{operation.label}: {stored.status} at the end")


def _judge_played(ledger: Ledger, verdict: Verdict, operation: Operation) -> None:
    """A refusal says that the writer isn't told; an answer that the page took it.

    A page that dies before it has told WhatsApp tells it no more: such a one is counted, not lost.
    """
    short = ledger.target(operation)
    notes = [each for there in ledger.phones.values() for each in there if each.id == short]
    is_told = any(operation.send.by in each.played for each in notes)
    if operation.is_accepted and not is_told:
        verdict.unheard += 1
    elif operation.refused is not None and is_told and not was_passed_over(ledger, operation):
        verdict.untrue.append(f"{operation.label}: refused ({operation.refused}), and done")


def _judge_deletion(ledger: Ledger, verdict: Verdict, operation: Operation, there: Mapping[str, Held | None]) -> None:
    """An answer says that it is done on the account's own phone, a refusal that it isn't."""
    held = there.get(operation.send.by)
    is_anywhere = any(there.values())
    is_undone, is_done = held is not None and not held.deleted, held is None and is_anywhere
    lacked = was_passed_over(ledger, operation)
    if operation.is_accepted and is_undone:
        found = verdict.beyond_reach if lacked else verdict.lost
        found.append(f"{operation.label}: answered, and not done on the phone of {operation.send.by}")
    elif operation.refused is not None and is_done:
        found = verdict.beyond_reach if lacked else verdict.untrue
        found.append(f"{operation.label}: refused ({operation.refused}), and done")


def _judge_operation(ledger: Ledger, verdict: Verdict, operation: Operation, times: Mapping[str, int]) -> None:
    verdict.duplicated += _doubled(operation.label, times)
    stored = ledger.stored.get(operation.message_id or "")
    if stored is None:
        if operation.is_accepted:
            verdict.lost.append(f"{operation.label}: accepted as {operation.message_id}, which is unknown")
        elif any(times.values()):
            verdict.untrue.append(f"{operation.label}: refused ({operation.refused}), and done")
        return
    if stored.status == "FAILED" and stored.failure == UNKNOWN:
        verdict.unknown += 1
        return
    _judge_status(verdict, operation.label, stored, times)


def _judge_status(verdict: Verdict, label: str, stored: Stored, times: Mapping[str, int]) -> None:
    """Whether what the gateway says of it at the end is so, on the phone of each who has to have it."""
    known = f"{label}: {stored.status}{f' ({stored.failure})' if stored.failure else ''}"
    for phone, there in times.items():
        if stored.status in LEFT and not there:
            verdict.lost.append(f"{known}, and not on the phone of {phone}")
        elif stored.status == "FAILED" and there:
            verdict.untrue.append(f"{known}, and on the phone of {phone}")
    if stored.status not in LEFT and stored.status != "FAILED":
        verdict.untrue.append(f"{known} at the end, and {sum(times.values())} times on phones")


def _doubled(label: str, times: Mapping[str, int]) -> list[str]:
    return [f"{label}: {there} times on the phone of {phone}" for phone, there in times.items() if there > 1]


def _times(operation: Operation, held: Held) -> int:
    """How often it shows. Of deletions and votes the last one counts, however many there were."""
    match operation.kind:
        case Doing.EDIT:
            return held.edits.count(operation.value)
        case Doing.VOTE:
            return int(held.votes.get(operation.send.by) == operation.value)
        case _:
            return int(held.revoked)


def _judge_changes(ledger: Ledger, verdict: Verdict) -> None:
    """Whatever was done to a message of an account's, by whomever, has one event in the account's session."""
    for session in ledger.sessions:
        told = changes.told(ledger.events, session, ledger.lids)
        wanted = expected(ledger, session)
        untold = [change for change in wanted if not told[change]]
        beyond = beyond_reach(ledger, session, untold)
        for change in untold:
            found = verdict.beyond_reach if change in beyond else verdict.events_missing
            found.append(f"{session}: no event of {wanted[change]}")
        verdict.events_repeated += [
            f"{session}: {times} events {' '.join(change)}" for change, times in told.items() if times > 1
        ]


def _judge_send(ledger: Ledger, verdict: Verdict, send: Send, times: Mapping[str, int]) -> None:
    verdict.duplicated += _doubled(send.body, times)
    if send.answered is None:
        verdict.unanswered.append(f"{send.body}: no answer after {send.tries} tries")
        return
    stored = None if send.message_id is None else ledger.stored.get(send.message_id)
    if "MEDIA_MISSING" in {send.refused, stored and stored.failure}:
        verdict.files_changed.append(f"{send.body}: the gateways have lost its file")
    if send.is_accepted:
        verdict.accepted += 1
    if stored is None:
        if send.is_accepted:
            verdict.lost.append(f"{send.body}: accepted as {send.message_id}, which the gateway doesn't know")
        elif any(times.values()):
            verdict.untrue.append(f"{send.body}: refused ({send.refused}), and on the phone")
        return
    _judge_status(verdict, send.body, stored, times)


def _judge_log(ledger: Ledger, verdict: Verdict) -> None:
    """Every message of an account's, whoever sent it, has one event in the account's session, and no other has one."""
    verdict.events = len(ledger.events)
    for session, phone in ledger.sessions.items():
        told = ledger.message_events(session)
        times = Counter(short for short, _ in told)
        held = ledger.had(phone)
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
    chats = {(each.sender, each.recipient) for each in held if each.sender != phone}
    for chat in sorted(chats):
        there = [each for each in held if (each.sender, each.recipient) == chat]
        came = {each.id: texts.get(each.id, each.body or each.id) for each in there}
        logged = [came[each] for each in dict.fromkeys(told) if each in came]
        expected = [body for body in came.values() if body in set(logged)]
        found += [f"{session}: {line}" for line in _disorder(logged, expected)]
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
