"""Errors as google.rpc.Status: exactly one ErrorInfo, a BadRequest and a RetryInfo where they apply."""

from collections.abc import Iterator
from typing import Final

from google.protobuf.any_pb2 import Any as PackedMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from domain.errors import PomboError
from entrypoints.status import STATUS

DOMAIN: Final = "pombo"
DETAILS_KEY: Final = "grpc-status-details-bin"
"""The trailing metadata that carry a google.rpc.Status (https://grpc.io/docs/guides/error)."""


def to_rpc_status(error: PomboError) -> Status:
    """The error as clients get it."""
    status = Status(code=STATUS[error.kind].grpc.value[0], message=error.message)
    status.details.extend(_pack(detail) for detail in _details(error))
    return status


def _details(error: PomboError) -> Iterator[Message]:
    yield ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    if error.field is not None:
        violation = BadRequest.FieldViolation(field=error.field, description=error.message, reason=error.reason)
        yield BadRequest(field_violations=[violation])
    if error.retry_after is not None:
        delay = Duration()
        delay.FromTimedelta(error.retry_after)
        yield RetryInfo(retry_delay=delay)


def _pack(detail: Message) -> PackedMessage:
    packed = PackedMessage()
    packed.Pack(detail)
    return packed
