"""Films and sound, with FFmpeg. Runs in the workshop's process."""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video import VideoStream

from adapters.workshop.results import ComplexError, Flaw, NotConvertibleError
from domain.media_content import WAVEFORM_SAMPLES
from domain.media_limits import VOICE_TYPE

av.logging.set_level(None)

_MP4: Final = "mov,mp4,m4a,3gp,3g2,mj2"
_SOUND: Final = {
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "matroska,webm": "audio/webm",
    _MP4: "audio/mp4",
}
_FILM: Final = {
    _MP4: "video/mp4",
    "matroska,webm": "video/webm",
    "avi": "video/x-msvideo",
    "ogg": "video/ogg",
    "mpeg": "video/mpeg",
    "mpegts": "video/mp2t",
}
_MAX_STREAMS: Final = 16
_LOOK: Final = 10
"""Seconds of each stream that are decoded to see whether it can be."""
_WHOLE: Final = 0.9
"""The part of what a file says it lasts that must be there."""
_VOICE_RATE: Final = 48_000
_VOICE_BITS: Final = 32_000
_WAVE_RATE: Final = 8_000
_BLOCK: Final = 80
"""Samples of the waveform's loudness that are summed up at first: 10 ms."""
_MAX_SECONDS: Final = 6 * 3_600


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer | None]:
    """The recording that a file is; None where FFmpeg doesn't know it."""
    try:
        # Nothing but the file itself is opened, whatever it refers to.
        container = av.open(str(path), options={"protocol_whitelist": "file"})
    except (FFmpegError, ValueError):
        yield None
        return
    with container:
        if len(container.streams) > _MAX_STREAMS:
            raise ComplexError
        yield container


def inspect(path: Path, expected: bool) -> dict[str, Any] | Flaw | None:  # noqa: FBT001 - a process's job
    """What a recording is, once it was looked through; None where the file is none.

    ``expected``: its first bytes say that it is one, so that FFmpeg's not knowing it means that it isn't whole.
    """
    with _opened(path) as container:
        if container is None:
            return Flaw("application/octet-stream", "It can't be opened.") if expected else None
        name = container.format.name
        film = any(not _is_cover(stream) for stream in container.streams.video)
        mime_type = (_FILM if film else _SOUND).get(name)
        if mime_type is None or not (film or container.streams.audio):
            return None
        mime_type = _refined(mime_type, container)
        try:
            seconds = _look_through(container)
        except FFmpegError as error:
            return Flaw(mime_type, f"The recording isn't whole ({type(error).__name__}).")
        said = None if container.duration is None else container.duration / av.time_base
        if seconds is None or (said is not None and seconds < said * _WHOLE - 1):
            return Flaw(mime_type, "A part of the recording is missing.")
        found: dict[str, Any] = {
            "kind": "video" if film else "audio",
            "mime_type": mime_type,
            "seconds": said or seconds,
        }
        if film:
            picture = next(stream for stream in container.streams.video if not _is_cover(stream))
            found |= {"width": picture.codec_context.width, "height": picture.codec_context.height}
        return found


def make_voice_note(source: Path, target: Path) -> dict[str, Any]:
    """Makes a voice note."""
    with _opened(source) as container:
        if container is None or not container.streams.audio:
            raise NotConvertibleError("There is no sound in it that can be decoded.")
        name, codec = container.format.name, container.streams.audio[0].codec_context.name
        is_one = name == "ogg" and codec == "opus" and len(container.streams) == 1
        try:
            loudness, seconds = _convert(container, None if is_one else target)
        except FFmpegError as error:
            raise NotConvertibleError(f"Its sound can't be decoded ({type(error).__name__}).") from error
    if seconds <= 0:
        raise NotConvertibleError("There is no sound in it.")
    return {
        "mime_type": VOICE_TYPE,
        "seconds": seconds,
        "waveform": waveform(loudness),
        "is_new": not is_one,
    }


