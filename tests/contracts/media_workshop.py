"""What every workshop does. Fixture: ``workshop``."""

import io
import struct
import wave
import zlib
from array import array
from datetime import timedelta
from pathlib import Path

import av
import pytest
from PIL import Image

from application.ports.media_workshop import MediaWorkshop
from domain.errors import PomboError, TooLargeError, UnsupportedMediaError
from domain.media import MediaKind
from domain.media_limits import MAX_ANIMATED_STICKER, MAX_STATIC_STICKER, VOICE_TYPE
from tests import media_files


def bomb() -> bytes:
    """A small PNG of 60,000 by 60,000 pixels."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(7_501) * 2_000, 9)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


class MediaWorkshopContract:
    @pytest.mark.parametrize(
        ("format_", "mime_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
    )
    async def test_a_picture(self, workshop: MediaWorkshop, tmp_path: Path, format_: str, mime_type: str) -> None:
        path = tmp_path / "file"
        path.write_bytes(media_files.picture(format_))
        found = await workshop.inspect(path, mime_type="application/pdf", filename="a.txt")
        assert (found.kind, found.mime_type, found.flaw) == (MediaKind.IMAGE, mime_type, None)
        assert (found.facts.width, found.facts.height, found.facts.animated) == (64, 48, False)

    async def test_a_picture_that_was_held_upright(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        path = tmp_path / "file"
        picture = Image.open(io.BytesIO(media_files.picture()))
        exif = picture.getexif()
        exif[0x0112] = 6
        picture.save(path, "JPEG", exif=exif)
        found = await workshop.inspect(path, mime_type=None, filename=None)
        assert (found.facts.width, found.facts.height) == (48, 64)

    async def test_a_picture_that_moves(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(media_files.moving_picture())
        found = await workshop.inspect(path, mime_type=None, filename=None)
        assert (found.kind, found.mime_type, found.facts.animated) == (MediaKind.IMAGE, "image/gif", True)

    @pytest.mark.parametrize(
        ("name", "codec", "mime_type"),
        [
            ("a.mp3", "libmp3lame", "audio/mpeg"),
            ("a.m4a", "aac", "audio/mp4"),
            ("a.ogg", "libopus", VOICE_TYPE),
            ("a.wav", "pcm_s16le", "audio/wav"),
        ],
    )
    async def test_sound(self, workshop: MediaWorkshop, tmp_path: Path, name: str, codec: str, mime_type: str) -> None:
        path = media_files.sound(tmp_path / name, codec).rename(tmp_path / "file")
        found = await workshop.inspect(path, mime_type=None, filename=None)
        assert (found.kind, found.mime_type, found.flaw) == (MediaKind.AUDIO, mime_type, None)
        assert found.facts.duration is not None
        assert abs(found.facts.duration - timedelta(seconds=2)) < timedelta(seconds=0.2)

    async def test_a_film(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        path = media_files.film(tmp_path / "a.mp4").rename(tmp_path / "file")
        found = await workshop.inspect(path, mime_type=None, filename=None)
        assert (found.kind, found.mime_type, found.flaw) == (MediaKind.VIDEO, "video/mp4", None)
        assert (found.facts.width, found.facts.height, found.facts.duration) == (64, 48, timedelta(seconds=2))

    @pytest.mark.parametrize(
        ("content", "said", "name", "mime_type"),
        [
            (b"%PDF-1.7\n" + bytes(100), None, None, "application/pdf"),
            (b"%PDF-1.7\n" + bytes(100), "text/plain", "a.txt", "application/pdf"),
            (b"some words", None, "notes.txt", "text/plain"),
            (b"some words", "text/markdown", "notes.txt", "text/markdown"),
            (b"some words", "application/octet-stream", None, "application/octet-stream"),
            (b"\0", None, None, "application/octet-stream"),
            (b"PK\3\4" + bytes(200), None, "report.docx", media_files.DOCX),
        ],
    )
    async def test_a_document(
        self,
        workshop: MediaWorkshop,
        tmp_path: Path,
        content: bytes,
        said: str | None,
        name: str | None,
        mime_type: str,
    ) -> None:
        path = tmp_path / "file"
        path.write_bytes(content)
        found = await workshop.inspect(path, mime_type=said, filename=name)
        assert (found.kind, found.mime_type, found.flaw) == (MediaKind.DOCUMENT, mime_type, None)

    @pytest.mark.parametrize("what", ["jpeg", "png", "mp4", "mp3head"])
    async def test_what_isn_t_whole_is_a_document_with_a_flaw(
        self, workshop: MediaWorkshop, tmp_path: Path, what: str
    ) -> None:
        path = tmp_path / "file"
        match what:
            case "jpeg":
                path.write_bytes(media_files.picture(size=(640, 480))[:2_000])
            case "png":
                path.write_bytes(media_files.picture("PNG", size=(640, 480))[:1_000])
            case "mp4":
                whole = media_files.film(tmp_path / "a.mp4").read_bytes()
                path.write_bytes(whole[: len(whole) // 2])
            case _:
                path.write_bytes(b"ID3\3\0\0\0\0\0\0" + bytes(4_000))
        found = await workshop.inspect(path, mime_type=None, filename=None)
        assert (found.kind, bool(found.flaw)) == (MediaKind.DOCUMENT, True)

    async def test_a_bomb_isn_t_unpacked(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(bomb())
        with pytest.raises(TooLargeError) as refused:
            await workshop.inspect(path, mime_type=None, filename=None)
        assert refused.value.reason == "MEDIA_TOO_COMPLEX"
        with pytest.raises(PomboError) as also:
            await workshop.make_sticker(path, tmp_path / "made")
        assert also.value.reason == "MEDIA_TOO_COMPLEX"

    @pytest.mark.parametrize(("name", "codec"), [("a.mp3", "libmp3lame"), ("a.wav", "pcm_s16le"), ("a.m4a", "aac")])
    async def test_a_voice_note(self, workshop: MediaWorkshop, tmp_path: Path, name: str, codec: str) -> None:
        source = media_files.sound(tmp_path / name, codec, seconds=3)
        target = tmp_path / "made"
        made = await workshop.make_voice_note(source, target)
        assert (made.mime_type, made.is_new) == (VOICE_TYPE, True)
        with av.open(str(target)) as note:
            assert note.format.name == "ogg"
            (stream,) = note.streams
            assert stream.codec_context.name == "opus"
            assert note.streams.audio[0].channels == 1
        assert made.facts.duration is not None
        assert abs(made.facts.duration - timedelta(seconds=3)) < timedelta(seconds=0.2)
        self._soft_then_loud(made.facts.waveform)
        again = await workshop.inspect(target, mime_type=None, filename=None)
        assert (again.kind, again.mime_type, again.flaw) == (MediaKind.AUDIO, VOICE_TYPE, None)

    @pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (8_000, 2), (44_100, 1), (48_000, 1)])
    async def test_a_recording_without_a_name_for_its_channels_is_made_a_voice_note(
        self, workshop: MediaWorkshop, tmp_path: Path, rate: int, channels: int
    ) -> None:
        """As telephone systems write them."""
        source = tmp_path / "a.wav"
        with wave.open(str(source), "wb") as recording:
            recording.setparams((channels, 2, rate, 0, "NONE", ""))
            for loudness in (400, 16_000):
                tone = (loudness * (1 if place // 8 % 2 else -1) for place in range(rate) for _ in range(channels))
                recording.writeframes(array("h", tone).tobytes())
        made = await workshop.make_voice_note(source, tmp_path / "made")
        assert made.facts.duration is not None
        assert abs(made.facts.duration - timedelta(seconds=2)) < timedelta(seconds=0.2)
        self._soft_then_loud(made.facts.waveform)

    async def test_what_is_a_voice_note_already_is_measured(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        source, target = media_files.sound(tmp_path / "a.ogg", "libopus"), tmp_path / "made"
        made = await workshop.make_voice_note(source, target)
        assert (made.mime_type, made.is_new, target.exists()) == (VOICE_TYPE, False, False)
        self._soft_then_loud(made.facts.waveform)

    def _soft_then_loud(self, waveform: tuple[int, ...] | None) -> None:
        assert waveform is not None
        assert len(waveform) == 64
        assert max(waveform) == 100
        assert all(sample < 30 for sample in waveform[:28])
        assert all(sample > 70 for sample in waveform[36:])

    async def test_what_has_no_sound_is_no_voice_note(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        text = tmp_path / "text"
        text.write_bytes(b"some words")
        for source in (text, media_files.film(tmp_path / "a.mp4")):
            with pytest.raises(UnsupportedMediaError) as refused:
                await workshop.make_voice_note(source, tmp_path / "made")
            assert refused.value.reason == "MEDIA_NOT_CONVERTIBLE"

    @pytest.mark.parametrize("size", [(64, 48), (1_000, 300), (512, 512)])
    async def test_a_sticker(self, workshop: MediaWorkshop, tmp_path: Path, size: tuple[int, int]) -> None:
        source, target = tmp_path / "file", tmp_path / "made"
        source.write_bytes(media_files.picture("PNG", size))
        made = await workshop.make_sticker(source, target)
        assert (made.mime_type, made.is_new, made.facts.animated) == ("image/webp", True, False)
        assert target.stat().st_size <= MAX_STATIC_STICKER
        with Image.open(target) as sticker:
            assert (sticker.format, sticker.size) == ("WEBP", (512, 512))
            corner = sticker.convert("RGBA").getpixel((0, 0))
        assert isinstance(corner, tuple)
        assert (corner[3] == 0) == (size[0] != size[1])

    async def test_a_sticker_that_moves(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        source, target = tmp_path / "file", tmp_path / "made"
        source.write_bytes(media_files.moving_picture())
        made = await workshop.make_sticker(source, target)
        assert made.facts.animated
        assert target.stat().st_size <= MAX_ANIMATED_STICKER
        with Image.open(target) as sticker:
            assert (sticker.format, sticker.size) == ("WEBP", (512, 512))
            assert getattr(sticker, "n_frames", 1) == 5

    @pytest.mark.parametrize("made_of", [media_files.picture("PNG"), media_files.moving_picture()])
    async def test_a_thumbnail_is_a_small_jpeg(self, workshop: MediaWorkshop, tmp_path: Path, made_of: bytes) -> None:
        source, target = tmp_path / "file", tmp_path / "made"
        source.write_bytes(made_of)
        made = await workshop.make_thumbnail(source, target)
        assert (made.mime_type, made.is_new) == ("image/jpeg", True)
        with Image.open(target) as thumbnail:
            assert thumbnail.format == "JPEG"
            assert max(thumbnail.size) <= 192
        assert target.stat().st_size < 20_000

    async def test_what_is_no_picture_has_no_thumbnail(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        source = tmp_path / "file"
        for made_of in (b"no picture", media_files.picture()[:100], bomb()):
            source.write_bytes(made_of)
            with pytest.raises((UnsupportedMediaError, TooLargeError)):
                await workshop.make_thumbnail(source, tmp_path / "made")

    async def test_what_is_a_sticker_already_stays(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        source, target = tmp_path / "file", tmp_path / "made"
        for content, animated in (
            (media_files.picture("WEBP", (512, 512)), False),
            (media_files.moving_picture("WEBP", (512, 512)), True),
        ):
            source.write_bytes(content)
            made = await workshop.make_sticker(source, target)
            assert (made.is_new, made.facts.animated, target.exists()) == (False, animated, False)

    async def test_what_is_no_picture_is_no_sticker(self, workshop: MediaWorkshop, tmp_path: Path) -> None:
        source = tmp_path / "file"
        for content in (b"some words", media_files.picture(size=(640, 480))[:2_000]):
            source.write_bytes(content)
            with pytest.raises(UnsupportedMediaError) as refused:
                await workshop.make_sticker(source, tmp_path / "made")
            assert refused.value.reason == "MEDIA_NOT_CONVERTIBLE"
