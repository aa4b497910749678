"""What a person does with chats on a phone."""

from aiohttp import web

from sandbox.control.accounts import account_of, online_account_of
from sandbox.control.web import answer, body_of, only
from sandbox.core import Core
from sandbox.frames import Json
from sandbox.history import chats_of
from sandbox.operations import Caller
from sandbox.people import address_given
from sandbox.store.accounts import Account


class ChatRoutes:
    """`/accounts/{phone}/chats`, `chat`, `clear`, `delete-chat` and `presence`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_get("/accounts/{phone}/chats", self.list)
        router.add_post("/accounts/{phone}/chat", self.change)
        router.add_post("/accounts/{phone}/clear", self.clear)
        router.add_post("/accounts/{phone}/delete-chat", self.delete)
        router.add_post("/accounts/{phone}/presence", self.set_presence)
        router.add_get("/accounts/{phone}/presence", self.presence)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """The chats of a phone, the latest active first."""
        account = account_of(self._core, request)
        return answer({"chats": [self._view(account, key) for key in chats_of(self._core, account)]})

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Archive, pin, mute, mark as unread, or the opposite."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "chat", "archived", "pinned", "muted_until_s", "marked_unread")
        chat = chat_given(body.pop("chat", None))
        return answer(self._core.chat_actions.change(Caller(account, 0), chat, body).as_json())

    async def clear(self, request: web.Request) -> web.StreamResponse:
        """Empty a chat."""
        return await self._empty(request, delete=False)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Delete a chat."""
        return await self._empty(request, delete=True)

    async def set_presence(self, request: web.Request) -> web.StreamResponse:
        """The person opens WhatsApp on the phone, or leaves it."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "state")
        self._core.presence.use_phone(account, body.get("state"))
        return answer({})

    async def presence(self, request: web.Request) -> web.StreamResponse:
        """What the phone shows of a person: `?of=` a number or JID."""
        account = account_of(self._core, request)
        person = self._core.accounts.resolve(address_given(request.query.get("of")))
        seen = self._core.presence.seen(account, person)
        view = {"state": "available" if seen.available else "unavailable", "last_seen_s": seen.last_seen_s}
        return answer({**view, "denied": seen.denied, "typing": self._core.presence.typing(account, person)})

    async def _empty(self, request: web.Request, *, delete: bool) -> web.StreamResponse:
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "chat")
        chat = chat_given(body.get("chat"))
        newest = self._core.messages.newest(account.phone, self._core.accounts.chat_key(chat), 1)
        last = newest[0].id if newest else None
        return answer(self._core.chat_actions.clear(Caller(account, 0), {"chat": chat, "last": last}, delete=delete))

    def _view(self, account: Account, key: str) -> Json:
        peer, group = self._core.accounts.find(key), self._core.groups.find(key)
        return {
            "chat": self._core.accounts.chat_address(key),
            "lid": peer.lid if peer is not None else None,
            "name": peer.name if peer is not None else group.subject if group is not None else None,
            "unread": len(self._core.messages.unread_in(account.phone, key)),
            **self._core.chat_states.get(account.phone, key).as_json(),
        }


def chat_given(value: object) -> object:
    """A chat's JID from what a caller gave: a group's as it is, else as `address_given`.

    Raises:
        SandboxError: 400.
    """
    return value if isinstance(value, str) and value.endswith("@g.us") else address_given(value)
