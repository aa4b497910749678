"""Users, and how sessions are: asked for as written, kept, and told alike over both transports."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.postgres import survey, user_repository
from application.ports.survey import SessionState
from application.representation.pacing import restriction_to_dict
from domain.access import Role, User
from domain.errors import InvalidArgumentError
from domain.lease import Lease, Owner
from domain.pacing import Restriction, RestrictionReason
from entrypoints.grpc import api_key_service, gateway_health_service, user_service
from entrypoints.grpc.converters.access import role_from_proto
from entrypoints.grpc.converters.times import time_to_proto
from entrypoints.grpc.gen.pombo.v1 import api_key_service_pb2, user_pb2, user_service_pb2
from entrypoints.rest.models import health as health_models
from entrypoints.rest.routes import health
from tests.contracts.samples import NOON
from tests.unit.mappings import values

QUICK = settings(max_examples=30)
IDS = st.from_regex("[a-z0-9]{1,9}", fullmatch=True)
ROLES = {role: user_pb2.Role.Value(f"ROLE_{role.name}") for role in Role}


@st.composite
def states(draw: st.DrawFn) -> SessionState:
    state: SessionState = draw(values.whole(SessionState, lease=st.none()))
    same = {"session_id": st.just(state.session_id), "epoch": st.just(state.epoch)}
    leases = values.whole(Lease, owner=st.builds(Owner, node=IDS, life=IDS), **same)
    return replace(state, lease=draw(st.none() | leases))


def row_of(state: SessionState) -> Any:
    counts = ("waiting", "sending", "put_off", "oldest_due_at", "epoch", "status_at")
    return {
        "id": state.session_id,
        "wanted": state.wanted.value,
        "status": state.status.value,
        "status_reason": state.reason.value,
        "owner": None if state.lease is None else state.lease.owner.life,
        "node": None if state.lease is None else state.lease.owner.node,
        **{name: getattr(state, name) for name in counts},
        "me": None,
        "account": None,
        "next_at": None,
        "restriction": None if state.paused_by is None else json.dumps(restriction_to_dict(until_one(state.paused_by))),
    }


def until_one(reason: RestrictionReason) -> Restriction:
    return Restriction(reason=reason, strikes=1, since=NOON, resumes_at=NOON + timedelta(hours=1))


@QUICK
@given(st.from_type(User))
def test_a_user_is_read_from_its_row_as_it_was(user: User) -> None:
    columns = (name.strip() for name in user_repository._COLUMNS.split(","))
    row = dict(zip(columns, user_repository._values(user), strict=True))
    assert user_repository.to_user(row) == user


@QUICK
@given(states())
def test_how_a_session_is_comes_from_its_row(state: SessionState) -> None:
    row = row_of(state)
    assert survey._state(row, NOON) == state
    # A pause that is over is none.
    assert survey._state(row, NOON + timedelta(hours=1)) == replace(state, paused_by=None)


@QUICK
@given(states())
def test_how_a_session_is_is_told_alike(state: SessionState) -> None:
    told = json.loads(json.dumps(health._session(state)))
    health_models.SessionHealth.model_validate_json(json.dumps(told), strict=True)
    shown = gateway_health_service._session(state)
    assert (shown.session_id, shown.sound, shown.epoch) == (told["id"], told["sound"], told["epoch"])
    assert (shown.waiting, shown.sending, shown.put_off) == (told["waiting"], told["sending"], told["put_off"])
    assert (shown.gateway or None) == told["gateway"]
    assert shown.status_time == time_to_proto(state.status_at)
    assert shown.HasField("oldest_due_time") is (told["oldest_due_at"] is not None)


@QUICK
@given(st.none() | st.text(min_size=1, max_size=9), st.none() | st.sampled_from(Role), st.none() | st.booleans())
def test_of_a_user_what_the_mask_names_is_changed(name: str | None, role: Role | None, disabled: bool | None) -> None:
    given_ = {"name": name, "role": role, "disabled": disabled}
    user = user_pb2.User(
        id="usr_1",
        name=name or "",
        role=0 if role is None else ROLES[role],
        disabled=disabled or False,  # type: ignore[arg-type] # the enum's number
    )
    request = user_service_pb2.UpdateUserRequest(user=user)
    request.update_mask.paths.extend(key for key, value in given_.items() if value is not None)
    command = user_service._update(request)
    if request.update_mask.paths:
        assert (command.name, command.role, command.disabled) == (name, role, disabled)
    else:
        assert (command.name, command.role, command.disabled) == (None, None, None)


@QUICK
@given(st.booleans(), st.none() | st.sampled_from(Role))
def test_without_a_mask_what_the_user_holds_is_meant(disabled: bool, role: Role | None) -> None:
    user = user_pb2.User(id="usr_1", role=0 if role is None else ROLES[role], disabled=disabled)  # type: ignore[arg-type] # the enum's number
    command = user_service._update(user_service_pb2.UpdateUserRequest(user=user))
    assert (command.role, command.disabled) == (role, disabled or None)


@QUICK
@given(values.TIMES)
def test_a_key_ends_when_it_is_to(time: Any) -> None:
    request = api_key_service_pb2.CreateApiKeyRequest(expire_time=time_to_proto(time))
    assert api_key_service._expiry(request) == time
    assert api_key_service._expiry(api_key_service_pb2.CreateApiKeyRequest()) is None


@given(st.integers(0, 9))
def test_a_role_is_one_of_the_roles(value: int) -> None:
    if value in ROLES.values():
        assert ROLES[role_from_proto(value, field="role")] == value
    else:
        with pytest.raises(InvalidArgumentError):
            role_from_proto(value, field="role")
