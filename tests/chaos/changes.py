"""What was done to messages: as phones show it, and as the log tells of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from tests.chaos.ledger import Doing, Held, Json, Operation

type Change = tuple[str, ...]
"""The event's type, the message's id with WhatsApp, and what says which of the changes it is."""

IS_SO: Final = "yes"
"""Of what is there or isn't, like a star."""

_LEVELS: Final = frozenset({"message.reaction", "message.pinned", "message.starred"})
"""What can be taken back: the last part of such a change is empty then."""

_EVENTS: Final = frozenset(
    {
        "message.edited",
        "message.revoked",
        "message.reaction",
        "poll.vote",
        "message.pinned",
        "message.starred",
        "message.deleted",
    }
)


def shown(held: Iterable[Held]) -> dict[Change, str]:
    """What shows on a phone's messages, each with words for people."""
    found: dict[Change, str] = {}
    for each in held:
        label = each.body or each.id
        found |= {("message.edited", each.id, text): f"the edit of {label}" for text in each.edits}
        found |= {
            ("message.reaction", each.id, who, emoji): f"{who}'s reaction to {label}"
            for who, emoji in each.reactions.items()
        }
        found |= {("poll.vote", each.id, who, option): f"{who}'s vote in {label}" for who, option in each.votes.items()}
        if each.pinned:
            found["message.pinned", each.id, IS_SO] = f"the pin of {label}"
        if each.starred:
            found["message.starred", each.id, IS_SO] = f"the star on {label}"
        if each.deleted:
            found["message.deleted", each.id] = f"the deletion of {label} for {each.sender} alone"
        if each.revoked:
            found["message.revoked", each.id] = f"the deletion of {label}"
    return found


def ended(held: Iterable[Held], told: Iterable[Change]) -> set[Change]:
    """What was told as being there and that a phone doesn't show any more, as changes that must be told, too.

    What goes with its message when that is deleted isn't meant.
    """
    held = [each for each in held if not (each.revoked or each.deleted)]
    there, now = {each.id for each in held}, {change[:-1] for change in shown(held)}
    levels = [change for change in told if change[0] in _LEVELS and change[1] in there]
    return {(*change[:-1], "") for change in levels if change[-1] and change[:-1] not in now}


def made(held: Iterable[Held]) -> dict[Change, int]:
    """When each edit, vote and deletion was made, in seconds since 1970: the first of those that are alike.

    One of which no time is known isn't among them.
    """
    found: dict[Change, int] = {}
    for each in held:
        for text, at in zip(each.edits, each.edited_at, strict=False):
            found.setdefault(("message.edited", each.id, text), at)
        found |= {("poll.vote", each.id, who, each.votes[who]): at for who, at in each.voted_at.items()}
        if each.revoked_at is not None:
            found["message.revoked", each.id] = each.revoked_at
    return found


def asked(operation: Operation, target: str) -> Change:
    """What an operation does to the message of this id."""
    match operation.kind:
        case Doing.EDIT:
            return "message.edited", target, operation.value
        case Doing.REVOKE:
            return "message.revoked", target
        case Doing.REACTION | Doing.UNREACT:
            return "message.reaction", target, operation.send.by, operation.value
        case Doing.VOTE:
            return "poll.vote", target, operation.send.by, operation.value
        case Doing.PIN | Doing.UNPIN:
            return "message.pinned", target, IS_SO if operation.kind is Doing.PIN else ""
        case Doing.STAR | Doing.UNSTAR:
            return "message.starred", target, IS_SO if operation.kind is Doing.STAR else ""
        case Doing.DELETE:
            return "message.deleted", target
        case Doing.PLAYED:
            # The account itself is told nothing of it.
            return "message.played", target


def told(events: Iterable[Json], session: str, lids: Mapping[str, str]) -> Counter[Change]:
    """How often each change has an event of a session's; `lids` has the phone numbers behind LIDs."""
    return Counter(
        _change(event, lids) for event in events if event["session_id"] == session and event["type"] in _EVENTS
    )


def _change(event: Json, lids: Mapping[str, str]) -> Change:
    payload, kind = event["payload"], event["type"]
    target, who = str(payload["whatsapp_id"]).split("_")[2], str(payload["from"]).partition("@")[0]
    match kind:
        case "message.edited":
            return kind, target, payload["text"]["body"]
        case "message.reaction":
            return kind, target, lids.get(who, who), payload["emoji"]
        case "poll.vote":
            return kind, target, lids.get(who, who), ", ".join(payload["options"])
        case "message.pinned" | "message.starred":
            return kind, target, IS_SO if payload[kind.removeprefix("message.")] else ""
        case _:
            return kind, target
