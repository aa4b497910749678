"""Who has received, read and played an own message."""

from sandbox.errors import SandboxError
from sandbox.frames import Json, text_field
from sandbox.operations import Caller, Operations
from sandbox.store.accounts import AccountStore
from sandbox.store.messages import MessageStore


class MessageInfo:
    """Answers what is noted of a message's readers."""

    def __init__(self, accounts: AccountStore, messages: MessageStore) -> None:
        self._accounts = accounts
        self._messages = messages
        self.operations: Operations = {"message_info": self._answer}

    def _answer(self, caller: Caller, frame: Json) -> Json:
        """One entry for each who was to get it; instants are Unix seconds, null where it hasn't come so far.

        Raises:
            SandboxError: 400 malformed; 404 `MESSAGE_NOT_FOUND` for what the account didn't send.
        """
        message = self._messages.sent_by(caller.account.phone, text_field(frame, "id"))
        if message is None:
            raise SandboxError(404, "MESSAGE_NOT_FOUND", "the account sent no message of this id")
        return {
            "receipts": [
                {
                    "jid": self._accounts.in_chat(message.recipient, receipt.participant),
                    "delivered_ts": _seconds(receipt.delivered_ms),
                    "read_ts": _seconds(receipt.read_ms),
                    "played_ts": _seconds(receipt.played_ms),
                }
                for receipt in self._messages.receipts(message.no)
            ]
        }


def _seconds(instant_ms: int | None) -> int | None:
    return None if instant_ms is None else instant_ms // 1000
