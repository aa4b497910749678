"""What messages hold."""

import json
from typing import Any, Final

from application.media.draft import MediaDraft
from domain.content import Content, Text, Unsupported
from domain.errors import InvalidArgumentError
from domain.jid import Jid
from entrypoints.grpc.converters import contacts, groups, media, more_contents, operations
from entrypoints.grpc.converters.forms import ContentConverter
from entrypoints.grpc.gen.pombo.v1 import message_pb2 as pb
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as service_pb


def _write_text(text: Text) -> pb.Text:
    converted = pb.Text(body=text.body, mentions=[str(jid) for jid in text.mentions], mention_all=text.mention_all)
    if (preview := text.preview) is not None:
        converted.preview.url = preview.url
        converted.preview.thumbnail = preview.thumbnail or b""
        if preview.title is not None:
            converted.preview.title = preview.title
        if preview.description is not None:
            converted.preview.description = preview.description
    return converted


def _compose_text(text: pb.Text) -> Text:
    mentions = (Jid.parse_recipient(jid, field=f"text.mentions[{place}]") for place, jid in enumerate(text.mentions))
    return Text.compose(text.body, tuple(mentions), mention_all=text.mention_all)


def _write_unsupported(content: Unsupported) -> pb.Unsupported:
    # JSON instead of a Struct: a Struct's numbers are doubles, and its depth is limited.
    return pb.Unsupported(kind=content.kind, raw_json=json.dumps(dict(content.raw), separators=(",", ":")))


CONTENT_CONVERTERS: Final[tuple[ContentConverter[Any], ...]] = (
    ContentConverter(field="text", kind=Text, write=_write_text, compose=_compose_text),
    *media.CONTENT_CONVERTERS,
    *more_contents.CONTENT_CONVERTERS,
    *contacts.CONTENT_CONVERTERS,
    *operations.CONTENT_CONVERTERS,
    *groups.CONTENT_CONVERTERS,
    ContentConverter(field="unsupported", kind=Unsupported, write=_write_unsupported),
)
"""One of each kind of ``Content``; a test sees that none is missing."""

_BY_KIND: Final = {converter.kind: converter for converter in CONTENT_CONVERTERS}
_COMPOSE: Final = {converter.field: converter.compose for converter in CONTENT_CONVERTERS}
_TO_SEND: Final = ", ".join(field for field, compose in _COMPOSE.items() if compose is not None)


def set_content(converted: pb.Message, content: Content) -> None:
    """Puts a content into its field."""
    converter = _BY_KIND[type(content)]
    getattr(converted, converter.field).CopyFrom(converter.write(content))


def content_from_proto(request: service_pb.SendMessageRequest) -> Content | MediaDraft:
    """The content of a message that is to be sent.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST`` when there is none, or what its kind's ``compose`` says.
    """
    kind = request.WhichOneof("content")
    compose = None if kind is None else _COMPOSE[kind]
    if kind is None or compose is None:
        raise InvalidArgumentError("INVALID_REQUEST", f"Give one content: {_TO_SEND}.", field="content")
    content: Content | MediaDraft = compose(getattr(request, kind))
    return content
