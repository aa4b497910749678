"""What is sent over REST beside texts."""

import json
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from application.representation.content import content_to_dict, content_type
from domain.content import Content
from domain.errors import InvalidArgumentError
from entrypoints.rest.models.messages import Message, SendMessageRequest
from entrypoints.rest.problem import InvalidRequestError
from entrypoints.rest.send_contents import content_to_send
from tests.unit.domain.content_values import sendable

_OUTPUT_ONLY = {"location": {"live"}, "event": {"canceled"}, "poll": set()}


def request(content: dict[str, Any]) -> SendMessageRequest:
    return SendMessageRequest.model_validate({"session_id": "ana", "to": "+15550100200", **content})


@given(sendable)
def test_what_can_be_sent_is_read_as_it_was_shown(content: Content) -> None:
    shown = json.loads(json.dumps(content_to_dict(content)))
    kind = content_type(content)
    for field in _OUTPUT_ONLY.get(kind, ()):
        del shown[kind][field]
    if kind == "event" and shown[kind]["location"] is not None:
        del shown[kind]["location"]["live"]
    assert content_to_send(request(shown)) == content
    # What is shown has the documented form.
    Message.model_fields[kind]


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ({"type": "poll"}, ["poll"]),
        ({"type": "poll", "poll": None, "text": {"body": "x"}}, ["poll", "text"]),
        ({"type": "text", "text": {"body": "x"}, "location": {"latitude": 1, "longitude": 2}}, ["location"]),
    ],
)
def test_one_content_is_given_the_one_that_type_names(content: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        content_to_send(request(content))
    assert [error.field for error in caught.value.errors] == fields


@pytest.mark.parametrize(
    "content",
    [
        {"type": "unsupported", "unsupported": {}},
        {"type": "edit", "edit": {}},
        {"type": "location", "location": {"latitude": "1", "longitude": 2}},
        {"type": "location", "location": {"latitude": 1, "longitude": 2, "live": True}},
        {"type": "poll", "poll": {"question": "?", "options": "ab"}},
        {"type": "contacts", "contacts": {"name": {"formatted_name": "x"}}},
        {"type": "event", "event": {"name": "x", "start_time": 5}},
    ],
)
def test_what_has_another_form_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        request(content)


@pytest.mark.parametrize(
    "action",
    [{}, {"button": "x"}, {"buttons": []}, {"button": "x", "sections": [], "buttons": []}],
)
def test_a_list_has_what_a_list_has(action: dict[str, Any]) -> None:
    body = {"type": "interactive", "interactive": {"type": "list", "body": {"text": "x"}, "action": action}}
    with pytest.raises(InvalidArgumentError) as caught:
        content_to_send(request(body))
    assert caught.value.field == "interactive.action"