def waveform(loudness: list[int]) -> list[int]:
    """The loudness of equal parts, the loudest 100."""
    count = len(loudness)
    parts = []
    for place in range(WAVEFORM_SAMPLES):
        begin = place * count // WAVEFORM_SAMPLES
        part = loudness[begin : max((place + 1) * count // WAVEFORM_SAMPLES, begin + 1)]
        parts.append(sum(part) / len(part) if part else 0)
    loudest = max(parts)
    return [round(100 * part / loudest) if loudest else 0 for part in parts]


def _convert(container: InputContainer, target: Path | None) -> tuple[list[int], float]:
    """Decodes the sound once, for the waveform and for the note; tells each block's loudness, and the seconds."""
    listener = AudioResampler(format="s16", layout="mono", rate=_WAVE_RATE)
    rest, loudness, samples = array("h"), [], 0
    output = None if target is None else av.open(str(target), "w", format="ogg")
    try:
        encoder = None
        if output is not None:
            encoder = output.add_stream("libopus", rate=_VOICE_RATE, options={"application": "voip"})
            encoder.layout, encoder.bit_rate = "mono", _VOICE_BITS
        for spoken in _spoken(container):
            if output is not None and encoder is not None and spoken is not None:
                output.mux(encoder.encode(spoken))
            for heard in listener.resample(spoken):
                data = array("h")
                data.frombytes(bytes(heard.planes[0])[: heard.samples * 2])
                samples += len(data)
                if samples > _MAX_SECONDS * _WAVE_RATE:
                    raise ComplexError
                rest += data
                whole = len(rest) - len(rest) % _BLOCK
                loudness += [sum(map(abs, rest[place : place + _BLOCK])) for place in range(0, whole, _BLOCK)]
                rest = rest[whole:]
        if output is not None and encoder is not None:
            output.mux(encoder.encode(None))
    finally:
        if output is not None:
            output.close()
    if rest:
        loudness.append(sum(map(abs, rest)))
    return loudness, samples / _WAVE_RATE


def _spoken(container: InputContainer) -> Iterator[AudioFrame | None]:
    """The sound in one channel at a voice note's rate, and None at its end.

    A frame goes through one resampler: what has gone through one that has nothing to do can be unfit for another.
    """
    speaker = AudioResampler(format="s16", layout="mono", rate=_VOICE_RATE)
    for frame in _frames(container):
        # One that has nothing to do gives back what it got, the end too.
        yield from (each for each in speaker.resample(frame) if each is not None)
    yield None


def _frames(container: InputContainer) -> Iterator[AudioFrame | None]:
    """The sound's frames, and None at its end. Times are counted anew: recordings have gaps, and go back."""
    for frame in container.decode(container.streams.audio[0]):
        frame.pts = None
        yield frame
    yield None


def _is_cover(stream: VideoStream) -> bool:
    """Whether it is a record's cover, not a film."""
    return bool(stream.disposition & Disposition.attached_pic)


def _refined(mime_type: str, container: InputContainer) -> str:
    brand = container.metadata.get("major_brand", "").strip().lower()
    if mime_type == "video/mp4" and brand.startswith("3g"):
        return "video/3gpp"
    if mime_type == "video/mp4" and brand == "qt":
        return "video/quicktime"
    if mime_type == "audio/ogg" and container.streams.audio[0].codec_context.name == "opus":
        return VOICE_TYPE
    return mime_type


def _look_through(container: InputContainer) -> float | None:
    """Reads all of it, and decodes how it begins. Tells where it ends, in seconds; None where nothing was decoded."""
    films = [stream for stream in container.streams.video if not _is_cover(stream)]
    streams = [*container.streams.audio, *films]
    decoded: set[int] = set()
    end = 0.0
    for packet in container.demux(streams):
        if packet.dts is None:
            continue
        base = packet.stream.time_base
        place = 0.0 if packet.pts is None or base is None else float(packet.pts * base)
        length = 0.0 if packet.duration is None or base is None else float(packet.duration * base)
        end = max(end, place + length)
        if place < _LOOK and packet.decode():
            decoded.add(packet.stream.index)
    return end if decoded or not streams else None
