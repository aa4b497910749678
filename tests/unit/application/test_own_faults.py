"""What becomes of a session in whose work the gateway itself has a fault."""

import asyncio

from adapters.memory.faults import Operation, Refuse
from application.sessions.create_session import CreateSessionCommand
from domain.message import MessageStatus
from domain.session import SessionStatus, StatusReason

from .virtual import HOUR, MINUTE, Scene, in_virtual_time
from .world import BEN, CARLA, SESSION

FAULT = RuntimeError("a fault of ours")


def fail_once(scene: Scene, operation: Operation) -> None:
    scene.whatsapp.script(SESSION, operation, Refuse(FAULT))  # type: ignore[arg-type]  # what no driver should raise


def test_the_session_comes_back_by_itself_and_the_others_go_on() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked("carla", CARLA)
        await scene.world.linked()
        fail_once(scene, Operation.PROBE)

        async def faulty() -> bool:
            return len(scene.world.faults) == 1

        await scene.until(faulty, within=MINUTE)
        sent = await scene.world.text("still here", to=BEN, session_id="carla")
        assert sent.status is not MessageStatus.QUEUED
        await scene.working(within=10)
        assert (SessionStatus.STARTING, StatusReason.INTERNAL_FAULT) in [
            (change.status, change.reason) for change in await scene.history()
        ]
        await scene.world.text("and here", to=BEN)
        assert scene.world.phone_bodies() == ["still here", "and here"]
        scene.world.faults.clear()

    in_virtual_time(scenario)


def test_faults_again_and_again_fail_it_and_a_start_tries_again() -> None:
    async def scenario(scene: Scene) -> None:
        for _ in range(6):
            fail_once(scene, Operation.OPEN)
        await scene.world.create.execute(CreateSessionCommand(id=SESSION))
        await scene.reached(SessionStatus.FAILED, StatusReason.INTERNAL_FAULT, within=3 * MINUTE)
        assert len(scene.world.faults) == 6
        await asyncio.sleep(HOUR)
        assert len(scene.world.faults) == 6
        await scene.world.start.execute(SESSION)
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=MINUTE)
        scene.world.faults.clear()

    in_virtual_time(scenario)


def test_faults_that_are_hours_apart_never_fail_it() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        for _ in range(8):
            await asyncio.sleep(HOUR)
            fail_once(scene, Operation.PROBE)
            await scene.reached(SessionStatus.STARTING, StatusReason.INTERNAL_FAULT, within=MINUTE)
            await scene.working(within=10)
        assert len(scene.world.faults) == 8
        scene.world.faults.clear()

    in_virtual_time(scenario)


def test_no_login_is_taken_back_from_another_browser() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        scene.whatsapp.conflict(SESSION)
        await scene.reached(SessionStatus.DEGRADED, StatusReason.CONFLICT, within=MINUTE)
        fail_once(scene, Operation.PROBE)
        await scene.reached(SessionStatus.FAILED, StatusReason.INTERNAL_FAULT, within=MINUTE)
        await asyncio.sleep(HOUR)
        await scene.reached(SessionStatus.FAILED, StatusReason.INTERNAL_FAULT, within=1)
        scene.world.faults.clear()

    in_virtual_time(scenario)
