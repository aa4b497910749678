"""A QR in the forms that REST gives it in."""

import io
from typing import Final

import segno

PNG: Final = "image/png"
SVG: Final = "image/svg+xml"
TEXT: Final = "text/plain"

_SCALE: Final = 8
_QUIET: Final = 4
"""Modules of white around it, as ISO/IEC 18004 asks for."""
_HALVES: Final = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}


def render_qr(content: str, media_type: str) -> bytes:
    """Draws a QR. Takes some 20 ms of computing: call it in a thread.

    The text form is of half blocks, two modules high each; light modules are drawn, so that it reads on a dark
    terminal.
    """
    # WhatsApp Web itself shows its QR with the lowest level of error correction.
    qr = segno.make_qr(content, error="l", boost_error=False)
    if media_type == TEXT:
        return _text(qr).encode()
    out = io.BytesIO()
    if media_type == SVG:
        qr.save(out, kind="svg", scale=_SCALE, border=_QUIET, light="#fff", xmldecl=True, svgns=True)
    else:
        qr.save(out, kind="png", scale=_SCALE, border=_QUIET)
    return out.getvalue()


def _text(qr: segno.QRCode) -> str:
    rows = [[bool(dark) for dark in row] for row in qr.matrix_iter(border=_QUIET)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return "".join(
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True)) + "\n"
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
