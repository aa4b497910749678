"""The typed outcomes: how each comes about, and that its reason is the same wherever it is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

import pytest

from entrypoints.rest.reasons import REASONS
from entrypoints.status import STATUS
from tests import media_files

from .conftest import ANA, BEN
from .conversation import CLARA, DINA, EVA, FAY, FURTHER, NOBODY, Conversation
from .messages_transport import MessagesTransport
from .processes import until
from .transport import SESSION, RefusedError

type Arrange = Callable[[Conversation], Awaitable[str]]
type Act = Callable[[MessagesTransport, str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is refused.

    Attributes:
        arrange: sees to it that it is; gives what ``act`` is done to.
        stored: it is a message, whose failure is stored and told as an event.
    """

    name: str
    reason: str
    arrange: Arrange
    act: Act
    stored: bool = True

    @override
    def __str__(self) -> str:
        return self.name

    async def check(self, conversation: Conversation) -> None:
        status = STATUS[REASONS[self.reason][0]]
        try:
            target = await self.arrange(conversation)
            for api, expected in ((conversation.over["rest"], status.http), (conversation.over["grpc"], status.grpc)):
                with pytest.raises(RefusedError) as refused:
                    await self.act(api, target)
                assert (refused.value.reason, refused.value.status) == (self.reason, expected), refused.value.metadata
                if self.stored:
                    await self._check_failure(conversation, api, refused.value.metadata["message_id"])
                else:
                    assert "message_id" not in refused.value.metadata
        finally:
            await conversation.no_faults()

    async def _check_failure(self, conversation: Conversation, api: MessagesTransport, message: str) -> None:
        assert await api.failure(message) == self.reason
        events = await conversation.gateway.events("message.failed")
        told = [event["payload"]["message"] for event in events]
        assert [each["error"]["reason"] for each in told if each["id"] == message] == [self.reason]


async def _write(api: MessagesTransport, to: str) -> None:
    await api.send(to, "hello")


async def _nobody(_: Conversation) -> str:
    return NOBODY


async def _blocked(conversation: Conversation) -> str:
    await conversation.gateway.call("PUT", f"/api/v1/sessions/{SESSION}/blocklist/{EVA}")
    return EVA


async def _blocked_writer(conversation: Conversation) -> str:
    """A message of somebody who is blocked since."""
    body = f"before {NOBODY}"
    await conversation.sandbox.send(FAY, ANA, body)
    message = await conversation.gateway.received(body)
    await conversation.gateway.call("PUT", f"/api/v1/sessions/{SESSION}/blocklist/{FAY}")
    return str(message["id"])


async def _announcements(conversation: Conversation) -> str:
    group = await conversation.found(BEN, "Announcements", ANA)
    await conversation.set(BEN, group, "announce", value=True)
    await conversation.set(BEN, group, "restrict", value=True)
    await conversation.set(BEN, group, "member_add", value="admin")
    return group


async def _left(conversation: Conversation) -> str:
    group = await conversation.found(BEN, "Left", ANA, CLARA)
    await conversation.until_told(group, "group.joined")
    await conversation.over["rest"].leave(group)
    return group


async def _thrown_out(conversation: Conversation) -> str:
    group = await conversation.found(BEN, "Thrown out of", ANA, CLARA)
    await conversation.until_told(group, "group.joined")
    await conversation.act(BEN, group, "remove", ANA)
    await conversation.until_told(group, "group.left")
    return group


async def _no_group(_: Conversation) -> str:
    return "120363999999999999@g.us"


async def _gone(conversation: Conversation) -> str:
    group = await conversation.found(BEN, "Gone", ANA)
    await conversation.until_told(group, "group.joined")
    await conversation.over["rest"].leave(group)
    await conversation.phone(BEN, "POST", f"/groups/{group}/leave")
    return group


async def _full(conversation: Conversation) -> str:
    """The code of a group with as many people as the sandbox lets be in one."""
    group = await conversation.found(BEN, "Full", CLARA, DINA, FAY, *FURTHER)
    return str((await conversation.phone(BEN, "GET", f"/groups/{group}/invite-code"))["code"])


async def _too_many(api: MessagesTransport, _: str) -> None:
    await api.create("Too many", [BEN, CLARA, DINA, FAY, *FURTHER], "")


async def _nothing(_: Conversation) -> str:
    return ""


async def _own(conversation: Conversation) -> str:
    message = await conversation.gateway.send(SESSION, BEN, "written")
    assert message["status"] in {"SENT", "DELIVERED", "READ"}
    return str(message["id"])


def _aged(hours: float) -> Arrange:
    async def arrange(conversation: Conversation) -> str:
        message = await _own(conversation)
        await conversation.sandbox.call("POST", "/clock", {"advance_ms": int(hours * 3_600_000)})
        return message

    return arrange


