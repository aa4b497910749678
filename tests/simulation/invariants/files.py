"""What must be true of the files that messages hold."""

from typing import Final, override

from adapters.memory.accounts import short_id
from domain.media_content import MEDIA_CONTENTS
from domain.message import Message
from tests.simulation.contents import label
from tests.simulation.files import DIGESTS, content_of
from tests.simulation.invariants.base import Invariant

_REASONS: Final = frozenset({"SEND_REFUSED", "MEDIA_MISSING"})
"""Why a message with a file can fail here."""


class FilesArriveWhole(Invariant):
    """A file that was sent is on the phone as it was, byte for byte; of one that is gone the message says so."""

    @override
    def message(self, before: Message | None, after: Message) -> None:
        if after.failure is None or not after.from_api or not isinstance(after.content, MEDIA_CONTENTS):
            return
        reason = after.failure.reason
        if reason not in _REASONS or (reason == "MEDIA_MISSING" and "files" not in self.world.plan.mishaps):
            self.violated(f"{after.id} failed for {reason}")

    @override
    def unmet(self) -> str | None:
        files, sends = self.world.whatsapp.files, {send.body: send for send in self.world.sends}
        for account in self.world.recipients:
            for message in account.phone_messages.values():
                if not isinstance(message.content, MEDIA_CONTENTS) or message.from_me:
                    continue
                send = sends.get(label(message) or "")
                data, digest = files.get(short_id(message.whatsapp_id)), message.content.media.sha256
                number = DIGESTS.index(digest) if digest in DIGESTS else None
                is_meant = send is None or send.file == number
                if data is None or data != content_of(digest or "") or not is_meant:
                    self.violated(f"the file of {label(message)!r} isn't what was sent")
        return None
