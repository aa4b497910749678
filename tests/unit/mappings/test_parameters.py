"""What callers give beside contents, and small things that are told: tokens, filters, spans, reports, notices."""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.playwright import operations
from application.chats import manage_chats
from application.events.stream_events import StreamLag
from application.media import read_media
from application.messages import read_messages
from application.sessions.link_session import _PAIRING_CODE
from application.sessions.read_sessions import SessionReport
from application.webhooks.envelope import envelope_of_test
from domain.bridge import Bridge
from domain.chat import ChatChange
from domain.errors import ErrorKind, InvalidArgumentError, PomboError, UnavailableError, error_of
from domain.ids import EventId, MediaId, MessageId, WebhookId
from domain.media import Media, MediaKind
from domain.message import Direction, Message, MessageStatus
from domain.session import Capability, PairingCode, Session, StatusChange
from entrypoints.grpc import waits
from entrypoints.grpc.converters import media, messages, times
from entrypoints.rest.event_stream import error_to_dict, lag_to_dict
from entrypoints.rest.models.problem import Problem
from entrypoints.rest.models.sessions import SessionStatusReport
from entrypoints.rest.multipart import is_multipart
from entrypoints.rest.routes.sessions import report_to_dict
from tests.unit.mappings import values

QUICK = settings(max_examples=25)
NAME = "01KB5D9R6T3N8W2XQ4V7Y0Z1AC"
FILTERS: tuple[tuple[Callable[[int], Any], dict[Any, int], Any], ...] = (
    (media.kind_from_proto, media.KINDS, MediaKind),
    (messages.direction_from_proto, messages.DIRECTIONS, Direction),
    (messages.status_from_proto, messages.STATUSES, MessageStatus),
)


@QUICK
@given(st.from_type(Message), values.whole(Media, id=st.just(MediaId(f"media_{NAME}"))))
def test_a_page_goes_on_where_its_token_says(message: Message, file: Media) -> None:
    message = replace(message, id=MessageId(f"msg_{NAME}"))
    at = read_messages._read_token(read_messages._token(message))
    assert (at.created_at, at.id) == (message.created_at, message.id)
    behind = read_media._read_token(read_media._token(file))
    assert (behind.created_at, behind.id) == (file.created_at, file.id)


def token_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@QUICK
@given(st.text(max_size=30) | st.binary(max_size=30).map(lambda data: base64.urlsafe_b64encode(data).decode()))
@example(token_of(f"0001-01-01T00:00:00+23:59 msg_{NAME}"))
@example(token_of(f"0001-01-01T00:00:00+23:59 media_{NAME}"))
@example(token_of(f"9999-12-31T23:59:59-23:59 msg_{NAME}"))
@example(token_of(f"9999-12-31T23:59:59-23:59 media_{NAME}"))
@example(token_of(f"2026-01-01T00:00:00 msg_{NAME}"))
def test_what_is_no_token_is_refused(token: str) -> None:
    for read in (read_messages._read_token, read_media._read_token):
        with pytest.raises(InvalidArgumentError) as caught:
            read(token)
        assert (caught.value.reason, caught.value.field) == ("INVALID_PAGE_TOKEN", "page_token")


@QUICK
@given(st.integers(-(2**31), 2**31 - 1) | st.integers(0, 12))
def test_a_filter_is_one_of_its_values_or_none_or_refused(value: int) -> None:
    for read, numbers, members in FILTERS:
        if value in {0, *numbers.values()}:
            assert read(value) == {0: None, **{number: member for member, number in numbers.items()}}[value]
        else:
            with pytest.raises(InvalidArgumentError):
                read(value)
        assert set(numbers) == set(members)


@QUICK
@given(st.integers(-(2**63), 2**63 - 1) | st.integers(-70, 70), st.integers(-(2**31), 2**31 - 1))
@example(0, -999_999_999)
@example(60, 1)
@example(59, 2**31 - 1)
def test_spans_and_times_are_read_or_refused(seconds: int, nanos: int) -> None:
    span, moment = Duration(seconds=seconds, nanos=nanos), Timestamp(seconds=seconds, nanos=nanos)
    try:
        assert timedelta(0) <= waits._read(span) <= timedelta(seconds=60)
    except InvalidArgumentError as refused:
        assert refused.field == "wait"
    try:
        assert times.duration_from_proto(span, field="any") // timedelta(seconds=1) in range(seconds - 3, seconds + 4)
    except InvalidArgumentError as refused:
        assert refused.field == "any"
    try:
        assert times.time_from_proto(moment, field="any").tzinfo is UTC
    except InvalidArgumentError as refused:
        assert refused.field == "any"


