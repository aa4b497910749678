"""What is sealed is read again whole, or not at all."""

import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.crypto.aes_gcm_snapshot_cipher import AesGcmSnapshotCipher, key_id
from application.ports.snapshot_cipher import SealedSnapshot
from domain.errors import TooLargeError, UnprocessableError
from domain.snapshot import ProfileImage, SnapshotLabel
from tests.contracts.samples import ANA, ME, SALES, SUPPORT, at

OLD, NEW = b"o" * 32, b"n" * 32
IMAGE = ProfileImage(kind="test/1", data=b"login " * 1_000)


def label(**changes: Any) -> SnapshotLabel:
    made = SnapshotLabel(session_id=SALES, account=ME, epoch=4, version=9, taken_at=at(0.25), kind="test/1")
    return replace(made, **changes)


def cipher(*keys: bytes, **options: Any) -> AesGcmSnapshotCipher:
    return AesGcmSnapshotCipher(keys or (OLD,), **options)


def refusal(sealed: SealedSnapshot, by: AesGcmSnapshotCipher) -> str:
    with pytest.raises(UnprocessableError) as refused:
        by.unseal(sealed)
    return refused.value.reason


def test_it_is_read_again_and_nothing_shows() -> None:
    sealed = cipher().seal(label(), IMAGE)
    read = cipher().unseal(sealed)
    assert (read.label, read.image) == (label(), IMAGE)
    assert cipher().label(sealed.header) == label()
    assert b"login" not in sealed.header + sealed.body
    assert len(sealed.body) < len(IMAGE.data) / 10
    assert cipher().seal(label(), IMAGE).body != sealed.body
    assert "login" not in repr(IMAGE)


def test_any_bit_that_flips_is_found() -> None:
    sealed = cipher().seal(label(), IMAGE)
    for place in range(len(sealed.header)):
        flipped = bytearray(sealed.header)
        flipped[place] ^= 1
        assert refusal(replace(sealed, header=bytes(flipped)), cipher()) in {
            "SNAPSHOT_CORRUPT",
            *(["SNAPSHOT_UNSUPPORTED"] if place == 4 else []),
            *(["SNAPSHOT_KEY_UNKNOWN"] if 5 <= place < 13 else []),
        }
    for place in range(len(sealed.body)):
        flipped = bytearray(sealed.body)
        flipped[place] ^= 0x80
        assert refusal(replace(sealed, body=bytes(flipped)), cipher()) == "SNAPSHOT_CORRUPT"


def test_any_cut_is_found() -> None:
    sealed = cipher().seal(label(), IMAGE)
    for length in range(len(sealed.header)):
        assert refusal(replace(sealed, header=sealed.header[:length]), cipher()) == "SNAPSHOT_CORRUPT"
    for length in range(len(sealed.body)):
        assert refusal(replace(sealed, body=sealed.body[:length]), cipher()) == "SNAPSHOT_CORRUPT"
    assert refusal(replace(sealed, header=sealed.header + b"x"), cipher()) == "SNAPSHOT_CORRUPT"
    assert refusal(replace(sealed, body=sealed.body + b"x"), cipher()) == "SNAPSHOT_CORRUPT"


@pytest.mark.parametrize(
    "changes", [{"session_id": SUPPORT}, {"account": ANA}, {"epoch": 5}, {"version": 10}, {"taken_at": at(9)}]
)
def test_a_label_is_no_other_snapshot_s(changes: dict[str, Any]) -> None:
    sealed = cipher().seal(label(), IMAGE)
    other = cipher().seal(label(**changes), IMAGE)
    assert refusal(SealedSnapshot(header=other.header, body=sealed.body), cipher()) == "SNAPSHOT_CORRUPT"
    # The label alone, put where the other one's was.
    size = len(sealed.header) - len(json.dumps(json.loads(sealed.header[87:]), separators=(",", ":")))
    moved = sealed.header[: size - 2] + other.header[size - 2 :]
    assert refusal(SealedSnapshot(header=moved, body=sealed.body), cipher()) == "SNAPSHOT_CORRUPT"


def test_a_lost_key_is_named_and_nothing_else() -> None:
    sealed = cipher(OLD).seal(label(), IMAGE)
    with pytest.raises(UnprocessableError) as refused:
        cipher(NEW).unseal(sealed)
    assert refused.value.reason == "SNAPSHOT_KEY_UNKNOWN"
    assert key_id(OLD).hex() in refused.value.message
    assert OLD.hex() not in refused.value.message
    assert not cipher(NEW).is_ours(sealed.header)
    assert cipher(NEW, OLD).is_ours(sealed.header)


def test_rotation_rewraps_the_key_and_leaves_the_body() -> None:
    sealed = cipher(OLD).seal(label(), IMAGE)
    assert cipher(NEW).rewrap(sealed.header) is None
    assert cipher(OLD, NEW).rewrap(sealed.header) is None
    header = cipher(NEW, OLD).rewrap(sealed.header)
    assert header is not None
    assert cipher(NEW).unseal(SealedSnapshot(header=header, body=sealed.body)).image == IMAGE
    assert cipher(NEW, OLD).rewrap(header) is None
    assert refusal(SealedSnapshot(header=header, body=sealed.body), cipher(OLD)) == "SNAPSHOT_KEY_UNKNOWN"


def test_what_is_too_large_is_neither_sealed_nor_unpacked() -> None:
    with pytest.raises(TooLargeError) as refused:
        cipher(max_bytes=len(IMAGE.data) - 1).seal(label(), IMAGE)
    assert refused.value.reason == "SNAPSHOT_TOO_LARGE"
    sealed = cipher().seal(label(), IMAGE)
    with pytest.raises(TooLargeError):
        cipher(max_bytes=len(IMAGE.data) - 1).unseal(sealed)


def test_another_format_is_told_from_a_broken_one() -> None:
    sealed = cipher().seal(label(), IMAGE)
    newer = replace(sealed, header=sealed.header[:4] + b"\x02" + sealed.header[5:])
    assert refusal(newer, cipher()) == "SNAPSHOT_UNSUPPORTED"
    with pytest.raises(UnprocessableError):
        cipher().label(newer.header)
