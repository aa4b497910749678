"""The database in memory keeps the contracts of its ports."""

import asyncio

import pytest

from adapters.memory.database import MemoryDatabase
from application.events.shared_scans import SharedScans
from domain.errors import UnavailableError
from domain.event import NewEvent
from tests.contracts.api_key_repository import ApiKeyRepositoryContract
from tests.contracts.audit_log import AuditIntentsContract, AuditLogContract
from tests.contracts.event_log import EventLogContract
from tests.contracts.idempotency_repository import IdempotencyRepositoryContract
from tests.contracts.media_repository import MediaRepositoryContract
from tests.contracts.message_repository import MessageRepositoryContract
from tests.contracts.message_states import MessageStatesContract
from tests.contracts.outbox import OutboxContract
from tests.contracts.pace_repository import PaceRepositoryContract
from tests.contracts.paced_outbox import PacedOutboxContract
from tests.contracts.person_repository import PersonRepositoryContract
from tests.contracts.samples import SALES, SUPPORT, session
from tests.contracts.session_leases import SessionLeasesContract
from tests.contracts.session_repository import SessionRepositoryContract
from tests.contracts.suppression_repository import SuppressionRepositoryContract
from tests.contracts.survey import SurveyContract
from tests.contracts.unit_of_work import UnitOfWorkContract
from tests.contracts.user_repository import UserRepositoryContract
from tests.contracts.webhook_log import WebhookLogContract
from tests.contracts.webhook_queue import WebhookQueueContract
from tests.contracts.webhook_repository import WebhookRepositoryContract


@pytest.fixture
def commits() -> list[None]:
    return []


@pytest.fixture
def committed() -> list[NewEvent]:
    return []


@pytest.fixture
def uow(commits: list[None], committed: list[NewEvent]) -> MemoryDatabase:
    return MemoryDatabase(on_committed=lambda: commits.append(None), on_events=committed.extend)


@pytest.fixture
def log(uow: MemoryDatabase) -> MemoryDatabase:
    return uow


class TestMemorySessionRepository(SessionRepositoryContract):
    pass


class TestMemorySessionLeases(SessionLeasesContract):
    pass


class TestMemorySurvey(SurveyContract):
    pass


class TestMemoryMessageRepository(MessageRepositoryContract):
    pass


class TestMemoryMessageStates(MessageStatesContract):
    pass


class TestMemoryMediaRepository(MediaRepositoryContract):
    pass


class TestMemoryOutbox(OutboxContract):
    pass


class TestMemoryPacedOutbox(PacedOutboxContract):
    pass


class TestMemoryPaceRepository(PaceRepositoryContract):
    pass


class TestMemorySuppressionRepository(SuppressionRepositoryContract):
    pass


class TestMemoryPersonRepository(PersonRepositoryContract):
    pass


class TestMemoryIdempotencyRepository(IdempotencyRepositoryContract):
    pass


class TestMemoryEventLog(EventLogContract):
    pass


class TestSharedScans(EventLogContract):
    """Whoever shares a look at a log finds the same in it."""

    @pytest.fixture
    def log(self, uow: MemoryDatabase) -> SharedScans:
        return SharedScans(uow)


class TestMemoryUnitOfWork(UnitOfWorkContract):
    async def test_two_who_wait_for_each_other_are_refused(self, uow: MemoryDatabase) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session(SALES))
            await unit.sessions.add(session(SUPPORT))
        async with asyncio.timeout(5), uow.begin() as unit:
            await unit.sessions.get(SALES, lock=True)

            async def cross() -> None:
                async with uow.begin() as other:
                    await other.sessions.get(SUPPORT, lock=True)
                    await other.sessions.get(SALES, lock=True)

            task = asyncio.create_task(cross())
            done, _ = await asyncio.wait({task}, timeout=0.05)
            assert not done
            with pytest.raises(UnavailableError):
                await unit.sessions.get(SUPPORT, lock=True)
        await task


class TestMemoryUserRepository(UserRepositoryContract):
    pass


class TestMemoryApiKeyRepository(ApiKeyRepositoryContract):
    pass


class TestMemoryAuditLog(AuditLogContract):
    pass


class TestMemoryAuditIntents(AuditIntentsContract):
    pass


class TestMemoryWebhookRepository(WebhookRepositoryContract):
    pass


class TestMemoryWebhookQueue(WebhookQueueContract):
    pass


class TestMemoryWebhookLog(WebhookLogContract):
    pass
