"""A phone's address book, its blocked people, and its owner's picture."""

from typing import Final

from aiohttp import web

from sandbox.control.accounts import account_of, online_account_of
from sandbox.control.web import answer, body_of, only
from sandbox.core import Core
from sandbox.errors import bad_request
from sandbox.operations import Caller
from sandbox.people import address_given

_LARGEST_PICTURE: Final = 512 * 1024
_KINDS: Final = ("image/jpeg", "image/png", "image/webp")


class PeopleRoutes:
    """`/accounts/{phone}/contacts`, `block`, `unblock`, `blocklist` and `picture`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_get("/accounts/{phone}/contacts", self.list)
        router.add_post("/accounts/{phone}/contacts", self.save)
        router.add_delete("/accounts/{phone}/contacts/{person}", self.remove)
        router.add_get("/accounts/{phone}/blocklist", self.blocked)
        router.add_post("/accounts/{phone}/block", self.block)
        router.add_post("/accounts/{phone}/unblock", self.unblock)
        router.add_put("/accounts/{phone}/picture", self.set_picture)
        router.add_delete("/accounts/{phone}/picture", self.remove_picture)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """The address book, by name."""
        account = account_of(self._core, request)
        entries = self._core.people_store.entries(account.phone)
        return answer({"contacts": [{**entry._asdict(), "name": entry.name} for entry in entries]})

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Save a person, or change the entry."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "person", "first_name", "last_name")
        names = (body.get("first_name"), body.get("last_name") or "")
        person = address_given(body.get("person"))
        return answer(self._core.people.save(Caller(account, 0), person, *names, on_phone=True), 201)

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """Take a person out of the address book."""
        account = online_account_of(self._core, request)
        return answer(self._core.people.remove(Caller(account, 0), address_given(request.match_info["person"])))

    async def blocked(self, request: web.Request) -> web.StreamResponse:
        """Whom the account has blocked."""
        account = account_of(self._core, request)
        return answer({"blocked": self._core.people_store.blocked_by(account.phone)})

    async def block(self, request: web.Request) -> web.StreamResponse:
        """Block a person."""
        return await self._block(request, blocked=True)

    async def unblock(self, request: web.Request) -> web.StreamResponse:
        """Unblock a person."""
        return await self._block(request, blocked=False)

    async def _block(self, request: web.Request, *, blocked: bool) -> web.StreamResponse:
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "person")
        return answer(self._core.people.block(Caller(account, 0), address_given(body.get("person")), blocked=blocked))

    async def set_picture(self, request: web.Request) -> web.StreamResponse:
        """Set the account's picture: the body is the image."""
        account = account_of(self._core, request)
        data = await request.read()
        if request.content_type not in _KINDS or not 0 < len(data) <= _LARGEST_PICTURE:
            raise bad_request(f"the body is an image ({', '.join(_KINDS)}) of at most {_LARGEST_PICTURE} bytes")
        before = account.profile.picture
        picture = self._core.people_store.keep_picture(request.content_type, data)
        self._core.accounts.show(account, picture=picture)
        if before is not None:
            self._core.people_store.drop_picture(before)
        return answer({"picture": picture}, 201)

    async def remove_picture(self, request: web.Request) -> web.StreamResponse:
        """Remove the account's picture."""
        account = account_of(self._core, request)
        if account.profile.picture is not None:
            self._core.people_store.drop_picture(account.profile.picture)
            self._core.accounts.show(account, picture=None)
        return answer({})
