"""The REST application."""

from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from entrypoints.rest.config import API_PREFIX, RestConfig
from entrypoints.rest.event_stream import OpenStreams
from entrypoints.rest.guarded import guard_routes
from entrypoints.rest.middleware.authentication import AuthenticationMiddleware
from entrypoints.rest.middleware.body_limit import BodyLimitMiddleware
from entrypoints.rest.middleware.request_context import RequestContextMiddleware
from entrypoints.rest.openapi import document_of
from entrypoints.rest.problem import add_problem_handlers, refusing_sockets
from entrypoints.rest.routes.access import AccessRoutes
from entrypoints.rest.routes.audit import AuditRoutes
from entrypoints.rest.routes.chats import ChatRoutes
from entrypoints.rest.routes.contacts import ContactRoutes
from entrypoints.rest.routes.docs import DocsRoutes
from entrypoints.rest.routes.event_socket import EventSocketRoutes
from entrypoints.rest.routes.events import EventRoutes
from entrypoints.rest.routes.groups import GroupRoutes
from entrypoints.rest.routes.health import HealthRoutes
from entrypoints.rest.routes.linking import LinkingRoutes
from entrypoints.rest.routes.media import MediaRoutes
from entrypoints.rest.routes.media_send import MediaSendRoutes
from entrypoints.rest.routes.message_media import MessageMediaRoutes
from entrypoints.rest.routes.message_operations import MessageOperationRoutes
from entrypoints.rest.routes.messages import MessageRoutes
from entrypoints.rest.routes.metrics import METRICS_PATH, MetricsRoutes
from entrypoints.rest.routes.pacing import PacingRoutes
from entrypoints.rest.routes.presence import PresenceRoutes
from entrypoints.rest.routes.sessions import SessionRoutes
from entrypoints.rest.routes.webhooks import WebhookRoutes
from entrypoints.use_cases import UseCases

_ASKED: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Prefer",
    "Range",
    "X-API-Key",
    "X-Request-ID",
)
_SHOWN: Final = (
    *("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag"),
    *("Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"),
)


def create_app(use_cases: UseCases, config: RestConfig) -> FastAPI:
    """Builds the application.

    ``app.state.open_streams`` is what a server closes to end the event streams, and ``app.state.end_waits`` what it
    calls to have those answered who wait for a message to leave.
    """
    app = FastAPI(
        title="Pombo",
        version=config.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
    )
    app.state.open_streams = streams = OpenStreams()
    # Looked up when it is called: the document is made of an application without use cases.
    app.state.end_waits = lambda within: use_cases.send_message.end_waits(within)  # noqa: PLW0108
    add_problem_handlers(app)
    # In the order in which they are tried, the busiest first.
    MessageRoutes(use_cases, config).add_to(app.router)
    MessageOperationRoutes(use_cases, config).add_to(app.router)
    EventRoutes(use_cases, config, streams).add_to(app.router)
    EventSocketRoutes(use_cases, config, streams).add_to(app.router)
    MediaRoutes(use_cases, config).add_to(app.router)
    MediaSendRoutes(use_cases, config).add_to(app.router)
    MessageMediaRoutes(use_cases, config).add_to(app.router)
    SessionRoutes(use_cases).add_to(app.router)
    LinkingRoutes(use_cases).add_to(app.router)
    for routes in (ChatRoutes, ContactRoutes, PresenceRoutes, PacingRoutes):
        routes(use_cases).add_to(app.router)
    GroupRoutes(use_cases).add_to(app.router)
    WebhookRoutes(use_cases).add_to(app.router)
    AccessRoutes(use_cases).add_to(app.router)
    AuditRoutes(use_cases).add_to(app.router)
    _add_health(app, use_cases, config)
    if config.docs_enabled:
        DocsRoutes(app).add_to(app.router)
    guard_routes(app.router.routes, use_cases, _opened(config))
    app.router.default = refusing_sockets(app.router.default)
    # FastAPI's own way to let an application make its document (fastapi.tiangolo.com/how-to/extending-openapi).
    app.openapi = document_of(app, config)  # type: ignore[method-assign]
    _add_middlewares(app, use_cases, config)
    return app


def create_health_app(use_cases: UseCases, config: RestConfig) -> FastAPI:
    """Builds the application of a gateway that serves no API: for its health, and its measurements."""
    app = FastAPI(title="Pombo", version=config.version, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.open_streams = OpenStreams()
    app.state.end_waits = lambda _: None
    add_problem_handlers(app)
    _add_health(app, use_cases, config)
    guard_routes(app.router.routes, use_cases, _opened(config))
    app.router.default = refusing_sockets(app.router.default)
    _add_middlewares(app, use_cases, config)
    return app


def _add_health(app: FastAPI, use_cases: UseCases, config: RestConfig) -> None:
    HealthRoutes(use_cases).add_to(app.router)
    if config.metrics != "off":
        MetricsRoutes(use_cases).add_to(app.router)


def _opened(config: RestConfig) -> tuple[str, ...]:
    return (METRICS_PATH,) if config.metrics == "open" else ()


def _larger_bodies(config: RestConfig) -> dict[str, int]:
    """The paths whose requests may hold files."""
    return {
        f"{API_PREFIX}/media": config.max_upload_bytes,
        f"{API_PREFIX}/media/send": max(config.max_upload_bytes, config.max_inline_bytes),
        f"{API_PREFIX}/messages/send": max(config.max_body_bytes, config.max_inline_bytes),
    }


def _add_middlewares(app: FastAPI, use_cases: UseCases, config: RestConfig) -> None:
    """Each one added lies around those before it."""
    app.add_middleware(
        BodyLimitMiddleware, limit=config.max_body_bytes, others=_larger_bodies(config), stall=config.stall
    )
    app.add_middleware(
        AuthenticationMiddleware,
        use_cases=use_cases,
        opened=_opened(config),
        trusted_proxies=config.trusted_proxies,
    )
    if config.cors_origins:
        # Around authentication: a browser's preflight carries no key.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=config.cors_origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=_ASKED,
            expose_headers=_SHOWN,
        )
    app.add_middleware(RequestContextMiddleware, instruments=config.instruments)
