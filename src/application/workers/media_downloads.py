"""Fetch the files of messages that come, before anybody asks."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from application.media.message_media import MessageMedia
from application.media.settings import MediaSettings
from application.ports.clock import Clock
from domain.errors import TRANSIENT, PomboError
from domain.ids import MessageId
from domain.media_content import MEDIA_CONTENTS
from domain.message import Direction, Message

_AT_ONCE: Final = 2
_WAITING: Final = 10_000
"""Most messages that wait. A file that isn't fetched in advance is fetched when it is asked for."""
_TRIES: Final = 3
_PAUSE: Final = timedelta(seconds=10)


class MediaDownloads:
    """A queue of files to fetch, worked off a few at a time.

    Best effort: what waits when the gateway ends isn't fetched in advance any more.
    """

    def __init__(
        self,
        media: MessageMedia,
        settings: MediaSettings,
        clock: Clock,
        on_failed: Callable[[MessageId, str], None] = lambda *_: None,
    ) -> None:
        self._media = media
        self._settings = settings
        self._clock = clock
        self._on_failed = on_failed
        self._waiting: asyncio.Queue[MessageId] = asyncio.Queue(_WAITING)

    def put(self, messages: Sequence[Message]) -> None:
        """Takes the messages among these whose files are to be fetched."""
        if not self._settings.download:
            return
        for message in messages:
            if self._is_wanted(message) and not self._waiting.full():
                self._waiting.put_nowait(message.id)

    def _is_wanted(self, message: Message) -> bool:
        content = message.content
        if message.direction is not Direction.INBOUND or not isinstance(content, MEDIA_CONTENTS):
            return False
        # What can be opened once isn't opened unasked.
        once = getattr(content, "view_once", False)
        size = content.media.size
        return not once and content.media.id is None and (size is None or size <= self._settings.download_max_bytes)

    async def run(self) -> None:
        """Works until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(self._work())

    async def _work(self) -> None:
        while True:
            message_id = await self._waiting.get()
            for left in reversed(range(_TRIES)):
                try:
                    await self._media.execute(message_id)
                except PomboError as error:
                    if error.kind in TRANSIENT and left:
                        await self._clock.sleep(_PAUSE)
                        continue
                    self._on_failed(message_id, error.reason)
                break
