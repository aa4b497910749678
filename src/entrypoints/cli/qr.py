"""A QR in the terminal."""

from typing import Final

import segno
from rich.text import Text

_QUIET: Final = 2
_HALVES: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def qr_text(content: str) -> Text:
    """A QR of half blocks, two modules high each, dark on light whatever the terminal's own colours are."""
    rows = [[bool(dark) for dark in row] for row in segno.make_qr(content, error="l").matrix_iter(border=_QUIET)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    text = Text(no_wrap=True, overflow="ignore")
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        line = "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        text.append(line, style="rgb(0,0,0) on rgb(255,255,255)").append("\n")
    return text


def qr_width(text: Text) -> int:
    """The columns that a QR needs."""
    return max(len(line) for line in text.plain.splitlines())
