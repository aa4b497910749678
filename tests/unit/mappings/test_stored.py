"""All that is stored beside messages, or sent between gateways: read as it was written.

What PostgreSQL and Redis do with it: tests/integration/stores.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.crypto import aes_gcm_snapshot_cipher as cipher
from adapters.playwright import bridge_records
from adapters.postgres import (
    event_appender,
    event_log,
    idempotency_repository,
    media_repository,
    message_rows,
    message_states,
    person_repository,
    session_leases,
    session_repository,
    webhook_log,
    webhook_queue,
    webhook_repository,
)
from adapters.postgres.stored_json import dump
from adapters.redis import link_code_cache
from application.messages import send_messages
from application.ports.message_states import ParticipantReceipt
from application.ports.webhook_log import DeadLetter, Delivery, NumberedDelivery
from application.ports.webhook_queue import ClaimedLane
from application.representation import groups as group_forms
from application.representation.events import PAYLOAD_FORMS
from application.representation.message_state import state_to_dict
from application.sessions.kept_sessions import SESSION
from application.webhooks.keyed import DELIVERY
from application.workers import peer_calls
from domain.errors import ErrorKind, PomboError, UnprocessableError, error_of
from domain.event import Event, NewEvent
from domain.lease import Lease, Owner
from domain.media import Media, MediaFacts
from domain.message import Message
from domain.message_state import NOTHING_DONE
from domain.person import person_of
from domain.session import QrCode, Session, StatusChange
from domain.snapshot import SnapshotLabel
from domain.webhook import WebhookEndpoint
from tests.unit.application.test_representation import states
from tests.unit.mappings import values

QUICK = settings(max_examples=20)
ids = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)


def named(columns: str, row: Iterable[Any]) -> dict[str, Any]:
    """A row as the driver gives it."""
    return dict(zip([name.strip() for name in columns.replace("\n", " ").split(",")], row, strict=True))


def session_row(session: Session) -> Any:
    return named(session_repository._COLUMNS, session_repository._values(session))


def change_row(change: StatusChange) -> Any:
    # As `_SAVE` notes it: with the session's own values.
    return {
        "status": change.status.value,
        "reason": change.reason.value,
        "detail": None if change.detail is None else dump(change.detail),
        "at": change.at,
    }


def endpoint_row(endpoint: WebhookEndpoint) -> Any:
    return named(webhook_repository.COLUMNS, webhook_repository._values(endpoint))


def lane_row(lane: ClaimedLane) -> Any:
    webhook_id, session_id, token = webhook_queue._key(lane)
    row = endpoint_row(lane.endpoint)
    assert row["id"] == webhook_id
    return row | {
        "session_id": session_id,
        "cursor": lane.cursor,
        "target": lane.target,
        "failures": lane.failures,
        "first_failed_at": lane.first_failed_at,
        "claim_token": token,
    }


def delivery_row(numbered: NumberedDelivery) -> Any:
    row = named(webhook_log._DELIVERY, webhook_log._delivery_values(numbered.delivery))
    return row | {"number": numbered.number}


def event_row(event: Event) -> Any:
    new = NewEvent(id=event.id, session_id=event.session_id, time=event.time, payload=event.payload)
    return named("id, session_id, type, time, payload", event_appender._values(new)) | {"position": event.sequence}


def lease_row(lease: Lease) -> Any:
    sessions, owners, epochs = session_leases._columns([lease])
    return {"session_id": sessions[0], "owner": owners[0], "epoch": epochs[0], "node": lease.owner.node}


def receipt_row(receipt: ParticipantReceipt) -> Any:
    times = {name: getattr(receipt, name) for name in ("delivered_at", "read_at", "played_at")}
    return {"participant": str(receipt.participant), **times}


@dataclass(frozen=True)
class Stored:
    """Something that is stored: how it is written and read."""

    values: st.SearchStrategy[Any]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def now(read: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Any]:
    """What reads in a coroutine."""

    async def reading(kept: Any) -> Any:
        return await read(kept)

    return lambda kept: asyncio.run(reading(kept))


def kept(write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """As the answer of a request with a key is kept."""
    return lambda value: idempotency_repository._answer({"answer": dump(dict(write(value)))})  # type: ignore[arg-type] # a row is read by its names


facts = values.whole(MediaFacts, waveform=st.none() | st.lists(st.integers(0, 100), min_size=1, max_size=64).map(tuple))
errors = st.builds(
    lambda kind, reason, message, field, metadata, retry_after: _error(
        kind, reason, message, field=field, metadata=metadata, retry_after=retry_after
    ),
    st.sampled_from(ErrorKind),
    st.sampled_from(["GROUP_FULL", "X"]),
    st.text(max_size=5),
    st.none() | st.text(max_size=5),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    st.none() | values.SPANS,
)


def _error(kind: ErrorKind, reason: str, message: str, *, retry_after: timedelta | None, **more: Any) -> PomboError:
    error = error_of(kind.value, reason, message, **more)
    error.retry_after = retry_after
    return error


def told(error: PomboError) -> tuple[Any, ...]:
    return (type(error), error.kind, error.reason, error.message, error.field, error.metadata, error.retry_after)


groups_kept = st.from_type(group_forms.Group).map(
    lambda group: replace(group, settings=replace(group.settings, ephemeral=timedelta(days=7)))
)
records = st.builds(
    bridge_records.BridgeRecord,
    good=st.none()
    | st.builds(
        bridge_records.GoodBuild,
        sha256=ids,
        version=st.none() | ids,
        resolved=st.dictionaries(ids, st.frozensets(ids, max_size=3), max_size=2),
    ),
    given_up=st.dictionaries(
        ids,
        st.builds(
            bridge_records.GivenUp, version=st.none() | ids, found=st.integers(0, 9), bridge=ids, detail=st.text()
        ),
        max_size=3,
    ),
)
people = st.builds(
    person_of,
    st.lists(values.JIDS, min_size=1, max_size=3),
    st.none() | st.from_regex(r"[a-z0-9._]{3,9}", fullmatch=True),
)
leases = values.whole(Lease, owner=st.builds(Owner, node=ids, life=ids))
STORED = {
    "session": Stored(st.from_type(Session), session_row, session_repository._session),
    "session change": Stored(st.from_type(StatusChange), change_row, session_repository._change),
    "media": Stored(
        values.whole(Media, facts=facts),
        lambda media: named(media_repository._COLUMNS, media_repository._values(media)),
        media_repository._to_media,
    ),
    "message state": Stored(
        states,
        lambda state: {"state": dump(state_to_dict(state))},
        lambda row: message_states.state_from_dict(message_states.load(row["state"])),
    ),
    "receipt": Stored(st.from_type(ParticipantReceipt), receipt_row, message_states._receipt),
    "endpoint": Stored(st.from_type(WebhookEndpoint), endpoint_row, webhook_repository.to_endpoint),
    "lane": Stored(st.from_type(ClaimedLane), lane_row, webhook_queue._claimed),
    "delivery": Stored(st.from_type(NumberedDelivery), delivery_row, webhook_log._delivery),
    "dead letter": Stored(
        st.from_type(DeadLetter),
        lambda letter: named(webhook_log._LETTER, webhook_log._letter_values(letter)),
        webhook_log._letter,
    ),
    "person": Stored(
        people,
        lambda person: [
            # As they became known: the number that is the person's after those that were given up.
            *map(str, sorted(person.addresses, key=lambda address: address == person.phone)),
            *([] if person.username is None else [person_repository._name(person.username)]),
        ],
        person_repository._found,
    ),
    "lease": Stored(leases, lease_row, session_leases._lease),
    "kept session": Stored(
        values.whole(Session, proxy=st.none() | values.SHOWN_PROXIES), kept(SESSION.write), now(SESSION.read)
    ),
    "kept delivery": Stored(st.from_type(Delivery), kept(DELIVERY.write), now(DELIVERY.read)),
    "kept group": Stored(groups_kept, kept(group_forms.group_to_dict), group_forms.group_from_dict),
    "kept results": Stored(
        st.lists(st.from_type(group_forms.ParticipantResult), max_size=3).map(tuple),
        kept(group_forms.results_to_dict),
        group_forms.results_from_dict,
    ),
    "kept code": Stored(
        st.from_regex("[A-Za-z0-9]{1,22}", fullmatch=True), kept(group_forms.code_to_dict), group_forms.code_from_dict
    ),
    "qr": Stored(st.from_type(QrCode), link_code_cache._write, link_code_cache._read),
    "snapshot label": Stored(values.whole(SnapshotLabel, session_id=ids), cipher._write_label, cipher._read_label),
    "snapshot header": Stored(
        st.builds(
            cipher._Header,
            *(st.binary(min_size=size, max_size=size) for size in (8, 12, 48, 12)),
            st.binary(max_size=40),
        ),
        cipher._Header.encode,
        cipher._Header.parse,
    ),
    "bridge record": Stored(
        records,
        lambda record: json.loads(json.dumps(bridge_records._json_of(record))),
        bridge_records._record_of,
    ),
}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
@QUICK
@given(data=st.data())
def test_it_is_read_as_it_was_written(stored: Stored, data: st.DataObject) -> None:
    value = data.draw(stored.values)
    assert stored.read(stored.write(value)) == value


@pytest.mark.parametrize("form", PAYLOAD_FORMS, ids=lambda form: form.kind.TYPE)
@settings(max_examples=5)
@given(data=st.data())
def test_an_event_is_read_from_its_row_as_it_was(form: Any, data: st.DataObject) -> None:
    event = data.draw(values.in_event(form.kind))
    assert event_log.to_event(event_row(event)) == event


@QUICK
@given(st.builds(replace, st.from_type(Message), expected_at=st.none()), states)
def test_a_message_is_read_with_what_was_done_to_it(message: Message, state: Any) -> None:
    columns = message_rows.to_columns([message])
    row = named(message_rows.COLUMNS, [column[0] for column in columns])
    stored = {"state": None if state == NOTHING_DONE else dump(state_to_dict(state))}
    assert message_rows.to_message_in_state(row | stored) == replace(message, state=state)  # type: ignore[arg-type] # a row is read by its names


@QUICK
@given(errors)
def test_an_error_arrives_as_it_was(error: PomboError) -> None:
    """From another gateway, and as the answer of a request with a key."""
    assert told(peer_calls._read_error(json.loads(json.dumps(peer_calls._write_error(error))))) == told(error)
    again = send_messages._read(kept(send_messages._write)(error)["error"])
    assert told(again)[:-1] == told(error)[:-1]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "method", "error"]), inner),
    max_leaves=4,
)


@QUICK
@given(st.text() | JUNK.map(json.dumps))
def test_what_others_write_on_the_bus_isnt_taken_for_a_call(text: str) -> None:
    read = peer_calls._read(text, "id", "method")
    assert read is None or {"id", "method"} <= read.keys()


@QUICK
@given(st.binary(max_size=120) | JUNK.map(lambda junk: json.dumps(junk).encode()))
def test_what_is_no_snapshot_is_corrupt(text: bytes) -> None:
    for read in (cipher._read_label, cipher._Header.parse, lambda given: cipher._Header.parse(b"PMBS\x01" + given)):
        with pytest.raises(UnprocessableError):
            read(text)
