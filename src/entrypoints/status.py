"""The one table from kinds of error to HTTP and gRPC status."""

from dataclasses import dataclass
from typing import Final

import grpc

from domain.errors import ErrorKind


@dataclass(frozen=True, slots=True)
class TransportStatus:
    """What a kind of error is called in each transport. ``title`` is problem+json's."""

    http: int
    grpc: grpc.StatusCode
    title: str


STATUS: Final[dict[ErrorKind, TransportStatus]] = {
    ErrorKind.INVALID_ARGUMENT: TransportStatus(400, grpc.StatusCode.INVALID_ARGUMENT, "Invalid request"),
    ErrorKind.UNAUTHENTICATED: TransportStatus(401, grpc.StatusCode.UNAUTHENTICATED, "Not authenticated"),
    ErrorKind.PERMISSION_DENIED: TransportStatus(403, grpc.StatusCode.PERMISSION_DENIED, "Not allowed"),
    ErrorKind.NOT_FOUND: TransportStatus(404, grpc.StatusCode.NOT_FOUND, "Not found"),
    ErrorKind.ALREADY_EXISTS: TransportStatus(409, grpc.StatusCode.ALREADY_EXISTS, "Exists already"),
    ErrorKind.CONFLICT: TransportStatus(409, grpc.StatusCode.FAILED_PRECONDITION, "Not in this state"),
    ErrorKind.GONE: TransportStatus(410, grpc.StatusCode.FAILED_PRECONDITION, "Expired"),
    ErrorKind.TOO_LARGE: TransportStatus(413, grpc.StatusCode.RESOURCE_EXHAUSTED, "Too large"),
    ErrorKind.UNSUPPORTED_MEDIA: TransportStatus(415, grpc.StatusCode.INVALID_ARGUMENT, "Unsupported media type"),
    ErrorKind.UNPROCESSABLE: TransportStatus(422, grpc.StatusCode.FAILED_PRECONDITION, "Refused"),
    ErrorKind.RATE_LIMITED: TransportStatus(429, grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many requests"),
    ErrorKind.CAPABILITY_UNAVAILABLE: TransportStatus(501, grpc.StatusCode.UNIMPLEMENTED, "Capability unavailable"),
    ErrorKind.UNAVAILABLE: TransportStatus(503, grpc.StatusCode.UNAVAILABLE, "Unavailable"),
    ErrorKind.DEADLINE_EXCEEDED: TransportStatus(504, grpc.StatusCode.DEADLINE_EXCEEDED, "Timed out"),
    ErrorKind.INTERNAL: TransportStatus(500, grpc.StatusCode.INTERNAL, "Internal error"),
}
