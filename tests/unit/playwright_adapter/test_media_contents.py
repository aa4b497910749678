"""Contents with a file: what the bridge is told of them, and what it tells."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.playwright.contents import hand, read_content
from adapters.playwright.fields import MalformedError
from domain.media_content import MEDIA_CONTENTS, Audio, Document, Image, MediaContent, MediaReference, Sticker, Video
from tests.unit.domain.media_values import media_contents

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = (
    "mimetype", "size", "filehash", "caption", "filename", "width", "height", "duration", "waveform", "gif", "viewOnce",
    "animated",
)  # fmt: skip
TYPES = {Image: "image", Video: "video", Document: "document", Sticker: "sticker"}


def told(content: MediaContent) -> dict[str, Any]:
    """The message as the bridge tells of it: web/bridge/src/media-facts.ts."""
    media = content.media
    duration: timedelta | None = getattr(content, "duration", None)
    fields = {
        "mimetype": media.mime_type,
        "size": media.size,
        "filehash": None if media.sha256 is None else base64.b64encode(bytes.fromhex(media.sha256)).decode(),
        "caption": getattr(content, "caption", None),
        "filename": getattr(content, "filename", None),
        "width": getattr(content, "width", None),
        "height": getattr(content, "height", None),
        "duration": None if duration is None else duration.total_seconds(),
        "waveform": getattr(content, "waveform", None),
        "gif": getattr(content, "gif", None) or None,
        "viewOnce": getattr(content, "view_once", None) or None,
        "animated": getattr(content, "animated", None) or None,
    }
    kind = ("ptt" if content.voice else "audio") if isinstance(content, Audio) else TYPES[type(content)]
    # Through JSON, as it comes.
    item = {"type": kind, "media": {name: value for name, value in fields.items() if value is not None}}
    parsed: dict[str, Any] = orjson.loads(orjson.dumps(item))
    return parsed


@given(media_contents)
def test_what_is_told_of_a_file_is_read_as_it_is(content: MediaContent) -> None:
    expected = replace(content, media=replace(content.media, id=None))
    if isinstance(expected, Image | Video | Document):
        expected = replace(expected, caption=expected.caption or None)
    if isinstance(expected, Audio) and not expected.voice:
        # Loudness is told of voice notes alone.
        expected = replace(expected, waveform=None)
    assert read_content(told(content)) == expected


@given(media_contents)
def test_what_is_handed_over_can_be_written_and_says_what_the_page_must_know(content: MediaContent) -> None:
    handed = hand(content)
    args = orjson.loads(orjson.dumps(handed.args))
    assert handed.command == "sendMedia"
    assert len(handed.needs) == 1
    assert handed.needs[0].startswith("SEND_")
    assert args["mimetype"] == content.media.mime_type
    for name, field in (("caption", "caption"), ("filename", "filename"), ("viewOnce", "view_once"), ("gif", "gif")):
        assert args.get(name) == (getattr(content, field, None) or None) or args.get(name) == getattr(content, field)
    if isinstance(content, Audio):
        assert args.get("voice", False) is content.voice
        assert args.get("waveform") == (None if content.waveform is None else list(content.waveform))
        assert content.duration is None or args["duration"] >= 1
    # The gateway's own name of the file stays with it.
    assert "id" not in args


@given(
    st.sampled_from(["image", "video", "ptv", "audio", "ptt", "document", "sticker"]),
    st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON)),
)
@example("image", {"filehash": "\x80"})
def test_whatever_is_told_of_a_file_is_read_or_refused(kind: str, media: dict[str, Any]) -> None:
    try:
        content = read_content({"type": kind, "media": media})
    except MalformedError:
        return
    assert isinstance(content, MEDIA_CONTENTS)


def test_a_round_video_is_a_video_and_a_digest_of_another_sort_is_none() -> None:
    item = {"type": "ptv", "media": {"mimetype": "video/mp4", "filehash": "AAAA", "duration": 3}}
    assert read_content(item) == Video(media=MediaReference(mime_type="video/mp4"), duration=timedelta(seconds=3))


@pytest.mark.parametrize(
    ("kind", "media"),
    [
        ("image", None),
        ("image", []),
        ("image", "text"),
        ("image", {"mimetype": 5}),
        ("image", {"size": "1"}),
        ("image", {"width": float("inf")}),
        ("ptt", {"waveform": [True]}),
        ("ptt", {"waveform": "loud"}),
        ("video", {"gif": 1}),
        ("video", {"duration": 1e300}),
    ],
)
def test_what_is_no_description_of_a_file_is_refused(kind: str, media: object) -> None:
    with pytest.raises(MalformedError):
        read_content({"type": kind, "media": media})
