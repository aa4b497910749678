"""The governor: what waits for it, in which order, for how long; and that nothing is lost over it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.driver import Operation, Refuse
from application.messages.send_message import SendMessageCommand
from application.pacing.expected_times import ExpectedTimes
from application.pacing.manage_suppressions import AddSuppression
from application.pacing.read_quota import GetQuota, HoldReason, Quota
from application.sessions.read_sessions import GetSessionStatus
from application.sessions.update_session import UpdateSession, UpdateSessionCommand
from domain.content import Text
from domain.errors import RateLimitedError
from domain.event import MessageSent, SessionQuotaWarned, SessionRestricted, SessionResumed
from domain.jid import Jid
from domain.message import Message, MessageStatus
from domain.pacing import DAY, Pace, PaceState, Pacing, Restriction, RestrictionReason
from domain.quiet_hours import QuietHours

from .virtual import HOUR, MINUTE, Scene, in_virtual_time
from .world import ANA, BEN, CARLA, SESSION, World

STRANGERS = [f"155501009{number:02}" for number in range(20)]
LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}


async def linked(scene: Scene) -> None:
    for phone in STRANGERS:
        scene.whatsapp.add_account(phone)
    await scene.world.linked()


async def accept(world: World, body: str, to: str, not_before: datetime | None = None) -> Message:
    return await world.send.execute(
        SendMessageCommand(
            session_id=SESSION,
            to=Jid.from_phone(to),
            content=Text(body=body),
            not_before=not_before,
            wait=timedelta(0),
        )
    )


async def first_begun(world: World) -> datetime:
    """When the first chat that counts was begun."""
    async with world.database.begin() as uow:
        return (await uow.paces.begun(SESSION, since=world.clock.now() - DAY))[0]


async def knows(scene: Scene, *phones: str) -> None:
    """Has them written to the account."""
    for phone in phones:
        scene.whatsapp.phone_sends(phone, ANA, "hello")

    async def came() -> bool:
        return (await scene.world.event_types()).count("message.received") >= len(phones)

    await scene.until(came, MINUTE)


async def stored(world: World, messages: Sequence[Message]) -> list[Message]:
    async with world.database.begin() as uow:
        found = await uow.messages.find([message.id for message in messages])
    return [found[message.id] for message in messages]


async def all_left(scene: Scene, messages: Sequence[Message], *, within: float) -> list[Message]:
    async def have_left() -> bool:
        return all(message.status in LEFT for message in await stored(scene.world, messages))

    await scene.until(have_left, within)
    return await stored(scene.world, messages)


async def statuses(world: World, messages: Sequence[Message]) -> list[str]:
    return ["left" if each.status in LEFT else str(each.status) for each in await stored(world, messages)]


async def left(scene: Scene, messages: Sequence[Message], *, within: float) -> list[datetime]:
    """Waits until all have left, and gives their times."""
    await all_left(scene, messages, within=within)
    return await times(scene.world, messages)


async def times(world: World, messages: Sequence[Message]) -> list[datetime]:
    """When they left, as it was put on record: WhatsApp's own times are whole seconds."""
    ids = {message.id for message in messages}
    events = await world.events()
    return [each.time for each in events if isinstance(each.payload, MessageSent) and each.payload.message.id in ids]


async def quota(world: World, pace: Pace) -> Quota:
    return await GetQuota(world.database, world.clock, pace).execute(SESSION)


async def expected(world: World, pace: Pace, message: Message) -> datetime | None:
    async with world.database.begin() as uow:
        found = await ExpectedTimes(world.clock, pace).put_in(uow, [await uow.messages.get(message.id)])
    return found[0].expected_at


async def told(world: World, kind: type[Any]) -> list[Any]:
    return [event.payload for event in await world.events() if isinstance(event.payload, kind)]


def refuse(scene: Scene, reason: str) -> None:
    scene.whatsapp.script(SESSION, Operation.SEND, Refuse(RateLimitedError(reason, "Refused.")))


async def refused(scene: Scene, to: str, reason: str = "REACHOUT_TIMELOCK") -> Message:
    """A message that WhatsApp refuses."""
    refuse(scene, reason)
    message = await accept(scene.world, "hello", to)

    async def failed() -> bool:
        return (await stored(scene.world, [message]))[0].status is MessageStatus.FAILED

    await scene.until(failed, 2 * MINUTE)
    return message


