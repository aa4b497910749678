"""A person takes their account to another number."""

from aiohttp import web

from sandbox.addresses import parse_phone
from sandbox.control.accounts import account_view, online_account_of
from sandbox.control.web import answer, body_of, only
from sandbox.core import Core


class NumberRoutes:
    """`/accounts/{phone}/number`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the route."""
        router.add_post("/accounts/{phone}/number", self.change)

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Change the account's number."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "phone")
        changed = self._core.numbers.change(account, parse_phone(body.get("phone")))
        return answer(account_view(self._core, changed))
