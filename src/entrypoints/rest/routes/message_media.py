"""The files of messages."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from entrypoints.rest.config import API_PREFIX, RestConfig
from entrypoints.rest.file_response import DOCUMENT, RANGES, file_response
from entrypoints.rest.media_reasons import MESSAGE_FILE
from entrypoints.rest.reasons import problems
from entrypoints.use_cases import UseCases


class MessageMediaRoutes:
    """The route that reads a message's file."""

    def __init__(self, use_cases: UseCases, config: RestConfig) -> None:
        self._use_cases = use_cases
        self._config = config

    def add_to(self, router: APIRouter) -> None:
        """Adds it to a router."""
        router.add_api_route(
            f"{API_PREFIX}/messages/{{message_id}}/media",
            self.download,
            methods=["GET"],
            operation_id="downloadMessageMedia",
            tags=["Messages"],
            response_class=Response,
            responses=RANGES | problems(*MESSAGE_FILE),
            openapi_extra=DOCUMENT,
        )

    async def download(self, message_id: str, request: Request) -> Response:
        """Reads a message's file, or a range of its bytes.

        One that isn't in the store is fetched from WhatsApp through the session's page first, and stored; that may take
        its time. `message.media` tells of it.
        """
        media = await self._use_cases.media.of_message.execute(message_id)
        return await file_response(request, self._use_cases.media.read, media, self._config.stall)
