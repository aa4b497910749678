"""What the gRPC server needs to know."""

from dataclasses import dataclass
from datetime import timedelta

from application.observability.instruments import NO_INSTRUMENTS, Instruments
from entrypoints.networks import Network
from entrypoints.server_tls import ServerTls


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcConfig:
    """Where and how to serve.

    Attributes:
        port: 0 lets the operating system choose; ``GrpcServer.port`` tells which.
        max_request_bytes: the largest request message; a larger one is refused with ``BODY_TOO_LARGE``.
        max_inline_bytes: the same for a message to send, which may hold a file.
        max_streams: how many calls of a connection may be open at a time; more wait in the client.
        trusted_proxies: whose ``x-forwarded-for`` is believed.
        keepalive: after so long without traffic the server pings a client, and drops it when it doesn't answer.
        idle: how long a connection may be without a call. Who has shown no key can hold one no longer, and clients
            connect again by themselves.
        handshake: how long a connection may take to say that it speaks TLS, or HTTP/2.
        stall: how long a reader of a stream may take nothing before it is ended with ``CONSUMER_TOO_SLOW``, and how
            long a request's message may take (``REQUEST_TOO_SLOW``); where it may be larger, longer by as much.
        instruments: what calls are measured and traced with.
        tls: the certificate to show; None serves plain text.
        health_interval: how often a watcher of the health service gets a fresh look.
    """

    host: str = "127.0.0.1"
    port: int = 50051
    max_request_bytes: int = 1_048_576
    max_inline_bytes: int = 22_500_000
    max_streams: int = 1_000
    trusted_proxies: tuple[Network, ...] = ()
    keepalive: timedelta = timedelta(minutes=1)
    idle: timedelta = timedelta(minutes=5)
    handshake: timedelta = timedelta(seconds=20)
    stall: timedelta = timedelta(minutes=1)
    health_interval: timedelta = timedelta(seconds=5)
    instruments: Instruments = NO_INSTRUMENTS
    tls: ServerTls | None = None

    @property
    def _largest_read(self) -> int:
        return max(4 * self.max_request_bytes, self.max_inline_bytes + self.max_request_bytes)

    def channel_options(self) -> list[tuple[str, int]]:
        """The same in gRPC's own terms."""
        return [
            # By default two servers could share a port, each getting a part of the calls.
            ("grpc.so_reuseport", 0),
            # What is larger than our limit and smaller than this gets a typed error; the rest gRPC's own.
            ("grpc.max_receive_message_length", self._largest_read),
            ("grpc.max_concurrent_streams", self.max_streams),
            # gRPC's own defaults: metadata beyond the one are refused at times, beyond the other always.
            ("grpc.max_metadata_size", 8_192),
            ("grpc.absolute_max_metadata_size", 16_384),
            ("grpc.keepalive_time_ms", int(self.keepalive.total_seconds() * 1000)),
            ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.max_connection_idle_ms", int(self.idle.total_seconds() * 1000)),
            ("grpc.server_handshake_timeout_ms", int(self.handshake.total_seconds() * 1000)),
            # Clients may ping an idle connection every ten seconds, so that middleboxes keep their streams open.
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ]
