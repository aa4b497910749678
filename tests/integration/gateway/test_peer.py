"""A gateway session and an unmodified whatsapp-web.js client talk to each other."""

from pathlib import Path

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, WhatsAppWebJs, until


async def test_both_hear_each_other_and_each_other_s_receipts(
    gateway: Gateway, sandbox: Sandbox, browser_path: str, tmp_path: Path
) -> None:
    # The peer's own phone stays out of it: the receipts must be the peer's.
    await sandbox.call("PATCH", f"/accounts/{BEN}", {"online": False, "read_after_ms": None})
    await gateway.link("ana", sandbox, ANA)
    async with WhatsAppWebJs.run(sandbox, tmp_path / "wwebjs", browser_path) as peer:
        peer.tell("start")
        await sandbox.call("PATCH", f"/accounts/{BEN}", {"online": True})
        await sandbox.scan(BEN, (await peer.event("qr"))["qr"])
        await peer.event("ready")
        await sandbox.call("PATCH", f"/accounts/{BEN}", {"online": False})

        message = await gateway.send("ana", BEN, "ping")
        heard = await peer.seen(lambda line: line.get("event") == "message" and line["message"]["body"] == "ping")
        assert heard["message"]["from"] == f"{ANA}@c.us"
        await peer.ask("seen", chat=f"{ANA}@c.us")

        async def read() -> bool | None:
            found = await gateway.call("GET", f"/api/v1/messages/{message['id']}")
            return found["status"] == "READ" or None

        await until(read)
        await peer.ask("send", to=f"{ANA}@c.us", text="pong", options={})
        inbound = await gateway.received("pong")
        assert inbound["from"] == f"{BEN}@c.us"
        short = inbound["whatsapp_id"].split("_")[2]
        await peer.seen(lambda line: line.get("event") == "message_ack" and short in line["id"] and line["ack"] >= 2)
