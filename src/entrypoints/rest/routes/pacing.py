"""How sessions are paced, and people who opted out."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from application.page_tokens import read_id_token
from application.representation.quota import quota_to_dict
from application.representation.suppressions import shown_suppression_to_dict
from domain.jid import Jid
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import pacing as models
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.rest.routes.sessions import SESSION
from entrypoints.use_cases import UseCases

SUPPRESSIONS: Final = f"{SESSION}/suppressions"
_ONE: Final = ("INVALID_SESSION_ID", "SESSION_NOT_FOUND")
_PERSON: Final = ("INVALID_JID", "INVALID_PHONE", "NOT_A_PERSON")
ContactId = Annotated[str, Path(description="By any of the person's addresses, or the phone number.")]


class PacingRoutes:
    """The routes of quotas and opt-outs."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""

        def add(path: str, endpoint: Any, method: str, name: str, model: Any, *reasons: str, **more: Any) -> None:
            options = {"operation_id": name, "tags": ["Pacing"], "response_model": model}
            router.add_api_route(path, endpoint, methods=[method], responses=problems(*reasons), **options | more)

        add(f"{SESSION}/quota", self.quota, "GET", "getQuota", models.Quota, *_ONE)
        page = ("INVALID_REQUEST", "INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN")
        add(SUPPRESSIONS, self.list, "GET", "listSuppressions", models.SuppressionList, *_ONE, *page)
        add(
            *(SUPPRESSIONS, self.add, "POST", "addSuppression", models.Suppression),
            *(*BODY, *KEYED, *_ONE, *_PERSON, "INVALID_TEXT", "TEXT_TOO_LONG"),
            status_code=201,
        )
        add(
            *(f"{SUPPRESSIONS}/{{contact_id}}", self.remove, "DELETE", "removeSuppression", None),
            *(*KEYED, *_ONE, *_PERSON, "SUPPRESSION_NOT_FOUND"),
            status_code=204,
        )

    async def quota(self, session_id: str) -> Response:
        """Tells what remains of a session's pace, and what messages wait for."""
        return json_response(quota_to_dict(await self._use_cases.pacing.get_quota.execute(session_id)))

    async def list(self, session_id: str, query: Annotated[models.SuppressionsQuery, Query()]) -> Response:
        """Lists the people who aren't written to, by address."""
        page = await self._use_cases.pacing.list_suppressions.execute(
            session_id, after=read_id_token(query.page_token, Jid.parse), limit=query.page_size
        )
        return json_response(
            {
                "items": [shown_suppression_to_dict(shown) for shown in page.items],
                "next_page_token": None if page.next_after is None else str(page.next_after),
            }
        )

    async def add(
        self, session_id: str, body: models.AddSuppressionRequest, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Has a person opt out: a message to them is refused, and what waits for them fails in its turn.

        Of somebody who has opted out before it answers what is kept, and changes nothing.
        """
        shown = await self._use_cases.pacing.add_suppression.execute(
            session_id,
            Jid.parse_recipient(body.address, field="address"),
            note=body.note,
            request=key_of(idempotency_key),
        )
        return json_response(shown_suppression_to_dict(shown), status=201)

    async def remove(self, session_id: str, contact_id: ContactId, idempotency_key: IdempotencyKey = None) -> Response:
        """Lets a person be written to again."""
        address = Jid.parse_recipient(contact_id, field="contact_id")
        await self._use_cases.pacing.remove_suppression.execute(session_id, address, request=key_of(idempotency_key))
        return Response(status_code=204)
