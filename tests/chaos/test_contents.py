"""A message is known by its label, whatever it holds."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from adapters.workshop.media_workshop import ProcessMediaWorkshop
from tests.chaos.contents import data_of, digest_of, label_of, phone_content
from tests.chaos.ledger import FILES, Kind


@pytest.mark.parametrize("kind", sorted(FILES - {Kind.VOICE}))
def test_a_file_is_made_from_its_label(kind: Kind) -> None:
    data = data_of(kind, "c1-00001")
    assert data == data_of(kind, "c1-00001")
    assert data != data_of(kind, "c1-00002")
    assert digest_of(kind, "c1-00001") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", Kind)
def test_what_a_phone_shows_has_its_label(kind: Kind) -> None:
    content = phone_content(kind, "p1-00001")
    media: dict[str, Any] | None = content.get("media")
    shown = dict(content.get("content") or media or {})
    if "waveform" in shown:
        shown["waveform"] = base64.b64encode(bytes(shown["waveform"])).decode()
    told = {
        "type": {"gif": "video"}.get(media["kind"], media["kind"]) if media else shown.get("type", "chat"),
        "body": content.get("text") or shown.get("body"),
        "content": shown,
        "media": media and {"sha256": digest_of(kind, "p1-00001")},
    }
    assert label_of(told) == "p1-00001"
    told["content"] = {**shown, "isForwarded": True}
    assert label_of(told) == "p1-00001 (forwarded)"


async def test_a_voice_note_is_known_by_what_is_to_be_heard(tmp_path: Path) -> None:
    """The gateway makes another file of it."""
    for label in ("c1-00001", "c1-00002"):
        assert digest_of(Kind.VOICE, label) is None
        source = tmp_path / f"{label}.wav"
        source.write_bytes(data_of(Kind.VOICE, label))
        made = await ProcessMediaWorkshop().make_voice_note(source, tmp_path / f"{label}.ogg")
        assert made.is_new
        waveform = base64.b64encode(bytes(made.facts.waveform or ())).decode()
        assert label_of({"type": "ptt", "content": {"waveform": waveform}}) == label
