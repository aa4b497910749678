"""Contents that are no files: as a client gives and gets them over REST, and as phones hold and send them."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, override

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A content.

    Attributes:
        content: in REST's form, without what is absent.
        wire: what phones show of it at least, and send.
    """

    name: str
    kind: str
    content: Any
    wire: Json = field(repr=False)

    @override
    def __str__(self) -> str:
        return self.name


_STARTS, _ENDS = "2030-05-01T18:00:00Z", "2030-05-01T20:00:00Z"
_STARTS_S, _ENDS_S = 1_903_888_800, 1_903_896_000
_OLGA = """BEGIN:VCARD
VERSION:3.0
N:Bö;Olga;;;
FN:Olga Bö
ORG:Bakery;
TEL;type=CELL;waid=15550001:+1 555 0001
END:VCARD"""
_ROB = """BEGIN:VCARD
VERSION:3.0
N:;Rob;;;
FN:Rob
END:VCARD"""
_OLGA_CARD = {
    "name": {"formatted_name": "Olga Bö", "first_name": "Olga", "last_name": "Bö"},
    "phones": [{"phone": "+1 555 0001", "type": "CELL", "wa_id": "15550001"}],
    "org": {"company": "Bakery"},
}
_ROB_CARD = {"name": {"formatted_name": "Rob", "first_name": "Rob"}}
_ROWS = [{"id": "t", "title": "Tea", "description": "green"}, {"id": "c", "title": "Coffee"}]
LIST = Case(
    "list",
    "interactive",
    {
        "type": "list",
        "header": {"type": "text", "text": "Bar"},
        "body": {"text": "Choose"},
        "footer": {"text": "Open late"},
        "action": {"button": "Menu", "sections": [{"title": "Drinks", "rows": _ROWS}]},
    },
    {
        "type": "list",
        "list": {
            "title": "Bar",
            "description": "Choose",
            "footerText": "Open late",
            "buttonText": "Menu",
            "listType": 1,
            "sections": [
                {
                    "title": "Drinks",
                    "rows": [
                        {"rowId": "t", "title": "Tea", "description": "green"},
                        {"rowId": "c", "title": "Coffee", "description": ""},
                    ],
                }
            ],
        },
    },
)
BUTTONS = Case(
    "buttons",
    "interactive",
    {
        "type": "button",
        "body": {"text": "Coming?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]},
    },
    {"type": "chat", "body": "Coming?", "buttons": [{"selectionId": "y", "displayText": "Yes"}]},
)
CASES = (
    Case(
        "location",
        "location",
        {"latitude": 52.52, "longitude": 13.405, "name": "Alex", "address": "Berlin"},
        {"type": "location", "lat": 52.52, "lng": 13.405, "loc": "Alex\nBerlin"},
    ),
    Case(
        "a contact",
        "contacts",
        [_OLGA_CARD],
        {"type": "vcard", "vcardFormattedName": "Olga Bö", "body": _OLGA},
    ),
    Case(
        "contacts",
        "contacts",
        [_OLGA_CARD, _ROB_CARD],
        {
            "type": "multi_vcard",
            "vcardList": [{"displayName": "Olga Bö", "vcard": _OLGA}, {"displayName": "Rob", "vcard": _ROB}],
        },
    ),
    Case(
        "poll",
        "poll",
        {"question": "Which one?", "options": ["red", "green", "blue"], "selectable": 2},
        {
            "type": "poll_creation",
            "pollName": "Which one?",
            "pollOptions": [{"name": name, "localId": place} for place, name in enumerate(("red", "green", "blue"))],
            "pollSelectableOptionsCount": 2,
        },
    ),
    Case(
        "event",
        "event",
        {
            "name": "Picnic",
            "description": "Bring cake",
            "start_time": _STARTS,
            "end_time": _ENDS,
            "location": {"latitude": 52.5, "longitude": 13.4, "name": "Park", "address": "Berlin"},
        },
        {
            "type": "event_creation",
            "eventName": "Picnic",
            "eventDescription": "Bring cake",
            "eventStartTime": _STARTS_S,
            "eventEndTime": _ENDS_S,
            "eventLocation": {"degreesLatitude": 52.5, "degreesLongitude": 13.4, "name": "Park", "address": "Berlin"},
            "isEventCanceled": False,
        },
    ),
    Case(
        "group invite",
        "group_invite",
        {
            "group_id": "120363000000000000@g.us",
            "code": "AbCdEf0123",
            "group_name": "Hikers",
            "caption": "Come along",
            "expires_at": _STARTS,
        },
        {
            "type": "groups_v4_invite",
            "inviteGrp": "120363000000000000@g.us",
            "inviteGrpName": "Hikers",
            "inviteCode": "AbCdEf0123",
            "inviteCodeExp": _STARTS_S,
            "comment": "Come along",
        },
    ),
    LIST,
    BUTTONS,
)
"""What goes and comes alike."""
GROUP_LINK = Case(
    "group link",
    "group_invite",
    {"group_id": "120363000000000000@g.us", "code": "AbCdEf0123", "group_name": "Hikers", "caption": "Come along"},
    {
        "type": "chat",
        "subtype": "url",
        "inviteGrpType": "DEFAULT",
        "body": "Come along\nhttps://chat.whatsapp.com/AbCdEf0123",
        "matchedText": "https://chat.whatsapp.com/AbCdEf0123",
        "title": "Hikers",
    },
)
"""An invitation that doesn't expire is a text with the group's link, and comes as one."""
OUTBOUND = (*CASES, GROUP_LINK)
PREVIEW = Case(
    "link preview",
    "text",
    {
        "body": "see https://example.org/page",
        "preview": {
            "url": "https://example.org/page",
            "title": "A page",
            "description": "of ours",
            "thumbnail": b64encode(b"jpeg").decode(),
        },
    },
    {
        "type": "chat",
        "body": "see https://example.org/page",
        "subtype": "url",
        "matchedText": "https://example.org/page",
        "title": "A page",
        "description": "of ours",
        "thumbnail": b64encode(b"jpeg").decode(),
    },
)
CALL = Case(
    "event with a call",
    "event",
    {"name": "Talk", "start_time": _STARTS, "call": "video"},
    {
        "type": "event_creation",
        "eventName": "Talk",
        "eventDescription": " ",
        "eventStartTime": _STARTS_S,
        "eventJoinLink": "https://call.whatsapp.com/video/AbCdEf",
        "isEventCanceled": False,
    },
)
REPLY_BUTTONS = Case(
    "reply buttons",
    "interactive",
    {
        "type": "button",
        "header": {"type": "text", "text": "Saturday"},
        "body": {"text": "Coming?"},
        "footer": {"text": "Bring cake"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]},
    },
    {
        "type": "chat",
        "body": "Coming?",
        "title": "Saturday",
        "footer": "Bring cake",
        "dynamicReplyButtons": [{"buttonId": "y", "buttonText": {"displayText": "Yes"}, "type": 1}],
    },
)
"""As whatsapp-web.js makes them."""
INBOUND = (*CASES, PREVIEW, CALL, REPLY_BUTTONS)


def present(value: Any) -> Any:
    """Without what is absent, which transports say in ways of their own: null, false, nothing, or not at all."""
    if isinstance(value, dict):
        kept = {name: present(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in (None, "", [], {}) and each is not False}
    return [present(each) for each in value] if isinstance(value, list) else value


def part(whole: Any, like: Any) -> Any:
    """Of a value only what another one has."""
    if isinstance(whole, dict) and isinstance(like, dict):
        return {name: part(whole[name], each) for name, each in like.items() if name in whole}
    if isinstance(whole, list) and isinstance(like, list) and len(whole) == len(like):
        return [part(*both) for both in zip(whole, like, strict=True)]
    return whole
