"""Measurements, for Prometheus."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from entrypoints.rest.reasons import problems
from entrypoints.use_cases import UseCases

METRICS_PATH: Final = "/metrics"
_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Every measurement, in Prometheus's text format. docs/observability.md lists them.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


class MetricsRoutes:
    """The route of measurements."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds it to a router."""
        router.add_api_route(
            METRICS_PATH,
            self.metrics,
            methods=["GET"],
            operation_id="getMetrics",
            tags=["Health"],
            response_class=PlainTextResponse,
            responses={**_ANSWER, **problems()},
        )

    async def metrics(self) -> Response:
        """Gives the measurements of this gateway, and those of the database that it works on."""
        return Response(await self._use_cases.read_metrics.execute(), headers={"content-type": _FORMAT})
