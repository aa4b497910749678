"""What requests to send carry, over REST and gRPC: each kind that either takes is among those that are tried both ways.

Texts here; the others without a file in tests/unit/rest/test_contents.py and tests/unit/grpc/test_converters.py.
"""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from application.representation.content import content_to_dict
from domain.media_content import MEDIA_CONTENTS
from domain.operations import OPERATIONS, Reaction
from domain.text_content import Text
from entrypoints.grpc.converters.contents import CONTENT_CONVERTERS, content_from_proto
from entrypoints.grpc.converters.messages import message_to_proto
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as service_pb
from entrypoints.rest.models.messages import SendMessageRequest
from entrypoints.rest.send_contents import _COMPOSE, content_to_send
from tests.unit.domain.content_values import SENDABLE, rich_texts, targets
from tests.unit.grpc.test_converters import message
from tests.unit.mappings.test_page import SENT

TRIED = {*SENT, *MEDIA_CONTENTS}
# A request gives no preview: the gateway makes it.
texts = rich_texts.map(lambda text: replace(text, preview=None))


def test_grpc_takes_what_is_tried() -> None:
    taken: set[type[Any]] = {converter.kind for converter in CONTENT_CONVERTERS if converter.compose is not None}
    assert taken - set(OPERATIONS) == TRIED


def test_rest_takes_what_grpc_takes() -> None:
    named = {converter.field for converter in CONTENT_CONVERTERS if converter.kind in TRIED}
    assert set(_COMPOSE) - {"reaction"} == named


@given(texts)
def test_a_text_over_rest_is_read_as_it_was_shown(text: Text) -> None:
    body = {"session_id": "ana", "to": "+15550100200", **content_to_dict(text)}
    assert content_to_send(SendMessageRequest.model_validate(body)) == text


@given(texts)
def test_a_text_over_grpc_is_read_as_it_was_shown(text: Text) -> None:
    request = service_pb.SendMessageRequest(text=message_to_proto(message(text)).text)
    assert content_from_proto(service_pb.SendMessageRequest.FromString(request.SerializeToString())) == text


reactions = st.builds(Reaction, target=targets, emoji=st.sampled_from(["", "👍", "❤️"]))


@given(reactions)
def test_a_reaction_over_both_is_read_as_it_was_asked_for(reaction: Reaction) -> None:
    given = {"message_id": reaction.target, "emoji": reaction.emoji}
    body = {"session_id": "ana", "to": "+15550100200", "type": "reaction", "reaction": given}
    assert content_to_send(SendMessageRequest.model_validate(body)) == reaction
    request = service_pb.SendMessageRequest(reaction=message_to_proto(message(reaction)).reaction)
    assert content_from_proto(service_pb.SendMessageRequest.FromString(request.SerializeToString())) == reaction


def test_what_both_are_tried_with_is_every_other_kind() -> None:
    assert set(SENDABLE) == set(SENT) - {Text}


@given(st.sampled_from(sorted(SENDABLE, key=lambda kind: kind.__name__)), st.data())
def test_what_is_tried_of_a_kind_is_of_that_kind(kind: type[Any], data: st.DataObject) -> None:
    assert type(data.draw(SENDABLE[kind])) is kind
