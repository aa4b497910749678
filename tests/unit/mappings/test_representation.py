"""The representation (JSON in the API, events and the database), both ways, of each kind there is."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.representation.content import CONTENT_FORMS, content_from_dict, content_to_dict
from application.representation.events import PAYLOAD_FORMS, payload_from_dict, payload_to_dict
from tests.unit.mappings import values

QUICK = settings(max_examples=10)


@pytest.mark.parametrize("form", CONTENT_FORMS, ids=lambda form: form.name)
@QUICK
@given(data=st.data())
def test_a_content_is_read_as_it_was_written(form: Any, data: st.DataObject) -> None:
    content = data.draw(values.any_of(form.kind))
    assert content_from_dict(json.loads(json.dumps(content_to_dict(content)))) == content


@pytest.mark.parametrize("form", PAYLOAD_FORMS, ids=lambda form: form.kind.TYPE)
@QUICK
@given(data=st.data())
def test_a_payload_is_read_as_it_was_written(form: Any, data: st.DataObject) -> None:
    payload = data.draw(values.any_of(form.kind))
    assert payload_from_dict(payload.TYPE, json.loads(json.dumps(payload_to_dict(payload)))) == payload
