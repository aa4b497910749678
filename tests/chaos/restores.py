"""Profiles that were restored from snapshots, as the gateways' logs tell of it, and what may be out of reach then."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tests.chaos.changes import Change, asked, made
from tests.chaos.ledger import COMMANDS, Doing, Json, Ledger, Operation, Restored

_TAKEN: Final = re.compile(r" of (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
_LACKING: Final = "TARGET_UNKNOWN"
_NEEDS_ITS_MESSAGE: Final = frozenset({"message.edited", "message.revoked", "poll.vote"})
"""What a page without the message can't tell of, or tells of only once."""

_BEFORE: Final = timedelta(seconds=60)
"""How long before a restore a change may have been made that the page which was left has taken, and nobody stored.

Its gateway stored nothing any more from about its last sign of life. Then its lease runs out (20 s, the default of
POMBO_LEASE_SECONDS, which a run leaves as it is), the gateway that takes over may be away itself for as long as the
longest fault (30 s, `plan.py`), and 10 s are for the restore. Where a slow machine needs longer, the change counts as
missing.
"""


def restored(logs: Iterable[Path]) -> list[Restored]:
    """Every restore that gateways have logged."""
    lines = (line for log in logs for line in log.read_text(errors="replace").splitlines())
    # A gateway that was killed may have left half a line.
    told = (json.loads(line) for line in lines if '"snapshot_restored"' in line and line.endswith("}"))
    return [_restored(each) for each in told]


def _restored(told: Json) -> Restored:
    taken = _TAKEN.search(told["detail"])
    assert taken is not None, told
    taken_at = datetime.strptime(taken[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return Restored(told["session_id"], taken_at=taken_at, at=datetime.fromisoformat(told["timestamp"]))


def beyond_reach(ledger: Ledger, session: str, untold: Iterable[Change]) -> set[Change]:
    """The edits, deletions and votes among these whose message the session's page may have lacked when they were made.

    As far as the gateways' logs tell: its page was restored from a snapshot that is older than the event of the
    message, and the message is older than the restore, so that WhatsApp may have given it to the profile that was left.
    A snapshot that is older than the event may hold the message all the same. The change was made after the restore, or
    shortly before it. Stars that were taken away on the phone are among them: a page that nobody heard then doesn't say
    that it was so. What the session's own clients asked for isn't among them: the gateway tells that itself,
    whatever its page has, unless it refused that for the message: then an earlier page may have done it.
    """
    restores = [each for each in ledger.restores if each.session == session]
    came = dict(ledger.message_events(session))
    made_at = made(ledger.phones.get(ledger.sessions[session], ()))
    own = _own(ledger, session)
    phone = ledger.sessions[session]
    commands = [each for each in ledger.operations if each.kind in COMMANDS and each.send.by == phone]
    refused = [each for each in commands if each.refused is not None]
    passed_over = {asked(each, ledger.target(each)) for each in refused if was_passed_over(ledger, each)}
    untold = list(untold)
    unstarred = {each for each in untold if each[0] == "message.starred" and not each[-1] and each not in own}
    return (
        unstarred
        | (passed_over & set(untold))
        | {
            each
            for each in untold
            if each[0] in _NEEDS_ITS_MESSAGE
            and each not in own
            and each[1] in came
            and each in made_at
            and _may_be_lacked(came[each[1]], datetime.fromtimestamp(made_at[each], UTC), restores)
        }
    )


def was_passed_over(ledger: Ledger, command: Operation) -> bool:
    """Whether it went to a page that may not have had the message.

    Such a page refuses a star, its end, and that it was played, which an earlier one may have done. What it is to
    delete looks deleted where it was asked for before.
    """
    lacking = command.is_accepted if command.kind is Doing.DELETE else command.refused == _LACKING
    return lacking and _may_have_lacked(ledger, command)


def _may_have_lacked(ledger: Ledger, command: Operation) -> bool:
    """Whether the page that answered a command may not have had its message.

    As far as the gateways' logs tell: by then the session's page was restored from a snapshot that is older than the
    event of the message, and the message is older than the restore.
    """
    session = next(name for name, phone in ledger.sessions.items() if phone == command.send.by)
    event = dict(ledger.message_events(session)).get(ledger.target(command))
    if event is None or command.answered is None:
        return False
    restores = [each for each in ledger.restores if each.session == session]
    return _is_older(event, datetime.fromtimestamp(command.answered, UTC), restores)


def _own(ledger: Ledger, session: str) -> set[Change]:
    """What the session's clients had accepted, and the gateway doesn't say that it failed."""
    failed = {message_id for message_id, each in ledger.stored.items() if each.status == "FAILED"}
    return {
        asked(each, ledger.target(each))
        for each in ledger.operations
        if each.send.by == ledger.sessions[session] and each.message_id is not None and each.message_id not in failed
    }


def _may_be_lacked(event: Json, changed: datetime, restores: Iterable[Restored]) -> bool:
    return _is_older(event, changed + _BEFORE, restores)


def _is_older(event: Json, then: datetime, restores: Iterable[Restored]) -> bool:
    """Whether the page of then may not have had the message of an event, as it had been restored by then."""
    told = datetime.fromisoformat(event["time"])
    written = datetime.fromisoformat(event["payload"]["message"]["created_at"])
    return any(each.taken_at <= told and written <= each.at <= then for each in restores)
