"""What a person does to messages on a phone: react, edit, delete, vote, answer, choose, pin, star, forward, listen."""

from typing import Any, Final

from aiohttp import web

from sandbox.addons import PIN, RESPONSES, UNPIN, options_of
from sandbox.addresses import user_jid
from sandbox.control.accounts import online_account_of
from sandbox.control.messages import chat_address, held_by, quoted_content
from sandbox.control.web import answer, body_of, only
from sandbox.core import Core
from sandbox.errors import SandboxError, bad_request
from sandbox.fold import REVOKED
from sandbox.frames import Json
from sandbox.menus import choice_content
from sandbox.operations import Caller
from sandbox.router import phone_message_id
from sandbox.store.accounts import Account
from sandbox.store.messages import ReceiptKind, StoredMessage

_PHONE: Final = 0
_DAY_S: Final = 86_400
_OF_THIS_COPY: Final = frozenset({"quoted", "mentions", "nonJidMentions", "isForwarded", "forwardingScore"})
"""What a forwarded message doesn't take along."""


class AddonRoutes:
    """`/accounts/{phone}/react` and its like; each names a message by `id`, and by `from` where two share it."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        routes = (
            self.react,
            self.edit,
            self.revoke,
            self.vote,
            self.respond,
            self.choose,
            self.pin,
            self.unpin,
            self.star,
            self.delete,
            self.forward,
            self.played,
        )
        for route in routes:
            router.add_post(f"/accounts/{{phone}}/{route.__name__}", route)

    async def react(self, request: web.Request) -> web.StreamResponse:
        """The person reacts; an empty emoji takes the reaction back."""
        account, body, target = await self._read(request, "emoji")
        return self._send(account, target, {"type": "reaction", "reactionText": body.get("emoji")}, "reactionParentKey")

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """The person gives a message another text or caption; or an invitation another event, whole."""
        account, body, target = await self._read(request, "text", "event")
        kind = target.content["type"]
        if kind == "event_creation":
            event = body.get("event")
            if not isinstance(event, dict):
                raise bad_request("event is an object of an invitation's attributes")
            content = {**event, "type": "protocol", "subtype": "message_edit", "editMsgType": kind}
            return self._send(account, target, content, "protocolMessageKey")
        attribute = "body" if kind == "chat" else "caption"
        content = {"type": "protocol", "subtype": "message_edit", attribute: body.get("text"), "editMsgType": kind}
        return self._send(account, target, content, "protocolMessageKey")

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """The person deletes a message for everyone."""
        account, _, target = await self._read(request)
        subtype = "sender_revoke" if target.sender == account.phone else "admin_revoke"
        return self._send(account, target, {"type": "protocol", "subtype": subtype}, "protocolMessageKey")

    async def vote(self, request: web.Request) -> web.StreamResponse:
        """The person chooses among a poll's options, by their names; none takes the vote back."""
        account, body, target = await self._read(request, "options")
        names = body.get("options")
        known = {name: number for number, name in options_of(target.content).items()}
        if not isinstance(names, list) or not all(isinstance(name, str) and name in known for name in names):
            raise bad_request("options is a list of names of the poll's options")
        content = {"type": "poll_update", "selectedOptionLocalIds": [known[name] for name in names]}
        return self._send(account, target, content, "pollUpdateParentKey")

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """The person answers an invitation to an event: `going`, `not_going`, `maybe`, or `none` to take it back."""
        account, body, target = await self._read(request, "response")
        response = body.get("response")
        if not isinstance(response, str) or response not in RESPONSES:
            raise bad_request(f"response is one of {', '.join(RESPONSES)}")
        content = {"type": "rsvp", "rsvp": RESPONSES[response]}
        return self._send(account, target, content, "rsvpParentKey")

    async def choose(self, request: web.Request) -> web.StreamResponse:
        """The person chooses a row of a list, or a button, by its id: a message that answers the one with the menu."""
        account, body, target = await self._read(request, "choice")
        choice = body.get("choice")
        if not isinstance(choice, str):
            raise bad_request("choice is the id of a row or a button")
        content = choice_content(target.content, choice)
        message_id, chat = phone_message_id(), _chat_of(account, target)
        content["quoted"] = quoted_content(self._core, chat, target)
        self._core.router.send(account, _PHONE, message_id, chat_address(chat), content)
        return answer({"id": message_id}, 201)

    async def pin(self, request: web.Request) -> web.StreamResponse:
        """The person pins a message for everyone, for `duration_s` seconds (a day)."""
        account, body, target = await self._read(request, "duration_s")
        seconds = body.get("duration_s", _DAY_S)
        content = {"type": "pinned_message", "pinMessageType": PIN, "pinExpiryDuration": seconds}
        return self._send(account, target, content, "pinParentKey")

    async def unpin(self, request: web.Request) -> web.StreamResponse:
        """The person unpins a message for everyone."""
        account, _, target = await self._read(request)
        return self._send(account, target, {"type": "pinned_message", "pinMessageType": UNPIN}, "pinParentKey")

    async def star(self, request: web.Request) -> web.StreamResponse:
        """The person marks a message with a star, or (`starred` false) takes that away."""
        account, body, target = await self._read(request, "starred")
        frame = {**self._marked(account, target), "starred": body.get("starred", True)}
        return answer(self._core.marks.star(Caller(account, _PHONE), frame))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """The person deletes a message on this account's devices alone."""
        account, _, target = await self._read(request)
        return answer(self._core.marks.delete(Caller(account, _PHONE), self._marked(account, target)))

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """The person sends a message on, with the mark of that."""
        account, body, target = await self._read(request, "to")
        content = self._core.fold.view(account.phone, target)["content"]
        if content == REVOKED:
            raise SandboxError(404, "MESSAGE_NOT_FOUND", "the message was deleted for everyone")
        score = content.get("forwardingScore")
        forwarded = {name: value for name, value in content.items() if name not in _OF_THIS_COPY}
        forwarded |= {"isForwarded": True, "forwardingScore": (score if isinstance(score, int) else 0) + 1}
        message_id = phone_message_id()
        self._core.router.send(account, _PHONE, message_id, chat_address(body.get("to")), forwarded)
        return answer({"id": message_id}, 201)

    async def played(self, request: web.Request) -> web.StreamResponse:
        """The person listens to a voice note."""
        account, _, target = await self._read(request)
        self._core.receipts.record(account.phone, _PHONE, ReceiptKind.PLAYED, target.sender, [target.id])
        return answer({})

    async def _read(self, request: web.Request, *names: str) -> tuple[Account, dict[str, Any], StoredMessage]:
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "id", "from", *names)
        held = held_by(self._core, account, body.get("id"))
        if body.get("from") is not None:
            author = self._core.accounts.resolve(chat_address(body["from"])).phone
            held = [message for message in held if message.sender == author]
        if not held:
            raise SandboxError(404, "MESSAGE_NOT_FOUND", "the phone holds no message of this id from there")
        return account, body, held[0]

    def _send(self, account: Account, target: StoredMessage, content: Json, key: str) -> web.StreamResponse:
        message_id = phone_message_id()
        chat = _chat_of(account, target)
        named = {"id": target.id, "participant": self._core.accounts.in_chat(chat, target.sender)}
        to = chat if "@" in chat else user_jid(chat)
        self._core.router.send(account, _PHONE, message_id, to, {**content, key: named})
        return answer({"id": message_id}, 201)

    def _marked(self, account: Account, target: StoredMessage) -> Json:
        chat = _chat_of(account, target)
        key = {"id": target.id, "participant": self._core.accounts.in_chat(chat, target.sender)}
        return {"chat": chat if "@" in chat else user_jid(chat), "messages": [key]}


def _chat_of(account: Account, message: StoredMessage) -> str:
    return message.sender if message.recipient == account.phone else message.recipient