@QUICK
@given(values.SPANS)
def test_a_span_is_read_as_it_was_given(span: timedelta) -> None:
    assert times.duration_from_proto(times.duration_to_proto(span), field="any") == span
    shorter = span % timedelta(seconds=60)
    assert waits._read(times.duration_to_proto(shorter)) == shorter


@QUICK
@given(values.changed(ChatChange), st.none() | values.TIMES)
def test_what_is_to_change_of_a_chat_is_noted_whole(both: tuple[Any, Any, str], until: datetime | None) -> None:
    one, other, name = both
    # Until when, is given beside: relative to now where it was given so.
    if name != "mute" or (one.mute is None) is not (other.mute is None):
        assert manage_chats._change_to_dict(one, until) != manage_chats._change_to_dict(other, until)
    assert set(manage_chats._change_to_dict(one, until)) == {field.name for field in fields(one)} | {"muted_until"}


@QUICK
@given(st.from_type(PairingCode))
def test_a_code_is_kept_as_it_is(code: PairingCode) -> None:
    async def read() -> PairingCode:
        return await _PAIRING_CODE.read(json.loads(json.dumps(dict(_PAIRING_CODE.write(code)))))

    assert asyncio.run(read()) == code


@QUICK
@given(
    st.builds(
        SessionReport,
        session=st.from_type(Session),
        history=st.lists(st.from_type(StatusChange), max_size=2),
        capabilities=st.lists(st.from_type(Capability), max_size=2).map(tuple),
        bridge=st.none() | st.from_type(Bridge),
    )
)
def test_a_report_has_the_documented_form(report: SessionReport) -> None:
    told = report_to_dict(report)
    SessionStatusReport.model_validate_json(json.dumps(told), strict=True)
    assert set(told) == set(SessionStatusReport.model_fields)
    assert (len(told["history"]), len(told["capabilities"])) == (len(report.history), len(report.capabilities))


@QUICK
@given(st.sampled_from(ErrorKind), st.text(max_size=8), st.none() | st.text(max_size=8))
def test_an_error_has_the_documented_form_and_keeps_our_faults_to_itself(
    kind: ErrorKind, message: str, field: str | None
) -> None:
    error: PomboError = error_of(kind.value, "GROUP_FULL", f"secret {message}", field=field, metadata={"a": "b"})
    told = error_to_dict(error, "req-1")
    Problem.model_validate_json(json.dumps(told), strict=True)
    assert ("secret" in json.dumps(told)) is (kind is not ErrorKind.INTERNAL)


@QUICK
@given(st.integers(0, 2**53), st.integers(0, 2**53))
def test_a_lag_is_told(behind: int, head: int) -> None:
    assert lag_to_dict(StreamLag(behind=behind, head=head)) == {"behind": behind, "head": head}


@QUICK
@given(values.TIMES)
def test_a_test_of_a_webhook_has_an_events_envelope(now: datetime) -> None:
    class Now:
        def now(self) -> datetime:
            return now

    told = json.loads(envelope_of_test(EventId("evt_1"), WebhookId("whk_1"), Now()))
    assert {"id", "type", "time", "session_id", "sequence", "payload"} == set(told)
    assert datetime.fromisoformat(told["time"]) == now


@QUICK
@given(st.none() | st.integers() | st.text() | st.dictionaries(st.just("at"), st.integers() | st.floats() | st.text()))
def test_when_an_effect_came_is_read_or_refused(answer: object) -> None:
    try:
        assert operations._time(answer).tzinfo is UTC
    except UnavailableError as refused:
        assert refused.reason


@QUICK
@given(st.none() | st.text(), st.sampled_from(["multipart/form-data", "Multipart/Form-Data ; boundary=x"]))
def test_a_form_is_known_by_its_type(other: str | None, form: str) -> None:
    assert is_multipart(form)
    assert not is_multipart(other)
