"""What texts must look like, for the document: the domain checks them, so that both transports give its reasons."""

from typing import Any, Final

from application.idempotency.request_key import MAX_KEY
from application.media.draft import MAX_LINK
from application.messages.acceptance import MAX_REPLY_ID
from domain.contact_content import MAX_ENTRIES
from domain.group import INVITE_LINK
from domain.media import MAX_FILENAME
from domain.media_content import MAX_CAPTION
from domain.session import MAX_METADATA_ENTRIES, MAX_METADATA_KEY, MAX_METADATA_VALUE, MAX_NAME_CHARACTERS
from domain.suppression import MAX_STOP_WORD

type Form = dict[str, Any]

_ULID: Final = "[0-9A-HJKMNP-TV-Z]{26}"
_DIGITS: Final = r"\+?[ ().-]*[1-9]([ ().-]*[0-9]){6,14}[ ().-]*"
_USER: Final = r"[1-9][0-9]{6,14}(:[0-9]{1,5})?@(c\.us|s\.whatsapp\.net)|[0-9]{1,20}(:[0-9]{1,5})?@lid"
_GROUP: Final = r"[0-9]{5,32}(-[0-9]{1,20})?@g\.us"
_OTHER: Final = r"[0-9]{5,32}@(newsletter|broadcast)|status@broadcast"
_USERNAME: Final = r"@[A-Za-z0-9][A-Za-z0-9._]{2,29}"
# Not blank, and without what Python's isprintable refuses: separators but the space, controls, formats, unassigned.
_PRINTABLE: Final = r"^(?=.*[^ ])[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$"

SESSION_ID: Final[Form] = {"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"}
MESSAGE_ID: Final[Form] = {"pattern": f"^msg_{_ULID}$"}
REPLY_TO: Final[Form] = {"minLength": 1, "maxLength": MAX_REPLY_ID, "pattern": f"^((?!msg_)[ -~]*|msg_{_ULID})$"}
EVENT_ID: Final[Form] = {"pattern": f"^evt_{_ULID}$"}
MEDIA_ID: Final[Form] = {"pattern": f"^media_{_ULID}$"}
WEBHOOK_ID: Final[Form] = {"pattern": f"^whk_{_ULID}$"}
USER_ID: Final[Form] = {"pattern": f"^usr_{_ULID}$"}
API_KEY_ID: Final[Form] = {"pattern": f"^key_{_ULID}$"}
WORD: Final[Form] = {"pattern": "^[A-Za-z_]{1,64}$"}

PHONE: Final[Form] = {"pattern": f"^{_DIGITS}$", "maxLength": 80}
USER: Final[Form] = {"pattern": f"^({_DIGITS}|{_USER})$", "maxLength": 80}
RECIPIENT: Final[Form] = {"pattern": f"^({_DIGITS}|{_USER}|{_GROUP})$", "maxLength": 80}
CHAT: Final[Form] = {"pattern": f"^({_DIGITS}|{_USER}|{_GROUP}|{_OTHER})$", "maxLength": 80}
PERSON: Final[Form] = {"pattern": f"^({_DIGITS}|{_USER}|{_USERNAME})$", "maxLength": 80}
CALL_ID: Final[Form] = {"pattern": "^[ -~]{1,128}$"}
USERS: Final[Form] = {"items": {"type": "string", **USER}}
PERSONS: Final[Form] = {"items": {"type": "string", **PERSON}}

NOT_BLANK: Final[Form] = {"pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}
NAME: Final[Form] = {"minLength": 1, "maxLength": MAX_NAME_CHARACTERS, "pattern": _PRINTABLE}
PRINTABLE: Final[Form] = {"pattern": r"^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$"}
STOP_WORD: Final[Form] = {"minLength": 1, "maxLength": MAX_STOP_WORD, "pattern": _PRINTABLE}
METADATA: Final[Form] = {
    "maxProperties": MAX_METADATA_ENTRIES,
    "propertyNames": {"minLength": 1, "maxLength": MAX_METADATA_KEY, "pattern": r"^[^\u0000]*$"},
    "additionalProperties": {"type": "string", "maxLength": MAX_METADATA_VALUE, "pattern": r"^[^\u0000]*$"},
}
KEY: Final[Form] = {"minLength": 1, "maxLength": MAX_KEY, "pattern": "^[ -~]*$"}
FILENAME: Final[Form] = {
    "minLength": 1,
    "maxLength": MAX_FILENAME,
    "pattern": r"^(?=.*[^ ])(?!\.{1,2}$)(?!.*[/\\])[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$",
}
MIME_TYPE: Final[Form] = {"pattern": "^[a-z0-9][a-z0-9.+-]{0,62}/[a-z0-9][a-z0-9.+-]{0,62}$"}
LINK: Final[Form] = {"pattern": "^https?://[a-z0-9-]+(\\.[a-z0-9-]+)*\\.[a-z]{2,}(/[!-~]*)?$", "maxLength": MAX_LINK}
BASE64: Final[Form] = {
    "contentEncoding": "base64",
    "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$",
}
CAPTION: Final[Form] = {"maxLength": MAX_CAPTION, "pattern": r"^[^\u0000]*$"}
DIGITS: Final[Form] = {"pattern": "^[0-9]+$"}
CARD_TYPE: Final[Form] = {"pattern": "^-*[A-Za-z0-9][A-Za-z0-9-]*$", "maxLength": MAX_ENTRIES}
SEQUENCE: Final[Form] = {"pattern": "^[0-9]{1,18}$"}
GROUP_ID: Final[Form] = {"pattern": f"^{_GROUP}$", "maxLength": 80}
INVITE_CODE: Final[Form] = {"pattern": "^[A-Za-z0-9]{1,64}$"}
INVITE: Final[Form] = {"pattern": f"^{INVITE_LINK.pattern}$".replace("?P<code>", "")}
PRIVATE_INVITE_CODE: Final[Form] = {"pattern": "^[A-Za-z0-9_-]{8,64}$"}

PATH: Final[dict[str, Form]] = {
    "session_id": SESSION_ID,
    "message_id": MESSAGE_ID,
    "media_id": MEDIA_ID,
    "webhook_id": WEBHOOK_ID,
    "user_id": USER_ID,
    "key_id": API_KEY_ID,
    "chat_id": CHAT,
    "contact_id": USER,
    "person_id": PERSON,
    "call_id": CALL_ID,
    "group_id": GROUP_ID,
    "code": INVITE_CODE,
}
"""The parameters of paths, by name. A route with another one fails to be documented."""


def text(at_most: int) -> Form:
    """A text that isn't blank."""
    return {"minLength": 1, "maxLength": at_most, **NOT_BLANK}


def optional_text(at_most: int) -> Form:
    """A text that may be blank, or not be."""
    return {"maxLength": at_most, "pattern": r"^[^\u0000]*$"}


def given(name: str, **others: Form) -> Form:
    """Of an object: that this property is there, and isn't null."""
    return {"properties": {name: {"not": {"type": "null"}}, **others}, "required": [name]}


def at_least_one(schema: dict[str, Any]) -> None:
    """Of a model: that something is given at all."""
    schema["anyOf"] = [given(name) for name in schema["properties"]]
