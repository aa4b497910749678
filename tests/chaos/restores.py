"""Profiles that were restored from snapshots, as the gateways' logs tell of it, and what is out of reach after one."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.chaos.changes import Change
from tests.chaos.ledger import Json, Ledger, Restored

_TAKEN: Final = re.compile(r" of (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
_NEEDS_ITS_MESSAGE: Final = frozenset({"message.edited", "message.revoked", "poll.vote"})
"""What a page without the message can't tell of, or tells of only once."""
_MESSAGE_EVENTS: Final = frozenset({"message.received", "message.sent"})


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


def beyond_reach(ledger: Ledger, session: str, changes: Iterable[Change]) -> set[Change]:
    """The edits, deletions and votes among these whose message the session's page may have lacked.

    Its page was restored from a snapshot that is older than the event of the message, and the message is older than the
    restore: WhatsApp had given it to the profile that was left.
    """
    restores = [each for each in ledger.restores if each.session == session]
    came = {
        event["payload"]["message"]["whatsapp_id"].split("_")[2]: event
        for event in ledger.events
        if event["session_id"] == session and event["type"] in _MESSAGE_EVENTS
    }
    return {
        each
        for each in changes
        if each[0] in _NEEDS_ITS_MESSAGE and each[1] in came and _was_lacked(came[each[1]], restores)
    }


def _was_lacked(event: Json, restores: Iterable[Restored]) -> bool:
    told = datetime.fromisoformat(event["time"])
    written = datetime.fromisoformat(event["payload"]["message"]["created_at"])
    return any(each.taken_at <= told and written <= each.at for each in restores)