def test_messages_leave_at_the_pace_in_order() -> None:
    pace = Pace(messages_per_minute=60, burst=3, jitter=0)

    async def scenario(scene: Scene) -> None:
        await linked(scene)
        messages = [await accept(scene.world, str(number), (BEN, CARLA)[number % 2]) for number in range(12)]
        # The next chat's turn comes when the one before it has left: what waits is told by its place.
        assert await expected(scene.world, pace, messages[-1]) is not None
        sent = await left(scene, messages, within=MINUTE)
        gaps = [(after - before).total_seconds() for before, after in pairwise(sent[3:])]
        assert all(0.95 <= gap <= 1.3 for gap in gaps), gaps
        assert sent[-1] - sent[0] >= timedelta(seconds=8.9)
        assert scene.world.phone_bodies(BEN) == ["0", "2", "4", "6", "8", "10"]
        assert scene.world.phone_bodies(CARLA) == ["1", "3", "5", "7", "9", "11"]

    in_virtual_time(scenario, pace=pace)


def test_without_a_pace_nothing_waits() -> None:
    async def scenario(scene: Scene) -> None:
        await linked(scene)
        messages = [await accept(scene.world, "hi", phone) for phone in STRANGERS]
        sent = await left(scene, messages, within=5)
        assert sent[-1] - sent[0] < timedelta(seconds=1)
        assert (await quota(scene.world, Pace())).remaining is None

    in_virtual_time(scenario)


def test_a_fast_pace_is_kept_too() -> None:
    pace = Pace(messages_per_minute=600, burst=1, jitter=0)

    async def scenario(scene: Scene) -> None:
        await linked(scene)
        messages = [await accept(scene.world, "hi", phone) for phone in STRANGERS]
        sent = await left(scene, messages, within=10)
        assert timedelta(seconds=1.8) <= sent[-1] - sent[0] <= timedelta(seconds=4)

    in_virtual_time(scenario, pace=pace)


class TestNewChats:
    PACE = Pace(new_chats_per_day=3)

    def test_what_is_over_the_quota_waits_and_nobody_else(self) -> None:
        async def scenario(scene: Scene) -> None:
            world = scene.world
            await linked(scene)
            await knows(scene, BEN)
            # All but two minutes of a day ago two chats were begun: then there is room for them again.
            free_at = world.clock.now() + timedelta(minutes=2)
            async with world.database.begin() as uow:
                chats = [Jid.from_phone(phone) for phone in STRANGERS[10:12]]
                await uow.paces.begin(SESSION, chats, at=free_at - DAY, forget=free_at - 2 * DAY)
            messages = [await accept(world, "hi", phone) for phone in STRANGERS[:3]]
            again = [await accept(world, "more", STRANGERS[0]), await accept(world, "more", STRANGERS[2])]
            to_ben = await accept(world, "hi", BEN)
            await all_left(scene, [messages[0], again[0], to_ben], within=MINUTE)
            assert await statuses(world, messages) == ["left", "QUEUED", "QUEUED"]
            assert await statuses(world, again) == ["left", "QUEUED"]
            now = await quota(world, self.PACE)
            assert (now.new_chats_used, now.new_chats_remaining, now.waiting) == (3, 0, 3)
            assert [(hold.reason, hold.until) for hold in now.holds] == [(HoldReason.NEW_CHATS, free_at)]
            assert await expected(world, self.PACE, messages[1]) == free_at
            warned = await told(world, SessionQuotaWarned)
            assert warned == [SessionQuotaWarned(used=3, limit=3, next_at=free_at)]
            done = await left(scene, [*messages, *again], within=5 * MINUTE)
            assert world.phone_bodies(STRANGERS[2]) == ["hi", "more"]
            assert done[2] >= free_at

        in_virtual_time(scenario, pace=self.PACE)

    def test_however_many_would_begin_chats_those_that_are_begun_go_on(self) -> None:
        async def scenario(scene: Scene) -> None:
            world = scene.world
            await linked(scene)
            (first,) = [await accept(world, "hi", STRANGERS[0])]
            await all_left(scene, [first], within=MINUTE)
            # More than are looked at at once.
            others = [f"155502001{number:02}" for number in range(50)]
            for phone in others:
                scene.whatsapp.add_account(phone)
            held = [await accept(world, "hi", phone) for phone in others]
            again = await accept(world, "more", STRANGERS[0])
            await all_left(scene, [again], within=MINUTE)
            assert set(await statuses(world, held)) == {"QUEUED"}

        in_virtual_time(scenario, pace=Pace(new_chats_per_day=1))

    def test_what_is_not_sent_for_an_opt_out_begins_no_chat(self) -> None:
        pace = replace(self.PACE, messages_per_minute=1, burst=3)

        async def scenario(scene: Scene) -> None:
            world = scene.world
            await linked(scene)
            add = AddSuppression(world.database, world.clock, world.ids)
            at = world.clock.now() + timedelta(minutes=1)
            barred = [await accept(world, "hi", phone, not_before=at) for phone in STRANGERS[:3]]
            for phone in STRANGERS[:3]:
                await add.execute(SESSION, Jid.from_phone(phone))
            await asyncio.sleep(2 * MINUTE)
            assert await statuses(world, barred) == ["FAILED"] * 3
            now = await quota(world, pace)
            assert (now.new_chats_used, now.remaining) == (0, 3)
            await all_left(scene, [await accept(world, "hi", phone) for phone in STRANGERS[3:6]], within=MINUTE)
            assert await told(world, SessionQuotaWarned) == [
                SessionQuotaWarned(used=3, limit=3, next_at=(await first_begun(world)) + DAY)
            ]

        in_virtual_time(scenario, pace=pace)

    def test_who_writes_meanwhile_is_answered(self) -> None:
        async def scenario(scene: Scene) -> None:
            await linked(scene)
            messages = [await accept(scene.world, "hi", phone) for phone in STRANGERS[:4]]
            await all_left(scene, messages[:3], within=MINUTE)
            assert (await statuses(scene.world, messages))[3] == "QUEUED"
            await knows(scene, STRANGERS[3])
            await all_left(scene, messages, within=MINUTE)

        in_virtual_time(scenario, pace=self.PACE)

    def test_it_warns_before_it_is_used_up(self) -> None:
        pace = Pace(new_chats_per_day=10, messages_per_minute=60, burst=1)

        async def scenario(scene: Scene) -> None:
            await linked(scene)
            messages = [await accept(scene.world, "hi", phone) for phone in STRANGERS[:10]]
            await all_left(scene, messages, within=MINUTE)
            warned = await told(scene.world, SessionQuotaWarned)
            assert [(each.used, each.next_at is None) for each in warned] == [(8, True), (10, False)]

        in_virtual_time(scenario, pace=pace)


