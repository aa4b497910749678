"""Files to send, made on the spot."""

import io
import math
import random
from array import array
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from PIL import Image, ImageDraw

_RATE = 48_000
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), *, seed: int = 0) -> bytes:
    """A picture with something in it; another one for each seed."""
    chance = random.Random(seed)  # noqa: S311 - a picture's
    made = Image.new("RGB", size, tuple(chance.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(made)
    for _ in range(8):
        place = [chance.randrange(max(size)) for _ in range(4)]
        draw.line(place, fill=tuple(chance.randrange(256) for _ in range(3)), width=3)
    out = io.BytesIO()
    made.save(out, kind)
    return out.getvalue()


def moving_picture(kind: str = "GIF", size: tuple[int, int] = (80, 60), frames: int = 5) -> bytes:
    """A picture that moves."""
    drawn = [Image.new("RGBA", size, (40 * n % 256, 20 * n % 256, 90, 255)) for n in range(frames)]
    out = io.BytesIO()
    drawn[0].save(out, kind, save_all=True, append_images=drawn[1:], duration=[80] * frames, loop=0)
    return out.getvalue()


def sound(path: Path, codec: str = "libmp3lame", seconds: float = 2.0, *, loud_from: float = 0.5) -> Path:
    """A tone that is soft first, and loud from a part of its length on."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=_RATE)
        stream.layout = "mono"  # type: ignore[union-attr] # it is an audio stream
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=_RATE)  # type: ignore[union-attr, arg-type] # as above
        count, place = int(seconds * _RATE), 0
        while place < count:
            length = min(960, count - place)
            loudness = 16_000 if place >= loud_from * count else 800
            samples = array("h", (int(loudness * math.sin(n * 0.05)) for n in range(place, place + length)))
            frame = AudioFrame(format="s16", layout="mono", samples=length)
            frame.rate, frame.pts = _RATE, place
            frame.planes[0].update(samples.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
            for ready in resampler.resample(frame):
                output.mux(stream.encode(ready))  # type: ignore[union-attr, arg-type] # as above
            place += length
        for ready in resampler.resample(None):
            output.mux(stream.encode(ready))  # type: ignore[union-attr, arg-type] # as above
        output.mux(stream.encode(None))  # type: ignore[union-attr] # as above
    return path


def film(path: Path, codec: str = "mpeg4", seconds: float = 2.0, size: tuple[int, int] = (64, 48)) -> Path:
    """A film without sound."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"  # type: ignore[union-attr] # it is a video stream
        for number in range(int(seconds * 10)):
            frame = av.VideoFrame(*size, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([(number * 12) % 256]) * plane.buffer_size)
            frame.pts = number
            output.mux(stream.encode(frame))  # type: ignore[union-attr, arg-type] # as above
        output.mux(stream.encode(None))  # type: ignore[union-attr] # as above
    return path
