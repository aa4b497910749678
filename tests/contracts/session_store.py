"""What every store of snapshots does. Fixture: ``store``, empty, which keeps three of each session."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from application.ports.session_store import NewSnapshot, SessionStore
from domain.errors import ConflictError, NotFoundError
from domain.ids import SessionId
from domain.snapshot import ProfileImage
from tests.contracts.samples import ANA, BOB, ME, SALES, SUPPORT, at

BINARY = bytes(range(256)) * 40


def snapshot(data: bytes = BINARY, session_id: SessionId = SALES, **changes: Any) -> NewSnapshot:
    fields = {"account": ME, "epoch": 1, "taken_at": at(0), "image": ProfileImage(kind="test/1", data=data)}
    return NewSnapshot(session_id=session_id, **{**fields, **changes})


async def versions(store: SessionStore, session_id: SessionId = SALES) -> Sequence[int]:
    return [stored.version for stored in await store.versions(session_id)]


class SessionStoreContract:
    async def test_what_is_saved_is_read_back(self, store: SessionStore) -> None:
        assert await store.versions(SALES) == ()
        label = await store.save(snapshot(account=ANA, epoch=7, taken_at=at(5)))
        assert (label.session_id, label.account, label.epoch) == (SALES, ANA, 7)
        assert (label.version, label.taken_at, label.kind) == (1, at(5), "test/1")
        (stored,) = await store.versions(SALES)
        assert (stored.version, stored.label) == (1, label)
        read = await store.load(SALES, 1)
        assert read.label == label
        assert read.image == ProfileImage(kind="test/1", data=BINARY)

    @pytest.mark.parametrize("data", [b"", b"\0", b"x" * 3_000_000], ids=["empty", "NUL", "large"])
    async def test_any_bytes(self, store: SessionStore, data: bytes) -> None:
        await store.save(snapshot(data))
        assert (await store.load(SALES, 1)).image.data == data

    async def test_the_newest_few_are_kept(self, store: SessionStore) -> None:
        for number in range(1, 6):
            assert (await store.save(snapshot(b"%d" % number))).version == number
        assert await versions(store) == [5, 4, 3]
        assert (await store.load(SALES, 3)).image.data == b"3"
        with pytest.raises(NotFoundError) as refused:
            await store.load(SALES, 2)
        assert refused.value.reason == "SNAPSHOT_NOT_FOUND"

    async def test_sessions_are_apart(self, store: SessionStore) -> None:
        await store.save(snapshot(b"a"))
        await store.save(snapshot(b"b", SUPPORT, account=BOB, epoch=9))
        await store.save(snapshot(b"c"))
        assert (await versions(store), await versions(store, SUPPORT)) == ([2, 1], [1])
        await store.delete(SALES, epoch=1)
        assert (await store.load(SUPPORT, 1)).image.data == b"b"
        assert await store.own_sessions() == (SUPPORT,)

    async def test_a_stale_epoch_is_refused(self, store: SessionStore) -> None:
        await store.save(snapshot(b"old", epoch=3))
        await store.save(snapshot(b"new", epoch=4))
        with pytest.raises(ConflictError) as refused:
            await store.save(snapshot(b"late", epoch=3))
        assert refused.value.reason == "STALE_LEASE"
        assert await versions(store) == [2, 1]
        assert (await store.save(snapshot(b"again", epoch=4))).version == 3

    async def test_many_at_once_get_a_version_each(self, store: SessionStore) -> None:
        labels = await asyncio.gather(*(store.save(snapshot(b"%d" % number)) for number in range(6)))
        assert sorted(label.version for label in labels) == [1, 2, 3, 4, 5, 6]
        for label in labels:
            if label.version in await versions(store):
                number = labels.index(label)
                assert (await store.load(SALES, label.version)).image.data == b"%d" % number

    async def test_deleting(self, store: SessionStore) -> None:
        await store.delete(SALES, epoch=0)
        for number in range(3):
            await store.save(snapshot(b"%d" % number))
        await store.delete(SALES, epoch=1, up_to=2)
        assert await versions(store) == [3]
        await store.delete(SALES, epoch=2)
        await store.delete(SALES, epoch=2)
        assert (await versions(store), await store.own_sessions()) == ([], ())

    async def test_nothing_that_was_fenced_off_comes_back_after_deleting(self, store: SessionStore) -> None:
        await store.save(snapshot(epoch=2))
        await store.delete(SALES, epoch=3)
        with pytest.raises(ConflictError) as refused:
            await store.save(snapshot(epoch=2))
        assert refused.value.reason == "STALE_LEASE"
        assert (await store.save(snapshot(epoch=3))).version == 2
        # Who deletes without a lease fences nothing off, and lifts no fence.
        await store.delete(SALES, epoch=0)
        with pytest.raises(ConflictError):
            await store.save(snapshot(epoch=2))

    async def test_rewrapping_changes_nothing_that_is_read(self, store: SessionStore) -> None:
        await store.save(snapshot())
        before = await store.load(SALES, 1)
        assert await store.rewrap(SALES) == 0
        assert await store.rewrap(SUPPORT) == 0
        assert await store.load(SALES, 1) == before
