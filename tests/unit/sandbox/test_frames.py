import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import frames
from sandbox.errors import ProtocolError, SandboxError


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_a_protocol_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert isinstance(frames.decode(data)["t"], str)


@pytest.mark.parametrize("data", [b"{}", b'{"t":1}', b'{"t":"a","rid":"1"}', b'{"t":"a","rid":true}', b"[" * 100_000])
def test_refused_frames(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        frames.decode(data)


def test_queued_frame_is_its_body_with_its_place() -> None:
    body = frames.encode({"msg": {"id": "A", "content": {"body": "ü}{"}}})
    frame = json.loads(frames.queued("message", 7, body, offline=True))
    assert frame == {"t": "message", "seq": 7, "offline": True, **json.loads(body)}


@pytest.mark.parametrize("ids", [None, [], "abc", [1], ["a"] * 1001])
def test_refused_ids(ids: object) -> None:
    with pytest.raises(SandboxError):
        frames.ids_field({"ids": ids})
