"""The audit log, for administrators."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from application.audit.read_log import ListAuditLogQuery
from application.representation.audit import audit_entry_to_dict
from entrypoints.rest.config import API_PREFIX
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import audit as models
from entrypoints.rest.reasons import problems
from entrypoints.use_cases import UseCases

_PATH: Final = f"{API_PREFIX}/audit-log"


class AuditRoutes:
    """The route of the audit log."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds it to a router."""
        router.add_api_route(
            _PATH,
            self.list,
            methods=["GET"],
            operation_id="listAuditLog",
            tags=["Audit log"],
            response_model=models.AuditLogPage,
            responses=problems(
                *("INVALID_REQUEST", "INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN", "INVALID_USER_ID"),
                *("INVALID_API_KEY_ID", "INVALID_SESSION_ID"),
            ),
        )

    async def list(self, query: Annotated[models.ListAuditLogQuery, Query()]) -> Response:
        """Lists what was done, newest first: who did what to what, from where, with which result."""
        page = await self._use_cases.audit.list.execute(_query(query))
        return json_response(
            {"items": [audit_entry_to_dict(entry) for entry in page.items], "next_page_token": page.next_page_token}
        )


def _query(query: models.ListAuditLogQuery) -> ListAuditLogQuery:
    return ListAuditLogQuery(
        since=query.since,
        until=query.until,
        user_id=query.user_id,
        key_id=query.key_id,
        operation=query.operation,
        session_id=query.session_id,
        result=query.result,
        page_token=query.page_token,
        limit=query.page_size,
    )
