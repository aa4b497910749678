"""What a text shows of its first link."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.disk.media_spool import DiskMediaSpool
from adapters.memory.media_fetcher import MemoryFile, MemoryMediaFetcher
from adapters.workshop.media_workshop import ProcessMediaWorkshop
from application.idempotency.request_key import RequestKey
from application.messages import link_previews
from application.messages.link_previews import LinkPreviews, first_link
from application.messages.page_summary import PageSummary, read_summary
from application.messages.recipients import RecipientDirectory
from application.messages.send_message import SendMessage, SendMessageCommand
from application.messages.send_messages import SendMessages, SendMessagesCommand
from application.ports.media_fetcher import FetchedFile
from domain.jid import Jid
from domain.text_content import LinkPreview, Text
from tests import media_files

from .world import BEN, SESSION, World

URL = "https://example.org/page"
PAGE = b"""<!doctype html><html><head><meta charset=utf-8><title>Plain
 title</title>
<meta property="og:title" content="A page &amp; more"><meta name=description content="What it is about">
</head><body><svg><title>a picture</title></svg></body></html>"""


def fetcher(page: bytes = PAGE, kind: str | None = "text/html; charset=utf-8") -> MemoryMediaFetcher:
    return MemoryMediaFetcher(files={URL: MemoryFile(content=page, mime_type=kind)}, private={"intranet"})


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (f"see {URL}.", URL),
        (f"({URL})", URL),
        ("https://en.wikipedia.org/wiki/Dove_(bird), they say", "https://en.wikipedia.org/wiki/Dove_(bird)"),
        ("HTTPS://EXAMPLE.ORG!?", "HTTPS://EXAMPLE.ORG"),
        (f"first {URL} then https://other.example", URL),
        ("ftp://example.org www.example.org", None),
        ("https://", None),
        ("https://...", None),
        ("https://[::1", None),
        ("https://example.org/" + "x" * 3_000, None),
    ],
)
def test_the_first_link_is_found_without_the_sentences_marks(text: str, link: str | None) -> None:
    assert first_link(text) == link


@given(st.text())
def test_any_text_can_be_looked_through(text: str) -> None:
    first_link(text)
    first_link(f"https://{text}")


def test_what_a_page_says_of_itself() -> None:
    assert read_summary(PAGE, None) == PageSummary(title="A page & more", description="What it is about")
    plain = PAGE.replace(b"og:title", b"og:none")
    assert read_summary(plain, None).title == "Plain title"
    latin = "<title>Olá</title>".encode("latin-1")
    assert read_summary(latin, "text/html; charset=ISO-8859-1").title == "Olá"
    assert read_summary(b'<meta charset="latin-1">' + latin, None).title == "Olá"
    assert read_summary(latin, "text/html; charset=no-such").title == "Ol\ufffd"
    assert read_summary(b"<title>a&#0;b&#xD800;</title>", None).title is not None


@given(st.binary(), st.none() | st.text())
def test_any_bytes_can_be_read_as_a_page(page: bytes, kind: str | None) -> None:
    summary = read_summary(b"<title>" + page, kind)
    assert summary.title is None or summary.title.encode("utf-8")


async def test_a_text_shows_what_its_link_says() -> None:
    text = Text.compose(f"look: {URL}")
    shown = await LinkPreviews(fetcher()).with_preview(text)
    assert shown == replace(text, preview=LinkPreview(url=URL, title="A page & more", description="What it is about"))


@pytest.mark.parametrize(("image", "shows"), [("/dove.png", True), ("/no-picture", False), ("http://[", False)])
async def test_the_pages_picture_is_shown_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: str, shows: bool
) -> None:
    monkeypatch.setattr(link_previews, "_SECONDS", 60.0)  # what is tested isn't how busy the machine is
    internet = fetcher(PAGE.replace(b"</head>", f'<meta property="og:image" content="{image}"></head>'.encode()))
    internet.files["https://example.org/dove.png"] = MemoryFile(content=media_files.picture("PNG"))
    internet.files["https://example.org/no-picture"] = MemoryFile(content=b"nothing of the kind")
    spool = DiskMediaSpool(tmp_path / "spool")
    spool.clear()
    previews = LinkPreviews(internet, spool, ProcessMediaWorkshop())
    preview = (await previews.with_preview(Text.compose(URL))).preview
    assert preview is not None
    assert preview.title == "A page & more"
    assert (preview.thumbnail is not None) == shows
    assert preview.thumbnail is None or preview.thumbnail[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("page", "kind", "body"),
    [
        (PAGE, "image/png", f"look: {URL}"),
        (PAGE, None, f"look: {URL}"),
        (b"no title", "text/html", f"look: {URL}"),
        (PAGE, "text/html", "look: https://unknown.example"),
        (PAGE, "text/html", "look: https://intranet/secret"),
        (PAGE, "text/html", "look: nowhere"),
    ],
)
async def test_what_shows_nothing_changes_nothing(page: bytes, kind: str | None, body: str) -> None:
    text = Text.compose(body)
    assert await LinkPreviews(fetcher(page, kind)).with_preview(text) == text


async def test_long_words_are_cut_between_characters() -> None:
    page = f"<title>{'🕊' * 400}</title>".encode()
    preview = (await LinkPreviews(fetcher(page)).with_preview(Text.compose(URL))).preview
    assert preview is not None
    assert preview.title == "🕊" * 150


class Endless(MemoryMediaFetcher):
    """Pages that never end, and never begin."""

    def __init__(self, *, begins: bool) -> None:
        super().__init__()
        self.begins = begins
        self.given = 0

    def fetch(self, url: str, *, max_bytes: int):  # type: ignore[no-untyped-def] # as the port has it
        return self._endless(url, max_bytes)

    @asynccontextmanager
    async def _endless(self, _: str, __: int) -> AsyncIterator[FetchedFile]:
        if not self.begins:
            await asyncio.get_running_loop().create_future()
        yield FetchedFile(chunks=self._chunks(), mime_type="text/html", filename=None)

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield b"<title>endless</title>"
        while True:
            self.given += 65_536
            yield b" " * 65_536


async def test_a_page_without_an_end_is_read_to_the_limit_and_one_without_a_beginning_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endless = Endless(begins=True)
    shown = await LinkPreviews(endless).with_preview(Text.compose(URL))
    assert shown.preview is not None
    assert endless.given <= 1024 * 1024
    monkeypatch.setattr(link_previews, "_SECONDS", 0.05)
    text = Text.compose(URL)
    async with asyncio.timeout(3):
        assert await LinkPreviews(Endless(begins=False)).with_preview(text) == text


async def test_a_send_looks_up_once_per_request_and_only_when_asked_to(world: World) -> None:
    await world.linked()
    internet = fetcher()
    previews = LinkPreviews(internet)
    directory = RecipientDirectory(world.clock)
    send = SendMessage(
        world.database, world.clock, world.ids, world.supervisor, directory, world.waiters, previews=previews
    )
    command = SendMessageCommand(
        session_id=SESSION,
        to=Jid.from_phone(BEN),
        content=Text.compose(f"look: {URL}"),
        wait=timedelta(seconds=5),
        request=RequestKey(scope="tests", key="look"),
        link_preview=True,
    )
    sent = await send.execute(command)
    assert isinstance(sent.content, Text)
    assert sent.content.preview is not None
    assert internet.asked == [URL]
    assert (await send.execute(command)).id == sent.id
    assert internet.asked == [URL]
    plain = await send.execute(replace(command, link_preview=False, request=None))
    assert plain.content == Text(body=f"look: {URL}")
    (held, _) = world.whatsapp.account(BEN).phone_messages.values()
    assert held.content == sent.content
    bulk = SendMessages(world.database, world.clock, world.ids, world.supervisor, previews=previews)
    outcomes = await bulk.execute(SendMessagesCommand(entries=[command, replace(command, link_preview=False)]))
    assert [outcome.content.preview is not None for outcome in outcomes] == [True, False]  # type: ignore[union-attr] # both are texts
