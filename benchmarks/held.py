"""``python -m benchmarks.held``: what one look at a paced outbox takes while messages to strangers are held in it.

Each of them is to somebody else; half of their people are known by two addresses. Behind them waits one to somebody
who has written, which is what every look is to find.
"""

import argparse
import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.migrator import migrate
from adapters.system.system_clock import SystemClock
from adapters.system.ulid_generator import UlidGenerator
from domain.content import Text
from domain.ids import SessionId
from domain.jid import Jid
from domain.message import Direction, Message, MessageStatus
from domain.session import Session
from tests.integration.servers import database, servers

HELD: Final = (0, 500, 1_000, 2_000, 5_000, 10_000)
HISTORY: Final = 20_000
LOOKS: Final = 15
LIMIT: Final = 32
SESSION: Final = SessionId("sales")
ME: Final = Jid.parse("15550100001@c.us")
KNOWN: Final = Jid.parse("15550100002@c.us")
IDS: Final = UlidGenerator(SystemClock())


def message(chat: Jid, direction: Direction, status: MessageStatus) -> Message:
    """One of the account's."""
    is_outbound = direction is Direction.OUTBOUND
    return Message(
        id=IDS.message_id(),
        session_id=SESSION,
        whatsapp_id=IDS.outbound_whatsapp_id(chat),
        direction=direction,
        chat=chat,
        sender=ME if is_outbound else chat,
        recipient=chat if is_outbound else ME,
        content=Text(body="hi"),
        status=status,
        created_at=datetime.now(UTC),
        from_api=is_outbound,
    )


def stranger(number: int) -> Jid:
    """Somebody who has never written."""
    return Jid.parse(f"1555{number:08}@c.us")


async def add(uow: PostgresDatabase, *messages: Message) -> None:
    """Stores them, some at a time."""
    for at in range(0, len(messages), 1_000):
        async with uow.begin() as unit:
            await unit.messages.add_absent(messages[at : at + 1_000])


async def hold(uow: PostgresDatabase, first: int, last: int) -> None:
    """Has more strangers wait."""
    for number in range(first, last, 2):
        async with uow.begin() as unit:
            await unit.people.link(SESSION, [stranger(number), Jid.parse(f"9{number:08}@lid")])
    await add(
        uow,
        *(message(stranger(each), Direction.OUTBOUND, MessageStatus.QUEUED) for each in range(first, last)),
    )


async def look(uow: PostgresDatabase) -> float:
    """Seconds."""
    now = datetime.now(UTC)
    began = time.perf_counter()
    async with uow.begin() as unit:
        heads = await unit.paced_outbox.heads(
            SESSION, now=now, busy=(), limit=LIMIT, begun_since=now - timedelta(days=1)
        )
    took = time.perf_counter() - began
    if not any(head.chat == KNOWN for head in heads):
        raise RuntimeError("who has written isn't found")
    return took


async def measure(url: str, counts: tuple[int, ...]) -> None:
    """Measures and prints a table."""
    async with ConnectionPool.open(url) as pool:
        await migrate(pool)
        uow = PostgresDatabase(pool)
        async with uow.begin() as unit:
            now = datetime.now(UTC)
            await unit.sessions.add(Session.create(id=SESSION, name="Sales", start=True, metadata={}, now=now))
        past = [stranger(90_000_000 + number % 2_000) for number in range(HISTORY)]
        await add(uow, *(message(chat, Direction.INBOUND, MessageStatus.DELIVERED) for chat in past))
        await add(uow, message(KNOWN, Direction.INBOUND, MessageStatus.DELIVERED))
        say(f"{'held':>8} {'median ms':>10} {'slowest ms':>11}")
        held = 0
        for count in counts:
            await hold(uow, held, count)
            held = count
            await add(uow, message(KNOWN, Direction.OUTBOUND, MessageStatus.QUEUED))
            times = [await look(uow) for _ in range(LOOKS)]
            say(f"{count:>8} {statistics.median(times) * 1e3:>10.1f} {max(times) * 1e3:>11.1f}")


def say(text: str) -> None:
    """A line, as it comes."""
    print(text, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("held", nargs="*", type=int, default=HELD, help="how many are held")
    asked = tuple(parser.parse_args().held)
    with servers() as started, database(started.database_url) as made:
        asyncio.run(measure(made, asked))
