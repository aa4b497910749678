"""The one policy: every route and RPC has a rule, and what is the same over both transports has the same."""

from typing import Any

import pytest
from fastapi import FastAPI
from google.protobuf.descriptor import MethodDescriptor

from application.access.policy import OPEN, POLICY
from domain.access import Role
from entrypoints.grpc.rules import MethodRules, UnguardedMethodError, operation_of
from entrypoints.grpc.server import DESCRIPTORS
from entrypoints.rest import guarded
from entrypoints.rest.app import create_app
from entrypoints.rest.config import RestConfig
from entrypoints.use_cases import UseCases
from tests.unit.access_samples import SAME_RULE

METHODS: list[MethodDescriptor] = [method for service in DESCRIPTORS for method in service.methods]


@pytest.fixture(scope="module")
def routes() -> list[Any]:
    return list(create_app(object.__new__(UseCases), RestConfig()).router.routes)


def test_every_route_has_a_rule_and_every_rule_a_route_or_an_rpc(routes: list[Any]) -> None:
    rest = {guarded.operation_of(route) for route in routes}
    rpcs = {operation_of(method.name) for method in METHODS}
    assert sorted(rest - POLICY.keys() - OPEN) == []
    assert sorted(rpcs - POLICY.keys()) == []
    assert sorted(POLICY.keys() - rest - rpcs - {"reflect"}) == []
    assert rest >= OPEN


def test_what_is_done_over_one_transport_alone_is_listed(routes: list[Any]) -> None:
    rest = {guarded.operation_of(route) for route in routes} - OPEN
    rpcs = {operation_of(method.name) for method in METHODS}
    apart = rest ^ rpcs
    paired = SAME_RULE.keys() | set(SAME_RULE.values())
    documentation = {"readDocument", "readDocumentationPage", "readDocumentationFile"}
    # Prometheus asks over HTTP. REST follows a session by its events.
    assert sorted(apart - paired - documentation) == ["getMetrics", "watchSession"]
    for one, other in SAME_RULE.items():
        assert POLICY[one].role is POLICY[other].role, one


def test_names_of_rpcs_are_no_two_services() -> None:
    names = [method.name for method in METHODS]
    assert len(names) == len(set(names))


def test_a_route_without_a_rule_is_not_served() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/api/v1/new", lambda: None, operation_id="doSomethingNew")
    with pytest.raises(guarded.UnguardedRouteError, match="doSomethingNew"):
        guarded.guard_routes(app.router.routes, object.__new__(UseCases))


def test_a_mounted_application_is_not_served() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/files", FastAPI(), name="listEvents")
    with pytest.raises(guarded.UnguardedRouteError):
        guarded.guard_routes(app.router.routes, object.__new__(UseCases))


def test_a_method_without_a_rule_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(POLICY, "sendMessage")  # type: ignore[arg-type]  # it is a dictionary
    with pytest.raises(UnguardedMethodError, match="SendMessage"):
        MethodRules(DESCRIPTORS)
    with pytest.raises(UnguardedMethodError):
        MethodRules(()).of("/pombo.v1.MessageService/GetMessage")


def test_what_changes_something_is_not_for_readers() -> None:
    reading = ("get", "list", "read", "download", "stream", "reflect")
    assert {name for name, rule in POLICY.items() if rule.role is Role.READER and not name.startswith(reading)} == set()


def test_nobody_but_operators_sees_what_links_an_account() -> None:
    for name in ("getQr", "refreshQr", "requestPairingCode", "watchSession"):
        assert POLICY[name].role is Role.OPERATOR


def test_roles_are_in_order() -> None:
    roles = list(Role)
    assert roles == [Role.READER, Role.SENDER, Role.OPERATOR, Role.ADMIN]
    for place, role in enumerate(roles):
        assert [role.allows(other) for other in roles] == [place >= n for n in range(4)]
        assert [role.below(other) for other in roles] == [roles[min(place, n)] for n in range(4)]
