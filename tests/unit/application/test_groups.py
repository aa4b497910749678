"""Groups through the use cases: once per key whatever dies, and told as events."""

import asyncio
from typing import Any

import pytest

from adapters.memory.faults import Die, Hang, LoseOutcome, Operation
from application.groups.change_group import ChangeParticipants, DecideJoinRequests, LeaveGroup, UpdateGroup
from application.groups.create_group import CreateGroup, CreateGroupCommand
from application.groups.read_groups import GetGroup, ListGroups
from application.idempotency.request_key import RequestKey
from application.sessions.asking import PageAsker
from domain.errors import ConflictError, InvalidArgumentError, PomboError, UnprocessableError
from domain.event import Event
from domain.group import CreatedGroup, GroupChange, ParticipantAction, ParticipantOutcome, RequestState
from domain.group_notice import NoticeKind
from domain.jid import Jid
from domain.session import SessionStatus

from .world import BEN, CARLA, SESSION, World, until

COMMAND = CreateGroupCommand(session_id=SESSION, subject="Pigeons", participants=(BEN,))


def key(name: str = "k1") -> RequestKey:
    return RequestKey(scope="test", key=name)


class Groups:
    def __init__(self, world: World) -> None:
        self.world = world
        asker = PageAsker(world.database, world.clock, world.supervisor)
        self._create = CreateGroup(asker, world.ids)
        self.list = ListGroups(asker)
        self.get = GetGroup(asker)
        self.update = UpdateGroup(asker)
        self.participants = ChangeParticipants(asker)
        self.leave = LeaveGroup(asker)
        self.decide = DecideJoinRequests(asker, world.clock, world.ids)

    async def create(self, name: str | None = "k1", command: CreateGroupCommand = COMMAND) -> CreatedGroup:
        return await self._create.execute(command, request=None if name is None else key(name))

    async def count(self) -> int:
        return len(await self.list.execute(SESSION))

    async def told(self, event_type: str, count: int = 1) -> list[Event]:
        async def look() -> list[Event] | None:
            found = [event for event in await self.world.events() if event.type == event_type]
            return found if len(found) >= count else None

        return await until(look)


@pytest.fixture
async def groups(world: World) -> Groups:
    await world.linked()
    return Groups(world)


async def test_a_creation_with_one_key_is_one_group(groups: Groups) -> None:
    first, *others = await asyncio.gather(*[groups.create() for _ in range(3)])
    assert {each.group.jid for each in (first, *others, await groups.create())} == {first.group.jid}
    assert await groups.count() == 1
    assert (await groups.create("k2")).group.jid != first.group.jid
    with pytest.raises(UnprocessableError) as caught:
        await groups.create("k1", CreateGroupCommand(session_id=SESSION, subject="Others", participants=(BEN,)))
    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize("fault", [LoseOutcome(), Die(after_effect=True)])
async def test_a_creation_whose_outcome_was_lost_is_found_and_not_done_again(groups: Groups, fault: Any) -> None:
    groups.world.whatsapp.script(SESSION, Operation.GROUPS, fault)
    with pytest.raises(PomboError) as caught:
        await groups.create()
    assert caught.value.reason == "PAGE_UNAVAILABLE"
    # A page that died takes its memory of what it has done with it: the new one knows no more than WhatsApp does.
    await groups.world.restart.execute(SESSION)
    await groups.world.status(SessionStatus.WORKING)

    async def created() -> CreatedGroup | None:
        try:
            return await groups.create()
        except PomboError as error:
            assert error.reason in {"PAGE_UNAVAILABLE", "SESSION_NOT_RUNNING"}
            return None

    found = await until(created)
    assert [each.outcome for each in found.results] == [ParticipantOutcome.DONE]
    assert await groups.count() == 1
    assert len(await groups.told("group.joined")) == 1


async def test_a_creation_that_was_broken_off_before_it_was_done_is_done(groups: Groups) -> None:
    groups.world.whatsapp.script(SESSION, Operation.GROUPS, Hang())
    creating = asyncio.create_task(groups.create())
    await asyncio.sleep(0.05)
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    assert (await groups.create()).group.size == 2
    assert await groups.count() == 1


async def test_a_creation_that_is_refused_leaves_its_key_free(groups: Groups) -> None:
    nobody = CreateGroupCommand(session_id=SESSION, subject="Pigeons", participants=("15559998888",))
    for _ in range(2):
        with pytest.raises(UnprocessableError) as caught:
            await groups.create("k1", nobody)
        assert caught.value.reason == "NUMBER_NOT_ON_WHATSAPP"
    assert await groups.count() == 0
    await groups.create("k1")


async def test_what_is_done_in_a_group_is_told(groups: Groups) -> None:
    made = await groups.create()
    group = str(made.group.jid)
    (joined,) = await groups.told("group.joined")
    assert (joined.payload.group, joined.payload.subject) == (made.group.jid, "Pigeons")  # type: ignore[union-attr]
    (added,) = await groups.participants.execute(SESSION, group, ParticipantAction.ADD, (CARLA,))
    assert added.outcome is ParticipantOutcome.DONE
    (change,) = await groups.told("group.participants")
    assert change.payload.participants == (Jid.from_phone(CARLA),)  # type: ignore[union-attr]
    for _ in range(2):
        updated = await groups.update.execute(
            SESSION, group, GroupChange(subject="Doves", announce=True), request=key("u")
        )
        assert (updated.subject, updated.settings.announce) == ("Doves", True)
    changed = [event.payload.changed for event in await groups.told("group.updated", 2)]  # type: ignore[union-attr]
    assert changed == [NoticeKind.SUBJECT, NoticeKind.ANNOUNCE]
    await groups.leave.execute(SESSION, group)
    (left,) = await groups.told("group.left")
    assert left.payload.removed is False  # type: ignore[union-attr]
    # None of it is told as a message that somebody wrote.
    assert not {"message.received", "message.sent"} & set(await groups.world.event_types())


