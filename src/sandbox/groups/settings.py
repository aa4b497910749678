"""What a group shows of itself and how it is run: subject, description, picture, settings."""

import base64
import binascii
from typing import Any, Final

from sandbox.clock import now_ms
from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json, text_field
from sandbox.groups.announcer import Announcer
from sandbox.groups.rules import CONFLICT, require_admin, require_editor
from sandbox.operations import Caller, Operations
from sandbox.store.groups import GroupStore
from sandbox.store.people import PeopleStore

# WhatsApp's own pages allow as much; its Help Center gives 100 characters for a subject.
LONGEST_SUBJECT: Final = 100
LONGEST_DESCRIPTION: Final = 2048
_LARGEST_PICTURE: Final = 512 * 1024
_JPEG: Final = b"\xff\xd8\xff"
_EPHEMERAL: Final = (0, 86_400, 604_800, 7_776_000)
"""WhatsApp's Help Center, "About disappearing messages": off, 24 hours, 7 days, 90 days."""
_SUBTYPES: Final = {
    "announce": "announce",
    "restrict": "restrict",
    "member_add": "member_add_mode",
    "approval": "membership_approval_mode",
    "ephemeral_s": "ephemeral",
}


def subject_of(value: object) -> str:
    """A group's subject, checked.

    Raises:
        SandboxError: 400.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_SUBJECT:
        raise bad_request(f"subject is a text of 1 to {LONGEST_SUBJECT} characters")
    return value


def new_settings(value: object) -> dict[str, Any]:
    """The settings that a new group is given, checked.

    Raises:
        SandboxError: 400.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_request("settings is an object")
    return {name: setting_of(name, each) for name, each in value.items()}


def setting_of(name: object, value: Any) -> Any:
    """The value of a setting, checked.

    Raises:
        SandboxError: 400.
    """
    if name not in _SUBTYPES:
        raise bad_request(f"a setting is one of: {', '.join(_SUBTYPES)}")
    if name == "member_add":
        if value not in ("admin", "all"):
            raise bad_request("member_add is admin or all")
    elif name == "ephemeral_s":
        if isinstance(value, bool) or value not in _EPHEMERAL:
            raise bad_request(f"ephemeral_s is one of: {', '.join(str(each) for each in _EPHEMERAL)}")
    elif not isinstance(value, bool):
        raise bad_request(f"{name} is true or false")
    return value


class GroupSettings:
    """Changes what a group shows of itself, by whoever may."""

    def __init__(self, groups: GroupStore, pictures: PeopleStore, announcer: Announcer) -> None:
        self._groups = groups
        self._pictures = pictures
        self._announcer = announcer
        self.operations: Operations = {
            "group_subject": self.set_subject,
            "group_description": self.set_description,
            "group_picture": self.set_picture,
            "group_setting": self.set_setting,
        }

    def set_subject(self, caller: Caller, frame: Json) -> Json:
        """Give a group another subject.

        Raises:
            SandboxError: 400 malformed; 403 `NOT_GROUP_MEMBER` or `NOT_GROUP_ADMIN`; 404 `GROUP_NOT_FOUND`.
        """
        group = self._groups.get(frame.get("group"))
        require_editor(group, caller.account.phone)
        subject = subject_of(frame.get("subject"))
        at_ms = now_ms()
        group = self._groups.change(group, subject=subject, subject_by=caller.account.phone, subject_ms=at_ms)
        action = {"type": "subject", "subject": subject, "ts": at_ms // 1000}
        self._announcer.announce(group, caller.account, "subject", action, body=subject)
        return {}

    def set_description(self, caller: Caller, frame: Json) -> Json:
        """Give a group another description, or none; `previous` is the id of the one that it replaces.

        Raises:
            SandboxError: As `set_subject`; 409 `CONFLICT` when somebody else has changed it meanwhile.
        """
        group = self._groups.get(frame.get("group"))
        require_editor(group, caller.account.phone)
        text = frame.get("description")
        if not isinstance(text, str) or len(text) > LONGEST_DESCRIPTION:
            raise bad_request(f"description is a text of at most {LONGEST_DESCRIPTION} characters")
        identifier = text_field(frame, "id", longest=64)
        if (frame.get("previous") or None) != group.description_id:
            raise SandboxError(CONFLICT, "CONFLICT", "the description was changed meanwhile")
        at_ms = now_ms()
        group = self._groups.change(
            group,
            description=text,
            description_id=identifier if text else None,
            description_by=caller.account.phone,
            description_ms=at_ms,
        )
        action = {"type": "desc", "description": text, "id": group.description_id, "ts": at_ms // 1000}
        self._announcer.announce(group, caller.account, "description", action, body=text)
        return {}

    def set_picture(self, caller: Caller, frame: Json) -> Json:
        """Give a group another picture: a JPEG in base64; null takes it away.

        Raises:
            SandboxError: As `set_subject`; 406 `NOT_A_PICTURE`.
        """
        group = self._groups.get(frame.get("group"))
        require_editor(group, caller.account.phone)
        before, given = group.picture, frame.get("picture")
        data = None if given is None else _picture_of(given)
        picture = None if data is None else self._pictures.keep_picture("image/jpeg", data)
        group = self._groups.change(group, picture=picture)
        if before is not None:
            self._pictures.drop_picture(before)
        body = None if picture is None else picture
        self._announcer.announce(group, caller.account, "picture", {"type": "picture", "picture": picture}, body=body)
        return {"picture": picture}

    def set_setting(self, caller: Caller, frame: Json) -> Json:
        """Change one of the settings; to set what is set already tells nobody.

        Raises:
            SandboxError: 400 malformed; 403 `NOT_GROUP_MEMBER` or `NOT_GROUP_ADMIN`; 404 `GROUP_NOT_FOUND`.
        """
        group = self._groups.get(frame.get("group"))
        name = text_field(frame, "name", longest=32)
        value = setting_of(name, frame.get("value"))
        if name == "ephemeral_s":
            require_editor(group, caller.account.phone)
        else:
            require_admin(group, caller.account.phone)
        if getattr(group, name) == value:
            return {}
        changes: dict[str, Any] = {name: value}
        if name == "approval" and not value:
            # Who waited for an admin waits for nobody now; they ask again.
            changes["requests"] = {}
        group = self._groups.change(group, **changes)
        action = {"type": _SUBTYPES[name], "name": name, "value": value}
        body = {True: "on", False: "off"}.get(value, str(value))
        self._announcer.announce(group, caller.account, _SUBTYPES[name], action, body=body)
        return {}


def _picture_of(given: object) -> bytes:
    try:
        data = base64.b64decode(given, validate=True) if isinstance(given, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data.startswith(_JPEG) or len(data) > _LARGEST_PICTURE:
        raise SandboxError(406, "NOT_A_PICTURE", f"picture is a JPEG of at most {_LARGEST_PICTURE} bytes, in base64")
    return data
