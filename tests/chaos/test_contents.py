"""A message is known by its label, whatever it holds."""

import hashlib
from typing import Any

import pytest

from tests.chaos.contents import data_of, digest_of, label_of, phone_content
from tests.chaos.ledger import FILES, Kind


@pytest.mark.parametrize("kind", sorted(FILES))
def test_a_file_is_made_from_its_label(kind: Kind) -> None:
    data = data_of(kind, "c1-00001")
    assert data == data_of(kind, "c1-00001")
    assert data != data_of(kind, "c1-00002")
    assert digest_of(kind, "c1-00001") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", Kind)
def test_what_a_phone_shows_has_its_label(kind: Kind) -> None:
    content = phone_content(kind, "p1-00001")
    media: dict[str, Any] | None = content.get("media")
    shown = content.get("content") or media or {}
    told = {
        "type": kind.value if media else shown.get("type", "chat"),
        "body": content.get("text"),
        "content": shown,
        "media": media and {"sha256": digest_of(kind, "p1-00001")},
    }
    assert label_of(told) == "p1-00001"
    told["content"] = {**shown, "isForwarded": True}
    assert label_of(told) == "p1-00001 (forwarded)"
