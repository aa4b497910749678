"""`pombo audit verify` against a database of which retention has removed entries, and somebody else others."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.system.system_clock import SystemClock
from application.audit.retention import AuditRetention
from domain.audit import REMOVED, Mark
from domain.audit_check import PRUNE
from tests.contracts.audit_log import enter, record
from tests.integration.cli.programs import run

OLD, YOUNG = 4_500, 30
"""More old ones than retention removes at once, twice over."""

type Verify = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def verify(contracts_database_url: str, tmp_path: Path) -> Verify:
    environment: Mapping[str, str] = {"DATABASE_URL": contracts_database_url}

    async def verifying(*arguments: str) -> tuple[int, str, str]:
        return await run("audit", "verify", *arguments, environment=environment, directory=tmp_path)

    return verifying


@pytest.fixture
async def places(uow: PostgresDatabase) -> list[Mark]:
    """A log whose old entries retention has removed; the places of all that were ever written."""
    now = datetime.now(UTC)
    old = await enter(uow, *(record(time=now - timedelta(days=800), count=number) for number in range(OLD)))
    young = await enter(uow, *(record(time=now, count=number) for number in range(YOUNG)))
    assert await AuditRetention(uow, SystemClock(), timedelta(days=365)).prune() == OLD
    return [entry.mark for entry in (*old, *young)]


async def tamper(pool: ConnectionPool, *statements: str) -> None:
    """As the tables' owner can."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("ALTER TABLE pombo.audit_entries DISABLE TRIGGER USER")
        for statement in statements:
            await connection.execute(statement)
        await connection.execute("ALTER TABLE pombo.audit_entries ENABLE TRIGGER USER")


async def test_the_rest_is_verified_and_goes_on(places: list[Mark], uow: PostgresDatabase, verify: Verify) -> None:
    code, output, errors = await verify()
    assert code == 0, errors
    assert Mark.parse(output).sequence == OLD + YOUNG + 3  # each batch has said so itself
    assert f"{YOUNG + 3} entries" in errors
    for place in (places[OLD - 1], places[OLD], places[-1], Mark.parse(output)):
        assert (await verify("--expect", str(place)))[0] == 0
    assert (await verify("--expect", str(Mark(OLD, bytes(32)))))[0] == 1
    # Retention comes again and removes what it said itself before, too.
    later = SystemClock()
    later.now = lambda: datetime.now(UTC) + timedelta(seconds=1)  # type: ignore[method-assign]  # a test's short cut
    assert await AuditRetention(uow, later, timedelta(0)).prune() == YOUNG + 3
    code, output, errors = await verify()
    assert code == 0, errors
    assert Mark.parse(output).sequence == OLD + YOUNG + 4


async def test_a_place_that_retention_has_removed_proves_nothing(places: list[Mark], verify: Verify) -> None:
    code, output, errors = await verify("--expect", str(places[9]))
    assert (code, output) == (1, "")
    assert "AUDIT_PLACE_GONE" in errors


ENTRIES = "pombo.audit_entries"
DELETE, UPDATE = f"DELETE FROM {ENTRIES} WHERE sequence", f"UPDATE {ENTRIES} SET"  # noqa: S608 - of constants
BEGIN_AT_THE_FIRST = f"""
UPDATE pombo.audit_chain SET removed = sequence - 1, removed_hash = previous
FROM (SELECT * FROM {ENTRIES} ORDER BY sequence LIMIT 1) AS first
"""  # noqa: S608 - of constants


@pytest.mark.parametrize(
    ("statements", "first"),
    [
        ((f"{DELETE} = {OLD + 1}",), OLD + 1),
        ((f"{DELETE} > {OLD + YOUNG}",), OLD + YOUNG + 1),
        ((f"{DELETE} <= {OLD + 5}", BEGIN_AT_THE_FIRST), OLD + 5),
        (("SELECT pombo.prune_audit(clock_timestamp(), '0', 5)",), OLD + 5),
        (
            (
                f"{UPDATE} sequence = -sequence WHERE sequence IN ({OLD + 3}, {OLD + 4})",
                f"{UPDATE} sequence = {2 * OLD + 7} + sequence WHERE sequence < 0",
            ),
            OLD + 3,
        ),
        ((f"{UPDATE} count = 7 WHERE sequence = {OLD + YOUNG}",), OLD + YOUNG),
    ],
    ids=["the first", "the end", "the beginning, on record as removed", "by retention's own way", "order", "changed"],
)
@pytest.mark.usefixtures("places")
async def test_what_somebody_else_removed_or_changed_shows(
    pool: ConnectionPool, verify: Verify, statements: tuple[str, ...], first: int
) -> None:
    await tamper(pool, *statements)
    code, output, errors = await verify()
    assert (code, output) == (1, ""), errors
    assert f"Entry {first} isn't what was written" in errors


async def test_who_removes_all_and_says_that_retention_did_is_found_by_a_place_kept_elsewhere(
    places: list[Mark], pool: ConnectionPool, uow: PostgresDatabase, verify: Verify
) -> None:
    gone = Mark(OLD + YOUNG + 900, bytes(32))
    async with pool.connection() as connection:
        await connection.execute(f"ALTER TABLE {ENTRIES} DISABLE TRIGGER USER")
        await connection.execute(f"DELETE FROM {ENTRIES}")  # noqa: S608 - of a constant
        await connection.execute(
            "UPDATE pombo.audit_chain SET head = $1, head_hash = $2, removed = $1, removed_hash = $2",
            gone.sequence,
            gone.hash,
        )
    await enter(uow, record(operation=PRUNE, targets=(f"{REMOVED}:{gone}",)))
    assert (await verify())[0] == 0
    code, output, errors = await verify("--expect", str(places[-1]))
    assert (code, output) == (1, "")
    assert "AUDIT_PLACE_GONE" in errors
