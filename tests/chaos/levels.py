"""What can be given and taken back: reactions, pins and stars. What counts is how it was left."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Final

from tests.chaos import changes
from tests.chaos.changes import Change
from tests.chaos.found import Verdict
from tests.chaos.ledger import COMMANDS, UNDOES, Doing, Held, Ledger, Operation
from tests.chaos.restores import was_passed_over

LEFT: Final = frozenset({"SENT", "DELIVERED", "READ", "PLAYED"})
UNKNOWN: Final = "OUTCOME_UNKNOWN"
SET: Final = frozenset({*UNDOES, *UNDOES.values()})
"""The doings that are meant."""

_FACETS: Final = {doing: given for given, taken in UNDOES.items() for doing in (given, taken)}


class Outcome(Enum):
    """What came of an operation."""

    DONE = auto()
    NOT_DONE = auto()
    UNKNOWN = auto()


def chains(ledger: Ledger) -> list[list[Operation]]:
    """What was asked for of the same of a message, by one account, in its order; each waited for the last's answer."""
    found: defaultdict[tuple[object, ...], list[Operation]] = defaultdict(list)
    for each in ledger.operations:
        if each.kind in SET:
            found[each.send.message_id, each.send.by, _FACETS[each.kind]].append(each)
    return list(found.values())


def outcome(ledger: Ledger, operation: Operation) -> Outcome:
    """What came of it, as far as the gateway says, and as what it refused can be known."""
    if operation.answered is None:
        return Outcome.UNKNOWN
    if operation.kind in COMMANDS:
        if operation.is_accepted:
            return Outcome.DONE
        # An earlier page may have done it.
        return Outcome.UNKNOWN if was_passed_over(ledger, operation) else Outcome.NOT_DONE
    stored = ledger.stored.get(operation.message_id or "")
    if stored is None or (stored.status == "FAILED" and stored.failure != UNKNOWN):
        return Outcome.NOT_DONE
    return Outcome.DONE if stored.status in LEFT else Outcome.UNKNOWN


def wanted(operation: Operation) -> str:
    """How it leaves the message; empty for what takes something back."""
    match operation.kind:
        case Doing.REACTION:
            return operation.value
        case Doing.PIN | Doing.STAR:
            return changes.IS_SO
        case _:
            return ""


def shown(operation: Operation, held: Held | None) -> str:
    """How a phone shows what it is about."""
    if held is None:
        return ""
    match operation.kind:
        case Doing.REACTION | Doing.UNREACT:
            return held.reactions.get(operation.send.by, "")
        case Doing.PIN | Doing.UNPIN:
            return changes.IS_SO if held.pinned else ""
        case _:
            return changes.IS_SO if held.starred else ""


def judge_level(ledger: Ledger, verdict: Verdict, chain: Sequence[Operation], there: Mapping[str, Held | None]) -> None:
    """On each of these phones it is as the last left it that was done; or as one did of which nobody can know.

    Of the last kind a command is named: its answer should have said.
    """
    outcomes = [(each, outcome(ledger, each)) for each in chain]
    last = next((each for each, came in reversed(outcomes) if came is Outcome.DONE), None)
    perhaps = {wanted(each): each for each, came in outcomes if came is Outcome.UNKNOWN}
    for phone, held in there.items():
        is_so = shown(chain[0], held)
        if is_so == ("" if last is None else wanted(last)):
            continue
        if (one := perhaps.get(is_so)) is not None:
            if one.kind in COMMANDS and one.refused is not None:
                verdict.beyond_reach.append(f"{one.label}: refused ({one.refused}), and done")
            continue
        behind = chain if last is None else chain[chain.index(last) + 1 :]
        wrong = next((each for each in behind if wanted(each) == is_so), None)
        if wrong is not None:
            verdict.untrue.append(f"{wrong.label}: {_known(ledger, wrong)}, and done on the phone of {phone}")
        elif last is not None:
            verdict.lost.append(f"{last.label}: {_known(ledger, last)}, and not so on the phone of {phone}")
        else:
            verdict.untrue.append(f"{chain[0].label}: {is_so!r} on the phone of {phone}, which nobody asked for")


def _known(ledger: Ledger, operation: Operation) -> str:
    stored = None if operation.kind in COMMANDS else ledger.stored.get(operation.message_id or "")
    if stored is not None:
        return f"{stored.status}{f' ({stored.failure})' if stored.failure else ''}"
    return "answered" if operation.refused is None else f"refused ({operation.refused})"


def expected(ledger: Ledger, session: str) -> dict[Change, str]:
    """What must have an event in a session, each with words for people.

    What its account's phone shows; that something is no more which was told; and what the session's own clients asked
    for and the gateway has done, even where it was taken back since. What others gave and took back again while the
    session's page was away is told by nobody.
    """
    phone = ledger.sessions[session]
    held = ledger.had(phone)
    found = changes.shown(held)
    told = changes.told(ledger.events, session, ledger.lids)
    found |= {change: f"the end of what {change[1]} had" for change in changes.ended(held, told)}
    for chain in chains(ledger):
        is_so: set[str] = {""}
        for each in chain if chain[0].send.by == phone else ():
            came, then = outcome(ledger, each), wanted(each)
            if came is Outcome.DONE and then not in is_so:
                found[changes.asked(each, ledger.target(each))] = f"the {each.label}"
            is_so = {then} if came is Outcome.DONE else is_so | ({then} if came is Outcome.UNKNOWN else set())
    return found
