"""Messages as a phone shows them: with what was done to them."""

from collections.abc import Iterable
from typing import Final

from sandbox.addons import PIN, RESPONSES, options_of
from sandbox.addresses import user_jid
from sandbox.clock import now_ms
from sandbox.event_edits import edited_event
from sandbox.frames import Json
from sandbox.router import message_view
from sandbox.store.accounts import AccountStore
from sandbox.store.addons import AddonKind, AddonStore
from sandbox.store.messages import MessageStore, StoredMessage

REVOKED: Final[Json] = {"type": "revoked"}
"""What is left of a message that was deleted for everyone."""

type _Done = list[StoredMessage]


class Fold:
    """Puts what was done to messages on them."""

    def __init__(self, accounts: AccountStore, messages: MessageStore, addons: AddonStore) -> None:
        self._accounts = accounts
        self._messages = messages
        self._addons = addons

    def view(self, viewer: str, message: StoredMessage) -> Json:
        """What was done to a message as the phone of `viewer` shows it, and the content that it has by that."""
        done = self._done(viewer, message)
        revoke = next(iter(done[AddonKind.REVOKE]), None)
        if revoke is not None:
            told = {"by": user_jid(revoke.sender), "ts": revoke.sent_ms // 1000, "id": revoke.id}
            return {**_NOTHING, "content": REVOKED, "revoked": told}
        edits = done[AddonKind.EDIT]
        content = edited(message.content, edits)
        votes = self._votes(content, done[AddonKind.VOTE])
        return {
            "content": content,
            "revoked": None,
            "edits": [_edit(edit) for edit in edits],
            "reactions": [
                {
                    "from": user_jid(reaction.sender),
                    "emoji": reaction.content["reactionText"],
                    "ts": reaction.sent_ms // 1000,
                    "id": reaction.id,
                }
                for reaction in _last_of_each(done[AddonKind.REACTION])
                if reaction.content["reactionText"]
            ],
            "votes": votes,
            "responses": _responses(done[AddonKind.RESPONSE]),
            "results": {
                name: sum(name in vote["options"] for vote in votes)
                for name in (options_of(content).values() if content["type"] == "poll_creation" else ())
            },
            "pinned": pin_of(done[AddonKind.PIN]),
            "starred": self._addons.is_starred(viewer, message.no),
        }

    def history_view(self, viewer: str, message: StoredMessage) -> Json:
        """A message as the phone gives it to a device that is new: with its ack and what was done to it."""
        done = self._done(viewer, message)
        view = {**message_view(message, viewer, self._accounts), "ack": self._messages.ack(message.no)}
        kept = [each for kind in AddonKind for each in done[kind]]
        if done[AddonKind.REVOKE]:
            view["content"] = REVOKED
            kept = done[AddonKind.REVOKE][:1]
        kept.sort(key=lambda each: each.no)
        view["addons"] = [
            {**message_view(each, viewer, self._accounts), "ack": self._messages.ack(each.no)} for each in kept
        ]
        view["starred"] = self._addons.is_starred(viewer, message.no)
        return view

    def _done(self, viewer: str, message: StoredMessage) -> dict[AddonKind, _Done]:
        done: dict[AddonKind, _Done] = {kind: [] for kind in AddonKind}
        for kind, addon in self._addons.of(message.no, viewer):
            done[kind].append(addon)
        return done

    @staticmethod
    def _votes(poll: Json, votes: _Done) -> list[Json]:
        options = options_of(poll)
        return [
            {
                "from": user_jid(vote.sender),
                "options": [options[each] for each in vote.content["selectedOptionLocalIds"]],
                "ts": vote.sent_ms // 1000,
                "id": vote.id,
            }
            for vote in _last_of_each(votes)
            if vote.content["selectedOptionLocalIds"]
        ]


_NOTHING: Final[Json] = {
    "edits": [],
    "reactions": [],
    "votes": [],
    "responses": [],
    "results": {},
    "pinned": None,
    "starred": False,
}


def _edit(edit: StoredMessage) -> Json:
    said = edit.content
    text = next((said[name] for name in ("body", "caption", "eventName") if name in said), None)
    return {"id": edit.id, "ts": edit.sent_ms // 1000, "body": text}


def edited(content: Json, edits: Iterable[StoredMessage]) -> Json:
    """A content after its edits: another text or caption, other mentions, another event; the rest stays."""
    for edit in edits:
        if content["type"] == "event_creation":
            content = edited_event(content, edit.content)
            continue
        attribute = "body" if content["type"] == "chat" else "caption"
        content = {**content, attribute: edit.content[attribute]}
        content.pop("mentions", None)
        if edit.content.get("mentions"):
            content["mentions"] = edit.content["mentions"]
    return content


def _responses(responses: _Done) -> list[Json]:
    names = {number: name for name, number in RESPONSES.items()}
    return [
        {
            "from": user_jid(response.sender),
            "response": names[response.content["rsvp"]],
            "ts": response.sent_ms // 1000,
            "id": response.id,
        }
        for response in _last_of_each(responses)
        if response.content["rsvp"] != RESPONSES["none"]
    ]


def pin_of(pins: _Done) -> Json | None:
    """Who pinned a message last and until when; None when it isn't pinned, or not any more."""
    if not pins or pins[-1].content["pinMessageType"] != PIN:
        return None
    last = pins[-1]
    until_ms = last.sent_ms + last.content["pinExpiryDuration"] * 1000
    if until_ms <= now_ms():
        return None
    return {"by": user_jid(last.sender), "ts": last.sent_ms // 1000, "until": until_ms // 1000, "id": last.id}


def _last_of_each(done: _Done) -> _Done:
    """The newest of each sender; a new one takes the place of the last."""
    return sorted({each.sender: each for each in done}.values(), key=lambda each: each.no)
