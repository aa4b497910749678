import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.store.accounts import AccountStore
from sandbox.store.database import Database
from sandbox.store.devices import DeviceStore, NewDevice
from sandbox.store.messages import MessageStore, ReceiptKind
from sandbox.store.queue import QueueStore

NEW = NewDevice(noise_pub=b"n" * 32, identity_pub=b"i" * 32, registration_id=1, platform="1")


def fail(error: BaseException) -> None:
    raise error


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "x.sqlite3", on_failure=fail)
    yield opened
    opened.close()


async def test_what_is_told_waits_for_the_commit_and_keeps_its_order(database: Database) -> None:
    told: list[str] = []
    database.after_commit(lambda: told.append("nothing open"))
    QueueStore(database).append(1, "message", b"{}")
    database.after_commit(lambda: told.append("first"))
    database.after_commit(lambda: told.append("second"))
    assert told == ["nothing open"]
    await asyncio.sleep(0)
    assert told == ["nothing open", "first", "second"]


async def test_accounts_and_devices_come_back(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    first = Database(path, on_failure=fail)
    accounts, devices = AccountStore(first), DeviceStore(first)
    account = accounts.change(accounts.add("15550001", "Ada"), {"online": False, "read_after_ms": 5})
    device = devices.add("15550001", accounts.take_device_number("15550001"), NEW)
    first.close()
    second = Database(path, on_failure=fail)
    assert AccountStore(second).get("15550001") == accounts.get("15550001")
    assert AccountStore(second).resolve(account.lid).read_after_ms == 5
    assert AccountStore(second).take_device_number("15550001") == 2
    assert DeviceStore(second).of("15550001") == [device]
    second.close()


async def test_a_lid_belongs_to_one_account(database: Database) -> None:
    accounts = AccountStore(database)
    first = accounts.add("15550001", "Ada", "9000000000001@lid")
    second = accounts.add("15550002", "Bob")
    with pytest.raises(SandboxError, match="another account"):
        accounts.add("15550003", "Cy", first.lid)
    with pytest.raises(SandboxError, match="another account"):
        accounts.change(second, {"lid": first.lid})
    accounts.change(first, {"lid": "9000000000009@lid"})
    assert accounts.change(second, {"lid": first.lid}).lid == first.lid
    assert accounts.resolve("9000000000001@lid").phone == "15550002"


async def test_queue_numbers_rise_even_over_emptiness(database: Database) -> None:
    queue = QueueStore(database)
    first = queue.append(1, "message", b"{}")
    queue.forget(2, first)
    assert [waiting.seq for waiting in queue.after(1, 0, 10)] == [first]
    queue.forget(1, first)
    assert queue.extent(1) == (0, 0)
    assert queue.append(1, "message", b"{}") > first


@pytest.mark.parametrize(
    ("kinds", "acks"),
    [
        (["delivered", "delivered", "read"], [2, None, 3]),
        (["read", "delivered", "read", "played"], [3, None, None, 4]),
        (["played", "read", "delivered"], [4, None, None]),
    ],
)
async def test_receipts_only_move_forward(database: Database, kinds: list[str], acks: list[int | None]) -> None:
    messages = MessageStore(database)
    message = messages.add(
        sender="1", id="A", recipient="2", device=0, sent_ms=1000, content={"type": "chat", "body": "x"}
    )
    assert messages.ack(message.no) == 1
    for instant, (kind, ack) in enumerate(zip(kinds, acks, strict=True)):
        moved = messages.record("2", "1", "A", ReceiptKind(kind), 2000 + instant)
        assert (moved is None) == (ack is None)
        if ack is not None:
            assert messages.ack(message.no) == ack
    assert messages.receipts(message.no)[0].delivered_ms == 2000
    assert messages.record("3", "1", "A", ReceiptKind.READ, 3000) is None


async def test_who_wrote_first_is_known(database: Database) -> None:
    messages = MessageStore(database)
    assert messages.spoke("1", "2") == (False, False)
    messages.add(sender="1", id="A", recipient="2", device=0, sent_ms=1, content={"type": "chat"})
    assert messages.spoke("1", "2") == (True, False)
    assert messages.spoke("2", "1") == (False, True)
    assert [held.id for held in messages.in_log("2", "A")] == ["A"]
    assert messages.in_log("3", "A") == []
