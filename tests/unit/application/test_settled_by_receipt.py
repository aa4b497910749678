from adapters.memory.driver import Hang, Operation
from application.ports.page_events import ReceiptsSeen, SeenReceipt
from domain.message import MessageStatus

from .world import SESSION, World

LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}


async def test_a_receipt_that_says_it_has_left_frees_its_chat(world: World) -> None:
    await world.linked()
    await world.text("so that the recipient is known")
    # The page never answers; what it tells of by itself proves that the message has left.
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    first = await world.text("first", wait=0)
    await world.message(first.id, lambda now: now.status is MessageStatus.SENDING)
    second = await world.text("second", wait=0)
    receipt = SeenReceipt(
        whatsapp_id=first.whatsapp_id, status=MessageStatus.DELIVERED, at=world.clock.now(), participant=None
    )
    world.whatsapp.page(SESSION).tell(ReceiptsSeen(receipts=(receipt,)))
    await world.message(second.id, lambda now: now.status in LEFT)
    assert (await world.event_types()).count("message.sent") == 3


async def test_what_was_failed_meanwhile_frees_its_chat(world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    first = await world.text("first", wait=0)
    await world.message(first.id, lambda now: now.status is MessageStatus.SENDING)
    await world.delete.execute(SESSION)
    await world.linked()
    assert (await world.text("second")).status in LEFT
