"""Entries of the audit log as JSON, as messages, as rows; and what is asked of it."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.postgres import audit_log as stored
from application.audit.read_log import ListAuditLogQuery
from application.representation.audit import audit_entry_from_dict, audit_entry_to_dict
from domain.audit import AuditEntry, AuditRecord
from domain.errors import InvalidArgumentError
from entrypoints.grpc import audit_service
from entrypoints.grpc.converters.audit import audit_entry_to_proto
from entrypoints.grpc.gen.pombo.v1 import audit_service_pb2 as pb
from entrypoints.rest.models import audit as models
from entrypoints.rest.routes import audit as routes
from tests.unit.domain.test_audit import CHAINS, RECORDS
from tests.unit.mappings import values

QUICK = settings(max_examples=25)
COLUMNS = [name.strip() for name in stored._ENTRY.replace("\n", " ").split(",")]


@QUICK
@given(CHAINS)
def test_it_is_read_as_it_was_written(entries: tuple[AuditEntry, ...]) -> None:
    for entry in entries:
        told = json.loads(json.dumps(audit_entry_to_dict(entry)))
        assert audit_entry_from_dict(told) == entry
        models.AuditEntry.model_validate_json(json.dumps(told), strict=True)
        assert told.keys() == models.AuditEntry.model_fields.keys()
        row: Any = dict(zip(COLUMNS, stored._entry_values(entry), strict=True))
        assert stored._entry(row) == entry


@QUICK
@given(CHAINS, RECORDS, st.sampled_from([field.name for field in fields(AuditRecord)]))
def test_it_is_told_whole(entries: tuple[AuditEntry, ...], other: AuditRecord, name: str) -> None:
    entry = entries[0]
    changed = replace(entry, record=replace(entry.record, **{name: getattr(other, name)}))
    for show in (audit_entry_to_dict, audit_entry_to_proto):
        assert (show(entry) == show(changed)) is (entry == changed), name  # type: ignore[operator]  # of one form
    shown = audit_entry_to_proto(entry)
    assert (shown.sequence, shown.previous_hash, shown.hash) == (1, entry.previous.hex(), entry.hash.hex())


WORDS = st.none() | st.text("abc_", min_size=1, max_size=5)
QUERIES = st.builds(
    ListAuditLogQuery,
    since=st.none() | values.TIMES,
    until=st.none() | values.TIMES,
    user_id=WORDS,
    key_id=WORDS,
    operation=WORDS,
    session_id=WORDS,
    result=WORDS,
    page_token=WORDS,
    limit=st.integers(1, 500),
)


@QUICK
@given(QUERIES)
def test_what_is_asked_is_the_same_over_both(query: ListAuditLogQuery) -> None:
    given = {field.name: getattr(query, field.name) for field in fields(query)}
    given["page_size"] = given.pop("limit")
    set_ = {name: value for name, value in given.items() if value is not None}
    assert routes._query(models.ListAuditLogQuery.model_validate_json(json.dumps(set_, default=_rfc))) == query
    moments = {f"{name}_time": _moment(set_.pop(name)) for name in ("since", "until") if name in set_}
    assert audit_service._query(pb.ListAuditLogRequest(**set_, **moments)) == query


def _rfc(value: Any) -> str:
    return str(value.isoformat())


def _moment(value: Any) -> Timestamp:
    moment = Timestamp()
    moment.FromDatetime(value)
    return moment


@QUICK
@given(CHAINS, st.data())
def test_what_is_no_entry_is_not_read(entries: tuple[AuditEntry, ...], data: st.DataObject) -> None:
    told = audit_entry_to_dict(entries[0])
    missing = data.draw(st.sampled_from(sorted(told)))
    changed = data.draw(st.sampled_from(["time", "hash", "transport"]))
    for other in ({key: value for key, value in told.items() if key != missing}, told | {changed: "another"}):
        with pytest.raises(InvalidArgumentError):
            audit_entry_from_dict(other)
