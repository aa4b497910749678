"""Rows of messages, of each kind of content there is; what PostgreSQL does with them: tests/integration/stores."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.postgres.message_rows import COLUMN_TYPES, COLUMNS, to_columns, to_message
from application.representation.content import CONTENT_FORMS
from domain.message import Message
from tests.unit.mappings import values

NAMES = [name.strip() for name in COLUMNS.split(",")]


@cache
def some(kind: type[Any]) -> st.SearchStrategy[list[Message]]:
    # When a message is expected to leave isn't stored: it is found out when somebody asks.
    traced = st.builds(replace, values.in_message(kind), trace=st.none() | st.text(max_size=8), expected_at=st.none())
    return st.lists(traced, min_size=1, max_size=3)


def test_each_column_has_a_type() -> None:
    assert len(NAMES) == COLUMN_TYPES.count("$")


@pytest.mark.parametrize("form", CONTENT_FORMS, ids=lambda form: form.name)
@settings(max_examples=10)
@given(data=st.data())
def test_a_message_is_read_from_its_row_as_it_was(form: Any, data: st.DataObject) -> None:
    messages = data.draw(some(form.kind))
    rows: list[Any] = [dict(zip(NAMES, row, strict=True)) for row in zip(*to_columns(messages), strict=True)]
    assert [to_message(row) for row in rows] == messages
    assert {row["type"] for row in rows} == {form.name}
