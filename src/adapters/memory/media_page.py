"""Messages' files in the WhatsApp in memory."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, override

from adapters.memory.accounts import Profile, short_id
from adapters.memory.faults import Fault, Operation
from application.ports.media_page import MediaPage, PageMedia, check_range
from domain.errors import GoneError, NotFoundError, UnprocessableError
from domain.ids import WhatsAppMessageId
from domain.media_content import MEDIA_CONTENTS

if TYPE_CHECKING:
    from adapters.memory.whatsapp import MemoryWhatsApp


class MemoryMediaPage(MediaPage):
    """The files of one page's messages."""

    def __init__(
        self,
        whatsapp: "MemoryWhatsApp",
        profile: Profile,
        begin: Callable[[Operation], Awaitable[Fault | None]],
    ) -> None:
        self._whatsapp = whatsapp
        self._profile = profile
        self._begin = begin
        self._open: dict[str, bytes] = {}

    def forget(self) -> None:
        """Closes all that is open: the page's document has ended."""
        self._open.clear()

    @override
    async def open(self, whatsapp_id: WhatsAppMessageId) -> PageMedia:
        await self._begin(Operation.MEDIA)
        message = self._profile.messages.get(whatsapp_id)
        if message is None or not isinstance(message.content, MEDIA_CONTENTS):
            raise NotFoundError("MEDIA_NOT_IN_PAGE", "The page knows no such message, or it holds no file.")
        name = short_id(whatsapp_id)
        data = self._whatsapp.files.get(name)
        if data is None or message.sender in self._whatsapp.expired:
            raise GoneError("MEDIA_EXPIRED", "WhatsApp has the file no longer.")
        if message.sender in self._whatsapp.spoiled:
            raise UnprocessableError("MEDIA_UNREADABLE", "The file isn't what the message says.")
        token = f"media-{self._whatsapp.count()}"
        self._open[token] = data
        return PageMedia(token=token, size=len(data), mime_type=message.content.media.mime_type)

    @override
    async def read(self, token: str, *, start: int, length: int) -> bytes:
        check_range(start, length)
        await self._begin(Operation.MEDIA)
        data = self._open.get(token)
        if data is None:
            raise NotFoundError("MEDIA_NOT_OPEN", "The file isn't open in the page.")
        return data[start : start + length]

    @override
    async def close(self, token: str) -> None:
        await self._begin(Operation.MEDIA)
        self._open.pop(token, None)
