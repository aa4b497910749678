"""Users and API keys, for administrators."""

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from application.access.manage_keys import CreateApiKeyCommand, IssuedKey, RotateApiKeyCommand
from application.access.manage_users import CreateUserCommand, UpdateUserCommand
from application.representation.access import api_key_to_dict, user_to_dict
from entrypoints.rest.config import API_PREFIX
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import access as models
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.use_cases import UseCases

USERS: Final = f"{API_PREFIX}/users"
USER: Final = f"{USERS}/{{user_id}}"
KEYS: Final = f"{API_PREFIX}/api-keys"
KEY: Final = f"{KEYS}/{{key_id}}"
_USER: Final = ("INVALID_USER_ID", "USER_NOT_FOUND")
_KEY: Final = ("INVALID_API_KEY_ID", "API_KEY_NOT_FOUND")
_PAGE: Final = ("INVALID_REQUEST", "INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN")
_LOCATION: Final[dict[int | str, dict[str, Any]]] = {
    201: {"headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}}
}


class AccessRoutes:
    """The routes of users and keys."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""

        def add(
            path: str, endpoint: Any, method: str, name: str, model: Any, reasons: tuple[str, ...], **more: Any
        ) -> None:
            more.setdefault("responses", {})
            more["responses"] = more["responses"] | problems(*reasons)
            options = {"operation_id": name, "tags": ["Access"], "response_model": model, **more}
            router.add_api_route(path, endpoint, methods=[method], **options)

        made = {"status_code": 201, "responses": _LOCATION}
        reasons: tuple[str, ...] = (*BODY, *KEYED, "INVALID_NAME")
        add(USERS, self.create_user, "POST", "createUser", models.User, reasons, **made)
        add(USERS, self.list_users, "GET", "listUsers", models.UserList, _PAGE)
        add(USER, self.get_user, "GET", "getUser", models.User, _USER)
        reasons = (*BODY, *KEYED, *_USER, "INVALID_NAME", "OWN_ACCESS")
        add(USER, self.update_user, "PATCH", "updateUser", models.User, reasons)
        reasons = (*BODY, *KEYED, *_USER, "INVALID_NAME", "INVALID_SESSION_ID", "TOO_MANY_SESSIONS")
        reasons = (*reasons, "ADMIN_NOT_SCOPED", "INVALID_EXPIRY", "ROLE_ABOVE_USER", "USER_IS_DISABLED")
        add(KEYS, self.create_key, "POST", "createApiKey", models.NewApiKey, reasons, **made)
        add(KEYS, self.list_keys, "GET", "listApiKeys", models.ApiKeyList, (*_PAGE, "INVALID_USER_ID"))
        add(KEY, self.get_key, "GET", "getApiKey", models.ApiKey, _KEY)
        reasons = (*BODY, *KEYED, *_KEY, "INVALID_DURATION", "INVALID_EXPIRY", "API_KEY_NOT_ACTIVE", "API_KEY_REPLACED")
        add(f"{KEY}/rotate", self.rotate_key, "POST", "rotateApiKey", models.NewApiKey, reasons, **made)
        reasons = (*KEYED, *_KEY, "OWN_ACCESS")
        add(f"{KEY}/revoke", self.revoke_key, "POST", "revokeApiKey", models.ApiKey, reasons)

    async def create_user(self, body: models.CreateUserRequest, idempotency_key: IdempotencyKey = None) -> Response:
        """Makes a user, who has no key yet."""
        user = await self._use_cases.access.create_user.execute(
            CreateUserCommand(name=body.name, role=body.role, request=key_of(idempotency_key))
        )
        return json_response(user_to_dict(user), status=201, headers={"Location": USER.format(user_id=user.id)})

    async def list_users(self, query: Annotated[models.ListUsersQuery, Query()]) -> Response:
        """Lists users in the order of their ids."""
        page = await self._use_cases.access.list_users.execute(page_token=query.page_token, limit=query.page_size)
        return json_response({"items": [user_to_dict(user) for user in page.items], "next_page_token": page.next_after})

    async def get_user(self, user_id: str) -> Response:
        """Reads one user."""
        return json_response(user_to_dict(await self._use_cases.access.get_user.execute(user_id)))

    async def update_user(
        self, user_id: str, body: models.UpdateUserRequest, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Changes a user. What becomes less holds for all of the user's keys at once, and ends their streams.

        Users aren't removed, only disabled: what they did is told of them later, too.
        """
        command = UpdateUserCommand(
            user_id=user_id,
            name=body.name,
            role=body.role,
            disabled=body.disabled,
            request=key_of(idempotency_key),
        )
        return json_response(user_to_dict(await self._use_cases.access.update_user.execute(command)))

    async def create_key(self, body: models.CreateApiKeyRequest, idempotency_key: IdempotencyKey = None) -> Response:
        """Makes a key. The key itself is in the answer, and nowhere else."""
        issued = await self._use_cases.access.create_key.execute(
            CreateApiKeyCommand(
                user_id=body.user_id,
                name=body.name,
                role=body.role,
                session_ids=body.session_ids,
                expires_at=body.expires_at,
                request=key_of(idempotency_key),
            )
        )
        return _issued(issued)

    async def list_keys(self, query: Annotated[models.ListApiKeysQuery, Query()]) -> Response:
        """Lists keys in the order of their ids, those that have ended too."""
        page = await self._use_cases.access.list_keys.execute(
            user_id=query.user_id, page_token=query.page_token, limit=query.page_size
        )
        return json_response(
            {"items": [api_key_to_dict(key) for key in page.items], "next_page_token": page.next_after}
        )

    async def get_key(self, key_id: str) -> Response:
        """Reads what is known of a key."""
        return json_response(api_key_to_dict(await self._use_cases.access.get_key.execute(key_id)))

    async def rotate_key(
        self, key_id: str, body: models.RotateApiKeyRequest | None = None, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Makes a key's successor, which may do the same. For the overlap both work."""
        asked = body or models.RotateApiKeyRequest()
        command = RotateApiKeyCommand(
            key_id=key_id,
            overlap=timedelta(seconds=asked.overlap),
            expires_at=asked.expires_at,
            request=key_of(idempotency_key),
        )
        return _issued(await self._use_cases.access.rotate_key.execute(command))

    async def revoke_key(self, key_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Ends a key at once, on every gateway, and with it the streams that it has open. May be called again."""
        key = await self._use_cases.access.revoke_key.execute(key_id, request=key_of(idempotency_key))
        return json_response(api_key_to_dict(key))


def _issued(issued: IssuedKey) -> Response:
    body = {**api_key_to_dict(issued.key), "secret": issued.secret}
    return json_response(body, status=201, headers={"Location": KEY.format(key_id=issued.key.id)})
