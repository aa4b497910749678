"""Sessions: create, read, change, run, end."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from application.page_tokens import read_id_token
from application.representation.quota import shown_restriction
from application.representation.sessions import (
    bridge_to_dict,
    capability_to_dict,
    me_to_dict,
    session_to_dict,
    status_change_to_dict,
)
from application.sessions.create_session import CreateSessionCommand
from application.sessions.read_sessions import SessionReport
from application.sessions.update_session import UpdateSessionCommand
from domain.ids import parse_session_id
from domain.session import Session
from entrypoints.rest.config import API_PREFIX
from entrypoints.rest.field_errors import field_known_as
from entrypoints.rest.given_pacing import read_pacing
from entrypoints.rest.given_proxy import read_proxy, read_proxy_change
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import sessions as models
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.use_cases import UseCases

SESSIONS: Final = f"{API_PREFIX}/sessions"
SESSION: Final = f"{SESSIONS}/{{session_id}}"
_ONE: Final = ("INVALID_SESSION_ID", "SESSION_NOT_FOUND")
_OWN: Final = ("INVALID_PACING", "INVALID_STOP_WORDS", "INVALID_PROXY", "PROXY_TARGET_REFUSED")
_LOCATION: Final[dict[int | str, dict[str, Any]]] = {
    201: {"headers": {"Location": {"description": "Where the session is.", "schema": {"type": "string"}}}}
}


class SessionRoutes:
    """The routes of sessions, apart from linking."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""
        add = router.add_api_route
        one: dict[str, Any] = {"tags": ["Sessions"], "response_model": models.Session, "responses": problems(*_ONE)}
        add(
            SESSIONS,
            self.create,
            methods=["POST"],
            operation_id="createSession",
            status_code=201,
            **one
            | {
                "responses": _LOCATION
                | problems(
                    *BODY, *KEYED, "INVALID_SESSION_ID", "INVALID_NAME", "INVALID_METADATA", *_OWN, "SESSION_EXISTS"
                )
            },
        )
        add(
            SESSIONS,
            self.list,
            methods=["GET"],
            operation_id="listSessions",
            **one
            | {
                "response_model": models.SessionList,
                "responses": problems("INVALID_REQUEST", "INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN"),
            },
        )
        keyed = {"responses": problems(*_ONE, *KEYED, "SESSION_ELSEWHERE", "OWNER_SILENT")}
        add(SESSION, self.get, methods=["GET"], operation_id="getSession", **one)
        add(
            SESSION,
            self.update,
            methods=["PATCH"],
            operation_id="updateSession",
            **one | {"responses": problems(*BODY, *KEYED, *_ONE, "INVALID_NAME", "INVALID_METADATA", *_OWN)},
        )
        add(
            SESSION,
            self.delete,
            methods=["DELETE"],
            operation_id="deleteSession",
            status_code=204,
            **one | {"response_model": None} | keyed,
        )
        self._add_running(router, one)

    def _add_running(self, router: APIRouter, one: dict[str, Any]) -> None:
        add = router.add_api_route
        report = {"response_model": models.SessionStatusReport}
        keyed = one | {"responses": problems(*_ONE, *KEYED)}
        add(f"{SESSION}/status", self.status, methods=["GET"], operation_id="getSessionStatus", **one | report)
        add(f"{SESSION}/start", self.start, methods=["POST"], operation_id="startSession", **keyed)
        stopped = one | {"responses": problems(*_ONE, *KEYED, "OWNER_SILENT")}
        add(f"{SESSION}/stop", self.stop, methods=["POST"], operation_id="stopSession", **stopped)
        add(f"{SESSION}/restart", self.restart, methods=["POST"], operation_id="restartSession", **stopped)
        add(
            f"{SESSION}/status/history",
            self.history,
            methods=["GET"],
            operation_id="listStatusChanges",
            **one
            | {
                "response_model": models.StatusHistory,
                "responses": problems(*_ONE, "INVALID_REQUEST", "INVALID_PAGE_SIZE"),
            },
        )
        add(
            f"{SESSION}/takeover",
            self.take_over,
            methods=["POST"],
            operation_id="takeOverSession",
            **one
            | {
                "responses": problems(
                    *(*_ONE, *KEYED, "NOT_IN_CONFLICT", "SESSION_NOT_RUNNING", "OWNER_SILENT"),
                    *("PAGE_UNAVAILABLE", "CAPABILITY_UNAVAILABLE"),
                )
            },
        )
        add(
            f"{SESSION}/logout",
            self.logout,
            methods=["POST"],
            operation_id="logoutSession",
            **one
            | {
                "responses": problems(
                    *(*_ONE, *KEYED, "NOT_LINKED", "SESSION_NOT_RUNNING", "OWNER_SILENT", "PAGE_UNAVAILABLE"),
                    "LOGOUT_UNCONFIRMED",
                )
            },
        )
        add(
            f"{SESSION}/me",
            self.me,
            methods=["GET"],
            operation_id="getMe",
            **one | {"response_model": models.Me, "responses": problems(*_ONE, "NOT_LINKED")},
        )

    async def create(self, body: models.CreateSessionRequest, idempotency_key: IdempotencyKey = None) -> Response:
        """Creates a session and, unless told otherwise, starts it. Its QR follows: see `GET …/qr`."""
        command = CreateSessionCommand(
            id=body.id,
            name=body.name,
            start=body.start,
            metadata=body.metadata,
            pacing=read_pacing(body.pacing),
            stop_words=body.stop_words,
            proxy=read_proxy(body.proxy),
            request=key_of(idempotency_key),
        )
        with field_known_as("id", "session_id"):
            session = await self._use_cases.create_session.execute(command)
        return json_response(
            session_to_dict(session), status=201, headers={"Location": SESSION.format(session_id=session.id)}
        )

    async def list(self, query: Annotated[models.ListSessionsQuery, Query()]) -> Response:
        """Lists sessions in the order of their ids."""
        after = read_id_token(query.page_token, parse_session_id)
        page = await self._use_cases.list_sessions.execute(after=after, limit=query.page_size)
        return json_response(
            {"items": [session_to_dict(session) for session in page.items], "next_page_token": page.next_after}
        )

    async def get(self, session_id: str) -> Response:
        """Reads a session."""
        return _answer(await self._use_cases.get_session.execute(session_id))

    async def update(
        self, session_id: str, body: models.UpdateSessionRequest, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Changes a session's name, metadata, pace, stop words and proxy.

        With another proxy, or none, a browser that runs is closed and opened again; the answer doesn't wait for it.
        """
        return _answer(
            await self._use_cases.update_session.execute(
                UpdateSessionCommand(
                    session_id=session_id,
                    name=body.name,
                    metadata=body.metadata,
                    pacing=read_pacing(body.pacing),
                    stop_words=body.stop_words,
                    proxy=read_proxy_change(body),
                    request=key_of(idempotency_key),
                )
            )
        )

    async def delete(self, session_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Stops a session and forgets it and its login. Its messages and events stay.

        The phone lists the device until it is unlinked there: log out first to end the link on both sides.
        """
        await self._use_cases.delete_session.execute(session_id, request=key_of(idempotency_key))
        return Response(status_code=204)

    async def status(self, session_id: str) -> Response:
        """Reads a session's status with its history, and what its page can do."""
        return json_response(report_to_dict(await self._use_cases.get_session_status.execute(session_id)))

    async def start(self, session_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Wants a session to run, and answers at once: the status follows. May be called again."""
        return _answer(await self._use_cases.start_session.execute(session_id, request=key_of(idempotency_key)))

    async def stop(self, session_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Closes a session's browser and keeps its link; answers when it is closed. May be called again."""
        return _answer(await self._use_cases.stop_session.execute(session_id, request=key_of(idempotency_key)))

    async def restart(self, session_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Closes a session's browser and opens it again; answers when it is closed: the status follows."""
        return _answer(await self._use_cases.restart_session.execute(session_id, request=key_of(idempotency_key)))

    async def history(self, session_id: str, query: Annotated[models.StatusHistoryQuery, Query()]) -> Response:
        """Lists a session's changes of status, newest first. The newest 500 are kept."""
        changes = await self._use_cases.list_status_changes.execute(session_id, limit=query.page_size)
        return json_response({"items": [status_change_to_dict(change) for change in changes]})

    async def take_over(self, session_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Takes the login back from another browser that has taken it over (`CONFLICT`): "Use here".

        Answers when the page has been told; the status follows. The other browser loses the login.
        """
        return _answer(await self._use_cases.take_over_session.execute(session_id, request=key_of(idempotency_key)))

    async def logout(self, session_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Ends a session's link; answers when the page has confirmed it.

        A session that has failed with `LOGIN_MISSING` or `SNAPSHOT_UNREADABLE` has no page to confirm it: its link is
        forgotten, and the phone lists the device until it is removed there.
        """
        return _answer(await self._use_cases.logout_session.execute(session_id, request=key_of(idempotency_key)))

    async def me(self, session_id: str) -> Response:
        """Tells which account a session is linked to."""
        return json_response(me_to_dict(await self._use_cases.get_me.execute(session_id)))


def report_to_dict(report: SessionReport) -> dict[str, Any]:
    """A status report as the API shows it."""
    shown = session_to_dict(report.session)
    names = ("id", "status", "status_reason", "status_detail", "status_at", "wanted", "me")
    return {
        **{name: shown[name] for name in names},
        "history": [status_change_to_dict(change) for change in report.history],
        "capabilities": [capability_to_dict(capability) for capability in report.capabilities],
        "bridge": bridge_to_dict(report.bridge),
        "restriction": shown_restriction(report.restriction),
    }


def _answer(session: Session) -> Response:
    return json_response(session_to_dict(session))
