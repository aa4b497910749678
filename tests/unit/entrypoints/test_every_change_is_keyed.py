"""Every call that changes something takes a key, over REST and gRPC: whoever adds one without it is told here."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from entrypoints.grpc.gen.pombo import v1
from entrypoints.rest.app import create_app
from entrypoints.rest.config import RestConfig
from entrypoints.rest.request_keys import KEYED, PARAMETER
from entrypoints.use_cases import UseCases

CHANGING: Final = frozenset({"post", "put", "patch", "delete"})
READING: Final = ("Get", "List")
"""How reads are called."""

REST_READS: Final = {
    "POST /api/v1/sessions/{session_id}/contacts/check": "asks who is on WhatsApp; it names up to 100 people",
}
RPC_READS: Final = {
    "ContactService.CheckContacts": "asks who is on WhatsApp",
    "EventService.StreamEvents": "reads the log",
    "GroupService.PreviewInvite": "looks at a group before it is joined",
    "MediaService.DownloadMessageMedia": "reads a file; one that has to be fetched first is kept once, however often",
    "SessionService.WatchSession": "follows a session",
}
"""Those that are called neither way and aren't marked as NO_SIDE_EFFECTS, which in published ones must not change."""


def _changing(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in CHANGING
    }


def _rpcs() -> Iterator[MethodDescriptor]:
    for module in pkgutil.iter_modules(v1.__path__):
        if module.name.endswith("_pb2"):
            for service in importlib.import_module(f"{v1.__name__}.{module.name}").DESCRIPTOR.services_by_name.values():
                yield from service.methods


CHECKED_IN: Final = Path(__file__).parents[3] / "docs" / "openapi.json"
# Of the document that is checked in only the names are taken: to make it costs each process that collects the tests.
REST: Final = tuple(_changing(json.loads(CHECKED_IN.read_text(encoding="utf-8"))))
RPCS: Final = {f"{rpc.containing_service.name}.{rpc.name}": rpc for rpc in _rpcs()}


@pytest.fixture(scope="module")
def rest() -> dict[str, dict[str, Any]]:
    return _changing(create_app(object.__new__(UseCases), RestConfig()).openapi())


def test_no_operation_is_left_out(rest: dict[str, dict[str, Any]]) -> None:
    assert sorted(REST) == sorted(rest)


def _rest_takes_a_key(operation: dict[str, Any]) -> bool:
    return any(
        (parameter["in"], parameter["name"]) == ("header", PARAMETER["name"])
        for parameter in operation.get("parameters", ())
    )


def _takes_a_key(request: Descriptor) -> bool:
    """Also in what begins a stream of requests."""
    header = request.fields_by_name.get("header")
    return "request_id" in request.fields_by_name or (header is not None and _takes_a_key(header.message_type))


def _reads(name: str, rpc: MethodDescriptor) -> bool:
    marked = rpc.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    return marked or rpc.name.startswith(READING) or name in RPC_READS


@pytest.mark.parametrize("name", REST)
def test_every_operation_that_changes_something_takes_a_key(rest: dict[str, dict[str, Any]], name: str) -> None:
    assert _rest_takes_a_key(rest[name]) is (name not in REST_READS)
    told = {
        reason
        for answer in rest[name]["responses"].values()
        for reason in answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }
    assert (told & set(KEYED)) == (set() if name in REST_READS else set(KEYED))


@pytest.mark.parametrize("name", RPCS)
def test_every_rpc_that_is_no_read_takes_a_key(name: str) -> None:
    assert _takes_a_key(RPCS[name].input_type) is not _reads(name, RPCS[name])


def test_what_is_listed_as_a_read_is_there() -> None:
    assert set(REST_READS) <= set(REST)
    assert set(RPC_READS) <= set(RPCS)
