"""The history that a device gets once after it was linked."""

from itertools import batched
from typing import Final

from sandbox.frames import Json
from sandbox.router import message_view
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.messages import MessageStore

_CHATS: Final = 200
_PER_CHAT: Final = 100
_PER_FRAME: Final = 100


def history_frames(account: Account, accounts: AccountStore, messages: MessageStore) -> list[Json]:
    """The `history` frames of an account: chats and contacts in the first, messages in parts, oldest first.

    There is always at least one, and the last says progress 100. Holds the newest 100 messages of the 200 chats that
    were active last.
    """
    chats: list[Json] = []
    contacts: list[Json] = []
    views: list[Json] = []
    for number in messages.chats(account.phone)[:_CHATS]:
        peer = accounts.get(number)
        newest = messages.newest(account.phone, number, _PER_CHAT)
        unread = 0 if peer.phone == account.phone else len(messages.unread_in(account.phone, number))
        last = newest[-1].sent_ms // 1000
        chats.append({"id": peer.jid, "peer_lid": peer.lid, "name": peer.name, "unread": unread, "ts": last})
        contacts.append({"jid": peer.jid, "lid": peer.lid, "name": peer.name})
        views += [
            {**message_view(message, account.phone, accounts), "ack": messages.ack(message.no)} for message in newest
        ]
    views.sort(key=lambda view: view["ts"])
    parts = [list(part) for part in batched(views, _PER_FRAME)] or [[]]
    return [
        {
            "t": "history",
            "chats": chats if number == 1 else [],
            "contacts": contacts if number == 1 else [],
            "messages": part,
            "progress": number * 100 // len(parts),
        }
        for number, part in enumerate(parts, start=1)
    ]
