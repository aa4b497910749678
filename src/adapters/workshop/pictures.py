"""Pictures, with Pillow. Runs in the workshop's process."""

import io
import struct
import warnings
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from adapters.workshop.results import BrokenError, ComplexError, Flaw, NotConvertibleError, OversizeError
from domain.media_limits import (
    MAX_ANIMATED_STICKER,
    MAX_FRAMES,
    MAX_PIXELS,
    MAX_STATIC_STICKER,
    STICKER_SIDE,
    STICKER_TYPE,
)

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_TYPES: Final = {"BMP": "image/bmp", "MPO": "image/jpeg"}
_QUALITIES: Final = (90, 75, 60, 45, 30, 15, 5)
_FRAME_MS: Final = 100
"""How long a frame shows that doesn't say it."""
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error)
"""What Pillow raises on files that aren't whole."""
_SIZE: Final = (STICKER_SIDE, STICKER_SIDE)
_THUMBNAIL: Final = (192, 192)

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def _open(path: Path) -> Image.Image | None:
    """The picture that a file is; None where it is none.

    Raises:
        ComplexError: it is too large to be decoded.
        BrokenError: it begins as a picture and isn't one.
    """
    try:
        return Image.open(path, formats=_FORMATS)
    except UnidentifiedImageError:
        return None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ComplexError from error
    except _BROKEN as error:
        raise BrokenError(f"The picture isn't whole ({type(error).__name__}).") from error


def inspect(path: Path) -> dict[str, Any] | Flaw | None:
    """What a picture is, once all of it was decoded; None where the file is no picture."""
    try:
        opened = _open(path)
    except BrokenError as error:
        return Flaw("image/unknown", str(error))
    if opened is None:
        return None
    with opened as picture:
        name = picture.format or ""
        mime_type = _TYPES.get(name) or Image.MIME.get(name, "image/unknown")
        frames = getattr(picture, "n_frames", 1)
        _check(picture, frames)
        try:
            for frame in ImageSequence.Iterator(picture):
                frame.load()
        except _BROKEN as error:
            return Flaw(mime_type, f"The picture isn't whole ({type(error).__name__}).")
        width, height = _shown(picture)
        animated = frames > 1 and name != "TIFF" and mime_type != "image/jpeg"
        return {"kind": "image", "mime_type": mime_type, "width": width, "height": height, "animated": animated}


def make_sticker(source: Path, target: Path) -> dict[str, Any]:
    """Makes a sticker."""
    try:
        opened = _open(source)
    except BrokenError as error:
        raise NotConvertibleError(str(error)) from error
    if opened is None:
        raise NotConvertibleError("This is no picture that can be decoded.")
    with opened as picture:
        frames = getattr(picture, "n_frames", 1)
        _check(picture, frames)
        animated = frames > 1 and picture.format in {"WEBP", "GIF", "PNG"}
        facts = {"width": STICKER_SIDE, "height": STICKER_SIDE, "animated": animated, "mime_type": STICKER_TYPE}
        limit = MAX_ANIMATED_STICKER if animated else MAX_STATIC_STICKER
        try:
            if picture.format == "WEBP" and picture.size == _SIZE and source.stat().st_size <= limit:
                for frame in ImageSequence.Iterator(picture):
                    frame.load()
                return {**facts, "is_new": False}
            target.write_bytes(_small(*_drawn(picture, animated=animated), limit))
        except _BROKEN as error:
            raise NotConvertibleError(f"The picture can't be decoded ({type(error).__name__}).") from error
        return {**facts, "is_new": True}


def make_thumbnail(source: Path, target: Path) -> dict[str, Any]:
    """Makes a small JPEG, of the first frame where it moves; what is transparent is white."""
    try:
        opened = _open(source)
    except BrokenError as error:
        raise NotConvertibleError(str(error)) from error
    if opened is None:
        raise NotConvertibleError("This is no picture that can be decoded.")
    with opened as picture:
        _check(picture, 1)
        try:
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
            upright.thumbnail(_THUMBNAIL, Image.Resampling.LANCZOS)
            flat = Image.new("RGB", upright.size, (255, 255, 255))
            flat.paste(upright, mask=upright)
            flat.save(target, "JPEG", quality=70, optimize=True)
        except _BROKEN as error:
            raise NotConvertibleError(f"The picture can't be decoded ({type(error).__name__}).") from error
        return {"width": flat.width, "height": flat.height, "mime_type": "image/jpeg", "is_new": True}


def _check(picture: Image.Image, frames: int) -> None:
    if frames > MAX_FRAMES or picture.width * picture.height > MAX_PIXELS:
        raise ComplexError
    if frames * picture.width * picture.height > 10 * MAX_PIXELS:
        raise ComplexError


def _shown(picture: Image.Image) -> tuple[int, int]:
    """Its size as it is shown: cameras store how they were held."""
    turned = picture.getexif().get(0x0112) in {5, 6, 7, 8}
    return (picture.height, picture.width) if turned else picture.size


def _drawn(picture: Image.Image, *, animated: bool) -> tuple[list[Image.Image], list[int]]:
    frames, times = [], []
    for frame in ImageSequence.Iterator(picture):
        upright = ImageOps.exif_transpose(frame).convert("RGBA")
        fitting = ImageOps.contain(upright, _SIZE, Image.Resampling.LANCZOS)
        canvas = Image.new("RGBA", _SIZE, (0, 0, 0, 0))
        canvas.paste(fitting, ((STICKER_SIDE - fitting.width) // 2, (STICKER_SIDE - fitting.height) // 2))
        frames.append(canvas)
        times.append(int(frame.info.get("duration") or _FRAME_MS))
        if not animated:
            break
    return frames, times


def _small(frames: list[Image.Image], times: list[int], limit: int) -> bytes:
    """The best quality that the limit allows."""
    for quality in _QUALITIES:
        made = io.BytesIO()
        if len(frames) > 1:
            first, *others = frames
            first.save(
                made, "WEBP", save_all=True, append_images=others, duration=times, loop=0, quality=quality, method=4
            )
        else:
            frames[0].save(made, "WEBP", quality=quality, method=6)
        if made.tell() <= limit:
            return made.getvalue()
    raise OversizeError(limit)
