"""What a person writes and reads on a phone."""

from typing import Any, Final

from aiohttp import web

from sandbox.addresses import user_jid
from sandbox.control.accounts import account_of, online_account_of
from sandbox.control.web import answer, body_of, only
from sandbox.core import Core
from sandbox.errors import SandboxError, bad_request
from sandbox.frames import MAX_TEXT, Json, ids_field
from sandbox.groups.views import is_group
from sandbox.media.phone import media_view
from sandbox.operations import Caller
from sandbox.router import phone_message_id
from sandbox.store.accounts import Account
from sandbox.store.messages import ReceiptKind, StoredMessage

_MOST_MENTIONS: Final = 1024
_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000


class MessageRoutes:
    """`/accounts/{phone}/send`, `messages`, `read` and `typing`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_post("/accounts/{phone}/send", self.send)
        router.add_get("/accounts/{phone}/messages", self.messages)
        router.add_post("/accounts/{phone}/read", self.read)
        router.add_post("/accounts/{phone}/typing", self.typing)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """The phone sends a message: a text, or a content of any type."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "to", "text", "content", "media", "quoted_id", "mentions")
        if "media" in body:
            if "content" in body:
                raise bad_request("send takes text, content or media")
            body["content"] = await self._core.phone_media.content(account, body["media"])
        message_id = phone_message_id()
        to = chat_address(body.get("to"))
        content = self._content(account, to, body)
        self._core.router.send(account, 0, message_id, to, content)
        return answer({"id": message_id}, 201)

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """The newest messages of a chat or of all chats, oldest first."""
        account = account_of(self._core, request)
        limit = _limit(request.query.get("limit"))
        chat = request.query.get("chat")
        chats = self._core.messages.chats(account.phone)
        if chat is not None:
            chats = [self._core.accounts.chat_key(chat_address(chat))]
        held = [message for peer in chats for message in self._core.messages.newest(account.phone, peer, limit)]
        held.sort(key=lambda message: message.no)
        return answer({"messages": [self._view(account, message) for message in held[-limit:]]})

    async def read(self, request: web.Request) -> web.StreamResponse:
        """The person reads a chat, or single messages."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "chat", "ids")
        if ("chat" in body) == ("ids" in body):
            raise bad_request("read takes chat or ids")
        by_author: dict[str, list[str]] = {}
        if "chat" in body:
            key = self._core.accounts.chat_key(chat_address(body["chat"]))
            for author, message_id in self._core.messages.unread_by_sender(account.phone, key):
                by_author.setdefault(author, []).append(message_id)
            if self._core.chat_states.get(account.phone, key).marked_unread:
                self._core.chat_actions.change(Caller(account, 0), chat_address(body["chat"]), {"marked_unread": False})
        else:
            for message_id in ids_field(body):
                for message in held_by(self._core, account, message_id):
                    by_author.setdefault(message.sender, []).append(message.id)
        count = 0
        for author, ids in by_author.items():
            count += len(self._core.receipts.record(account.phone, 0, ReceiptKind.READ, author, ids))
        return answer({"read": count})

    async def typing(self, request: web.Request) -> web.StreamResponse:
        """The person types, records or stops."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "chat", "state")
        chat = chat_address(body.get("chat"))
        tell = self._core.group_talk if is_group(chat) else self._core.presence
        tell.type(account, chat, body.get("state"))
        return answer({})

    def _content(self, account: Account, to: object, body: dict[str, Any]) -> Json:
        text, content = body.get("text"), body.get("content")
        if (text is None) == (content is None):
            raise bad_request("send takes text, content or media")
        if content is None:
            if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT:
                raise bad_request(f"text is 1 to {MAX_TEXT} characters")
            content = {"type": "chat", "body": text}
        if not isinstance(content, dict):
            raise bad_request("content is an object with a string type")
        if body.get("mentions") is not None:
            mentions = body["mentions"]
            if not isinstance(mentions, list) or len(mentions) > _MOST_MENTIONS:
                raise bad_request(f"mentions is a list of at most {_MOST_MENTIONS} numbers or JIDs")
            people = [self._core.accounts.resolve(chat_address(each)).phone for each in mentions]
            content["mentions"] = [_person(self._core, to, phone) for phone in people]
        if body.get("quoted_id") is not None:
            quoted = held_by(self._core, account, body["quoted_id"])[0]
            content["quoted"] = quoted_content(self._core, to, quoted)
        return content

    def _view(self, account: Account, message: StoredMessage) -> Json:
        receipts = self._core.messages.receipts(message.no)
        group = message.recipient if is_group(message.recipient) else None
        peer = message.recipient if message.sender == account.phone else message.sender
        folded = self._core.fold.view(account.phone, message)
        content = folded["content"]
        quoted = content.get("quoted")
        return {
            "id": message.id,
            "chat": group or user_jid(peer),
            "from": user_jid(message.sender),
            "to": group or user_jid(message.recipient),
            "from_me": message.sender == account.phone,
            "device": message.device if message.sender == account.phone else None,
            "ts": message.sent_ms // 1000,
            "type": content["type"],
            "body": content.get("body"),
            "quoted_id": quoted.get("id") if isinstance(quoted, dict) else None,
            **folded,
            "media": media_view(content),
            "ack": min((receipt.ack for receipt in receipts), default=1),
            "receipts": [
                {
                    "participant": user_jid(receipt.participant),
                    "delivered_ms": receipt.delivered_ms,
                    "read_ms": receipt.read_ms,
                    "played_ms": receipt.played_ms,
                }
                for receipt in receipts
            ],
        }


def held_by(core: Core, account: Account, message_id: object) -> list[StoredMessage]:
    """The messages of an id on an account's phone: one per sender.

    Raises:
        SandboxError: 404 `MESSAGE_NOT_FOUND`.
    """
    held = core.messages.in_log(account.phone, message_id) if isinstance(message_id, str) else []
    if not held:
        raise SandboxError(404, "MESSAGE_NOT_FOUND", "the phone holds no message of this id")
    return held


def quoted_content(core: Core, chat: object, message: StoredMessage) -> Json:
    """A message as the `quoted` of one in the same chat."""
    return {
        "id": message.id,
        "participant": _person(core, chat, message.sender),
        "content": {key: value for key, value in message.content.items() if key != "quoted"},
    }


def _person(core: Core, chat: object, phone: str) -> str:
    """How a chat's messages name somebody: in a group by the form by which its members are told of."""
    return core.accounts.in_chat(str(chat) if is_group(chat) else phone, phone)


def chat_address(value: object) -> object:
    """A bare number stands for its JID."""
    return user_jid(value.removeprefix("+")) if isinstance(value, str) and "@" not in value else value


def _limit(value: str | None) -> int:
    if value is None:
        return _PAGE
    if not value.isascii() or not value.isdecimal() or not 0 < int(value[:6]) <= _LARGEST_PAGE or len(value) > 6:  # noqa: PLR2004 - digits of the largest page, with room
        raise bad_request(f"limit is an integer from 1 to {_LARGEST_PAGE}")
    return int(value)
