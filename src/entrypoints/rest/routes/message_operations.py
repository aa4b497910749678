"""What is done to messages, and what was."""

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from application.messages.forward_message import ForwardCommand
from application.messages.operate import OperateCommand
from application.ports.message_states import ParticipantReceipt
from application.representation.message_state import reaction_to_dict, result_to_dict, vote_to_dict
from application.representation.messages import message_to_dict
from application.representation.values import optional_time
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.message import RECEIPTS, Message
from domain.operations import Edit, Operation, Pin, PollVote, Reaction, Revoke
from entrypoints.rest.config import API_PREFIX, RestConfig
from entrypoints.rest.content_reasons import OPERATIONS
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.media_reasons import FORWARD_FILE
from entrypoints.rest.models import message_operations as models
from entrypoints.rest.models.messages import Message as MessageModel
from entrypoints.rest.preferences import Preferences
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.use_cases import UseCases

_MESSAGES: Final = f"{API_PREFIX}/messages"
_ONE: Final = ("INVALID_MESSAGE_ID", "MESSAGE_NOT_FOUND")
_COMMAND: Final = (
    *(*KEYED, *_ONE, "SESSION_NOT_RUNNING", "TARGET_NOT_SENT", "TARGET_UNKNOWN", "CAPABILITY_UNAVAILABLE"),
    *("PAGE_UNAVAILABLE", "OWNER_SILENT"),
)
_WRITTEN: Final = ("EMPTY_TEXT", "INVALID_TEXT", "TEXT_TOO_LONG", "TOO_MANY_MENTIONS", "INVALID_MENTION")
_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "WhatsApp has it."},
    202: {
        "description": "It is accepted and durable; the operation's status tells how far it has come.",
        "model": models.OperationResult,
    },
}

Prefer = Annotated[
    list[str] | None,
    Header(
        description="`respond-async` doesn't wait for WhatsApp; `wait=N` waits N seconds, at most 60. By default the "
        "answer waits 20 seconds."
    ),
]


