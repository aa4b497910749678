"""What the commands print."""

import re
from typing import Any

import segno
from rich.text import Text

from entrypoints.cli.events import line
from entrypoints.cli.qr import qr_text, qr_width

_MODULES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def test_the_qr_shows_every_module() -> None:
    content = "2@" + "abc123/+=," * 20
    text = qr_text(content)
    rows: list[list[int]] = []
    for shown in text.plain.splitlines():
        rows.append([_MODULES[character][0] for character in shown])
        rows.append([_MODULES[character][1] for character in shown])
    expected = [[int(bool(dark)) for dark in row] for row in segno.make_qr(content, error="l").matrix_iter(border=2)]
    assert rows[: len(expected)] == expected
    assert qr_width(text) == len(expected[0])


def plain(event: dict[str, Any]) -> str:
    return re.sub(r" +", " ", Text.from_markup(line(event)).plain)


def envelope(event_type: str, payload: dict[str, Any]) -> dict[str, Any]:
    time = "2026-01-02T03:04:05.678901Z"
    return {"sequence": 7, "time": time, "type": event_type, "session_id": "demo", "payload": payload}


def test_a_message_event_is_one_line_that_cannot_style_itself() -> None:
    message = {
        "direction": "inbound",
        "from": "15550100002@c.us",
        "status": "DELIVERED",
        "type": "text",
        "text": {"body": "[bold]two\nlines[/bold]"},
    }
    shown = plain(envelope("message.received", {"message": message}))
    assert shown.strip() == (
        "7 2026-01-02 03:04:05 message.received demo <- 15550100002@c.us DELIVERED [bold]two lines[/bold]"
    )


def test_status_and_receipt_events_say_the_essential() -> None:
    status = envelope("session.status", {"status": "WORKING", "status_reason": "CONNECTED", "status_detail": None})
    assert plain(status).endswith("demo WORKING CONNECTED")
    ack = envelope("message.ack", {"message_id": "msg_1", "status": "READ", "participant": None})
    assert plain(ack).endswith("demo READ msg_1")


def test_a_long_text_and_an_unknown_kind_stay_short() -> None:
    message = {"direction": "outbound", "to": "1@c.us", "status": "SENT", "type": "text", "text": {"body": "x" * 500}}
    assert len(plain(envelope("message.sent", {"message": message}))) < 150
    unknown = {"direction": "outbound", "to": "1@c.us", "status": "SENT", "type": "unsupported", "unsupported": {}}
    assert plain(envelope("message.sent", {"message": unknown})).endswith("[unsupported]")
