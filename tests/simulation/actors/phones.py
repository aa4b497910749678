"""People with phones."""

from typing import override

from tests.simulation.actors.base import Actor


class Phones(Actor):
    """Write to the sessions' accounts, write from them on their own phones, and read."""

    @override
    async def run(self) -> None:
        plan, whatsapp = self.world.plan, self.world.whatsapp
        for number in range(plan.inbound):
            await self.wait(2 * plan.span / plan.inbound)
            session_id = self.chance.choice(list(self.world.accounts))
            account, peer = self.world.accounts[session_id], self.chance.choice(self.world.peers)
            body = f"phone text {number}"
            self.world.phone_sends.add((session_id, body))
            if self.chance.random() < 0.2:
                self.trace(f"{session_id}'s own writes {body!r}")
                whatsapp.phone_sends(account.jid.user, peer.jid.user, body)
            else:
                self.trace(f"{peer.jid.user} writes {body!r} to {session_id}")
                whatsapp.phone_sends(peer.jid.user, account.jid.user, body)
            if self.chance.random() < 0.6:
                await self.wait(1)
                whatsapp.phone_reads(peer.jid.user, account.jid.user)