class MessageOperationRoutes:
    """The routes of what is done to messages."""

    def __init__(self, use_cases: UseCases, config: RestConfig) -> None:
        self._use_cases = use_cases
        self._config = config

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""

        def add(
            path: str, endpoint: Any, method: str, name: str, model: Any, reasons: tuple[str, ...], **more: Any
        ) -> None:
            responses = more.pop("responses", {}) | problems(*reasons)
            router.add_api_route(
                f"{_MESSAGES}/{{message_id}}{path}",
                endpoint,
                methods=[method],
                operation_id=name,
                tags=["Messages"],
                response_model=model,
                responses=responses,
                **more,
            )

        def operate(path: str, endpoint: Any, method: str, name: str, *reasons: str) -> None:
            every = (*KEYED, *OPERATIONS, *reasons)
            add(path, endpoint, method, name, models.OperationResult, every, responses=_ACCEPTED)

        late = ("NOT_AN_OWN_MESSAGE", "NOT_EDITABLE", "EDIT_TOO_LATE")
        operate("", self.edit, "PATCH", "editMessage", *BODY, *_WRITTEN, "INVALID_PHONE", "INVALID_JID", *late)
        late = ("NOT_AN_OWN_MESSAGE", "REVOKE_TOO_LATE", "NOT_GROUP_ADMIN")
        straight = ("INVALID_REQUEST", "SESSION_NOT_RUNNING", "OWNER_SILENT")
        operate("", self.delete, "DELETE", "deleteMessage", *late, *straight)
        operate("/reaction", self.react, "PUT", "reactToMessage", *BODY, "INVALID_EMOJI")
        operate("/reaction", self.unreact, "DELETE", "removeReaction")
        choices = ("NOT_A_POLL", "UNKNOWN_POLL_OPTION", "TOO_MANY_POLL_OPTIONS")
        operate("/vote", self.vote, "POST", "voteInPoll", *BODY, *choices)
        operate("/pin", self.pin, "POST", "pinMessage", *BODY, "INVALID_DURATION", "NOT_GROUP_ADMIN")
        operate("/unpin", self.unpin, "POST", "unpinMessage", "NOT_GROUP_ADMIN")
        reasons = (
            *(*BODY, *KEYED, *OPERATIONS, "NOT_FORWARDABLE", "INVALID_JID", "INVALID_PHONE"),
            *("RECIPIENT_NOT_ADDRESSABLE", "NUMBER_NOT_ON_WHATSAPP", "LOOKUP_TIMEOUT", *FORWARD_FILE),
        )
        sent: dict[int | str, dict[str, Any]] = {
            201: {"description": "WhatsApp has the new message."},
            202: {"description": "The new message is accepted and durable.", "model": MessageModel},
        }
        add("/forward", self.forward, "POST", "forwardMessage", MessageModel, reasons, status_code=201, responses=sent)
        add("/star", self.star, "POST", "starMessage", MessageModel, _COMMAND)
        add("/unstar", self.unstar, "POST", "unstarMessage", MessageModel, _COMMAND)
        add("/played", self.played, "POST", "markMessagePlayed", MessageModel, (*_COMMAND, "NOT_PLAYABLE"))
        add("/reactions", self.reactions, "GET", "listReactions", models.ReactionList, _ONE)
        add("/votes", self.votes, "GET", "listVotes", models.VoteList, (*_ONE, "NOT_A_POLL"))
        add("/receipts", self.receipts, "GET", "listReceipts", models.ReceiptList, _ONE)

    async def edit(
        self,
        message_id: str,
        body: models.EditMessageRequest,
        prefer: Prefer = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Gives a message of the account's own another text, or caption.

        It goes behind what waits in its chat, the message itself included, and is done once.
        """
        text = body.text
        mentions = (Jid.parse_recipient(jid, field=f"text.mentions[{at}]") for at, jid in enumerate(text.mentions))
        operation = Edit.compose(WhatsAppMessageId(message_id), text.body, tuple(mentions))
        return await self._operate(operation, prefer, idempotency_key)

    async def delete(
        self,
        message_id: str,
        for_whom: Annotated[
            models.DeleteFor, Query(alias="for", description="For whom it is deleted.")
        ] = models.DeleteFor.EVERYONE,
        prefer: Prefer = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Deletes a message: for everyone, as an operation of its own, or on the account's own devices.

        The gateway keeps its record of it, which says so from then on.
        """
        if for_whom is models.DeleteFor.ME:
            message = await self._use_cases.message_commands.delete_for_me(message_id, request=key_of(idempotency_key))
            return json_response({"operation": None, "message": message_to_dict(message)})
        return await self._operate(Revoke(target=WhatsAppMessageId(message_id)), prefer, idempotency_key)

    async def react(
        self, message_id: str, body: models.ReactRequest, prefer: Prefer = None, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Reacts to a message, in place of the account's last reaction."""
        operation = Reaction.compose(WhatsAppMessageId(message_id), body.emoji)
        return await self._operate(operation, prefer, idempotency_key)

    async def unreact(self, message_id: str, prefer: Prefer = None, idempotency_key: IdempotencyKey = None) -> Response:
        """Takes the account's reaction back."""
        operation = Reaction.compose(WhatsAppMessageId(message_id), "")
        return await self._operate(operation, prefer, idempotency_key)

    async def vote(
        self, message_id: str, body: models.VoteRequest, prefer: Prefer = None, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Votes in a poll, in place of the account's last vote."""
        operation = PollVote(target=WhatsAppMessageId(message_id), options=tuple(dict.fromkeys(body.options)))
        return await self._operate(operation, prefer, idempotency_key)

    async def pin(
        self, message_id: str, body: models.PinRequest, prefer: Prefer = None, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Pins a message at the head of its chat, for everyone in it."""
        operation = Pin.compose(WhatsAppMessageId(message_id), _span(body.duration))
        return await self._operate(operation, prefer, idempotency_key)

    async def unpin(self, message_id: str, prefer: Prefer = None, idempotency_key: IdempotencyKey = None) -> Response:
        """Unpins a message for everyone."""
        operation = Pin.compose(WhatsAppMessageId(message_id), None)
        return await self._operate(operation, prefer, idempotency_key)

    async def forward(
        self,
        message_id: str,
        body: models.ForwardRequest,
        prefer: Prefer = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Sends what a message holds now to another chat of its session, with the forwarded mark.

        It is a message of its own, and sent like any other. One whose file neither the store nor WhatsApp has any more
        fails at once, with `MEDIA_EXPIRED`.
        """
        message = await self._use_cases.forward_message.execute(
            ForwardCommand(
                message_id=message_id,
                to=Jid.parse_recipient(body.to),
                wait=self._wait(prefer),
                request=key_of(idempotency_key),
            )
        )
        return json_response(
            message_to_dict(message),
            status=201 if message.status in RECEIPTS else 202,
            headers={"Location": f"{_MESSAGES}/{message.id}"},
        )

    async def star(self, message_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Marks a message with a star. Nobody else sees it."""
        return await self._star(message_id, idempotency_key, starred=True)

    async def unstar(self, message_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Takes a message's star away."""
        return await self._star(message_id, idempotency_key, starred=False)

    async def played(self, message_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Tells the writer of a voice note that it was played."""
        message = await self._use_cases.message_commands.mark_played(message_id, request=key_of(idempotency_key))
        return json_response(message_to_dict(message))

    async def reactions(self, message_id: str) -> Response:
        """Lists the reactions to a message that stand, oldest first."""
        found = await self._use_cases.read_message_state.reactions(message_id)
        return json_response({"items": [reaction_to_dict(reaction) for reaction in found]})

    async def votes(self, message_id: str) -> Response:
        """Lists the votes in a poll that stand, oldest first, with the results."""
        found = await self._use_cases.read_message_state.votes(message_id)
        return json_response(
            {
                "items": [vote_to_dict(vote) for vote in found.votes],
                "results": [result_to_dict(result) for result in found.results],
            }
        )

    async def receipts(self, message_id: str) -> Response:
        """Lists how far a message of the account's own has come with each member of its group, or the other person."""
        found = await self._use_cases.read_message_state.receipts(message_id)
        return json_response({"items": [_receipt_to_dict(receipt) for receipt in found]})

    async def _operate(self, operation: Operation, prefer: list[str] | None, key: str | None) -> Response:
        command = OperateCommand(operation=operation, wait=self._wait(prefer), request=key_of(key))
        done = await self._use_cases.operate_on_message.execute(command)
        return json_response(
            {"operation": message_to_dict(done.operation), "message": message_to_dict(done.message)},
            status=200 if _has_left(done.operation) else 202,
        )

    async def _star(self, message_id: str, key: str | None, *, starred: bool) -> Response:
        message = await self._use_cases.message_commands.star(message_id, starred=starred, request=key_of(key))
        return json_response(message_to_dict(message))

    def _wait(self, prefer: list[str] | None) -> timedelta:
        return Preferences.parse(prefer or (), self._config.send_wait).wait


def _has_left(message: Message) -> bool:
    return message.status in RECEIPTS


def _span(seconds: int) -> timedelta:
    """A span that isn't too long to be one; which are allowed, the domain says."""
    return timedelta(seconds=max(-1, min(seconds, 10**9)))


def _receipt_to_dict(receipt: ParticipantReceipt) -> dict[str, Any]:
    return {
        "participant": str(receipt.participant),
        "status": receipt.status,
        "delivered_at": optional_time(receipt.delivered_at),
        "read_at": optional_time(receipt.read_at),
        "played_at": optional_time(receipt.played_at),
    }
