"""What messages hold, between gRPC's form of it and REST's."""

from typing import Any

type Json = dict[str, Any]

_CALL = "EVENT_CALL_"
_FILES = ("image", "video", "audio", "document", "sticker")


def asked(kind: str, content: Any) -> Any:
    """A content to send, in gRPC's form."""
    if kind == "contacts":
        return {"cards": content}
    if kind == "interactive":
        return _menu_asked(content)
    named = dict(content)
    if kind in _FILES:
        named["media"] = {"media_id": named.pop("id")}
    if "expires_at" in named:
        named["expire_time"] = named.pop("expires_at")
    if "call" in named:
        named["call"] = f"{_CALL}{named['call'].upper()}"
    return named


def _menu_asked(content: Json) -> Json:
    texts = {name: content[name]["text"] for name in ("body", "header", "footer") if name in content}
    action = content["action"]
    if content["type"] == "list":
        return {**texts, "list": action}
    return {**texts, "buttons": {"buttons": [button["reply"] for button in action["buttons"]]}}


def shown(message: Json) -> Json:
    """A message with its content in REST's form."""
    told = dict(message)
    for kind in _FILES:
        if kind in told:
            told[kind] = _file_shown(told[kind])
    if "contacts" in told:
        told["contacts"] = told["contacts"]["cards"]
    if "event" in told:
        call = told["event"]["call"].removeprefix(_CALL).lower()
        told["event"] = {**told["event"], "call": None if call == "unspecified" else call}
    if "group_invite" in told:
        invite = dict(told["group_invite"])
        expires = invite.pop("expire_time", None)
        told["group_invite"] = {**invite, "expires_at": expires}
    if "interactive" in told:
        told["interactive"] = _menu_shown(told["interactive"])
    if "interactive_reply" in told:
        reply = told["interactive_reply"]
        kind = "list_reply" if reply["of_list"] else "button_reply"
        told["interactive_reply"] = {"type": kind, **reply["choice"]}
    return told


def _file_shown(content: Json) -> Json:
    named = dict(content)
    media = named.pop("media")
    file = {"id": media["media_id"], "mime_type": media["mime_type"], "sha256": media.get("sha256")}
    file["size"] = int(media["size"]) if "size" in media else None
    if "duration" in named:
        named["duration"] = float(named["duration"].removesuffix("s"))
    return {**file, **named}


def _menu_shown(content: Json) -> Json:
    texts = {name: {"text": content[name]} for name in ("body", "footer") if name in content}
    if "header" in content:
        texts["header"] = {"type": "text", "text": content["header"]}
    if "list" in content:
        return {"type": "list", **texts, "action": content["list"]}
    buttons = [{"type": "reply", "reply": reply} for reply in content["buttons"]["buttons"]]
    return {"type": "button", **texts, "action": {"buttons": buttons}}
