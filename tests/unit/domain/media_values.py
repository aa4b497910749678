"""Contents with a file, for hypothesis."""

from datetime import timedelta

from hypothesis import strategies as st

from domain.ids import MediaId
from domain.media_content import Audio, Document, Image, MediaContent, MediaReference, Sticker, Video

texts = st.none() | st.text(max_size=50)
pixels = st.none() | st.integers(1, 20_000)
spans = st.none() | st.integers(0, 10**8).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
references = st.builds(
    MediaReference,
    mime_type=st.sampled_from(["image/jpeg", "audio/ogg; codecs=opus", "application/pdf"]),
    size=st.none() | st.integers(0, 2**31),
    sha256=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    id=st.none() | st.just(MediaId("media_01KB5D9R6T3N8W2XQ4V7Y0Z1AC")),
)
media_contents: st.SearchStrategy[MediaContent] = st.one_of(
    st.builds(Image, media=references, caption=texts, width=pixels, height=pixels, view_once=st.booleans()),
    st.builds(
        Video,
        media=references,
        caption=texts,
        gif=st.booleans(),
        width=pixels,
        height=pixels,
        duration=spans,
        view_once=st.booleans(),
    ),
    st.builds(
        Audio,
        media=references,
        voice=st.booleans(),
        duration=spans,
        waveform=st.none() | st.lists(st.integers(0, 100), min_size=1, max_size=64).map(tuple),
        view_once=st.booleans(),
    ),
    st.builds(Document, media=references, filename=texts, caption=texts),
    st.builds(Sticker, media=references, animated=st.booleans(), width=pixels, height=pixels),
)