class TestQuietHours:
    def test_what_is_accepted_in_them_leaves_at_their_end(self) -> None:
        async def scenario(scene: Scene) -> None:
            world = scene.world
            await linked(scene)
            now = world.clock.now()
            start, end = now - timedelta(hours=1), now + timedelta(minutes=4)
            quiet = QuietHours.parse(f"{start:%H:%M}", f"{end:%H:%M}", "UTC")
            await UpdateSession(world.database, world.clock, world.supervisor, world.proxies).execute(
                UpdateSessionCommand(session_id=SESSION, pacing=Pacing(quiet_hours=quiet))
            )
            message = await accept(world, "good morning", BEN)
            await asyncio.sleep(2 * MINUTE)
            assert await statuses(world, [message]) == ["QUEUED"]
            ends = end.replace(second=0, microsecond=0)
            assert await expected(world, Pace(), message) == ends
            held = await quota(world, Pace())
            assert ([(hold.reason, hold.until) for hold in held.holds]) == [(HoldReason.QUIET_HOURS, ends)]
            assert held.remaining == 0
            (sent,) = await all_left(scene, [message], within=3 * MINUTE)
            assert sent.sent_at is not None
            assert ends <= sent.sent_at <= ends + timedelta(seconds=5)

        in_virtual_time(scenario)


