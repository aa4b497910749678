"""Contents as the sandbox's phones send them: the page's own attributes, as other people's apps make them."""

import base64
from typing import Any

from domain.contact_content import Contacts
from domain.content import Content, Text
from domain.event_content import EventInvitation
from domain.group_invite_content import GroupInvite
from domain.interactive_content import Interactive, InteractiveReply, ListMenu
from domain.location_content import Location
from domain.poll_content import Poll
from domain.vcard import write_vcard

type Json = dict[str, Any]


def wire_content(content: Content) -> Json:
    """A content on the sandbox's wire.

    Raises:
        AssertionError: phones of these tests don't send it.
    """
    match content:
        case Text():
            return _text(content)
        case Location():
            place = "\n".join(part for part in (content.name, content.address) if part)
            return {"type": "location", "lat": content.latitude, "lng": content.longitude, "loc": place}
        case Contacts(cards=(card,)):
            return {"type": "vcard", "body": write_vcard(card), "vcardFormattedName": card.name.formatted}
        case Contacts(cards=cards):
            listed = [{"displayName": card.name.formatted, "vcard": write_vcard(card)} for card in cards]
            return {"type": "multi_vcard", "vcardList": listed}
        case Poll():
            options = [{"name": name, "localId": place} for place, name in enumerate(content.options)]
            choice = {"pollOptions": options, "pollSelectableOptionsCount": content.selectable}
            return {"type": "poll_creation", "pollName": content.question, **choice}
        case EventInvitation():
            return _event(content)
        case GroupInvite():
            assert content.expires_at is not None
            return {
                "type": "groups_v4_invite",
                "inviteGrp": str(content.group),
                "inviteGrpName": content.group_name,
                "inviteCode": content.code,
                "inviteCodeExp": int(content.expires_at.timestamp()),
                "comment": content.caption or "",
            }
        case Interactive():
            return _interactive(content)
        case InteractiveReply():
            return _reply(content)
        case _:
            raise AssertionError(f"no phone sends a {type(content).__name__} here")


def _text(content: Text) -> Json:
    wire: Json = {"type": "chat", "body": content.body}
    if content.mention_all:
        wire["nonJidMentions"] = 1
    if content.preview is not None:
        preview = content.preview
        wire |= {
            "subtype": "url",
            "matchedText": preview.url,
            "title": preview.title,
            "description": preview.description,
            "thumbnail": None if preview.thumbnail is None else base64.b64encode(preview.thumbnail).decode(),
        }
    return wire


def _event(content: EventInvitation) -> Json:
    wire: Json = {
        "type": "event_creation",
        "eventName": content.name,
        "eventDescription": content.description or " ",
        "eventStartTime": int(content.starts_at.timestamp()),
        "isEventCanceled": content.canceled,
    }
    if content.ends_at is not None:
        wire["eventEndTime"] = int(content.ends_at.timestamp())
    return wire


def _interactive(content: Interactive) -> Json:
    if isinstance(content.action, ListMenu):
        sections = [
            {
                "title": section.title or "",
                "rows": [
                    {"rowId": row.id, "title": row.title, "description": row.description or ""} for row in section.rows
                ],
            }
            for section in content.action.sections
        ]
        menu = {
            "buttonText": content.action.button,
            "description": content.body,
            "title": content.header or "",
            "footerText": content.footer or "",
            "listType": 1,
            "sections": sections,
        }
        return {"type": "list", "list": menu}
    buttons = [
        {"buttonId": button.id, "buttonText": {"displayText": button.title}, "type": 1}
        for button in content.action.buttons
    ]
    return {
        "type": "chat",
        "body": content.body,
        "title": content.header or " ",
        "footer": content.footer or " ",
        "dynamicReplyButtons": buttons,
    }


def _reply(content: InteractiveReply) -> Json:
    choice = content.choice
    if content.of_list:
        told = {"title": choice.title, "description": choice.description}
        picked = {"listType": 1, "singleSelectReply": {"selectedRowId": choice.id}}
        return {"type": "list_response", "body": choice.title, "listResponse": {**told, **picked}}
    return {"type": "buttons_response", "body": choice.title, "selectedButtonId": choice.id}
