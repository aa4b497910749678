"""Invitations to events: what an edit of one carries, and the content after it."""

from typing import Any, Final

from sandbox.errors import bad_request
from sandbox.frames import MAX_TEXT, Json

_EVENT: Final = (
    "eventName",
    "eventDescription",
    "eventStartTime",
    "eventEndTime",
    "eventLocation",
    "eventJoinLink",
    "isEventCanceled",
)
"""All that an event is: an edit gives it anew, and what it lacks the event has no more."""


def check_event(content: Json) -> None:
    """Check the event that an edit gives.

    Raises:
        SandboxError: 400 malformed.
    """
    name, description = content.get("eventName"), content.get("eventDescription", "")
    if not isinstance(name, str) or not name or len(name) > MAX_TEXT:
        raise bad_request(f"eventName is a text of 1 to {MAX_TEXT} characters")
    if not isinstance(description, str) or len(description) > MAX_TEXT:
        raise bad_request(f"eventDescription is a text of at most {MAX_TEXT} characters")
    start: Any = content.get("eventStartTime")
    end: Any = content.get("eventEndTime", start)
    for attribute, time in (("eventStartTime", start), ("eventEndTime", end)):
        if type(time) is not int or time <= 0:
            raise bad_request(f"{attribute} is a time in Unix seconds")
    if start > end:
        raise bad_request("an event doesn't end before it starts")
    if not isinstance(content.get("eventLocation", {}), dict):
        raise bad_request("eventLocation is an object")
    if not isinstance(content.get("eventJoinLink", ""), str):
        raise bad_request("eventJoinLink is a text")
    if not isinstance(content.get("isEventCanceled", False), bool):
        raise bad_request("isEventCanceled is true or false")


def edited_event(content: Json, edit: Json) -> Json:
    """An invitation after an edit."""
    kept = {name: value for name, value in content.items() if name not in _EVENT}
    return kept | {name: edit[name] for name in _EVENT if name in edit}