class TestRestrictions:
    PACE = Pace(restriction_minutes=10)

    def test_strangers_wait_those_who_wrote_do_not_and_it_goes_on_by_itself(self) -> None:
        async def scenario(scene: Scene) -> None:
            world = scene.world
            await linked(scene)
            await knows(scene, BEN)
            await refused(scene, STRANGERS[0])
            paused = await quota(world, self.PACE)
            assert paused.restriction is not None
            resumes_at = paused.restriction.resumes_at
            assert [(hold.reason, hold.until) for hold in paused.holds if hold.reason != HoldReason.RATE] == [
                (HoldReason.REACHOUT_TIMELOCK, resumes_at)
            ]
            strangers = [await accept(world, "hi", phone) for phone in STRANGERS[1:4]]
            known = [await accept(world, str(number), BEN) for number in range(3)]
            sent = await left(scene, known, within=MINUTE)
            # They are slowed down.
            assert sent[2] - sent[0] >= timedelta(seconds=3.9)
            assert await statuses(world, strangers) == ["QUEUED"] * 3
            assert await expected(world, self.PACE, strangers[0]) == resumes_at
            done = await left(scene, strangers, within=15 * MINUTE)
            assert done[0] >= resumes_at
            assert [type(each) for each in await told(world, SessionRestricted | SessionResumed)] == [  # type: ignore[arg-type]  # isinstance takes it
                SessionRestricted,
                SessionResumed,
            ]
            assert (await quota(world, self.PACE)).restriction is None  # the first good beginning has undone it

        in_virtual_time(scenario, pace=self.PACE)

    def test_one_tries_and_when_it_is_refused_the_others_wait_twice_as_long(self) -> None:
        async def scenario(scene: Scene) -> None:
            world = scene.world
            await linked(scene)
            await refused(scene, STRANGERS[0], "NEW_CHAT_CAP")
            first = (await quota(world, self.PACE)).restriction
            assert first is not None
            assert first.reason is RestrictionReason.NEW_CHAT_CAP
            waiting = [await accept(world, "hi", phone) for phone in STRANGERS[1:5]]
            refuse(scene, "NEW_CHAT_CAP")
            await asyncio.sleep(10.5 * MINUTE)
            assert await statuses(world, waiting) == ["FAILED", "QUEUED", "QUEUED", "QUEUED"]
            second = (await quota(world, self.PACE)).restriction
            assert second is not None
            assert second.strikes == 2
            assert timedelta(minutes=20) <= second.resumes_at - first.resumes_at <= timedelta(minutes=20.2)
            # From then on one by one, until as many began well as were refused.
            sent = await left(scene, waiting[1:], within=25 * MINUTE)
            assert second.resumes_at <= sent[0]
            assert (await quota(world, self.PACE)).restriction is None

        in_virtual_time(scenario, pace=self.PACE)

    def test_the_cap_lets_pass_whom_the_account_has_written_to(self) -> None:
        async def scenario(scene: Scene) -> None:
            await linked(scene)
            await all_left(scene, [await accept(scene.world, "hi", CARLA)], within=MINUTE)
            await refused(scene, STRANGERS[0], "NEW_CHAT_CAP")
            await all_left(scene, [await accept(scene.world, "again", CARLA)], within=MINUTE)

        in_virtual_time(scenario, pace=self.PACE)

    def test_what_was_with_the_page_already_is_one_restriction(self) -> None:
        async def scenario(scene: Scene) -> None:
            await linked(scene)
            for _ in range(5):
                refuse(scene, "REACHOUT_TIMELOCK")
            messages = await asyncio.gather(*(accept(scene.world, "hi", phone) for phone in STRANGERS[:5]))

            async def failed() -> bool:
                return await statuses(scene.world, messages) == ["FAILED"] * 5

            await scene.until(failed, MINUTE)
            assert [each.strikes for each in await told(scene.world, SessionRestricted)] == [1]

        in_virtual_time(scenario, pace=self.PACE)

    def test_where_the_settings_say_so_nothing_follows(self) -> None:
        async def scenario(scene: Scene) -> None:
            await linked(scene)
            await refused(scene, STRANGERS[0])
            await all_left(scene, [await accept(scene.world, "hi", STRANGERS[1])], within=5)
            assert await told(scene.world, SessionRestricted) == []

        in_virtual_time(scenario, pace=Pace(restriction_minutes=0))


def test_it_goes_on_where_it_stopped() -> None:
    pace = Pace(messages_per_minute=6, burst=4, jitter=0, new_chats_per_day=6, restriction_minutes=10)

    async def scenario(scene: Scene) -> None:
        world = scene.world
        await linked(scene)
        sent = [await accept(world, "hi", phone) for phone in STRANGERS[:4]]
        await all_left(scene, sent, within=MINUTE)
        waiting = [await accept(world, "hi", phone) for phone in STRANGERS[4:8]]
        before = await quota(world, pace)
        assert before.remaining == 0
        await world.stop.execute(SESSION)
        await world.start.execute(SESSION)
        await scene.working()
        began = world.clock.now()
        done = await left(scene, waiting[:2], within=2 * MINUTE)
        # Nothing of the burst is there again, and of six chats two were left.
        assert done[1] - (await times(world, sent))[-1] >= timedelta(seconds=19)
        assert began <= done[0]
        await asyncio.sleep(10 * MINUTE)
        assert await statuses(world, waiting) == ["left", "left", "QUEUED", "QUEUED"]

    in_virtual_time(scenario, pace=pace)


