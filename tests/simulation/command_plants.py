"""Faults planted in what is no message, and in files."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, override

from application.groups.notice_events import events_of
from application.idempotency.once import Once
from application.media.outgoing_files import OutgoingFiles
from application.messages import forward_message, record_page_news
from application.messages.acceptance import SendMessageCommand
from application.ports.message_page import MessagePage
from application.ports.whatsapp_driver import WhatsAppPage
from application.sessions.asking import PageAsker
from domain.content import Content
from domain.errors import PomboError
from domain.event import Payload
from domain.group_notice import GroupNotice
from domain.ids import SessionId, WhatsAppMessageId
from domain.message import Message
from tests.simulation.browser import SimulatedPage
from tests.simulation.files import half
from tests.simulation.gate import Gate
from tests.simulation.planting import Plant

_EVENTS_OF: Final = events_of
_ASKED: Final = SendMessageCommand.asked
_OF = OutgoingFiles.of


class FoundedAgain(Plant):
    """A group that may have been founded isn't looked for before it is founded again."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        command = PageAsker.command

        async def blind(self: PageAsker, *args: Any, **options: Any) -> Any:
            _, _, _, _, work, _ = args
            if options.get("resume") is not None:
                options["resume"] = lambda page, _: work(page)
            return await command(self, *args, **options)

        yield PageAsker, "command", blind


class CommandsUnkeyed(Plant):
    """The key of what is no message says nothing: asked for again, it is done again."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        run = Once.run

        async def unkeyed(self: Once, _: Any, work: Any, form: Any, **options: Any) -> Any:
            return await run(self, None, work, form, **options)

        yield Once, "run", unkeyed


class ToldApart(Plant):
    """What is to be recorded of a result isn't recorded with its answer: each who asks records it."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        run = Once.run

        async def apart(self: Once, request: Any, work: Any, form: Any, **options: Any) -> Any:
            also: Callable[[Any, Any], Awaitable[None]] | None = options.pop("also", None)
            result = await run(self, request, work, form, **options)
            if also is not None:
                async with self._uow.begin() as uow:
                    await also(uow, result)
            return result

        yield Once, "run", apart


class _HopefulMessages:
    """Takes it that a mark is there, whatever came of setting it."""

    def __init__(self, gate: Gate, inner: MessagePage) -> None:
        self._gate = gate
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def star(self, message: WhatsAppMessageId, *, starred: bool) -> datetime:
        try:
            return await self._inner.star(message, starred=starred)
        except PomboError:
            return self._gate.world.whatsapp.time()


class _HopefulPage(SimulatedPage):
    @property
    @override
    def messages(self) -> MessagePage:
        return _HopefulMessages(self._gate, super().messages)  # type: ignore[return-value] # what is asked of it here


class CommandsAssumed(Plant):
    """What the page doesn't answer counts as done."""

    @override
    def page(self, gate: Gate, session_id: SessionId, page: WhatsAppPage) -> SimulatedPage:
        return _HopefulPage(gate, session_id, page)


class NoticesMissed(Plant):
    """What was done in a group while the page wasn't heard is put on record, and told nobody."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        def live_only(message: Message, notice: GroupNotice) -> list[Payload]:
            return [] if message.backfilled else _EVENTS_OF(message, notice)

        yield record_page_news, "events_of", live_only


class NoticesToldAgain(Plant):
    """What was done in a group is told twice."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield record_page_news, "events_of", lambda message, notice: 2 * _EVENTS_OF(message, notice)


class ForwardedAsItIs(Plant):
    """The key of a forward stands for what the message holds at each try, and for as long as it can be forwarded."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        async def never(*_: object) -> None:
            return None

        yield SendMessageCommand, "asked", lambda self: _ASKED(replace(self, forwards=None))
        yield forward_message, "earlier_answer", never


class HalfAFile(Plant):
    """A page gets a file before all of it is there."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        @asynccontextmanager
        async def of(self: OutgoingFiles, content: Content) -> AsyncIterator[Path | None]:
            async with _OF(self, content) as path:
                yield None if path is None else half(path)

        yield OutgoingFiles, "of", of
