"""Keys on several gateways, while they are changed, and the streams that they have open."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from datetime import datetime, timedelta
from typing import override

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.event_bus import MemoryEventBus
from adapters.system.ulid_generator import UlidGenerator
from application.access.key_hashes import KeyHashes, plain_hash
from application.access.key_ring import FRESH
from application.access.manage_keys import CreateApiKeyCommand, IssuedKey, RotateApiKeyCommand
from application.access.manage_users import CreateUserCommand, UpdateUserCommand
from application.access.principal import CALLER, Principal
from application.ports.event_bus import EventBus
from application.ports.unit_of_work import UnitOfWork
from domain.access import BOOTSTRAP_USER, KeyHash, Role
from domain.errors import PomboError, UnauthenticatedError, UnavailableError
from domain.lease import Lease
from entrypoints.access_assembly import AccessAssembly
from tests.contracts.samples import NOON, api_key, user

from .world import HastyClock

SECRET, OLDER = bytes(32), bytes(range(32))
QUICK = timedelta(milliseconds=5)


class DeafBus(MemoryEventBus):
    """One whose signals get lost."""

    @override
    async def publish(self, topic: str, payload: str = "") -> None:
        pass


class SetClock(HastyClock):
    """Shows the time that it is set to."""

    time = NOON

    @override
    def now(self) -> datetime:
        return self.time

    @override
    def elapsed(self) -> timedelta:
        return self.time - NOON


class CountingDatabase(MemoryDatabase):
    """Counts units of work, and fails while it is told to."""

    begun = 0
    away = False

    def __init__(self) -> None:
        super().__init__()
        self.failures: asyncio.Queue[int] = asyncio.Queue()

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        self.begun += 1
        if self.away:
            self.failures.put_nowait(self.begun)
            raise UnavailableError("DATABASE_UNAVAILABLE", "The database doesn't answer.")
        return super().begin(fence)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def database() -> CountingDatabase:
    return CountingDatabase()


def gateway(
    database: MemoryDatabase,
    clock: SetClock,
    bus: EventBus | None = None,
    *,
    secrets: tuple[bytes, ...] = (SECRET,),
    configured: str | None = None,
    fresh: timedelta = FRESH,
) -> AccessAssembly:
    return AccessAssembly(database, clock, UlidGenerator(clock), bus or MemoryEventBus(), secrets, configured, fresh)


async def issue(access: AccessAssembly, role: Role = Role.OPERATOR, expires_at: datetime | None = None) -> IssuedKey:
    owner = await access.use_cases.create_user.execute(CreateUserCommand(name="Ana", role=Role.ADMIN))
    return await access.use_cases.create_key.execute(
        CreateApiKeyCommand(user_id=owner.id, name="x", role=role, expires_at=expires_at)
    )


@asynccontextmanager
async def listening(access: AccessAssembly) -> AsyncIterator[None]:
    hearing = asyncio.create_task(access.ring.run())
    await asyncio.sleep(0)
    yield
    hearing.cancel()
    await asyncio.wait({hearing})


async def refusal(access: AccessAssembly, key: str | None) -> str:
    with pytest.raises(UnauthenticatedError) as refused:
        await access.authenticate.execute(key)
    return refused.value.reason


async def test_a_key_ends_at_its_time_and_not_before(database: CountingDatabase, clock: SetClock) -> None:
    access = gateway(database, clock)
    key = (await issue(access, expires_at=NOON + timedelta(seconds=2))).secret
    await access.authenticate.execute(key)
    clock.time = NOON + timedelta(seconds=1.9)
    await access.authenticate.execute(key)
    clock.time = NOON + timedelta(seconds=2)
    assert await refusal(access, key) == "API_KEY_EXPIRED"


async def test_a_key_is_looked_up_once_in_a_while(database: CountingDatabase, clock: SetClock) -> None:
    access = gateway(database, clock)
    key = (await issue(access)).secret
    await access.authenticate.execute(key)
    before = database.begun
    for _ in range(3):
        await access.authenticate.execute(key)
    assert database.begun == before
    clock.time += FRESH
    await access.authenticate.execute(key)
    assert database.begun == before + 1


async def test_what_is_changed_holds_on_every_gateway_at_once(database: CountingDatabase, clock: SetClock) -> None:
    bus = MemoryEventBus()
    here, there = gateway(database, clock, bus), gateway(database, clock, bus)
    async with listening(here), listening(there):
        first, second = await issue(here), await issue(here)
        for issued in (first, second):
            await there.authenticate.execute(issued.secret)
        await here.use_cases.revoke_key.execute(first.key.id)
        await asyncio.sleep(0)
        assert await refusal(there, first.secret) == "API_KEY_REVOKED"
        change = UpdateUserCommand(user_id=second.key.user_id, disabled=True)
        await here.use_cases.update_user.execute(change)
        await asyncio.sleep(0)
        assert await refusal(there, second.secret) == "USER_DISABLED"


async def test_where_the_bus_is_away_it_holds_in_some_seconds(database: CountingDatabase, clock: SetClock) -> None:
    here, there = gateway(database, clock, DeafBus()), gateway(database, clock, DeafBus())
    issued = await issue(here)
    await there.authenticate.execute(issued.secret)
    await here.use_cases.revoke_key.execute(issued.key.id)
    assert await refusal(here, issued.secret) == "API_KEY_REVOKED"
    await there.authenticate.execute(issued.secret)
    clock.time += FRESH
    assert await refusal(there, issued.secret) == "API_KEY_REVOKED"


async def test_what_was_read_before_a_change_is_not_kept(database: CountingDatabase, clock: SetClock) -> None:
    access = gateway(database, clock)
    issued = await issue(access)
    # Both are under way at once; whatever the look-up has read, it isn't what is known afterwards.
    for _ in range(5):
        access.ring.forget()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(access.ring.find(issued.secret or ""))
            tasks.create_task(access.use_cases.revoke_key.execute(issued.key.id))
        assert await refusal(access, issued.secret) == "API_KEY_REVOKED"


async def test_the_database_s_being_away_shuts_out_all_but_the_configured_key(
    database: CountingDatabase, clock: SetClock
) -> None:
    access = gateway(database, clock, configured="the-configured-key")
    issued = await issue(access)
    database.away = True
    with pytest.raises(UnavailableError):
        await access.authenticate.execute(issued.secret)
    caller = await access.authenticate.execute("the-configured-key")
    assert (caller.role, caller.session_ids, caller.user_id) == (Role.ADMIN, None, BOOTSTRAP_USER)


async def test_the_first_start_makes_a_key_and_later_ones_none(database: CountingDatabase, clock: SetClock) -> None:
    made = await asyncio.gather(*(gateway(database, clock).ensure_key.execute() for _ in range(3)))
    (key,) = [key for key in made if key is not None]
    access = gateway(database, clock)
    assert await access.ensure_key.execute() is None
    caller = await access.authenticate.execute(key)
    assert (caller.role, caller.session_ids, caller.user_id) == (Role.ADMIN, None, BOOTSTRAP_USER)


async def test_hashes_are_of_the_secret(database: CountingDatabase, clock: SetClock) -> None:
    issued = await issue(gateway(database, clock, secrets=(OLDER,)))
    assert await refusal(gateway(database, clock, secrets=(SECRET,)), issued.secret) == "API_KEY_INVALID"
    both = gateway(database, clock, secrets=(SECRET, OLDER))
    assert (await both.authenticate.execute(issued.secret)).key_id == issued.key.id
    again = await both.use_cases.rotate_key.execute(RotateApiKeyCommand(key_id=issued.key.id))
    assert (await gateway(database, clock, secrets=(SECRET,)).authenticate.execute(again.secret)).key_id == again.key.id


async def test_keys_under_a_secret_that_is_not_here_are_counted(database: CountingDatabase, clock: SetClock) -> None:
    before = gateway(database, clock, secrets=(OLDER,))
    issued = await issue(before)
    await issue(before, expires_at=NOON + timedelta(seconds=2))
    here = gateway(database, clock)
    await issue(here)
    assert await here.count_foreign_keys.execute() == 2
    assert await gateway(database, clock, secrets=(SECRET, OLDER)).count_foreign_keys.execute() == 0
    clock.time = NOON + timedelta(seconds=2)
    assert await here.count_foreign_keys.execute() == 1
    # A successor is made under the secret of now.
    await gateway(database, clock, secrets=(SECRET, OLDER)).use_cases.rotate_key.execute(
        RotateApiKeyCommand(key_id=issued.key.id, overlap=timedelta(0))
    )
    assert await here.count_foreign_keys.execute() == 0


async def test_a_key_of_before_there_was_a_secret_is_known(database: CountingDatabase, clock: SetClock) -> None:
    owner = user()
    old = api_key(owner, role=Role.ADMIN, request_scope=f"key:{plain_hash('pombo_old').hex()}")
    async with database.begin() as uow:
        await uow.users.add(owner)
        await uow.api_keys.add(old, KeyHash(digest=plain_hash("pombo_old")))
    caller = await gateway(database, clock).authenticate.execute("pombo_old")
    assert (caller.key_id, caller.scope) == (old.id, f"key:{plain_hash('pombo_old').hex()}")


async def test_nothing_of_the_configured_key_is_kept(database: CountingDatabase, clock: SetClock) -> None:
    # What a caller's requests and files are kept under is in the database, and the limits' buckets are told by it.
    callers = [
        await gateway(database, clock, configured=key).authenticate.execute(key)
        for key in ("a phrase that people think of", "the phrase that it was changed to")
    ]
    assert [caller.scope for caller in callers] == ["key:configured"] * 2


def test_a_keyed_hash_is_no_plain_one() -> None:
    hashes = KeyHashes((SECRET, OLDER))
    made = hashes.make("key").digest
    assert hashes.candidates("key") == [made, KeyHashes((OLDER,)).make("key").digest, plain_hash("key")]
    assert len({*hashes.candidates("key"), *hashes.candidates("other")}) == 6
    assert len(made) == 32


async def numbers(stop: asyncio.Event | None = None) -> AsyncGenerator[int]:
    """One number, and then nothing."""
    yield 1
    await (stop or asyncio.Event()).wait()


async def caller_of(access: AccessAssembly, issued: IssuedKey) -> Principal:
    return await access.authenticate.execute(issued.secret)


@asynccontextmanager
async def open_stream(
    access: AccessAssembly, issued: IssuedKey, operation: str = "watchSession"
) -> AsyncIterator[AsyncIterator[int]]:
    token = CALLER.set(await caller_of(access, issued))
    try:
        guarded = access.streams.guard(numbers(), operation)
    finally:
        CALLER.reset(token)
    assert isinstance(guarded, AsyncGenerator)
    async with asyncio.timeout(5), aclosing(guarded):
        assert await anext(guarded) == 1
        yield guarded


async def end_of(stream: AsyncIterator[int]) -> str:
    with pytest.raises(PomboError) as ended:
        await anext(stream)
    return ended.value.reason


async def test_a_stream_ends_when_its_key_is_revoked_elsewhere(database: CountingDatabase, clock: SetClock) -> None:
    bus = MemoryEventBus()
    here, there = gateway(database, clock, bus), gateway(database, clock, bus)
    issued = await issue(here)
    async with listening(there), open_stream(there, issued) as stream:
        waiting = asyncio.create_task(end_of(stream))
        await asyncio.sleep(0)
        await here.use_cases.revoke_key.execute(issued.key.id)
        assert await waiting == "API_KEY_REVOKED"
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_stream_ends_where_no_signal_comes(database: CountingDatabase, clock: SetClock) -> None:
    here = gateway(database, clock, DeafBus())
    there = gateway(database, clock, DeafBus(), fresh=QUICK)
    issued = await issue(here)
    async with open_stream(there, issued) as stream:
        await here.use_cases.revoke_key.execute(issued.key.id)
        clock.time += FRESH
        assert await end_of(stream) == "API_KEY_REVOKED"


async def test_a_stream_ends_with_its_key_s_time(database: CountingDatabase, clock: SetClock) -> None:
    access = gateway(database, clock)
    issued = await issue(access, expires_at=NOON + timedelta(milliseconds=20))
    async with open_stream(access, issued) as stream:
        waiting = asyncio.create_task(end_of(stream))
        await asyncio.sleep(0)
        clock.time = NOON + timedelta(milliseconds=20)
        assert await waiting == "API_KEY_EXPIRED"


async def test_a_stream_ends_when_its_key_may_do_less_than_it_takes(
    database: CountingDatabase, clock: SetClock
) -> None:
    access = gateway(database, clock)
    issued = await issue(access)
    lower = UpdateUserCommand(user_id=issued.key.user_id, role=Role.READER)
    async with open_stream(access, issued) as watching, open_stream(access, issued, "streamEvents") as reading:
        waiting, going_on = asyncio.create_task(end_of(watching)), asyncio.ensure_future(anext(reading))
        await asyncio.sleep(0)
        await access.use_cases.update_user.execute(lower)
        assert await waiting == "ROLE_TOO_LOW"
        assert not going_on.done()
        going_on.cancel()
        await asyncio.wait({going_on})


async def test_a_stream_goes_on_while_the_database_is_away(database: CountingDatabase, clock: SetClock) -> None:
    access = gateway(database, clock, fresh=QUICK)
    issued = await issue(access)
    async with open_stream(access, issued) as stream:
        waiting = asyncio.create_task(end_of(stream))
        database.away = True
        clock.time += FRESH
        for _ in range(3):
            await database.failures.get()
        assert not waiting.done()
        database.away = False
        await access.use_cases.revoke_key.execute(issued.key.id)
        assert await waiting == "API_KEY_REVOKED"


async def test_a_stream_that_is_closed_leaves_nothing_running(database: CountingDatabase, clock: SetClock) -> None:
    access = gateway(database, clock)
    issued = await issue(access)
    before = asyncio.all_tasks()
    async with open_stream(access, issued):
        assert len(asyncio.all_tasks() - before) == 1
    assert asyncio.all_tasks() == before


async def test_streams_of_the_configured_key_and_of_nobody_are_left_alone(
    database: CountingDatabase, clock: SetClock
) -> None:
    access = gateway(database, clock, configured="the-configured-key")
    items = numbers()
    assert access.streams.guard(items, "streamEvents") is items
    token = CALLER.set(await access.authenticate.execute("the-configured-key"))
    assert access.streams.guard(items, "streamEvents") is items
    CALLER.reset(token)
    await items.aclose()
