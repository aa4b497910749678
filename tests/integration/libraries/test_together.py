"""wa-js and whatsapp-web.js, each an account of its own, write to each other."""

from .conftest import WaJsFactory, WwebjsFactory
from .sandbox import Sandbox, eventually, in_thread


async def test_texts_and_receipts_between_the_two_libraries(
    wa_js: WaJsFactory, wwebjs: WwebjsFactory, sandbox: Sandbox
) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wa_js() as page, wwebjs() as client:
        await in_thread(bob.scan, (await client.wait("qr"))["qr"])
        await client.wait("ready")
        await page.link(ann)
        # With the phones off, every receipt is one library's.
        for account in (ann, bob):
            account.call("PATCH", "", {"online": False})

        question = await page.send(bob, "can you read this?")
        heard = await client.received("can you read this?")
        assert heard["from"] == ann.jid

        async def acks() -> bool:
            return await page.acks(question["id"]) == [1, 2, 3]

        answer = await client.call("reply", message=heard["id"], text="every word")
        await eventually(acks, what="acks of the question: the answer marks it as seen")

        reply = await page.received("every word")
        quoted = (
            "async (id) => WPP.whatsapp.functions.getQuotedMsgObj(await WPP.chat.getMessageById(id)).id._serialized"
        )
        assert await page.evaluate(quoted, reply["id"]) == question["id"]
        await client.acked(answer["id"], 2)
        await page.evaluate("(chat) => WPP.chat.markIsRead(chat)", bob.jid)
        await client.acked(answer["id"], 3)
        assert page.errors == []
