"""What callers want changed, listed or sent, over both transports: it is asked for as it was written, or refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message as Proto
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from hypothesis import given, settings
from hypothesis import strategies as st

from application.events.selection import EventSelection
from application.ports.message_repository import MessageFilter
from application.representation.content import CONTENT_FORMS, content_to_dict
from application.webhooks.read_webhooks import WebhookReport
from domain.chat import ChatChange, Muted
from domain.errors import ErrorKind, InvalidArgumentError, PomboError, error_of
from domain.event import PAYLOAD_TYPES
from domain.group import GroupChange
from domain.media import Media
from domain.message import Message
from domain.text_content import Text
from entrypoints.grpc import (
    chat_service,
    errors,
    event_service,
    group_service,
    media_service,
    message_operations,
    message_service,
    session_service,
    waits,
    webhook_service,
)
from entrypoints.grpc.converters import messages
from entrypoints.grpc.converters.groups import MODES
from entrypoints.grpc.converters.times import duration_to_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import (
    chat_service_pb2,
    event_service_pb2,
    group_service_pb2,
    media_service_pb2,
    message_service_pb2,
    session_service_pb2,
    webhook_pb2,
    webhook_service_pb2,
)
from entrypoints.rest.models.events import EventsQuery
from entrypoints.rest.models.groups import UpdateGroup
from entrypoints.rest.models.messages import ListMessagesQuery, SendResult
from entrypoints.rest.models.people import UpdateChat
from entrypoints.rest.problem import InvalidRequestError
from entrypoints.rest.routes import chats, event_socket, events, groups
from entrypoints.rest.routes import messages as message_routes
from entrypoints.status import STATUS
from tests.unit.domain.content_values import rich_texts
from tests.unit.mappings import values

QUICK = settings(max_examples=25)
SESSIONS = st.sampled_from(["ana", "support", "a-1"])
FLAGS = st.none() | st.booleans()


def carried[T: Proto](request: T) -> T:
    """What the other side of a connection gets."""
    return type(request).FromString(request.SerializeToString())


def present(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


chat_changes = st.builds(
    lambda archived, pinned, unread, mute, until: ChatChange(
        archived=archived,
        pinned=pinned,
        unread=unread,
        mute=Muted(until=until) if mute else None,
        unmute=mute is False,
    ),
    *(FLAGS, FLAGS, FLAGS, FLAGS, st.none() | values.TIMES),
)


def muted_of(change: ChatChange) -> bool | None:
    return True if change.mute is not None else False if change.unmute else None


@QUICK
@given(chat_changes)
def test_a_change_of_a_chat(change: ChatChange) -> None:
    until = change.mute and change.mute.until
    common = present(archived=change.archived, pinned=change.pinned, unread=change.unread, muted=muted_of(change))
    end = None if until is None else time_to_proto(until)
    assert chat_service._change(carried(chat_service_pb2.UpdateChatRequest(**common, mute_end_time=end))) == change
    body = {**common, **present(muted_until=until and until.isoformat())}
    assert chats._change(UpdateChat.model_validate_json(json.dumps(body))) == change


@QUICK
@given(st.sampled_from([None, False]), values.TIMES, st.text(max_size=8))
def test_an_end_goes_with_a_mute_alone_and_is_a_time(muted: bool | None, until: datetime, text: str) -> None:
    request = chat_service_pb2.UpdateChatRequest(**present(muted=muted), mute_end_time=time_to_proto(until))
    with pytest.raises(InvalidArgumentError) as refused:
        chat_service._change(request)
    assert refused.value.field == "mute_end_time"
    for body in (UpdateChat(muted=muted, muted_until=until.isoformat()), UpdateChat(muted=True, muted_until=text)):
        with pytest.raises(InvalidArgumentError) as refused:
            chats._change(body)
        assert refused.value.field == "muted_until"


@QUICK
@given(values.whole(GroupChange, ephemeral=st.none() | st.integers(0, 10**6).map(lambda days: timedelta(days=days))))
def test_a_change_of_a_group(change: GroupChange) -> None:
    names = ("subject", "description", "announce", "restrict", "join_approval")
    common = present(**{name: getattr(change, name) for name in names})
    span = None if change.ephemeral is None else duration_to_proto(change.ephemeral)
    mode = 0 if change.member_add_mode is None else MODES[change.member_add_mode]
    request = group_service_pb2.UpdateGroupRequest(**common, ephemeral=span, member_add_mode=mode)  # type: ignore[arg-type] # the enum's number
    assert group_service._change(carried(request)) == change
    seconds = None if change.ephemeral is None else int(change.ephemeral.total_seconds())
    body = {**common, "ephemeral_seconds": seconds, "member_add_mode": change.member_add_mode}
    assert groups._change(UpdateGroup.model_validate_json(json.dumps(body))) == change


@QUICK
@given(st.integers(10**15, 10**18))
def test_a_span_that_no_calendar_holds_is_refused(seconds: int) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        groups._change(UpdateGroup(ephemeral_seconds=seconds))
    assert refused.value.reason == "INVALID_GROUP"
    with pytest.raises(InvalidArgumentError) as refused:
        group_service._change(group_service_pb2.UpdateGroupRequest(ephemeral=Duration(seconds=seconds)))
    assert refused.value.field == "ephemeral"


@QUICK
@given(
    values.whole(
        MessageFilter,
        session_id=st.none() | SESSIONS,
        chat=st.none() | values.JIDS,
        also=st.just(()),
        among=st.none(),
        types=st.frozensets(st.sampled_from([form.name for form in CONTENT_FORMS]), max_size=3),
    )
)
def test_a_choice_of_messages(criteria: MessageFilter) -> None:
    # An hour's offset, for one, is read as the moment it is.
    request = message_service_pb2.ListMessagesRequest(
        **present(session_id=criteria.session_id, chat_id=criteria.chat and str(criteria.chat)),
        direction=0 if criteria.direction is None else messages.DIRECTIONS[criteria.direction],  # type: ignore[arg-type] # the enum's number
        status=0 if criteria.status is None else messages.STATUSES[criteria.status],  # type: ignore[arg-type] # the same
        since_time=None if criteria.since is None else time_to_proto(criteria.since),
        until_time=None if criteria.until is None else time_to_proto(criteria.until),
        types=sorted(criteria.types),
    )
    assert message_service._criteria(carried(request)) == criteria
    query = present(
        session_id=criteria.session_id,
        chat_id=criteria.chat and str(criteria.chat),
        direction=criteria.direction,
        status=criteria.status,
        since=criteria.since and criteria.since.isoformat(),
        until=criteria.until and criteria.until.isoformat(),
        types=",".join(sorted(criteria.types)) or None,
    )
    assert message_routes._criteria(ListMessagesQuery.model_validate(query)) == criteria


@QUICK
@given(
    st.none() | SESSIONS, st.frozensets(st.sampled_from(list(PAYLOAD_TYPES)), max_size=3), st.integers(0, 10**18 - 1)
)
def test_a_choice_of_events(session_id: str | None, types: frozenset[str], after: int) -> None:
    chosen = EventSelection.parse(session_id=session_id, types=",".join(types))
    assert (chosen.session_id, chosen.types) == (session_id, types)
    for kind in (event_service_pb2.ListEventsRequest, event_service_pb2.StreamEventsRequest):
        assert event_service._selection(carried(kind(session_id=session_id or "", types=sorted(types)))) == chosen
    given = present(session_id=session_id, types=",".join(types) or None, after=str(after))
    asked = event_socket._parse({"query_string": urlencode(given).encode()})
    assert EventSelection.parse(session_id=asked.session_id, types=asked.types) == chosen
    assert asked.after == str(after)
    with pytest.raises(InvalidRequestError):
        event_socket._parse({"query_string": urlencode({**given, "unknown": 1}).encode()})
    for name in ("after", "page_token"):
        assert events._after(EventsQuery.model_validate({name: str(after)})) == (after, name)
    assert events._after(EventsQuery(after=str(after), page_token=str(after)))[0] == after
    assert events._after(EventsQuery()) == (None, "after")
    with pytest.raises(InvalidRequestError):
        events._after(EventsQuery(after=str(after), page_token=f"{after}0"))


METADATA = st.dictionaries(st.sampled_from(["a", "b"]), st.text(max_size=3), max_size=2)


def masked(
    request: Any, read: Callable[[Any], Any], whole: dict[str, Any], meant: set[str], paths: list[str], *, foreign: str
) -> Iterator[Any]:
    """What is read with this mask, which means these fields, and with that of all; a foreign one is refused."""
    for mask, fields in ((paths, meant), (["*"], {*whole})):
        request.update_mask.paths[:] = mask
        asked = read(carried(request))
        assert {name: getattr(asked, name) for name in whole} == {
            name: value if name in fields else None for name, value in whole.items()
        }
        yield asked
    request.update_mask.paths[:] = [foreign]
    with pytest.raises(InvalidArgumentError):
        read(request)


@QUICK
@given(SESSIONS, st.text(max_size=5), METADATA, st.sets(st.sampled_from(["name", "metadata"])))
def test_a_change_of_a_session(session_id: str, name: str, metadata: dict[str, str], mask: set[str]) -> None:
    request = session_service_pb2.UpdateSessionRequest()
    request.session.id, request.session.name = session_id, name
    request.session.metadata.update(metadata)
    whole = {"name": name, "metadata": metadata}
    given = {each for each, value in whole.items() if value}
    for asked in masked(request, session_service._update, whole, mask or given, sorted(mask), foreign="status"):
        assert asked.session_id == session_id


@QUICK
@given(
    st.fixed_dictionaries(
        {
            "url": st.sampled_from(["", "https://hooks.test/a"]),
            "description": st.text(max_size=3),
            "types": st.lists(st.sampled_from(list(PAYLOAD_TYPES)), max_size=2).map(tuple),
            "session_ids": st.lists(SESSIONS, max_size=2).map(tuple),
            "headers": METADATA,
            "give_up_after": st.none() | values.SPANS,
            "enabled": st.booleans(),
        }
    ),
    st.sets(st.sampled_from(sorted(webhook_service._CHANGEABLE))),
)
def test_a_change_of_a_webhook(whole: dict[str, Any], mask: set[str]) -> None:
    span = whole["give_up_after"]
    lasting = None if span is None else duration_to_proto(span)
    given = {name: value for name, value in whole.items() if name not in {"headers", "give_up_after"}}
    request = webhook_service_pb2.UpdateWebhookRequest(
        webhook=webhook_pb2.Webhook(id="whk_1", **given, give_up_after=lasting), headers=whole["headers"]
    )
    # Without a mask what is empty can't be told from what isn't given, nor "not enabled".
    unmasked = {name for name, value in whole.items() if name != "enabled" and value not in ("", (), {}, None)}
    whole = {**whole, "give_up_after": span or timedelta(0)}
    for asked in masked(request, webhook_service._update, whole, mask or unmasked, sorted(mask), foreign="secrets"):
        assert asked.webhook_id == "whk_1"


@QUICK
@given(
    rich_texts.map(lambda text: replace(text, preview=None)),
    *(
        values.JIDS,
        st.booleans(),
        st.none() | st.just("true_1@c.us_A"),
        st.none() | values.TIMES,
        st.none() | values.TIMES,
    ),
)
def test_a_message_to_send(
    text: Text, to: Any, preview: bool, reply_to: str | None, not_before: datetime | None, deadline: datetime | None
) -> None:
    shown = content_to_dict(text)["text"]
    request = message_service_pb2.SendMessageRequest(session_id="ana", to=str(to))
    request.text.body, request.text.preview_url = text.body, preview
    request.text.mentions.extend(shown["mentions"])
    request.text.mention_all = text.mention_all
    if reply_to is not None:
        request.context.message_id = reply_to
    for name, time in (("not_before_time", not_before), ("deadline_time", deadline)):
        if time is not None:
            getattr(request, name).CopyFrom(time_to_proto(time))
    asked = message_service._entry(carried(request))
    assert not isinstance(asked, PomboError)
    assert (asked.to, asked.content, asked.link_preview) == (to, text, preview)
    assert (asked.reply_to, asked.not_before, asked.deadline) == (reply_to, not_before, deadline)
    request.session_id = "Not one"
    assert isinstance(message_service._entry(request), InvalidArgumentError)


def _error(kind: ErrorKind, message: str, field: str | None, pause: timedelta | None) -> PomboError:
    error = error_of(kind.value, "SOME_REASON", message, field=field, metadata={"a": "b"})
    error.retry_after = pause
    return error


pombo_errors = st.builds(
    _error, st.sampled_from(ErrorKind), st.text(max_size=5), st.none() | st.just("deadline"), st.none() | values.SPANS
)


@QUICK
@given(pombo_errors)
def test_an_error_over_grpc_holds_all_that_is_told(error: PomboError) -> None:
    status = errors.to_rpc_status(error)
    assert (status.code, status.message) == (STATUS[error.kind].grpc.value[0], error.message)
    info, request, retry = ErrorInfo(), BadRequest(), RetryInfo()
    unpacked = [[part for part in (info, request, retry) if detail.Unpack(part)] for detail in status.details]
    told = [part for parts in unpacked for part in parts]
    assert (info.reason, dict(info.metadata)) == (error.reason, error.metadata)
    assert [violation.field for violation in request.field_violations] == ([error.field] if error.field else [])
    assert (retry in told) is (error.retry_after is not None)
    if error.retry_after is not None:
        assert retry.retry_delay.ToTimedelta() == error.retry_after


@QUICK
@given(pombo_errors | st.from_type(Message))
def test_one_of_several_was_accepted_or_has_its_error(outcome: PomboError | Message) -> None:
    told = message_routes._result(outcome)
    SendResult.model_validate_json(json.dumps(told), strict=True)
    shown = message_service._result(outcome)
    assert shown.HasField("error") is isinstance(outcome, PomboError) is (told["error"] is not None)
    if isinstance(outcome, PomboError):
        assert (shown.error.reason, told["error"]["reason"]) == (outcome.reason, outcome.reason)
        # By the names that the fields have in each of the two.
        assert shown.error.field == ("deadline_time" if outcome.field else "")
        assert told["message"] is None
    else:
        assert (shown.message.id, told["message"]["id"]) == (outcome.id, outcome.id)


@QUICK
@given(values.whole(WebhookReport))
def test_how_a_webhook_fares(report: WebhookReport) -> None:
    shown = webhook_service._health(report)
    assert (shown.backlog, shown.dead_letter_count) == (report.backlog, report.dead_letters)
    assert shown.HasField("last_success_time") is (report.last_success_at is not None)
    if report.last_success_at is not None:
        assert shown.last_success_time.ToDatetime(UTC) == report.last_success_at


class Call:
    """A call with so much time left."""

    def __init__(self, left: timedelta | None) -> None:
        self._left = left

    def time_remaining(self) -> float | None:
        return None if self._left is None else self._left.total_seconds()


@QUICK
@given(st.none() | st.integers(0, 60).map(lambda seconds: timedelta(seconds=seconds)), st.none() | values.SPANS)
def test_a_wait_ends_before_its_call(wait: timedelta | None, left: timedelta | None) -> None:
    request = message_service_pb2.RevokeMessageRequest(wait=None if wait is None else duration_to_proto(wait))
    requested = message_operations._wait(carried(request))
    assert (None if requested is None else requested.ToTimedelta()) == wait
    lasting = waits.wait_within(Call(left), requested, default=timedelta(seconds=20))  # type: ignore[arg-type] # all that is asked of it
    asked = timedelta(seconds=20) if wait is None else wait
    assert timedelta(0) <= lasting <= asked
    if left is None:
        assert lasting == asked
    else:
        assert lasting < left or lasting == left == timedelta(0)


@QUICK
@given(values.whole(Media, size=st.integers(1, 50)), st.integers(-3, 60), st.integers(-3, 60))
def test_a_span_of_a_file(file: Media, offset: int, length: int) -> None:
    wanted = media_service_pb2.ByteRange(offset=offset, length=length)
    if not 0 <= offset < file.size or length < 0:
        with pytest.raises(InvalidArgumentError):
            media_service.span_of(file, wanted)
        return
    first, behind = media_service.span_of(file, wanted)
    assert bytes(file.size)[first:behind] == bytes(file.size)[offset:][: length or None]
    assert (first, behind <= file.size) == (offset, True)


@QUICK
@given(st.lists(st.binary(max_size=5), max_size=4), st.booleans())
def test_the_bytes_of_an_upload(parts: list[bytes], again: bool) -> None:
    async def pieces() -> AsyncIterator[media_service_pb2.UploadMediaRequest]:
        for part in parts:
            yield carried(media_service_pb2.UploadMediaRequest(chunk=part))
        if again:
            yield media_service_pb2.UploadMediaRequest(header=media_service_pb2.MediaHeader())

    async def read() -> list[bytes]:
        return [chunk async for chunk in media_service._chunks(pieces())]

    if again:
        with pytest.raises(InvalidArgumentError):
            asyncio.run(read())
    else:
        assert asyncio.run(read()) == parts
