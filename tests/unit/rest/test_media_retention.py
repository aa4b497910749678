"""Files whose time is over, and contents that nothing has any more: removed, but not before."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import override

import pytest

from adapters.disk.media_store import DiskMediaStore
from adapters.memory.media_store import MemoryMediaStore
from adapters.system.system_clock import SystemClock
from application.media.retention import GRACE, MediaRetention
from application.ports.media_store import MediaStore
from tests import media_files
from tests.media_parts import media_parts

from .gateway import BEN, Client, Gateway, running
from .test_media import upload

KEEP = timedelta(days=30)
PICTURE, OTHER = media_files.picture(), media_files.picture(seed=1)
SHORT = timedelta(minutes=1)


class AheadClock(SystemClock):
    """The time as it will be after a while; for the pruning alone, so that sessions go on meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta(0)

    @override
    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.fixture
def clock() -> AheadClock:
    return AheadClock()


@pytest.fixture(params=[MemoryMediaStore, DiskMediaStore])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    made: MediaStore = request.param(*([tmp_path / "blobs"] if request.param is DiskMediaStore else []))
    return made


@pytest.fixture
def contents(store: MediaStore, tmp_path: Path) -> Callable[[], list[bytes]]:
    """What the store holds, from beneath it."""

    def held() -> list[bytes]:
        if isinstance(store, MemoryMediaStore):
            return list(store.contents.values())
        return [path.read_bytes() for path in (tmp_path / "blobs").rglob("*") if path.is_file()]

    return held


@pytest.fixture
async def gateway(store: MediaStore) -> AsyncIterator[Gateway]:
    async with running(Gateway(media=replace(media_parts(keep=KEEP), store=store))) as gateway:
        await gateway.link()
        yield gateway


@pytest.fixture
def retention(gateway: Gateway, store: MediaStore, clock: AheadClock) -> MediaRetention:
    return MediaRetention(gateway.database, store, clock)


async def picture_sent(client: Client, media: str, **more: object) -> str | None:
    """Sends a stored picture; the reason if that is refused."""
    body = {"session_id": "ana", "to": BEN, "type": "image", "image": {"id": media}, **more}
    answer = await client.post("/api/v1/messages/send", body)
    return None if answer.status in {201, 202} else answer.reason


async def test_a_file_whose_time_is_over_is_gone_with_its_content(
    client: Client, retention: MediaRetention, clock: AheadClock, contents: Callable[[], list[bytes]]
) -> None:
    media = (await upload(client, PICTURE)).json()["id"]
    clock.ahead = KEEP - SHORT
    assert (await retention.prune(), contents()) == ((0, 0), [PICTURE])
    assert await picture_sent(client, media) is None

    clock.ahead = KEEP + SHORT
    assert (await retention.prune(), contents()) == ((1, 1), [])
    assert await picture_sent(client, media) == "MEDIA_NOT_FOUND"
    assert (await client.get(f"/api/v1/media/{media}")).reason == "MEDIA_NOT_FOUND"
    assert (await client.get("/api/v1/media")).json()["items"] == []
    assert await retention.prune() == (0, 0)

    # The same content may come again.
    again = (await upload(client, PICTURE)).json()["id"]
    assert (await client.get(f"/api/v1/media/{again}")).body == PICTURE


async def test_a_deleted_file_s_content_goes_after_the_grace(
    client: Client, retention: MediaRetention, clock: AheadClock, contents: Callable[[], list[bytes]]
) -> None:
    one, twin = [(await upload(client, PICTURE)).json()["id"] for _ in range(2)]
    kept = (await upload(client, OTHER)).json()["id"]
    await client.call("DELETE", f"/api/v1/media/{one}")
    clock.ahead = GRACE + SHORT
    assert (await retention.prune(), sorted(contents())) == ((0, 0), sorted([PICTURE, OTHER])), "another file has it"
    await client.call("DELETE", f"/api/v1/media/{twin}")
    assert (await retention.prune(), contents()) == ((0, 1), [OTHER])
    assert await picture_sent(client, twin) == "MEDIA_NOT_FOUND"
    assert await picture_sent(client, kept) is None


async def test_what_was_just_stored_has_the_grace(
    client: Client, retention: MediaRetention, clock: AheadClock, contents: Callable[[], list[bytes]]
) -> None:
    media = (await upload(client, PICTURE)).json()["id"]
    await client.call("DELETE", f"/api/v1/media/{media}")
    clock.ahead = GRACE - SHORT
    assert (await retention.prune(), contents()) == ((0, 0), [PICTURE])
    clock.ahead = GRACE + SHORT
    assert (await retention.prune(), contents()) == ((0, 1), [])


async def test_a_file_that_a_message_is_to_send_stays(
    client: Client, retention: MediaRetention, clock: AheadClock, contents: Callable[[], list[bytes]]
) -> None:
    media = (await upload(client, PICTURE)).json()["id"]
    later = {"not_before": (clock.now() + timedelta(hours=1)).isoformat()}
    assert await picture_sent(client, media, **later) is None
    (message,) = (await client.get("/api/v1/messages")).json()["items"]
    clock.ahead = KEEP + SHORT
    assert (await retention.prune(), contents()) == ((0, 0), [PICTURE])
    assert (await client.post(f"/api/v1/messages/{message['id']}/cancel")).status == 200
    assert (await retention.prune(), contents()) == ((1, 1), [])