def test_what_is_told_of_the_pace_is_what_holds() -> None:
    async def scenario(scene: Scene) -> None:
        world = scene.world
        await linked(scene)
        now = world.clock.now()
        pauses = Restriction(
            reason=RestrictionReason.REACHOUT_TIMELOCK, strikes=1, since=now, resumes_at=now + timedelta(hours=1)
        )

        async def told_of(restriction: Restriction, account: str) -> Quota:
            state = PaceState(restriction=restriction, account=Jid.from_phone(account))
            async with world.database.begin() as uow:
                await uow.paces.save(SESSION, state)
            return await quota(world, Pace())

        mine = await told_of(pauses, ANA)
        assert mine.restriction == pauses
        assert [hold.reason for hold in mine.holds] == [HoldReason.REACHOUT_TIMELOCK]
        status = GetSessionStatus(world.database, world.clock, world.supervisor)
        assert (await status.execute(SESSION)).restriction == pauses
        # That of the account that was linked before isn't this one's.
        former = await told_of(pauses, BEN)
        assert (former.restriction, former.holds, former.remaining) == (None, (), None)
        assert (await status.execute(SESSION)).restriction is None
        # One that nobody has looked after, since the session was stopped, is past all the same.
        past = replace(pauses, since=now - 3 * DAY, resumes_at=now - 2 * DAY)
        assert (await told_of(past, ANA)).restriction is None

    in_virtual_time(scenario)


def test_a_change_of_the_settings_holds_at_once() -> None:
    async def scenario(scene: Scene) -> None:
        world = scene.world
        await linked(scene)
        update = UpdateSession(world.database, world.clock, world.supervisor, world.proxies)
        await update.execute(UpdateSessionCommand(session_id=SESSION, pacing=Pacing(messages_per_minute=1, burst=1)))
        messages = [await accept(world, "hi", phone) for phone in STRANGERS[:5]]
        await asyncio.sleep(10)
        assert (await statuses(world, messages)).count("left") == 1
        await update.execute(UpdateSessionCommand(session_id=SESSION, pacing=Pacing()))
        await all_left(scene, messages, within=2)

    in_virtual_time(scenario)


@settings(max_examples=12, deadline=None)
@given(
    per_minute=st.integers(10, 600),
    burst=st.integers(1, 5),
    quota_=st.sampled_from([0, 4]),
    script=st.lists(st.tuples(st.integers(0, 5), st.floats(0, 5), st.booleans()), min_size=5, max_size=25),
)
def test_whatever_is_sent_keeps_to_the_pace_and_none_is_lost_or_out_of_order(
    per_minute: int, burst: int, quota_: int, script: list[tuple[int, float, bool]]
) -> None:
    pace = Pace(messages_per_minute=per_minute, burst=burst, new_chats_per_day=quota_, restriction_minutes=1)

    async def scenario(scene: Scene) -> None:
        world = scene.world
        await linked(scene)
        phones = [BEN, CARLA, *STRANGERS[:4]]
        await knows(scene, BEN, CARLA)
        accepted: list[tuple[str, Message]] = []
        for number, (who, pause, restart) in enumerate(script):
            accepted.append((phones[who], await accept(world, str(number), phones[who])))
            await asyncio.sleep(pause)
            if restart:
                await world.restart.execute(SESSION)
        sent = await left(scene, [message for _, message in accepted], within=2 * HOUR)
        for phone in phones:
            wanted = [each.content.body for to, each in accepted if to == phone and isinstance(each.content, Text)]
            assert [body for body in world.phone_bodies(phone) if body != "hello"] == wanted
        gap = 60 / per_minute
        for first in range(len(sent)):
            for last in range(first, len(sent)):
                # What was taken leaves within a moment: that much the times may be nearer to each other.
                window = (sent[last] - sent[first]).total_seconds() + 1.5
                assert last - first + 1 <= burst + window / gap + 1

    in_virtual_time(scenario, pace=pace)