async def _expired_file(conversation: Conversation) -> str:
    await conversation.fault("media_expired", BEN)
    staged = await conversation.sandbox.upload(BEN, media_files.picture(seed=7))
    media = {"kind": "image", "id": staged, "mimetype": "image/jpeg", "caption": "gone"}
    sent = (await conversation.phone(BEN, "POST", "/send", {"to": ANA, "media": media}))["id"]

    async def come() -> str | None:
        events = await conversation.gateway.events("message.received")
        messages = [event["payload"]["message"] for event in events]
        return next((each["id"] for each in messages if each["whatsapp_id"].endswith(sent)), None)

    return await until(come)


async def _lost_file(conversation: Conversation) -> str:
    """A file whose content somebody has taken out of the store."""
    gateway = conversation.gateway
    async with gateway.http.post(f"{gateway.url}/api/v1/media", data=media_files.picture(seed=8)) as answer:
        media = await answer.json()
        assert answer.ok, media
    (content,) = gateway.log.parent.rglob(media["sha256"])
    content.unlink()
    return str(media["id"])


async def _no_file(_: Conversation) -> str:
    return f"media_{'0' * 26}"


def _restricted(kind: str) -> Arrange:
    async def arrange(conversation: Conversation) -> str:
        await conversation.fault(kind)
        return DINA

    return arrange


async def _send_file(api: MessagesTransport, media: str) -> None:
    await api.sent(BEN, "image", {"id": media})


async def _forward(api: MessagesTransport, message: str) -> None:
    await api.forward(message, BEN)


async def _edit(api: MessagesTransport, message: str) -> None:
    await api.edit(message, "written anew")


async def _rename(api: MessagesTransport, group: str) -> None:
    await api.update(group, subject="Mine now")


async def _add(api: MessagesTransport, group: str) -> None:
    await api.change(group, "ADD", DINA)


def _done(name: str) -> Act:
    """What is done by a method of the API that takes no more than its object."""
    return lambda api, target: getattr(api, name)(target)


OUTCOMES: Final = (
    Outcome("a number without an account", "NUMBER_NOT_ON_WHATSAPP", _nobody, _write, stored=False),
    Outcome("to somebody blocked", "CONTACT_BLOCKED", _blocked, _write),
    Outcome("a reaction to somebody blocked", "CONTACT_BLOCKED", _blocked_writer, _done("react")),
    Outcome("to a group where only admins write", "NOT_GROUP_ADMIN", _announcements, _write),
    Outcome("a group's name by a member", "NOT_GROUP_ADMIN", _announcements, _rename, stored=False),
    Outcome("people into a group by a member", "NOT_GROUP_ADMIN", _announcements, _add, stored=False),
    Outcome("to a group that was left", "NOT_GROUP_MEMBER", _left, _write),
    Outcome("to a group that threw the account out", "NOT_GROUP_MEMBER", _thrown_out, _write),
    Outcome("the name of a group that was left", "NOT_GROUP_MEMBER", _left, _rename, stored=False),
    Outcome("to no group", "GROUP_NOT_FOUND", _no_group, _write),
    Outcome("what no group is", "GROUP_NOT_FOUND", _no_group, _done("group"), stored=False),
    Outcome("to a group that is gone", "GROUP_NOT_FOUND", _gone, _write),
    Outcome("into a group that is full", "GROUP_FULL", _full, _done("join"), stored=False),
    Outcome("a group too large", "GROUP_FULL", _nothing, _too_many, stored=False),
    Outcome("to a stranger, in a time-lock", "REACHOUT_TIMELOCK", _restricted("restrict_463"), _write),
    Outcome("to a stranger, at the cap", "NEW_CHAT_CAP", _restricted("cap_475"), _write),
    Outcome("what the page can't do to a message", "CAPABILITY_UNAVAILABLE", _own, _done("pin")),
    Outcome("what the page can't do", "CAPABILITY_UNAVAILABLE", _own, _done("star"), stored=False),
    Outcome("a file that WhatsApp has no longer", "MEDIA_EXPIRED", _expired_file, _done("file"), stored=False),
    Outcome("a message whose file WhatsApp has no longer", "MEDIA_EXPIRED", _expired_file, _forward),
    Outcome("a file that the store has lost", "MEDIA_MISSING", _lost_file, _send_file),
    Outcome("a file that isn't in the store", "MEDIA_NOT_FOUND", _no_file, _send_file, stored=False),
    # The clock is moved last: what is old stays so.
    Outcome("an edit too late", "EDIT_TOO_LATE", _aged(0.3), _edit),
    Outcome("a deletion too late", "REVOKE_TOO_LATE", _aged(61), _done("delete")),
)
