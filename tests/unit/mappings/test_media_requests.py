"""Messages with a file that are asked for: in JSON, over gRPC and in a form, each read as what was asked."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from application.media.draft import MediaBytes, MediaDraft, MediaLink
from application.messages.acceptance import SendMessageCommand
from application.ports.media_spool import SpooledFile
from domain.errors import InvalidArgumentError, PomboError
from domain.ids import MediaId
from domain.jid import Jid
from domain.media import MediaKind
from entrypoints.grpc.converters.contents import content_from_proto
from entrypoints.grpc.gen.pombo.v1 import media_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as service_pb
from entrypoints.rest.models.messages import SendMessageRequest
from entrypoints.rest.multipart import parts_of
from entrypoints.rest.routes.media import Received
from entrypoints.rest.routes.media_send import _command, _moment
from entrypoints.rest.send_requests import to_command, to_entry
from tests.unit.domain.content_values import words
from tests.unit.mappings.protos import any_proto
from tests.unit.mappings.test_page_readings import ODD, places, with_odd
from tests.unit.mappings.values import TIMES

QUICK = settings(max_examples=30)
OPTIONS = {
    MediaKind.IMAGE: ("caption", "view_once"),
    MediaKind.VIDEO: ("caption", "gif", "view_once"),
    MediaKind.AUDIO: ("voice", "view_once"),
    MediaKind.DOCUMENT: ("caption", "filename"),
    MediaKind.STICKER: (),
}
"""What each kind is sent with."""
FILE = SpooledFile(path=Path("spool/1"), size=3, sha256="0" * 64)
sources = st.one_of(
    st.just(MediaId("media_01KB5D9R6T3N8W2XQ4V7Y0Z1AC")),
    st.sampled_from(["https://files.test/a", "http://[::1]/?q=ü", "x" * 2_048]).map(MediaLink),
    st.binary(min_size=1, max_size=20).map(MediaBytes),
)
mime_types = st.none() | st.sampled_from(["image/jpeg", "audio/ogg; codecs=opus", "text/csv"])
names = words.filter(lambda name: name.isprintable() and not {*name} & {"/", "\\"} and name not in {".", ".."})


def drafts(kind: MediaKind, source: st.SearchStrategy[Any] = sources) -> st.SearchStrategy[MediaDraft]:
    strategies = {
        "caption": st.none() | words,
        "filename": st.none() | names,
        **dict.fromkeys(("voice", "gif", "view_once"), st.booleans()),
    }
    own = {name: strategies[name] for name in OPTIONS[kind]}
    return st.builds(MediaDraft, kind=st.just(kind), source=source, mime_type=mime_types, **own)


def given_options(draft: MediaDraft) -> dict[str, Any]:
    return {name: value for name in OPTIONS[draft.kind] if (value := getattr(draft, name)) is not None}


def as_json(draft: MediaDraft) -> dict[str, Any]:
    match draft.source:
        case MediaLink(url):
            source = {"link": url}
        case MediaBytes(data):
            source = {"base64": base64.b64encode(data).decode()}
        case named:
            source = {"id": str(named)}
    file = {**source, "mime_type": draft.mime_type, **given_options(draft)}
    return {"session_id": "ana", "to": "+15550100200", "type": draft.kind.value, draft.kind.value: file}


def as_proto(draft: MediaDraft) -> service_pb.SendMessageRequest:
    match draft.source:
        case MediaLink(url):
            source = media_pb2.MediaSource(link=url)
        case MediaBytes(data):
            source = media_pb2.MediaSource(data=data)
        case named:
            source = media_pb2.MediaSource(media_id=str(named))
    source.mime_type = draft.mime_type or ""
    request = service_pb.SendMessageRequest()
    sent = getattr(request, draft.kind.value)
    sent.media.CopyFrom(source)
    for name, value in given_options(draft).items():
        setattr(sent, name, value)
    return service_pb.SendMessageRequest.FromString(request.SerializeToString())


def test_all_that_is_asked_for_is_tried() -> None:
    named = {name for options in OPTIONS.values() for name in options}
    assert named == {field.name for field in fields(MediaDraft)} - {"kind", "source", "mime_type"}
    assert set(OPTIONS) == set(MediaKind)
    for kind, options in OPTIONS.items():
        field = service_pb.SendMessageRequest.DESCRIPTOR.fields_by_name[kind.value]
        assert {each.name for each in field.message_type.fields} == {"media", *options}


@pytest.mark.parametrize("kind", MediaKind)
@QUICK
@given(data=st.data())
def test_a_file_over_rest_and_grpc_is_read_as_it_was_asked_for(kind: MediaKind, data: st.DataObject) -> None:
    draft = data.draw(drafts(kind))
    body = json.loads(json.dumps(as_json(draft)))
    assert to_command(SendMessageRequest.model_validate(body)).content == draft
    assert to_entry(body) == to_command(SendMessageRequest.model_validate(body))
    assert content_from_proto(as_proto(draft)) == draft


def as_fields(draft: MediaDraft) -> dict[str, str]:
    flags = {name: str(value).lower() for name, value in given_options(draft).items() if isinstance(value, bool)}
    texts = {name: value for name, value in given_options(draft).items() if isinstance(value, str)}
    return {"type": draft.kind.value, **flags, **texts}


@pytest.mark.parametrize("kind", MediaKind)
@QUICK
@given(data=st.data())
def test_a_file_in_a_form_is_read_as_it_was_asked_for(kind: MediaKind, data: st.DataObject) -> None:
    draft = data.draw(drafts(kind, st.just(FILE)))
    times = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(("not_before", "deadline"), TIMES)))
    reply_to = data.draw(st.none() | st.just("false_15550100200@c.us_3A"))
    form = {
        **as_fields(draft),
        "session_id": "ana",
        "to": "15550100200",
        **{name: time.isoformat() for name, time in times.items()},
        **({} if reply_to is None else {"message_id": reply_to}),
    }
    received = Received(file=FILE, mime_type=draft.mime_type, filename=draft.filename, fields=form)
    assert _command(received) == SendMessageCommand(
        session_id="ana", to=Jid.parse("15550100200@c.us"), content=draft, reply_to=reply_to, **times
    )


@QUICK
@given(
    st.dictionaries(
        st.sampled_from(["session_id", "to", "type", "caption", "filename", "voice", "gif", "not_before", "other"]),
        st.sampled_from(["image", "audio", "true", "yes", "", "15550100200", "2026-01-01", "0", "9" * 40]) | st.text(),
    )
)
def test_a_form_is_read_or_refused(form: dict[str, str]) -> None:
    try:
        _command(Received(file=FILE, mime_type="image/png", filename=None, fields=form))
    except InvalidArgumentError as refused:
        assert refused.reason


@QUICK
@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_a_moment_is_read_as_it_was_given(time: datetime) -> None:
    assert _moment({"deadline": time.isoformat()}, "deadline") == time


@dataclass(frozen=True)
class Given:
    """A field of a form."""

    name: str
    filename: str | None
    mime_type: str | None
    data: bytes


quotable = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters='"\\%'), min_size=1, max_size=8)
form_fields = st.builds(
    Given, name=quotable, filename=st.none() | quotable, mime_type=st.none() | st.just("image/png"), data=st.binary()
)
BOUNDARY = "xYzZy"


def encoded(form: list[Given]) -> bytes:
    body = b""
    for part in form:
        filename = "" if part.filename is None else f'; filename="{part.filename}"'
        kind = "" if part.mime_type is None else f"Content-Type: {part.mime_type}\r\n"
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part.name}"{filename}\r\n{kind}\r\n'
        body += head.encode() + part.data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


async def read_form(body: bytes, piece: int) -> list[Given]:
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0) if pieces else b"", "more_body": bool(pieces)}

    kind = f"multipart/form-data; boundary={BOUNDARY}".encode()
    request = Request({"type": "http", "method": "POST", "headers": [(b"content-type", kind)]}, receive)

    async def whole(chunks: AsyncIterator[bytes]) -> bytes:
        return b"".join([chunk async for chunk in chunks])

    return [
        Given(part.name, part.filename, part.mime_type, await whole(part.chunks)) async for part in parts_of(request)
    ]


@QUICK
@given(st.lists(form_fields, min_size=1, max_size=4), st.integers(1, 40))
def test_a_form_is_read_as_it_was_written_however_it_is_cut(form: list[Given], piece: int) -> None:
    # A part's end could stand in its own data by chance.
    form = [replace(part, data=part.data.replace(BOUNDARY.encode(), b"")) for part in form]
    assert asyncio.run(read_form(encoded(form), piece)) == form


@QUICK
@given(st.lists(form_fields, max_size=2), st.integers(0, 400), st.binary(max_size=6), st.integers(1, 40))
@example([], 0, b"", 1)
def test_a_form_that_is_broken_is_refused(form: list[Given], at: int, wrong: bytes, piece: int) -> None:
    body = encoded(form)
    at = min(at, len(body))
    for hurt in (body[:at], body[:at] + wrong + body[at:], body[:at] + wrong):
        try:
            asyncio.run(read_form(hurt, piece))
        except InvalidArgumentError as refused:
            assert refused.reason == "INVALID_REQUEST"


@pytest.mark.parametrize("kind", MediaKind)
@QUICK
@given(data=st.data())
def test_what_isnt_a_request_is_refused_over_rest(kind: MediaKind, data: st.DataObject) -> None:
    body = json.loads(json.dumps(as_json(data.draw(drafts(kind)))))
    hurt = with_odd(body, data.draw(st.sampled_from([*places(body)])), data.draw(ODD | st.just("\ud800")))
    read = to_entry(hurt)
    assert isinstance(read, SendMessageCommand | PomboError)


@settings(max_examples=150)
@given(any_proto(service_pb.SendMessageRequest))
def test_what_isnt_a_request_is_refused_over_grpc(request: service_pb.SendMessageRequest) -> None:
    try:
        content_from_proto(request)
    except InvalidArgumentError as refused:
        assert refused.reason
