from datetime import timedelta

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo

from domain.errors import ErrorKind, InvalidArgumentError, PomboError, RateLimitedError
from entrypoints.grpc.errors import to_rpc_status
from entrypoints.status import STATUS


def kinds(error: PomboError) -> list[str]:
    return [detail.TypeName().removeprefix("google.rpc.") for detail in to_rpc_status(error).details]


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_has_its_code_and_exactly_one_error_info(kind: ErrorKind) -> None:
    error = PomboError("SOME_REASON", "A sentence.", metadata={"session_id": "ana"})
    error.kind = kind
    status = to_rpc_status(error)
    assert (status.code, status.message) == (STATUS[kind].grpc.value[0], "A sentence.")
    assert kinds(error) == ["ErrorInfo"]
    info = ErrorInfo()
    status.details[0].Unpack(info)
    assert (info.reason, info.domain, dict(info.metadata)) == ("SOME_REASON", "pombo", {"session_id": "ana"})


def test_a_field_at_fault_is_named() -> None:
    error = InvalidArgumentError("INVALID_NAME", "A name has characters.", field="session.name")
    assert kinds(error) == ["ErrorInfo", "BadRequest"]
    found = BadRequest()
    to_rpc_status(error).details[1].Unpack(found)
    (violation,) = found.field_violations
    assert (violation.field, violation.reason) == ("session.name", "INVALID_NAME")
    assert violation.description == "A name has characters."


def test_a_known_pause_is_told() -> None:
    error = RateLimitedError("TOO_MANY", "Later.", retry_after=timedelta(seconds=2.5))
    assert kinds(error) == ["ErrorInfo", "RetryInfo"]
    found = RetryInfo()
    to_rpc_status(error).details[1].Unpack(found)
    assert found.retry_delay.ToTimedelta() == timedelta(seconds=2.5)
