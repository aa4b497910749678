"""Lists and buttons, as they are sent and shown."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from domain import interactive_content as interactive
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import AnswerModel, RequestModel


class InteractiveText(RequestModel):
    """A text of an interactive message."""

    text: str = Field(description="The text.", json_schema_extra=forms.text(interactive.MAX_BODY))


class InteractiveFooter(RequestModel):
    """A line below an interactive message."""

    text: str = Field(description="The line.", json_schema_extra=forms.optional_text(interactive.MAX_FOOTER))


class InteractiveHeader(RequestModel):
    """A line above an interactive message."""

    type: Literal["text"]
    text: str = Field(description="The line.", json_schema_extra=forms.optional_text(interactive.MAX_HEADER))


class ListRow(RequestModel):
    """A row of a list."""

    id: str = Field(description="The sender's own name of it.", json_schema_extra=forms.text(interactive.MAX_CHOICE_ID))
    title: str = Field(description="What it says.", json_schema_extra=forms.text(interactive.MAX_ROW_TITLE))
    description: str | None = Field(
        default=None, description="More of it.", json_schema_extra=forms.optional_text(interactive.MAX_ROW_DESCRIPTION)
    )


class ListSection(RequestModel):
    """Rows under a title."""

    title: str | None = Field(
        default=None,
        description="May be absent where there is one section.",
        json_schema_extra=forms.text(interactive.MAX_ROW_TITLE),
    )
    rows: list[ListRow] = Field(json_schema_extra={"minItems": 1, "maxItems": interactive.MAX_ROWS})


class ButtonReply(RequestModel):
    """What a button answers."""

    id: str = Field(description="The sender's own name of it.", json_schema_extra=forms.text(interactive.MAX_CHOICE_ID))
    title: str = Field(description="What it says.", json_schema_extra=forms.text(interactive.MAX_BUTTON))


class Button(RequestModel):
    """A button."""

    type: Literal["reply"]
    reply: ButtonReply


class InteractiveAction(RequestModel):
    """What there is to choose from: `button` and `sections` of a list, or `buttons`."""

    button: str | None = Field(
        default=None,
        description="What the button says that opens the list.",
        json_schema_extra=forms.text(interactive.MAX_BUTTON),
    )
    sections: list[ListSection] | None = Field(
        default=None,
        description=f"With {interactive.MAX_ROWS} rows altogether at most, each with an id of its own.",
        json_schema_extra={
            "minItems": 1,
            "maxItems": interactive.MAX_SECTIONS,
            "anyOf": [{"maxItems": 1}, {"items": forms.given("title")}],
        },
    )
    buttons: list[Button] | None = Field(
        default=None, json_schema_extra={"minItems": 1, "maxItems": interactive.MAX_BUTTONS}
    )


def _by_type(schema: dict[str, Any]) -> None:
    """Says in the document what goes with which type."""
    null = {"type": "null"}
    shorter = {"properties": {"text": {"maxLength": interactive.MAX_BUTTONS_BODY}}}
    opened = forms.given("button", sections={"not": null}, buttons=null)
    schema["oneOf"] = [
        {"properties": {"type": {"const": "list"}, "action": {**opened, "required": ["button", "sections"]}}},
        {
            "properties": {
                "type": {"const": "button"},
                "body": shorter,
                "action": forms.given("buttons", button=null, sections=null),
            }
        },
    ]


class Interactive(RequestModel):
    """Something to choose from, as Meta's Cloud API has it.

    Fragile: WhatsApp keeps changing who sees it, and a send may be accepted and show nothing.
    """

    model_config = ConfigDict(json_schema_extra=_by_type)

    type: Literal["list", "button"]
    header: InteractiveHeader | None = None
    body: InteractiveText = Field(
        description=f"At most {interactive.MAX_BODY} characters with a list, "
        f"{interactive.MAX_BUTTONS_BODY} with buttons."
    )
    footer: InteractiveFooter | None = None
    action: InteractiveAction


class InteractiveReply(AnswerModel):
    """What a person chose; the message that it was chosen from is the one that is answered."""

    type: Literal["list_reply", "button_reply"]
    id: str
    title: str
    description: str | None
