"""Lists and buttons, as Meta's Cloud API has them, and what was chosen of them."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation.content_form import ContentForm
from application.representation.values import Json
from domain.interactive_content import Choice, Interactive, InteractiveReply, ListMenu, ReplyButtons, Section


def _write_interactive(content: Interactive) -> Json:
    kind, action = _write_action(content.action)
    return {
        "type": kind,
        "header": None if content.header is None else {"type": "text", "text": content.header},
        "body": {"text": content.body},
        "footer": None if content.footer is None else {"text": content.footer},
        "action": action,
    }


def _write_action(action: ListMenu | ReplyButtons) -> tuple[str, Json]:
    match action:
        case ListMenu():
            sections = [
                {"title": section.title, "rows": [_write_choice(row) for row in section.rows]}
                for section in action.sections
            ]
            return "list", {"button": action.button, "sections": sections}
        case ReplyButtons():
            buttons = [{"type": "reply", "reply": {"id": each.id, "title": each.title}} for each in action.buttons]
            return "button", {"buttons": buttons}


def _read_interactive(data: Mapping[str, Any]) -> Interactive:
    header, footer = data["header"], data["footer"]
    return Interactive(
        body=data["body"]["text"],
        action=_read_action(data["type"], data["action"]),
        header=None if header is None else header["text"],
        footer=None if footer is None else footer["text"],
    )


def _read_action(kind: str, data: Mapping[str, Any]) -> ListMenu | ReplyButtons:
    if kind == "list":
        return ListMenu(
            button=data["button"],
            sections=tuple(
                Section(title=section["title"], rows=tuple(_read_choice(row) for row in section["rows"]))
                for section in data["sections"]
            ),
        )
    return ReplyButtons(
        buttons=tuple(Choice(id=each["reply"]["id"], title=each["reply"]["title"]) for each in data["buttons"])
    )


def _write_choice(choice: Choice) -> Json:
    return {"id": choice.id, "title": choice.title, "description": choice.description}


def _read_choice(data: Mapping[str, Any]) -> Choice:
    return Choice(id=data["id"], title=data["title"], description=data["description"])


def _write_reply(reply: InteractiveReply) -> Json:
    return {"type": "list_reply" if reply.of_list else "button_reply", **_write_choice(reply.choice)}


def _read_reply(data: Mapping[str, Any]) -> InteractiveReply:
    return InteractiveReply(choice=_read_choice(data), of_list=data["type"] == "list_reply")


FORMS: Final[tuple[ContentForm[Any], ...]] = (
    ContentForm(name="interactive", kind=Interactive, write=_write_interactive, read=_read_interactive),
    ContentForm(name="interactive_reply", kind=InteractiveReply, write=_write_reply, read=_read_reply),
)
