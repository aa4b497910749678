"""What the REST entrypoint is told from outside."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from application.observability.instruments import NO_INSTRUMENTS, Instruments
from entrypoints.networks import Network

API_PREFIX: Final = "/api/v1"
MAX_WAIT: Final = timedelta(seconds=60)
"""The longest that a caller may let a request wait: proxies commonly give up soon after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestConfig:
    """The entrypoint's settings.

    Attributes:
        max_body_bytes: the largest request body that is read.
        max_inline_bytes: the same for messages, which may hold a file.
        max_upload_bytes: the same for files.
        send_wait: how long a send waits for WhatsApp to have the message when the caller names no time.
        cors_origins: browser origins that may call, ``("*",)`` for all; none by default.
        trusted_proxies: whose ``X-Forwarded-For`` is believed.
        version: the program's version, as the API's document tells it.
        docs_enabled: whether ``/docs`` and ``/openapi.json`` are served.
        keep_alive: how often an idle event stream shows that it lives.
        stall: how long a reader of an event stream may take nothing before it is cut off, and how long nothing may come
            of a request's body.
        metrics: whether ``/metrics`` is served, and whether it wants a key as all else does.
        instruments: what requests are measured and traced with.
    """

    max_body_bytes: int = 1_048_576
    max_inline_bytes: int = 22_500_000
    max_upload_bytes: int = 134_300_000
    send_wait: timedelta = timedelta(seconds=20)
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    version: str = "0.1.0"
    docs_enabled: bool = True
    keep_alive: timedelta = timedelta(seconds=15)
    stall: timedelta = timedelta(seconds=60)
    metrics: Literal["key", "open", "off"] = "key"
    instruments: Instruments = NO_INSTRUMENTS
