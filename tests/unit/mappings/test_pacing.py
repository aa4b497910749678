"""Paces, restrictions and opt-outs: read as written, and asked for alike over both transports."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.postgres import suppression_repository
from adapters.postgres.stored_json import dump_optional
from application.representation import pacing, suppressions
from domain.pacing import Pacing, Restriction
from domain.person import person_of
from domain.suppression import ShownSuppression, Suppression
from entrypoints.grpc.converters.pacing import pacing_from_proto, pacing_to_proto
from entrypoints.grpc.gen.pombo.v1.pacing_pb2 import Pacing as PacingMessage
from entrypoints.rest.given_pacing import read_pacing
from entrypoints.rest.models.pacing import GivenPacing
from tests.unit.mappings import values

QUICK = settings(max_examples=25)
QUIET = st.builds(
    pacing.quiet_hours_from_dict,
    st.none() | st.just({"start": "21:00", "end": "08:30", "time_zone": "Europe/Lisbon"}),
)
COUNTS = st.none() | st.integers(1, 60)
PACES = st.builds(
    Pacing,
    messages_per_minute=COUNTS,
    burst=COUNTS,
    jitter=st.none() | st.floats(0, 1),
    new_chats_per_day=COUNTS,
    quiet_hours=QUIET,
    restriction_minutes=st.none() | st.floats(0, 60),
)


@QUICK
@given(PACES)
def test_a_pace_is_asked_for_as_it_was_written(pace: Pacing) -> None:
    told = json.loads(json.dumps(pacing.pacing_to_dict(pace)))
    assert pacing.pacing_from_dict(told) == pace
    assert read_pacing(GivenPacing.model_validate(told)) == pace
    message = pacing_to_proto(pace)
    assert message is not None
    assert pacing_from_proto(PacingMessage.FromString(message.SerializeToString())) == pace
    assert read_pacing(None) is None


@QUICK
@given(st.none() | st.from_type(Restriction))
def test_a_restriction_is_read_as_it_was_stored(restriction: Restriction | None) -> None:
    told = json.loads(json.dumps(pacing.restriction_to_dict(restriction)))
    assert pacing.restriction_from_dict(told) == restriction


@QUICK
@given(st.lists(st.from_type(Suppression), max_size=2))
def test_an_opt_out_is_read_from_its_row(opted: list[Suppression]) -> None:
    rows: list[Any] = [
        {
            "address": str(each.address),
            "source": each.source.value,
            "note": dump_optional(each.note),
            "message_id": each.message_id,
            "created_at": each.created_at,
        }
        for each in opted
    ]
    assert suppression_repository._first(rows) == (opted[0] if opted else None)


@QUICK
@given(st.builds(replace, st.from_type(Suppression), address=values.JIDS))
def test_an_opt_out_is_kept_as_it_was_shown(opted: Suppression) -> None:
    shown = ShownSuppression(suppression=opted, person=person_of([opted.address]))
    told = json.loads(json.dumps(suppressions.shown_suppression_to_dict(shown)))
    assert suppressions.shown_suppression_to_dict(suppressions.shown_suppression_from_dict(told)) == told
    assert suppressions.shown_suppression_from_dict(told).suppression == opted
