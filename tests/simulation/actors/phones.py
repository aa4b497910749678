"""People with phones."""

from typing import override

from adapters.memory.accounts import Account
from domain.media_content import Document, MediaReference
from tests.simulation.actors.base import Actor
from tests.simulation.contents import other_than_text, wordless
from tests.simulation.files import CONTENTS, SOUNDS


class Phones(Actor):
    """Write to the sessions' accounts, write from them on their own phones, and read."""

    @override
    async def run(self) -> None:
        plan, whatsapp = self.world.plan, self.world.whatsapp
        for number in range(plan.inbound):
            await self.wait(2 * plan.span / plan.inbound)
            session_id = self.chance.choice(list(self.world.accounts))
            account, peer = self.world.accounts[session_id], self.chance.choice(self.world.peers)
            sound = self._sound()
            body = f"phone text {number}" if sound is None else SOUNDS[sound].decode()
            self.world.phone_sends.add((session_id, body))
            if self.chance.random() < 0.2:
                self.trace(f"{session_id}'s own writes {body!r}")
                self._write(account, peer, body, sound)
            else:
                self.trace(f"{peer.jid.user} writes {body!r} to {session_id}")
                self._write(peer, account, body, sound)
            if self.chance.random() < 0.6:
                await self.wait(1)
                whatsapp.phone_reads(peer.jid.user, account.jid.user)

    def _sound(self) -> int | None:
        """The number of a file without words, now and then."""
        unheard = self.world.unheard
        if not unheard or self.chance.random() >= 0.15:
            return None
        return unheard.pop(self.chance.randrange(len(unheard)))

    def _write(self, writer: Account, to: Account, words: str, sound: int | None) -> None:
        whatsapp, draw = self.world.whatsapp, self.chance.random()
        if sound is not None:
            whatsapp.phone_sends_file(writer.jid.user, to.jid.user, wordless(sound), SOUNDS[sound])
        elif draw < 0.2:
            data = self.chance.choice(CONTENTS)
            content = Document(media=MediaReference(mime_type="text/plain"), filename="a.txt", caption=words)
            whatsapp.phone_sends_file(writer.jid.user, to.jid.user, content, data)
        elif draw < 0.4:
            whatsapp.phone_sends_content(writer.jid.user, to.jid.user, other_than_text(self.chance, words))
        else:
            whatsapp.phone_sends(writer.jid.user, to.jid.user, words)
