"""Health: for whoever supervises the process, without a key, and for operators, with one."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from application.health.check_health import PartHealth
from application.ports.survey import SessionState
from application.representation.values import time_to_text
from domain.errors import ErrorKind
from entrypoints.rest.config import API_PREFIX
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import health as models
from entrypoints.rest.problem import PROBLEM_JSON, Problem
from entrypoints.rest.reasons import limited, problems
from entrypoints.status import STATUS
from entrypoints.use_cases import UseCases

_UNAVAILABLE: Final = STATUS[ErrorKind.UNAVAILABLE]
_NO_KEY: Final[dict[str, Any]] = {"security": []}
_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {
    503: {
        "description": "- `NOT_READY`: some part doesn't answer; `parts` says which.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/NotReadyProblem"}}},
    }
}


class HealthRoutes:
    """The routes of health."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""
        router.add_api_route(
            "/health/live",
            self.live,
            methods=["GET"],
            operation_id="getLiveness",
            tags=["Health"],
            response_model=models.Liveness,
            openapi_extra=_NO_KEY,
        )
        router.add_api_route(
            "/health/ready",
            self.ready,
            methods=["GET"],
            operation_id="getReadiness",
            tags=["Health"],
            response_model=models.Readiness,
            responses=_NOT_READY | limited(),
            openapi_extra=_NO_KEY,
        )
        router.add_api_route(
            f"{API_PREFIX}/health",
            self.health,
            methods=["GET"],
            operation_id="getHealth",
            tags=["Health"],
            response_model=models.GatewayHealth,
            responses=problems(),
        )

    async def live(self) -> Response:
        """Tells that the process answers."""
        return json_response({"status": "live"})

    async def ready(self, request: Request) -> Response:
        """Tells whether every part that the gateway needs answers."""
        report = await self._use_cases.check_health.execute()
        parts = _parts(report.parts)
        if report.ready:
            return json_response({"status": "ready", "parts": parts})
        missing = [part["name"] for part in parts if part["needed"] and not part["ready"]]
        problem = Problem(
            status=_UNAVAILABLE.http,
            title=_UNAVAILABLE.title,
            reason="NOT_READY",
            detail=f"No answer from: {', '.join(missing)}.",
        )
        return problem.response(request.scope, parts=parts)

    async def health(self) -> Response:
        """Asks each part that the gateway needs, and tells how each session is. Answers 200 whatever it finds."""
        health = await self._use_cases.read_health.execute()
        sessions = None if health.sessions is None else [_session(session) for session in health.sessions]
        return json_response({"ready": health.ready, "parts": _parts(health.parts), "sessions": sessions})


def _parts(parts: Sequence[PartHealth]) -> list[dict[str, Any]]:
    return [
        {"name": part.name, "ready": part.problem is None, "problem": part.problem, "needed": part.is_needed}
        for part in parts
    ]


def _session(session: SessionState) -> dict[str, Any]:
    return {
        "id": session.session_id,
        "sound": not session.is_ailing,
        "wanted": session.wanted,
        "status": session.status,
        "status_reason": session.reason,
        "status_at": time_to_text(session.status_at),
        "waiting": session.waiting,
        "sending": session.sending,
        "put_off": session.put_off,
        "oldest_due_at": None if session.oldest_due_at is None else time_to_text(session.oldest_due_at),
        "gateway": None if session.lease is None else session.lease.owner.node,
        "epoch": session.epoch,
    }
