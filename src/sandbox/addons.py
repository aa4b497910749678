"""Add-ons: messages that say something of another one. Who may send which, and until when."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.clock import now_ms
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxError, bad_request
from sandbox.event_edits import check_event
from sandbox.frames import MAX_TEXT, Json
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.addons import AddonKind, AddonStore
from sandbox.store.messages import MessageStore, StoredMessage

PIN: Final = 1
UNPIN: Final = 2

_FORMS: Final = {
    ("reaction", None): (AddonKind.REACTION, "reactionParentKey"),
    ("protocol", "message_edit"): (AddonKind.EDIT, "protocolMessageKey"),
    ("protocol", "sender_revoke"): (AddonKind.REVOKE, "protocolMessageKey"),
    ("protocol", "admin_revoke"): (AddonKind.REVOKE, "protocolMessageKey"),
    ("poll_update", None): (AddonKind.VOTE, "pollUpdateParentKey"),
    ("rsvp", None): (AddonKind.RESPONSE, "rsvpParentKey"),
    ("pinned_message", None): (AddonKind.PIN, "pinParentKey"),
}
"""By type and subtype: the kind, and the attribute that names the message it is about."""
_SUBTYPED: Final = frozenset({"protocol"})
_WITH_CAPTION: Final = frozenset({"image", "video", "document"})
RESPONSES: Final = {"none": 0, "going": 1, "not_going": 2, "maybe": 3}
"""Answers to an invitation, by whatsapp-web.js's numbers of them (`Client.sendResponseToScheduledEvent`)."""
_LONGEST_REACTION: Final = 64

type IsAdmin = Callable[[str, str], bool]
"""Whether a number is an admin of a group."""


@dataclass(frozen=True, slots=True)
class Addon:
    """What a content does to which message."""

    kind: AddonKind
    target: StoredMessage


