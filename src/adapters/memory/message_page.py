"""What is done to messages without a message of its own, in memory."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, override

from adapters.memory.accounts import Profile
from adapters.memory.faults import Fault, Operation
from adapters.memory.whatsapp import MemoryWhatsApp
from application.ports.message_page import MessagePage
from domain.changes import Deleted, Starred
from domain.errors import UnavailableError, UnprocessableError
from domain.ids import WhatsAppMessageId
from domain.media_content import Audio


class MemoryMessagePage(MessagePage):
    """Of one page; ``begin`` starts a call as it is scripted."""

    def __init__(
        self, whatsapp: MemoryWhatsApp, profile: Profile, begin: Callable[[Operation], Awaitable[Fault | None]]
    ) -> None:
        self._whatsapp = whatsapp
        self._profile = profile
        self._begin = begin

    @override
    async def star(self, message: WhatsAppMessageId, *, starred: bool) -> datetime:
        await self._begin(Operation.COMMAND)
        change = Starred(**self._common(message), starred=starred)
        self._tell(change)
        return change.at

    @override
    async def delete_for_me(self, message: WhatsAppMessageId) -> datetime:
        await self._begin(Operation.COMMAND)
        change = Deleted(**self._common(message))
        state = self._profile.states.get(message)
        if state is not None and state.deleted is not None:
            raise _unknown()
        self._tell(change)
        return change.at

    @override
    async def mark_played(self, message: WhatsAppMessageId) -> datetime:
        await self._begin(Operation.COMMAND)
        found = self._profile.messages.get(message)
        if found is None:
            raise _unknown()
        if found.from_me or not isinstance(found.content, Audio):
            raise UnprocessableError("NOT_PLAYABLE", "The message isn't one that is played.")
        self._whatsapp.phone_plays(self._account.jid.user, message)
        return self._whatsapp.time()

    @property
    def _account(self) -> Any:
        account = self._profile.login
        if account is None:
            raise UnavailableError("PAGE_UNAVAILABLE", "No account is linked to this page.")
        return account

    def _common(self, message: WhatsAppMessageId) -> dict[str, Any]:
        found = self._profile.messages.get(message)
        if found is None:
            raise _unknown()
        account = self._account
        return {
            "target": message,
            "chat": found.chat,
            "by": account.jid,
            "alternate": account.lid,
            "from_me": True,
            "at": self._whatsapp.time(),
        }

    def _tell(self, change: Starred | Deleted) -> None:
        if change.target in self._account.phone_messages:
            # What it doesn't have yet, WhatsApp passes over.
            self._account.learn(change)
        for device in self._account.devices.values():
            device.take(change)


def _unknown() -> UnprocessableError:
    return UnprocessableError("TARGET_UNKNOWN", "The page doesn't have the message.")