async def test_requests_are_told_when_they_come_and_when_they_are_decided(groups: Groups) -> None:
    made = await groups.create()
    group = str(made.group.jid)
    await groups.update.execute(SESSION, group, GroupChange(join_approval=True))
    whatsapp = groups.world.whatsapp
    held = whatsapp.groups.get(made.group.jid)
    assert whatsapp.groups.join(held, whatsapp.account(CARLA)) is True
    for _ in range(2):  # Asked for twice with one key it is done once, and told of once.
        results = await groups.decide.execute(SESSION, group, (CARLA, BEN), approve=True, request=key("d"))
        assert [each.outcome for each in results] == [ParticipantOutcome.DONE, ParticipantOutcome.REQUEST_NOT_FOUND]
    states = [event.payload.state for event in await groups.told("group.request", 2)]  # type: ignore[union-attr]
    assert states == [RequestState.PENDING, RequestState.APPROVED]


async def _asks_to_be_let_in(groups: Groups) -> str:
    made = await groups.create()
    await groups.update.execute(SESSION, str(made.group.jid), GroupChange(join_approval=True))
    whatsapp = groups.world.whatsapp
    assert whatsapp.groups.join(whatsapp.groups.get(made.group.jid), whatsapp.account(CARLA)) is True
    await groups.told("group.request")
    return str(made.group.jid)


async def test_a_decision_with_one_key_is_told_once(groups: Groups) -> None:
    group = await _asks_to_be_let_in(groups)
    first = await groups.decide.execute(SESSION, group, (CARLA,), approve=True, request=key("d"))
    assert await groups.decide.execute(SESSION, group, (CARLA,), approve=True, request=key("d")) == first
    told = await groups.told("group.request", 2)
    assert [event.payload.state for event in told] == [RequestState.PENDING, RequestState.APPROVED]  # type: ignore[union-attr]


@pytest.mark.parametrize("approve", [True, False])
@pytest.mark.parametrize("fault", [LoseOutcome(), Die(after_effect=True)])
async def test_a_decision_whose_outcome_was_lost_is_known_again_and_told(
    groups: Groups, fault: Any, approve: bool
) -> None:
    group = await _asks_to_be_let_in(groups)
    groups.world.whatsapp.script(SESSION, Operation.GROUPS, fault)
    with pytest.raises(PomboError, match="answer"):
        await groups.decide.execute(SESSION, group, (CARLA,), approve=approve, request=key("d"))
    await groups.world.restart.execute(SESSION)
    await groups.world.status(SessionStatus.WORKING)
    (result,) = await groups.decide.execute(SESSION, group, (CARLA,), approve=approve, request=key("d"))
    assert (result.outcome, result.code) == (ParticipantOutcome.DONE, 200)
    (_, event) = await groups.told("group.request", 2)
    expected = RequestState.APPROVED if approve else RequestState.REJECTED
    assert event.payload.state is expected  # type: ignore[union-attr]
    # Nobody is told of who never asked.
    (stranger,) = await groups.decide.execute(SESSION, group, (BEN,), approve=not approve, request=key("e"))
    assert stranger.outcome is ParticipantOutcome.REQUEST_NOT_FOUND


async def test_what_happened_while_the_gateway_was_away_is_told(groups: Groups) -> None:
    made = await groups.create()
    await groups.told("group.joined")
    await groups.world.stop.execute(SESSION)
    await groups.world.status(SessionStatus.STOPPED)
    whatsapp = groups.world.whatsapp
    held = whatsapp.groups.get(made.group.jid)
    whatsapp.groups.join(held, whatsapp.account(CARLA))
    await groups.world.start.execute(SESSION)
    (change,) = await groups.told("group.participants")
    assert change.payload.by_themselves is True  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("subject", "participants"),
    [
        ("", (BEN,)),
        (" ", (BEN,)),
        ("x" * 101, (BEN,)),
        ("x", ()),
        ("x", ("nobody",)),
        ("x", ("1@g.us",)),
        ("x", (BEN,) * 1024),
    ],
)
async def test_bad_input_is_refused_before_anything_is_done(
    groups: Groups, subject: str, participants: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidArgumentError):
        await groups.create("k1", CreateGroupCommand(session_id=SESSION, subject=subject, participants=participants))
    assert await groups.count() == 0


async def test_a_session_that_does_not_run_has_no_groups(groups: Groups) -> None:
    await groups.world.stop.execute(SESSION)
    await groups.world.status(SessionStatus.STOPPED)
    with pytest.raises(ConflictError) as caught:
        await groups.list.execute(SESSION)
    assert caught.value.reason == "SESSION_NOT_RUNNING"