class Addons:
    """Checks add-ons by WhatsApp's rules, as data of the configuration and the sandbox's clock have them.

    Attributes:
        is_admin: Set by the groups' part; without groups nobody is one.
    """

    def __init__(
        self, config: SandboxConfig, accounts: AccountStore, messages: MessageStore, addons: AddonStore
    ) -> None:
        self.is_admin: IsAdmin = lambda _group, _phone: False
        self._config = config
        self._accounts = accounts
        self._messages = messages
        self._addons = addons
        self._rules: dict[AddonKind, Callable[[str, Json, StoredMessage], None]] = {
            AddonKind.REACTION: self._check_reaction,
            AddonKind.EDIT: self._check_edit,
            AddonKind.REVOKE: self._check_revoke,
            AddonKind.VOTE: self._check_vote,
            AddonKind.RESPONSE: _check_response,
            AddonKind.PIN: self._check_pin,
        }

    def check(self, sender: Account, chat: str, content: Json) -> Addon | None:
        """What `content` does to another message of the chat; None when it is a message by itself.

        Args:
            sender: Who sends it.
            chat: The other account's number, or the group.
            content: As it came.

        Raises:
            SandboxError: 400 malformed; 404 `MESSAGE_NOT_FOUND` when there is no such message in the chat, or it was
                deleted for everyone; 403 `NOT_ALLOWED`; 410 `TOO_LATE`.
        """
        kind_of = content["type"]
        form = _FORMS.get((kind_of, content.get("subtype") if kind_of in _SUBTYPED else None))
        if form is None:
            return None
        kind, attribute = form
        target = self._target(chat, sender, content.get(attribute), attribute)
        # Once more deleted is as deleted as before.
        if self._addons.is_revoked(target.no) and kind is not AddonKind.REVOKE:
            raise _not_found()
        self._rules[kind](sender.phone, content, target)
        return Addon(kind, target)

    def keep(self, message: StoredMessage, addon: Addon) -> None:
        """Note a checked add-on that is now a message."""
        self._addons.keep(message, addon.target, addon.kind)

    def _target(self, chat: str, sender: Account, key: object, attribute: str) -> StoredMessage:
        if not isinstance(key, dict) or not isinstance(key.get("id"), str):
            raise bad_request(f"{attribute} is an object with the id and the participant of a message")
        author = self._accounts.who_was(key.get("participant")).phone
        target = self._messages.sent_by(author, key["id"])
        if target is None or self._addons.is_one(target.no) or not _in_chat(target, chat, sender.phone):
            raise _not_found()
        return target

    def _check_reaction(self, _sender: str, content: Json, _target: StoredMessage) -> None:
        text = content.get("reactionText")
        if not isinstance(text, str) or len(text) > _LONGEST_REACTION:
            raise bad_request(
                f"reactionText is a text of at most {_LONGEST_REACTION} characters; empty to take it back"
            )

    def _check_edit(self, sender: str, content: Json, target: StoredMessage) -> None:
        if target.sender != sender:
            raise _not_allowed("only one's own messages can be edited")
        kind = target.content["type"]
        if kind == "event_creation":
            self._check_event_edit(content, target)
            return
        attribute = "caption" if kind in _WITH_CAPTION else "body"
        text = content.get(attribute)
        if kind != "chat" and kind not in _WITH_CAPTION:
            raise _not_allowed("only texts, captions and events can be edited")
        if not isinstance(text, str) or not text or len(text) > MAX_TEXT:
            raise bad_request(f"{attribute} is a text of 1 to {MAX_TEXT} characters")
        self._check_age(target, self._config.edit_window_ms)

    def _check_event_edit(self, content: Json, target: StoredMessage) -> None:
        # "Once the scheduled event is canceled, it can not be edited" (whatsapp-web.js, `Message.editScheduledEvent`).
        edits = (each for kind, each in self._addons.of(target.no, target.sender) if kind is AddonKind.EDIT)
        if any(each.content.get("isEventCanceled") is True for each in (target, *edits)):
            raise _not_allowed("a canceled event can't be edited")
        check_event(content)

    def _check_revoke(self, sender: str, content: Json, target: StoredMessage) -> None:
        if content["subtype"] == "admin_revoke":
            if not self.is_admin(target.recipient, sender):
                raise _not_allowed("only an admin of the group can delete another one's message")
        elif target.sender != sender:
            raise _not_allowed("only one's own messages can be deleted for everyone")
        self._check_age(target, self._config.revoke_window_ms)

    def _check_vote(self, _sender: str, content: Json, target: StoredMessage) -> None:
        if target.content["type"] != "poll_creation":
            raise bad_request("only a poll can be voted in")
        chosen = content.get("selectedOptionLocalIds")
        if not isinstance(chosen, list) or not all(type(each) is int for each in chosen):
            raise bad_request("selectedOptionLocalIds is a list of the localIds of options")
        if len(set(chosen)) != len(chosen) or not set(chosen) <= set(options_of(target.content)):
            raise bad_request("selectedOptionLocalIds names options of the poll, each at most once")
        most = target.content.get("pollSelectableOptionsCount")
        if isinstance(most, int) and 0 < most < len(chosen):
            raise bad_request(f"at most {most} options of this poll can be chosen")

    def _check_pin(self, _sender: str, content: Json, _target: StoredMessage) -> None:
        what, seconds = content.get("pinMessageType"), content.get("pinExpiryDuration")
        if what not in (PIN, UNPIN):
            raise bad_request("pinMessageType is 1 to pin and 2 to unpin")
        if what == PIN and (
            not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= self._config.longest_pin_s
        ):
            raise bad_request(f"pinExpiryDuration is from 1 to {self._config.longest_pin_s} seconds")

    @staticmethod
    def _check_age(target: StoredMessage, window_ms: int) -> None:
        if now_ms() - target.sent_ms > window_ms:
            raise SandboxError(410, "TOO_LATE", "the message is too old for that")


def _check_response(_sender: str, content: Json, target: StoredMessage) -> None:
    if target.content["type"] != "event_creation":
        raise bad_request("only an invitation to an event can be answered")
    if type(content.get("rsvp")) is not int or content["rsvp"] not in RESPONSES.values():
        raise bad_request(f"rsvp is a number of {sorted(RESPONSES.values())}")


def options_of(poll: Json) -> dict[int, str]:
    """A poll's options by their localId."""
    options: Any = poll.get("pollOptions")
    return {
        option["localId"]: option["name"]
        for option in (options if isinstance(options, list) else ())
        if isinstance(option, dict) and isinstance(option.get("localId"), int) and isinstance(option.get("name"), str)
    }


def _in_chat(message: StoredMessage, chat: str, viewer: str) -> bool:
    if not chat.isdecimal():  # a group: everybody's messages are addressed to it
        return message.recipient == chat
    return {message.sender, message.recipient} == {chat, viewer}


def _not_found() -> SandboxError:
    return SandboxError(404, "MESSAGE_NOT_FOUND", "there is no such message in this chat")


def _not_allowed(message: str) -> SandboxError:
    return SandboxError(403, "NOT_ALLOWED", message)
