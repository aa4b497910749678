"""What a person does with groups on a phone."""

import base64
import secrets
from typing import Any

from aiohttp import web

from sandbox.control.accounts import account_of, online_account_of
from sandbox.control.web import answer, body_of, only
from sandbox.core import Core
from sandbox.errors import bad_request
from sandbox.frames import Json
from sandbox.operations import Caller
from sandbox.people import address_given

_GROUP = "/accounts/{phone}/groups/{group}"


class GroupRoutes:
    """`/accounts/{phone}/groups…`, `join`, `join-privately` and `invite`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_get("/accounts/{phone}/groups", self.list)
        router.add_post("/accounts/{phone}/groups", self.create)
        router.add_get(_GROUP, self.get)
        router.add_post(f"{_GROUP}/participants", self.participants)
        router.add_post(f"{_GROUP}/leave", self.leave)
        router.add_post(f"{_GROUP}/subject", self.subject)
        router.add_post(f"{_GROUP}/description", self.description)
        router.add_post(f"{_GROUP}/setting", self.setting)
        router.add_put(f"{_GROUP}/picture", self.picture)
        router.add_delete(f"{_GROUP}/picture", self.no_picture)
        router.add_get(f"{_GROUP}/invite-code", self.code)
        router.add_delete(f"{_GROUP}/invite-code", self.reset)
        router.add_get(f"{_GROUP}/requests", self.requests)
        router.add_post(f"{_GROUP}/requests", self.decide)
        router.add_get("/accounts/{phone}/invite", self.invite)
        router.add_post("/accounts/{phone}/join", self.join)
        router.add_post("/accounts/{phone}/join-privately", self.join_privately)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """The groups that the account is in."""
        return answer(self._look(request, "groups"))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """A group as its member sees it."""
        return answer(self._look(request, "group_get")["group"])

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Found a group."""
        body = await body_of(request)
        only(body, "subject", "participants", "settings", "addressing")
        frame = {**body, "participants": _people(body.get("participants", []))}
        return answer(self._do(request, "group_create", frame), 201)

    async def participants(self, request: web.Request) -> web.StreamResponse:
        """Add, remove, promote or demote people."""
        body = await body_of(request)
        only(body, "action", "participants")
        frame = {"action": body.get("action"), "participants": _people(body.get("participants"))}
        return answer(self._do(request, "group_participants", frame))

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """Leave the group."""
        return answer(self._do(request, "group_leave", {}))

    async def subject(self, request: web.Request) -> web.StreamResponse:
        """Change the subject."""
        body = await body_of(request)
        only(body, "subject")
        return answer(self._do(request, "group_subject", body))

    async def description(self, request: web.Request) -> web.StreamResponse:
        """Change the description; a person's phone shows the one there is, so it is the one that is replaced."""
        body = await body_of(request)
        only(body, "description")
        previous = self._core.groups.get(request.match_info["group"]).description_id
        frame = {**body, "id": secrets.token_hex(10).upper(), "previous": previous}
        return answer(self._do(request, "group_description", frame))

    async def setting(self, request: web.Request) -> web.StreamResponse:
        """Change a setting."""
        body = await body_of(request)
        only(body, "name", "value")
        return answer(self._do(request, "group_setting", body))

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """Set the picture: the body is a JPEG."""
        data = await request.read()
        return answer(self._do(request, "group_picture", {"picture": base64.b64encode(data).decode()}))

    async def no_picture(self, request: web.Request) -> web.StreamResponse:
        """Take the picture away."""
        return answer(self._do(request, "group_picture", {"picture": None}))

    async def code(self, request: web.Request) -> web.StreamResponse:
        """The invite code."""
        return answer(self._look(request, "group_invite_code"))

    async def reset(self, request: web.Request) -> web.StreamResponse:
        """Revoke the invite code; answers the new one."""
        return answer(self._do(request, "group_invite_reset", {}))

    async def requests(self, request: web.Request) -> web.StreamResponse:
        """Who waits to be let in."""
        return answer(self._look(request, "group_requests"))

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """Let people in, or turn them away."""
        body = await body_of(request)
        only(body, "decision", "participants")
        frame = {"decision": body.get("decision"), "participants": _people(body.get("participants"))}
        return answer(self._do(request, "group_requests_decide", frame))

    async def invite(self, request: web.Request) -> web.StreamResponse:
        """What a link shows of its group: `?code=`."""
        return answer(self._look(request, "group_invite_info", code=request.query.get("code"))["group"])

    async def join(self, request: web.Request) -> web.StreamResponse:
        """Join by a link's code."""
        body = await body_of(request)
        only(body, "code")
        return answer(self._do(request, "group_join", body))

    async def join_privately(self, request: web.Request) -> web.StreamResponse:
        """Join by an invitation that was sent to this person."""
        body = await body_of(request)
        only(body, "group", "code", "from")
        return answer(self._do(request, "group_join_private", {**body, "from": address_given(body.get("from"))}))

    def _look(self, request: web.Request, operation: str, **fields: Any) -> Json:
        caller = Caller(account_of(self._core, request), 0)
        return self._core.operations[operation](caller, {"group": request.match_info.get("group"), **fields})

    def _do(self, request: web.Request, operation: str, frame: Json) -> Json:
        caller = Caller(online_account_of(self._core, request), 0)
        return self._core.operations[operation](caller, {"group": request.match_info.get("group"), **frame})


def _people(value: object) -> list[object]:
    if not isinstance(value, list):
        raise bad_request("participants is a list of numbers or JIDs")
    return [address_given(each) for each in value]
