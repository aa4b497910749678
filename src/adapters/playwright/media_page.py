"""Messages' files, out of the page in pieces."""

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, override

from adapters.playwright.fields import MOST_BYTES, MalformedError, mapping, optional, text, whole
from adapters.playwright.questions import Questions
from adapters.playwright.refusals import page_unavailable
from application.ports.media_page import MediaPage, PageMedia, check_range
from domain.errors import DeadlineExceededError
from domain.ids import WhatsAppMessageId

_UNTYPED: Final = "application/octet-stream"


class PlaywrightMediaPage(MediaPage):
    """Has wa-js fetch files. They stay in the page, which lets the browser keep large ones on its disk."""

    def __init__(self, questions: Questions, within: timedelta) -> None:
        """Takes how long WhatsApp may take to give a file."""
        self._questions = questions
        self._within = within

    @override
    async def open(self, whatsapp_id: WhatsAppMessageId) -> PageMedia:
        self._questions.require("DOWNLOAD_MEDIA")
        late = DeadlineExceededError("MEDIA_DOWNLOAD_TIMEOUT", "WhatsApp didn't give the file in time.")
        opened = await self._questions.ask("openMedia", {"id": whatsapp_id}, within=self._within, late=late)
        try:
            return _opened(mapping(opened))
        except MalformedError as error:
            raise page_unavailable("it gave a file that can't be read") from error

    @override
    async def read(self, token: str, *, start: int, length: int) -> bytes:
        check_range(start, length)
        piece = await self._questions.ask("readMedia", {"token": token, "start": start, "length": length})
        try:
            return base64.b64decode(piece, validate=True)
        except (TypeError, ValueError) as error:
            raise page_unavailable("it gave a piece of a file that can't be read") from error

    @override
    async def close(self, token: str) -> None:
        await self._questions.ask("closeMedia", {"token": token})


def _opened(item: Mapping[str, Any]) -> PageMedia:
    return PageMedia(
        token=text(item, "token"),
        size=whole(item, "size", most=MOST_BYTES),
        mime_type=optional(item, "mimetype", str) or _UNTYPED,
    )
