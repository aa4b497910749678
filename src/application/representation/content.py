"""What messages hold: ``{"type", <type>: {…}}``, the objects named like Meta's Cloud API where it has one."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from application.representation import contacts_content, interactive_content, more_contents, operations
from application.representation.content_form import ContentForm
from application.representation.group_events import NOTICE_FORM
from application.representation.media import MEDIA_FORMS
from application.representation.values import Json
from domain.content import Content, Text, Unsupported
from domain.jid import Jid
from domain.text_content import LinkPreview


def _write_text(text: Text) -> Json:
    data: Json = {"body": text.body, "mentions": [str(jid) for jid in text.mentions]}
    if text.mention_all:
        data["mention_all"] = True
    if (preview := text.preview) is not None:
        data["preview"] = {
            "url": preview.url,
            "title": preview.title,
            "description": preview.description,
            "thumbnail": None if preview.thumbnail is None else b64encode(preview.thumbnail).decode(),
        }
    return data


def _read_text(data: Mapping[str, Any]) -> Text:
    preview = data.get("preview")
    return Text(
        body=data["body"],
        mentions=tuple(Jid.parse(jid) for jid in data.get("mentions", ())),
        mention_all=data.get("mention_all", False),
        preview=None if preview is None else _read_preview(preview),
    )


def _read_preview(data: Mapping[str, Any]) -> LinkPreview:
    thumbnail = data["thumbnail"]
    return LinkPreview(
        url=data["url"],
        title=data["title"],
        description=data["description"],
        thumbnail=None if thumbnail is None else b64decode(thumbnail),
    )


def _write_unsupported(content: Unsupported) -> Json:
    return {"kind": content.kind, "raw": dict(content.raw)}


def _read_unsupported(data: Mapping[str, Any]) -> Unsupported:
    return Unsupported(kind=data["kind"], raw=data["raw"])


CONTENT_FORMS: Final[tuple[ContentForm[Any], ...]] = (
    ContentForm(name="text", kind=Text, write=_write_text, read=_read_text),
    *MEDIA_FORMS,
    *more_contents.FORMS,
    *contacts_content.FORMS,
    *interactive_content.FORMS,
    *operations.FORMS,
    NOTICE_FORM,
    ContentForm(name="unsupported", kind=Unsupported, write=_write_unsupported, read=_read_unsupported),
)
"""One of each kind of ``Content``; a test sees that none is missing."""

_BY_KIND: Final = {form.kind: form for form in CONTENT_FORMS}
_BY_TYPE: Final = {form.name: form for form in CONTENT_FORMS}


def content_type(content: Content) -> str:
    """The public name of a content's kind."""
    return _BY_KIND[type(content)].name


def content_to_dict(content: Content) -> Json:
    """A content as the API shows it."""
    form = _BY_KIND[type(content)]
    return {"type": form.name, form.name: form.write(content)}


def content_from_dict(data: Mapping[str, Any]) -> Content:
    """Reads what ``content_to_dict`` wrote."""
    form = _BY_TYPE[data["type"]]
    content: Content = form.read(data[form.name])
    return content
