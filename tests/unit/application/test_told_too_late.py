"""What a page has told and its gateway couldn't record before the session went to another one.

WhatsApp tells nothing twice that a page has taken, and the next owner has an older image of the profile.
"""

import asyncio

from domain.session import SessionStatus, StatusReason

from .outages import UnsteadyDatabase
from .virtual import MINUTE, Scene, in_virtual_time
from .world import ANA, BEN, SESSION


async def received(scene: Scene) -> list[str]:
    return [
        event.payload.message.content.body  # type: ignore[union-attr]  # all are texts here
        for event in await scene.world.events()
        if event.type == "message.received"
    ]


def test_it_is_recorded_when_the_database_is_back() -> None:
    database = UnsteadyDatabase()

    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        scene.whatsapp.phone_sends(BEN, ANA, "before")

        async def has_come() -> bool:
            return await received(scene) == ["before"]

        await scene.until(has_come, within=MINUTE)
        image = scene.whatsapp.image(scene.whatsapp.profile(SESSION))
        database.go_away()
        scene.whatsapp.phone_sends(BEN, ANA, "told in vain")
        await asyncio.sleep(MINUTE)  # the lease has run out, and the browser has been killed
        scene.whatsapp.restore(scene.whatsapp.profile(SESSION), image)
        scene.whatsapp.phone_sends(BEN, ANA, "to the next owner")
        database.error = None
        await scene.reached(SessionStatus.WORKING, StatusReason.CONNECTED, within=MINUTE)

        async def both_have_come() -> bool:
            return sorted(await received(scene)) == ["before", "to the next owner", "told in vain"]

        await scene.until(both_have_come, within=2 * MINUTE)

    in_virtual_time(scenario, database=database)
