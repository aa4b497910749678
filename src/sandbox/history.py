"""The history that a device gets once after it was linked."""

from itertools import batched
from typing import TYPE_CHECKING, Final

from sandbox.frames import Json
from sandbox.store.accounts import Account

if TYPE_CHECKING:
    from sandbox.core import Core

_CHATS: Final = 200
_PER_CHAT: Final = 100
_PER_FRAME: Final = 100


def chats_of(core: "Core", account: Account) -> list[str]:
    """The keys of an account's chats, the latest active first, then those that were emptied."""
    active = core.messages.chats(account.phone)
    held = set(active)
    return [*active, *(key for key in core.chat_states.chats(account.phone) if key not in held)]


def _identity(core: "Core", account: Account, key: str) -> Json:
    """What a chat is: with whom, or in which group. Who has left a group keeps the chat and what they saw of it."""
    group = core.groups.find(key)
    if group is None:
        peer = core.accounts.get(key)
        return {"id": peer.address, "peer_lid": peer.lid, "name": peer.name}
    member = account.phone in group.members
    view = core.group_views.group(group, account.phone) if member else core.group_views.summary(group)
    return {"id": group.jid, "peer_lid": None, "name": group.subject, "group": view}


def history_frames(core: "Core", account: Account) -> list[Json]:
    """The `history` frames of an account: chats and contacts in the first, messages in parts, oldest first.

    There is always at least one, and the last says progress 100. Holds the newest 100 messages of the 200 chats that
    were active last; `more` says of a chat that the phone has older ones.
    """
    chats: list[Json] = []
    views: list[Json] = []
    people: dict[str, Json] = {}
    for key in chats_of(core, account)[:_CHATS]:
        newest = core.messages.newest(account.phone, key, _PER_CHAT + 1)
        chats.append(
            {
                **_identity(core, account, key),
                "unread": 0 if key == account.phone else len(core.messages.unread_in(account.phone, key)),
                "ts": newest[-1].sent_ms // 1000 if newest else 0,
                "more": len(newest) > _PER_CHAT,
                "state": core.chat_states.get(account.phone, key).as_json(),
            }
        )
        peer = core.accounts.find(key)
        if peer is not None:
            people[peer.lid] = core.people.view(account, peer)
        views += [core.fold.history_view(account.phone, message) for message in newest[-_PER_CHAT:]]
    for view in core.people.book(account):
        people.setdefault(view["lid"], view)
    views.sort(key=lambda view: view["ts"])
    parts = [list(part) for part in batched(views, _PER_FRAME)] or [[]]
    return [
        {
            "t": "history",
            "chats": chats if number == 1 else [],
            "contacts": list(people.values()) if number == 1 else [],
            "messages": part,
            "progress": number * 100 // len(parts),
        }
        for number, part in enumerate(parts, start=1)
    ]
