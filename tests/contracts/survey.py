"""What every survey does. Fixtures: ``uow`` and ``log``, over one empty store."""

from dataclasses import replace
from datetime import timedelta

from application.ports.event_log import EventLog
from application.ports.survey import SessionState, WebhookState
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.jid import Jid
from domain.lease import Owner
from domain.message import MessageStatus
from domain.pacing import PaceState, Restriction, RestrictionReason
from domain.session import Me, SessionStatus, StatusReason, Wanted
from domain.webhook import DisabledReason
from tests.contracts.samples import ANA, ANA_LID, BOB, NOON, SALES, SUPPORT, at, inbound, outbound, session
from tests.contracts.webhook_log import letter
from tests.contracts.webhook_queue import added, append

OWNER = Owner(node="node", life="life")


async def sessions(uow: UnitOfWorkFactory) -> tuple[SessionState, ...]:
    async with uow.begin() as unit:
        return tuple(await unit.survey.sessions(now=NOON))


async def webhooks(uow: UnitOfWorkFactory) -> WebhookState:
    async with uow.begin() as unit:
        return await unit.survey.webhooks()


class SurveyContract:
    async def test_of_nothing(self, uow: UnitOfWorkFactory) -> None:
        assert await sessions(uow) == ()
        assert await webhooks(uow) == WebhookState(enabled=0, failing=0, disabled=0, backlog=0, dead_letters=0)

    async def test_each_session_with_its_status_in_the_order_of_ids(self, uow: UnitOfWorkFactory) -> None:
        working = replace(session(SUPPORT), status=SessionStatus.WORKING, status_reason=StatusReason.CONNECTED)
        async with uow.begin() as unit:
            await unit.sessions.add(working)
            await unit.sessions.add(session())
        sales, support = await sessions(uow)
        assert (sales.session_id, support.session_id) == (SALES, SUPPORT)
        assert (sales.wanted, sales.status, sales.status_at) == (Wanted.RUNNING, session().status, NOON)
        assert (support.status, support.reason) == (SessionStatus.WORKING, StatusReason.CONNECTED)
        assert (sales.is_ailing, support.is_ailing) == (True, False)
        assert (sales.waiting, sales.put_off, sales.sending, sales.oldest_due_at) == (0, 0, 0, None)
        assert (sales.epoch, sales.lease) == (0, None)

    async def test_what_waits_and_since_when(self, uow: UnitOfWorkFactory) -> None:
        messages = [
            outbound(created_at=at(-5)),
            outbound(BOB, created_at=at(-9), not_before=at(-7)),
            outbound(created_at=at(-60), not_before=at(1)),
            outbound(created_at=at(-60), status=MessageStatus.SENDING),
            outbound(created_at=at(-60), status=MessageStatus.SENT),
            outbound(created_at=at(-60), status=MessageStatus.FAILED),
            inbound(created_at=at(-60)),
        ]
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.sessions.add(session(SUPPORT))
            await unit.messages.add_absent([*messages, outbound(ANA, SUPPORT, created_at=at(-1))])
        sales, support = await sessions(uow)
        assert (sales.waiting, sales.put_off, sales.sending, sales.oldest_due_at) == (2, 1, 1, at(-7))
        assert (support.waiting, support.put_off, support.sending, support.oldest_due_at) == (1, 0, 0, at(-1))

    async def test_what_a_restriction_pauses(self, uow: UnitOfWorkFactory) -> None:
        me, reason = Me(jid=ANA, lid=ANA_LID), RestrictionReason.NEW_CHAT_CAP
        pauses = Restriction(reason=reason, strikes=1, since=at(-9), resumes_at=at(9))

        async def paused(account: Jid | None, restriction: Restriction | None, **changes: Me) -> object:
            async with uow.begin() as unit:
                for known in await unit.sessions.list(among=[SALES]):
                    await unit.sessions.delete(known.id)
                await unit.sessions.add(session(**changes))
                await unit.paces.save(SALES, PaceState(account=account, restriction=restriction))
            (sales,) = await sessions(uow)
            return sales.paused_by

        assert await paused(ANA, pauses, me=me) is reason
        assert await paused(ANA_LID, pauses, me=me) is reason
        assert await paused(None, None, me=me) is None
        assert await paused(ANA, replace(pauses, resumes_at=NOON), me=me) is None
        # Another account's, or one of before it was logged out.
        assert await paused(BOB, pauses, me=me) is None
        assert await paused(ANA, pauses) is None

    async def test_who_runs_it(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            for each in (session(), session(SUPPORT)):
                await unit.sessions.add(each)
        async with uow.begin() as unit:
            (first,) = await unit.leases.claim([SALES], OWNER, ttl=timedelta(minutes=1))
            await unit.leases.claim([SUPPORT], OWNER, ttl=timedelta(0))
        assert [(each.epoch, each.lease) for each in await sessions(uow)] == [(1, first), (1, None)]
        async with uow.begin() as unit:
            await unit.leases.release([first])
            (second,) = await unit.leases.claim([SUPPORT], OWNER, ttl=timedelta(minutes=1))
        assert [(each.epoch, each.lease) for each in await sessions(uow)] == [(1, None), (2, second)]

    async def test_webhooks(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        await added(uow)
        failing = await added(uow, failing_since=NOON, session_ids=(SALES,))
        await added(uow, disabled_reason=DisabledReason.GONE, disabled_at=NOON)
        await append(uow, log, SALES, SUPPORT, None)
        async with uow.begin() as unit:
            await unit.webhook_log.bury(letter(failing.id, 1))
        assert await webhooks(uow) == WebhookState(enabled=2, failing=1, disabled=1, backlog=4, dead_letters=1)
