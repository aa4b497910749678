"""The fields of an account that say what it shows of itself."""

import re
from typing import Any, Final

from sandbox.clock import now_ms
from sandbox.errors import bad_request
from sandbox.frames import Json
from sandbox.store.accounts import Account
from sandbox.store.profile import Audience

PROFILE_FIELDS: Final = (
    "addressing", "hide_phone", "username", "about", "business", "last_seen", "last_seen_online", "show_about",
    "show_picture", "groups_add",
)  # fmt: skip
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._]{2,29}", re.IGNORECASE | re.ASCII)
_LONGEST_ABOUT: Final = 139
_CHOICES: Final = {
    "addressing": ("phone", "lid"),
    "last_seen_online": ("all", "same"),
    "last_seen": tuple(Audience),
    "show_about": tuple(Audience),
    "show_picture": tuple(Audience),
    "groups_add": tuple(Audience),
}


def profile_view(account: Account) -> Json:
    """An account's profile on the control API."""
    profile = account.profile.as_json()
    profile["last_seen_online"] = profile.pop("online")
    return profile


def profile_changes(body: dict[str, Any]) -> dict[str, Any]:
    """Take the profile's fields out of a request's body, checked, by their names in `Profile`.

    Raises:
        SandboxError: 400.
    """
    given: dict[str, Any] = {name: body.pop(name) for name in PROFILE_FIELDS if name in body}
    for name, choices in _CHOICES.items():
        if name in given and given[name] not in choices:
            raise bad_request(f"{name} is one of: {', '.join(choices)}")
    if "hide_phone" in given and not isinstance(given["hide_phone"], bool):
        raise bad_request("hide_phone is true or false")
    username = given.get("username")
    if username is not None and (not isinstance(username, str) or not _USERNAME.fullmatch(username)):
        raise bad_request("username is null or 3 to 30 letters, digits, dots and underscores")
    about = given.get("about", "")
    if not isinstance(about, str) or len(about) > _LONGEST_ABOUT:
        raise bad_request(f"about is a text of at most {_LONGEST_ABOUT} characters")
    if given.get("business") is not None and not isinstance(given["business"], dict):
        raise bad_request("business is null or an object, e.g. description, email, website, categories")
    if "about" in given:
        given["about_ms"] = now_ms()
    if "last_seen_online" in given:
        given["online"] = given.pop("last_seen_online")
    return given
