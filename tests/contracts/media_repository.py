"""What every repository of files does. Fixture: ``uow``, over an empty store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.media_repository import MediaPosition, MediaView, Origin
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import ConflictError, NotFoundError
from domain.ids import MediaId
from domain.media import Media, MediaFacts, MediaKind
from domain.media_content import Image, MediaReference, with_media_id
from domain.message import Message, MessageStatus
from tests.contracts.samples import IDS, SALES, SUPPORT, at, inbound, outbound

NOBODY = MediaId("media_" + "0" * 26)
ONE, OTHER = "1" * 64, "2" * 64


def media(seconds: float = 0, **changes: object) -> Media:
    made = Media(
        id=IDS.media_id(),
        kind=MediaKind.IMAGE,
        mime_type="image/jpeg",
        size=12,
        sha256=ONE,
        created_at=at(seconds),
    )
    return replace(made, **changes)  # type: ignore[arg-type] # a test's short cut


async def add(uow: UnitOfWorkFactory, *files: Media, origin: Origin | None = None) -> None:
    async with uow.begin() as unit:
        for file in files:
            await unit.media.note(file.sha256, file.size, now=file.created_at)
            await unit.media.add(file, origin)


async def add_message(uow: UnitOfWorkFactory, message: Message, media_id: MediaId) -> None:
    async with uow.begin() as unit:
        await unit.messages.add_absent([message])
        await unit.media.use(message.id, media_id)


class MediaRepositoryContract:
    async def test_a_file_comes_back_whole(self, uow: UnitOfWorkFactory) -> None:
        plain = media()
        full = media(
            1,
            kind=MediaKind.AUDIO,
            mime_type="audio/ogg; codecs=opus",
            size=3_000_000_000,
            filename="für die Buchhaltung 🕊.ogg",
            facts=MediaFacts(
                width=1, height=2, duration=timedelta(seconds=3.25), animated=True, waveform=tuple(range(64))
            ),
            expires_at=at(60),
        )
        await add(uow, plain, full)
        async with uow.begin() as unit:
            assert await unit.media.get(plain.id) == plain
            assert await unit.media.get(full.id) == full

    async def test_lists_are_newest_first_and_page(self, uow: UnitOfWorkFactory) -> None:
        files = [media(second) for second in (1, 1, 2, 3)]
        voice = media(4, kind=MediaKind.AUDIO)
        await add(uow, *files, voice)
        newest = tuple(sorted((*files, voice), key=lambda each: (each.created_at, each.id), reverse=True))
        async with uow.begin() as unit:
            assert await unit.media.list(kind=None, after=None, limit=10) == newest
            assert await unit.media.list(kind=MediaKind.AUDIO, after=None, limit=10) == (voice,)
            place = MediaPosition(created_at=newest[1].created_at, id=newest[1].id)
            assert await unit.media.list(kind=None, after=place, limit=2) == newest[2:4]

    async def test_an_unknown_one_is_not_found(self, uow: UnitOfWorkFactory) -> None:
        message = outbound()
        async with uow.begin() as unit:
            await unit.messages.add_absent([message])
            for call in (unit.media.get(NOBODY), unit.media.delete(NOBODY), unit.media.use(message.id, NOBODY)):
                with pytest.raises(NotFoundError) as missing:
                    await call
                assert missing.value.reason == "MEDIA_NOT_FOUND"

    async def test_what_was_made_is_found_again(self, uow: UnitOfWorkFactory) -> None:
        origin = Origin(made_of=OTHER, form="voice")
        first, second = media(1), media(2)
        await add(uow, first, origin=origin)
        await add(uow, second, origin=origin)
        async with uow.begin() as unit:
            assert await unit.media.made(origin) == second
            assert await unit.media.made(replace(origin, form="sticker")) is None
            assert await unit.media.made(replace(origin, made_of=ONE)) is None

    async def test_a_file_that_is_to_be_sent_stays(self, uow: UnitOfWorkFactory) -> None:
        file = media(expires_at=at(10))
        await add(uow, file)
        message = outbound()
        await add_message(uow, message, file.id)
        async with uow.begin() as unit:
            assert await unit.media.expire(now=at(60), limit=10) == 0
            with pytest.raises(ConflictError) as refused:
                await unit.media.delete(file.id)
            assert refused.value.reason == "MEDIA_IN_USE"
            assert await unit.media.of_message(message.id) == file
        async with uow.begin() as unit:
            await unit.messages.save([replace(message, status=MessageStatus.SENT)])
        async with uow.begin() as unit:
            assert await unit.media.expire(now=at(60), limit=10) == 1
        async with uow.begin() as unit:
            assert await unit.media.of_message(message.id) is None
            with pytest.raises(NotFoundError):
                await unit.media.get(file.id)

    async def test_only_what_is_over_expires_a_few_at_a_time(self, uow: UnitOfWorkFactory) -> None:
        old = [media(expires_at=at(second)) for second in (1, 2, 3)]
        kept = [media(expires_at=at(100)), media()]
        await add(uow, *old, *kept)
        async with uow.begin() as unit:
            assert await unit.media.expire(now=at(3), limit=2) == 2
        async with uow.begin() as unit:
            assert await unit.media.expire(now=at(3), limit=2) == 1
        async with uow.begin() as unit:
            assert {file.id for file in await unit.media.list(kind=None, after=None, limit=10)} == {
                file.id for file in kept
            }

    async def test_a_content_goes_with_its_last_file_and_not_while_it_is_new(self, uow: UnitOfWorkFactory) -> None:
        first, second = media(), media()
        await add(uow, first, second)
        async with uow.begin() as unit:
            await unit.media.delete(first.id)
            assert await unit.media.unneeded(before=at(100), limit=10) == ()
        async with uow.begin() as unit:
            await unit.media.delete(second.id)
        async with uow.begin() as unit:
            assert await unit.media.unneeded(before=at(0), limit=10) == ()
            assert await unit.media.unneeded(before=at(1), limit=10) == (ONE,)
        async with uow.begin() as unit:
            assert await unit.media.unneeded(before=at(1), limit=10) == ()
            assert await unit.media.note(ONE, 12, now=at(2)) is False
            assert await unit.media.note(ONE, 12, now=at(3)) is True

    async def test_who_notes_a_content_waits_for_its_removal(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.media.note(ONE, 12, now=at(0))
        noted: list[bool] = []

        async def note() -> None:
            async with uow.begin() as unit:
                noted.append(await unit.media.note(ONE, 12, now=at(9)))

        async with uow.begin() as unit:
            assert await unit.media.unneeded(before=at(5), limit=10) == (ONE,)
            task = asyncio.create_task(note())
            done, _ = await asyncio.wait({task}, timeout=0.1)
            assert not done
        await task
        assert noted == [False]

    async def test_a_content_that_is_noted_anew_stays(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.media.note(ONE, 12, now=at(0))
            await unit.media.note(OTHER, 12, now=at(0))
        async with uow.begin() as unit:
            await unit.media.note(ONE, 12, now=at(9))
            async with uow.begin() as other:
                assert await other.media.unneeded(before=at(5), limit=10) == (OTHER,)

    async def test_a_message_s_file_comes_into_the_store(self, uow: UnitOfWorkFactory) -> None:
        content = Image(media=MediaReference(mime_type="image/jpeg", size=12, sha256=ONE), caption="sea")
        message = inbound(content=content)
        file = media()
        await add(uow, file)
        async with uow.begin() as unit:
            await unit.messages.add_absent([message])
        stored = replace(message, content=with_media_id(content, file.id))
        async with uow.begin() as unit:
            await unit.media.attach(stored, file.id)
        async with uow.begin() as unit:
            assert await unit.messages.get(message.id) == stored
            assert await unit.media.of_message(message.id) == file
            await unit.media.delete(file.id)
        async with uow.begin() as unit:
            with pytest.raises(NotFoundError) as missing:
                await unit.media.attach(stored, file.id)
            assert missing.value.reason == "MEDIA_NOT_FOUND"
            await unit.media.note(ONE, 12, now=at(0))
            await unit.media.add(file)
            with pytest.raises(NotFoundError) as missing:
                await unit.media.attach(replace(stored, id=IDS.message_id()), file.id)
            assert missing.value.reason == "MESSAGE_NOT_FOUND"

    async def test_who_uses_a_file_and_who_removes_it_don_t_miss_each_other(self, uow: UnitOfWorkFactory) -> None:
        file = media(expires_at=at(1))
        await add(uow, file)
        message = outbound()
        async with uow.begin() as unit:
            await unit.messages.add_absent([message])
            await unit.media.use(message.id, file.id)

            async def expire() -> int:
                async with uow.begin() as other:
                    return await other.media.expire(now=at(60), limit=10)

            assert await expire() == 0
        async with uow.begin() as unit:
            assert await unit.media.get(file.id) == file

    async def test_a_view_shows_its_owner_s_files_and_those_that_its_sessions_messages_hold(
        self, uow: UnitOfWorkFactory
    ) -> None:
        origin = Origin(made_of=OTHER, form="voice")
        mine, held, theirs = media(), media(1), media(2)
        async with uow.begin() as unit:
            for file, owner in ((mine, "key:1"), (held, None), (theirs, "key:2")):
                await unit.media.note(file.sha256, file.size, now=file.created_at)
                await unit.media.add(file, origin, owner=owner)
        await add_message(uow, inbound(session_id=SALES), held.id)
        view = MediaView(owner="key:1", session_ids=frozenset({SALES}))
        other = MediaView(owner="key:2", session_ids=frozenset({SUPPORT}))
        async with uow.begin() as unit:
            shown = [await unit.media.shows(file.id, view) for file in (mine, held, theirs)]
            assert shown == [True, True, False]
            assert not await unit.media.shows(NOBODY, view)
            everything = await unit.media.list(kind=None, after=None, limit=9)
            assert everything == (theirs, held, mine)
            assert await unit.media.list(kind=None, after=None, limit=9, view=view) == (held, mine)
            assert await unit.media.list(kind=MediaKind.IMAGE, after=None, limit=1, view=view) == (held,)
            assert await unit.media.list(kind=None, after=None, limit=9, view=other) == (theirs,)
            assert await unit.media.made(origin) == theirs
            assert await unit.media.made(origin, view=view) == held
            nothing = MediaView(owner="key:3", session_ids=frozenset())
            assert await unit.media.made(origin, view=nothing) is None
