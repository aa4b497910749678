"""Lists and buttons on phones: what somebody's choice looks like as a message."""

from collections.abc import Iterator
from typing import Final

from sandbox.errors import SandboxError
from sandbox.frames import Json

_SINGLE_SELECT: Final = 1


def choice_content(menu: Json, choice: str) -> Json:
    """The content of an answer, but for what it answers.

    Args:
        menu: The content with something to choose from.
        choice: The id of a row or a button.

    Raises:
        SandboxError: 404 `CHOICE_NOT_FOUND`.
    """
    for chosen, content in _choices(menu):
        if chosen == choice:
            return content
    raise SandboxError(404, "CHOICE_NOT_FOUND", "the message has no such row or button")


def _choices(menu: Json) -> Iterator[tuple[object, Json]]:
    """Each choice's id, and what choosing it looks like."""
    for section in _objects(_object(menu.get("list")).get("sections")):
        for row in _objects(section.get("rows")):
            yield row.get("rowId"), _of_list(row)
    for place, button in enumerate(_objects(menu.get("buttons"))):
        picked = {"selectedId": button.get("selectionId"), "selectedIndex": place}
        body = button.get("displayText")
        yield picked["selectedId"], {"type": "template_button_reply", "body": body, **picked}
    for button in _objects(menu.get("dynamicReplyButtons")):
        body, chosen = _object(button.get("buttonText")).get("displayText"), button.get("buttonId")
        yield chosen, {"type": "buttons_response", "body": body, "selectedButtonId": chosen}


def _of_list(row: Json) -> Json:
    told = {name: row[name] for name in ("title", "description") if row.get(name)}
    picked = {"listType": _SINGLE_SELECT, "singleSelectReply": {"selectedRowId": row.get("rowId")}}
    return {"type": "list_response", "body": row.get("title"), "listResponse": {**told, **picked}}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
