"""History that the first synchronisation didn't carry: the phone gives it to a device that asks."""

from typing import Final

from sandbox.errors import SandboxError, bad_request
from sandbox.fold import Fold
from sandbox.frames import Json
from sandbox.operations import Caller, Operations
from sandbox.store.accounts import AccountStore
from sandbox.store.messages import MessageStore

_LARGEST: Final = 200
_USUAL: Final = 50


class OlderHistory:
    """Answers a device's request for older messages of a chat, as long as the phone is online."""

    def __init__(self, accounts: AccountStore, messages: MessageStore, fold: Fold) -> None:
        self._accounts = accounts
        self._messages = messages
        self._fold = fold
        self.operations: Operations = {"history": self._answer}

    def _answer(self, caller: Caller, frame: Json) -> Json:
        """Messages older than `before` (an id; null: the newest), oldest first, and whether the phone has older ones.

        Raises:
            SandboxError: 400 malformed; 503 `PHONE_OFFLINE`: WhatsApp's servers don't hold a history, phones do.
        """
        owner = caller.account
        key = self._accounts.chat_key(frame.get("chat"))
        count = frame.get("count", _USUAL)
        if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= _LARGEST:
            raise bad_request(f"count is an integer from 1 to {_LARGEST}")
        before = frame.get("before")
        if before is not None and not isinstance(before, str):
            raise bad_request("before is null or a message id")
        if not owner.online:
            raise SandboxError(503, "PHONE_OFFLINE", "the phone, which has the history, is offline")
        place = self._messages.place(owner.phone, key, before) if before is not None else None
        found = self._messages.newest(owner.phone, key, count + 1, before=place)
        views = [self._fold.history_view(owner.phone, message) for message in found[-count:]]
        return {"messages": views, "more": len(found) > count}
