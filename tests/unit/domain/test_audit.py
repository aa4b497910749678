"""Whatever is done to a chain of entries shows, and names are told without phone numbers."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.representation.audit import audit_entry_from_dict, audit_entry_to_dict
from domain.audit import (
    GENESIS,
    Actor,
    AuditEntry,
    AuditRecord,
    AuditTransport,
    ChainEnds,
    Mark,
    chained,
    without_numbers,
)
from domain.audit_check import PRUNE, Broken, ChainCheck
from domain.errors import InvalidArgumentError
from domain.ids import ApiKeyId, SessionId, UserId

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters=" "), min_size=1, max_size=6)
RECORDS = st.builds(
    AuditRecord,
    time=st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - as hypothesis wants it
    operation=WORDS,
    result=WORDS,
    transport=st.sampled_from(AuditTransport),
    actor=st.builds(
        Actor,
        user_id=st.none() | WORDS.map(UserId),
        key_id=st.none() | WORDS.map(ApiKeyId),
        name=st.text(max_size=6),
    ),
    address=st.none() | WORDS,
    request_id=st.none() | WORDS,
    session_id=st.none() | WORDS.map(SessionId),
    targets=st.lists(WORDS, max_size=3).map(tuple),
    count=st.integers(0, 2**62),
)
CHAINS = st.lists(RECORDS, min_size=2, max_size=6).map(lambda records: tuple(chained(GENESIS, records)))


def check(entries: tuple[AuditEntry, ...], ends: ChainEnds, *expected: Mark) -> Broken | None:
    at = ChainCheck(ends.removed, ends.head, *expected)
    for entry in entries:
        if (broken := at.take(entry)) is not None:
            return broken
    return at.end_of_all()


def ends_of(entries: tuple[AuditEntry, ...]) -> ChainEnds:
    return ChainEnds(head=entries[-1].mark)


@given(CHAINS)
def test_what_was_written_is_whole(entries: tuple[AuditEntry, ...]) -> None:
    assert check(entries, ends_of(entries), *(entry.mark for entry in entries)) is None
    # Also of an archive that begins later.
    assert all(ChainCheck(before.mark).take(entry) is None for before, entry in pairwise(entries))


@given(CHAINS, st.data())
def test_any_change_of_any_entry_is_found(entries: tuple[AuditEntry, ...], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    entry, other = entries[place], data.draw(RECORDS)
    name = data.draw(st.sampled_from([*(each.name for each in fields(AuditRecord)), "sequence", "previous", "hash"]))
    if name == "sequence":
        changed = replace(entry, sequence=data.draw(st.integers(-1, 9).filter(lambda number: number != entry.sequence)))
    elif name in {"previous", "hash"}:
        digest = data.draw(st.binary(min_size=32, max_size=32).filter(lambda value: value != getattr(entry, name)))
        changed = replace(entry, **{name: digest})
    else:
        changed = replace(entry, record=replace(entry.record, **{name: getattr(other, name)}))
        if changed == entry:
            return
    broken = check((*entries[:place], changed, *entries[place + 1 :]), ends_of(entries))
    assert broken is not None
    assert broken.sequence in {entry.sequence, changed.sequence}


@given(CHAINS, st.data())
def test_the_removal_of_any_entries_is_found(entries: tuple[AuditEntry, ...], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from(entries), min_size=1))
    broken = check(tuple(entry for entry in entries if entry not in gone), ends_of(entries))
    assert broken is not None
    assert broken.sequence == min(entry.sequence for entry in gone)


@given(CHAINS, RECORDS, st.data())
def test_an_entry_that_is_put_in_is_found(
    entries: tuple[AuditEntry, ...], record: AuditRecord, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    head = GENESIS if place == 0 else entries[place - 1].mark
    (forged,) = chained(head, [record])
    # Where what it says is what was said anyway, nothing was put in.
    if forged == entries[place]:
        return
    moved = tuple(replace(entry, sequence=entry.sequence + 1) for entry in entries[place:])
    for rest in (entries[place:], moved):
        broken = check((*entries[:place], forged, *rest), ends_of(entries))
        assert broken is not None
        assert broken.sequence in {forged.sequence, forged.sequence + 1}


@given(CHAINS, st.data())
def test_another_order_is_found(entries: tuple[AuditEntry, ...], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(entries))))
    shuffled = tuple(entries[place] for place in order)
    if shuffled == entries:
        return
    assert check(shuffled, ends_of(entries)) is not None
    renumbered = tuple(replace(entry, sequence=place + 1) for place, entry in enumerate(shuffled))
    assert check(renumbered, ends_of(entries)) is not None


@given(CHAINS, RECORDS, st.data())
def test_who_can_rewrite_all_of_it_is_found_by_a_place_that_was_kept_elsewhere(
    entries: tuple[AuditEntry, ...], record: AuditRecord, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    if entries[place].record == record:
        return
    records = [entry.record for entry in entries]
    rewritten = tuple(chained(GENESIS, [*records[:place], record, *records[place + 1 :]]))
    assert check(rewritten, ends_of(rewritten)) is None
    for entry in entries:
        broken = check(rewritten, ends_of(rewritten), entry.mark)
        assert (broken is None) == (entry.sequence <= place)
    shorter = entries[:-1]
    assert check(shorter, ends_of(shorter)) is None
    assert check(shorter, ends_of(shorter), entries[-1].mark) == Broken(
        entries[-1].sequence, f"it is missing: the log went on to {entries[-1].sequence} at least"
    )


@given(CHAINS, st.data())
def test_what_retention_removed_is_not_missed_and_what_others_removed_is(
    entries: tuple[AuditEntry, ...], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    removed = entries[place].mark
    tail = AuditRecord(
        time=NOON, operation=PRUNE, result="OK", transport=AuditTransport.GATEWAY, actor=Actor(name="gateway"),
        targets=(f"removed:{removed}",),
    )  # fmt: skip
    (pruned,) = chained(entries[-1].mark, [tail])
    rest = (*entries[place + 1 :], pruned)
    assert check(rest, ChainEnds(removed=removed, head=pruned.mark)) is None
    assert check(rest, ChainEnds(removed=removed, head=pruned.mark), removed) is None
    other = Mark(removed.sequence, bytes(32))
    assert check(rest, ChainEnds(removed=removed, head=pruned.mark), other) is not None
    # Its own record moved on by hand, with entries of after that.
    further = (*rest[1:], *chained(pruned.mark, [entries[0].record]))
    broken = check(further, ChainEnds(removed=rest[0].mark, head=further[-1].mark))
    assert broken is not None
    assert broken.sequence == rest[0].sequence


@given(CHAINS)
def test_an_exported_entry_is_read_back(entries: tuple[AuditEntry, ...]) -> None:
    for entry in entries:
        assert audit_entry_from_dict(audit_entry_to_dict(entry)) == entry


@pytest.mark.parametrize(
    "change",
    [{"time": "2026-11-22"}, {"more": 1}, {"hash": "0"}, {"actor": None}, {"transport": "post"}],
)
def test_what_is_no_exported_entry_is_refused(change: dict[str, Any]) -> None:
    record = AuditRecord(time=NOON, operation="x", result="OK", transport=AuditTransport.CLI, actor=Actor())
    (entry,) = chained(GENESIS, [record])
    with pytest.raises(InvalidArgumentError):
        audit_entry_from_dict(audit_entry_to_dict(entry) | change)


def test_the_hash_is_as_the_documents_say() -> None:
    record = AuditRecord(
        time=NOON + timedelta(microseconds=5), operation="deleteSession", result="OK", transport=AuditTransport.REST,
        actor=Actor(name="Zoë"), session_id=SessionId("support"), targets=("message:x",),
    )  # fmt: skip
    (entry,) = chained(GENESIS, [record])
    # Never to change: entries that exist have been hashed like this.
    assert entry.hash.hex() == "8115721261820c5de1b73280a2c1287756b9f4f5b7b38e4269c1dad2d4841e5d"


def test_a_mark_is_read_as_it_was_written() -> None:
    mark = Mark(7, bytes(range(32)))
    assert Mark.parse(f" {str(mark).upper()}\n") == mark
    for wrong in ("", "7", "7:", f"{mark}0", f"-{mark}", "seven:" + "0" * 64):
        with pytest.raises(InvalidArgumentError):
            Mark.parse(wrong)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Ticket system 2", "Ticket system 2"),
        ("+1 (555) 010-0100", "…0100"),
        ("Ana 15550100200 mobile", "Ana …0200 mobile"),
        ("2026-11", "2026-11"),
    ],
)
def test_names_are_told_without_phone_numbers(name: str, told: str) -> None:
    assert without_numbers(name) == told
