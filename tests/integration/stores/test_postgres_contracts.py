"""The stores in PostgreSQL keep the contracts of their ports."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.event_log import PostgresEventLog
from application.ports.message_repository import MessageFilter
from domain.content import Text, Unsupported
from domain.errors import InternalError, UnavailableError
from tests.contracts.api_key_repository import ApiKeyRepositoryContract
from tests.contracts.audit_log import AuditIntentsContract, AuditLogContract, enter, record
from tests.contracts.event_log import EventLogContract, append, filled, prune
from tests.contracts.idempotency_repository import IdempotencyRepositoryContract
from tests.contracts.media_repository import MediaRepositoryContract
from tests.contracts.message_repository import MessageRepositoryContract
from tests.contracts.message_states import MessageStatesContract
from tests.contracts.outbox import OutboxContract
from tests.contracts.pace_repository import PaceRepositoryContract
from tests.contracts.paced_outbox import PacedOutboxContract
from tests.contracts.person_repository import PersonRepositoryContract
from tests.contracts.samples import NOON, SALES, SUPPORT, event, outbound, session
from tests.contracts.session_leases import SessionLeasesContract
from tests.contracts.session_repository import SessionRepositoryContract
from tests.contracts.suppression_repository import SuppressionRepositoryContract
from tests.contracts.survey import SurveyContract
from tests.contracts.unit_of_work import UnitOfWorkContract
from tests.contracts.user_repository import UserRepositoryContract
from tests.contracts.webhook_log import WebhookLogContract
from tests.contracts.webhook_queue import WebhookQueueContract
from tests.contracts.webhook_repository import WebhookRepositoryContract


class TestPostgresSessionRepository(SessionRepositoryContract):
    pass


class TestPostgresSessionLeases(SessionLeasesContract):
    pass


class TestPostgresSurvey(SurveyContract):
    pass


class TestPostgresMessageRepository(MessageRepositoryContract):
    pass


class TestPostgresMessageStates(MessageStatesContract):
    async def test_rows_of_before_there_were_types_are_found_by_theirs(
        self, uow: PostgresDatabase, pool: ConnectionPool
    ) -> None:
        contents = (Text(body='"type":"poll" \x00'), Unsupported(kind="odd", raw={"type": "text"}))
        old = [outbound(content=content) for content in contents]
        async with uow.begin() as unit:
            await unit.messages.add_absent(old)
        async with pool.connection() as connection:
            await connection.execute("UPDATE pombo.messages SET type = NULL")
        async with uow.begin() as unit:
            for types, found in (((), old), (("text",), old[:1]), (("unsupported",), old[1:]), (("poll",), [])):
                criteria = MessageFilter(types=frozenset(types))
                listed = await unit.messages.list(criteria, after=None, limit=9)
                assert {message.id for message in listed} == {message.id for message in found}


class TestPostgresMediaRepository(MediaRepositoryContract):
    pass


class TestPostgresOutbox(OutboxContract):
    pass


class TestPostgresPacedOutbox(PacedOutboxContract):
    pass


class TestPostgresPaceRepository(PaceRepositoryContract):
    pass


class TestPostgresSuppressionRepository(SuppressionRepositoryContract):
    pass


class TestPostgresPersonRepository(PersonRepositoryContract):
    pass


class TestPostgresIdempotencyRepository(IdempotencyRepositoryContract):
    pass


class TestPostgresEventLog(EventLogContract):
    async def test_a_clock_that_runs_ahead_removes_nothing(self, uow: PostgresDatabase, log: PostgresEventLog) -> None:
        await append(uow, event(time=datetime.now(UTC)))
        await log.settle()
        ahead = datetime.now(UTC) + timedelta(days=3_000)
        assert await log.prune(now=ahead, keep=timedelta(days=30), needed_from=None, limit=10) == 0

    async def test_pruning_keeps_nobody_waiting(
        self, uow: PostgresDatabase, log: PostgresEventLog, pool: ConnectionPool
    ) -> None:
        await filled(uow, log, 40, 1)
        async with asyncio.timeout(5), pool.connection() as connection, connection.transaction():
            assert await connection.fetchval("SELECT pombo.prune_events($1, '30 days', NULL, 10)", NOON) == 1
            # Its transaction is open: writers, settlers and readers go on, and another who prunes leaves it alone.
            await append(uow, event())
            assert await log.settle() == 3
            assert len((await log.scan(after=None, limit=10)).events) == 3
            assert await prune(log) == 0
        assert len((await log.scan(after=None, limit=10)).events) == 2


class TestPostgresUnitOfWork(UnitOfWorkContract):
    async def test_two_who_wait_for_each_other_are_told_to_try_again(self, uow: PostgresDatabase) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session(SALES))
            await unit.sessions.add(session(SUPPORT))
        both = asyncio.Barrier(2)

        async def cross(first: str, second: str) -> None:
            async with uow.begin() as unit:
                await unit.sessions.get(first, lock=True)  # type: ignore[arg-type] # a test's short cut
                await both.wait()
                await unit.sessions.get(second, lock=True)  # type: ignore[arg-type] # a test's short cut

        outcomes = await asyncio.gather(cross(SALES, SUPPORT), cross(SUPPORT, SALES), return_exceptions=True)
        (refused,) = [outcome for outcome in outcomes if outcome is not None]
        assert isinstance(refused, UnavailableError)
        assert (refused.reason, refused.retry_after is not None) == ("DATABASE_UNAVAILABLE", True)

    async def test_own_failures_inside_go_through_untouched(self, uow: PostgresDatabase) -> None:
        for failure in (TimeoutError("mine"), OSError("mine"), ValueError("mine")):
            with pytest.raises(type(failure), match="mine"):  # noqa: PT012 - it is the unit of work that must let it through
                async with uow.begin() as unit:
                    await unit.sessions.add(session())
                    raise failure


class TestPostgresUserRepository(UserRepositoryContract):
    pass


class TestPostgresApiKeyRepository(ApiKeyRepositoryContract):
    pass


class TestPostgresAuditLog(AuditLogContract):
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE pombo.audit_entries SET result = 'OK'",
            "DELETE FROM pombo.audit_entries",
            "TRUNCATE pombo.audit_entries",
        ],
    )
    async def test_entries_refuse_to_be_changed(
        self, uow: PostgresDatabase, pool: ConnectionPool, statement: str
    ) -> None:
        now = datetime.now(UTC)
        await enter(uow, record(result="A", time=now - timedelta(days=800)), record(result="B", time=now))
        with pytest.raises(InternalError):
            async with pool.connection() as connection:
                await connection.execute(statement)
        with pytest.raises(InternalError):  # noqa: PT012 - what retention is allowed is over with it
            async with pool.connection() as connection, connection.transaction():
                assert await connection.fetchval("SELECT pombo.prune_audit($1, '365 days', 9)", now) == 1
                await connection.execute(statement)
        async with uow.begin() as unit:
            assert [entry.record.result for entry in await unit.audit.scan(after=0, limit=9)] == ["A", "B"]

    async def test_a_clock_that_runs_ahead_removes_nothing(self, uow: PostgresDatabase) -> None:
        await enter(uow, record(time=datetime.now(UTC)))
        async with uow.begin() as unit:
            ahead = datetime.now(UTC) + timedelta(days=3_000)
            assert await unit.audit.prune(now=ahead, keep=timedelta(days=365), limit=9) == 0


class TestPostgresAuditIntents(AuditIntentsContract):
    pass


class TestPostgresWebhookRepository(WebhookRepositoryContract):
    pass


class TestPostgresWebhookQueue(WebhookQueueContract):
    pass


class TestPostgresWebhookLog(WebhookLogContract):
    pass
