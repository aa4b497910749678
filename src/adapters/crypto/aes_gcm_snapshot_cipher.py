"""Snapshots under AES-256-GCM with envelope keys, compressed with zstandard.

A sealed snapshot's header, in order: ``PMBS``, the format's number (one byte), the key-encryption key's id (8 bytes),
a nonce and the wrapped data key (12 + 48), the body's nonce (12), the label's length (2, big endian) and the label as
JSON. Everything in it but the wrapped key is authenticated with the body; with the wrapped key, the label and the
key's id. So neither part can be moved to another session, account or version, nor be exchanged.
"""

import hashlib
import json
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, override

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application.ports.snapshot_cipher import SealedSnapshot, SnapshotCipher
from domain.errors import InvalidArgumentError, UnprocessableError
from domain.ids import SessionId, parse_session_id
from domain.jid import Jid
from domain.snapshot import (
    ProfileImage,
    Snapshot,
    SnapshotLabel,
    snapshot_corrupt,
    snapshot_key_unknown,
    snapshot_too_large,
    snapshot_unsupported,
)

KEY_BYTES: Final = 32
DEFAULT_MAX_BYTES: Final = 256 * 1024 * 1024

_MAGIC: Final = b"PMBS"
_FORMAT: Final = 1
_LEVEL: Final = 3
_NONCE: Final = 12
_WRAPPED: Final = KEY_BYTES + 16
_KEY_ID: Final = 8
_FIXED: Final = struct.Struct(f">4sB{_KEY_ID}s{_NONCE}s{_WRAPPED}s{_NONCE}sH")


@dataclass(frozen=True, slots=True)
class _Header:
    key_id: bytes
    wrap_nonce: bytes
    wrapped: bytes
    nonce: bytes
    label: bytes

    @classmethod
    def parse(cls, header: bytes) -> "_Header":
        if not header.startswith(_MAGIC):
            raise snapshot_corrupt("it doesn't begin as one")
        if len(header) > len(_MAGIC) and header[len(_MAGIC)] != _FORMAT:
            raise snapshot_unsupported(f"format {header[len(_MAGIC)]}")
        if len(header) < _FIXED.size:
            raise snapshot_corrupt("its header is cut off")
        _, _, key_id, wrap_nonce, wrapped, nonce, length = _FIXED.unpack_from(header)
        label = header[_FIXED.size :]
        if len(label) != length:
            raise snapshot_corrupt("its header is cut off")
        return cls(key_id, wrap_nonce, wrapped, nonce, label)

    def encode(self) -> bytes:
        fixed = _FIXED.pack(_MAGIC, _FORMAT, self.key_id, self.wrap_nonce, self.wrapped, self.nonce, len(self.label))
        return fixed + self.label

    @property
    def body_aad(self) -> bytes:
        return b"body" + _MAGIC + bytes((_FORMAT,)) + self.label

    @property
    def wrap_aad(self) -> bytes:
        return b"key" + _MAGIC + bytes((_FORMAT,)) + self.key_id + self.nonce + self.label


class AesGcmSnapshotCipher(SnapshotCipher):
    """Seals each image under a data key of its own, which is wrapped under the first of the given keys.

    Args:
        keys: key-encryption keys of 32 bytes, at least one: the first wraps, all unwrap.
        max_bytes: of an image, unpacked; larger ones are neither sealed nor unpacked.
    """

    def __init__(self, keys: Sequence[bytes], *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"at least one key of {KEY_BYTES} bytes")
        self._keys = {key_id(key): AESGCM(key) for key in keys}
        self._first = key_id(keys[0])
        self._max_bytes = max_bytes

    @override
    def seal(self, label: SnapshotLabel, image: ProfileImage) -> SealedSnapshot:
        if label.kind != image.kind:
            raise ValueError("a label of another kind of image")
        if len(image.data) > self._max_bytes:
            raise snapshot_too_large(len(image.data), self._max_bytes)
        data_key = AESGCM.generate_key(bit_length=KEY_BYTES * 8)
        header = self._wrap(data_key, nonce=os.urandom(_NONCE), label=_write_label(label))
        packed = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress(image.data)
        return SealedSnapshot(
            header=header.encode(), body=AESGCM(data_key).encrypt(header.nonce, packed, header.body_aad)
        )

    @override
    def label(self, header: bytes) -> SnapshotLabel:
        return _read_label(_Header.parse(header).label)

    @override
    def unseal(self, sealed: SealedSnapshot) -> Snapshot:
        header = _Header.parse(sealed.header)
        data_key = self._unwrap(header)
        try:
            packed = AESGCM(data_key).decrypt(header.nonce, sealed.body, header.body_aad)
        except InvalidTag:
            raise snapshot_corrupt("its content was cut off or changed") from None
        label = _read_label(header.label)
        return Snapshot(label=label, image=ProfileImage(kind=label.kind, data=self._unpack(packed)))

    @override
    def is_ours(self, header: bytes) -> bool:
        try:
            return _Header.parse(header).key_id in self._keys
        except UnprocessableError:
            return False

    @override
    def rewrap(self, header: bytes) -> bytes | None:
        try:
            old = _Header.parse(header)
            if old.key_id == self._first:
                return None
            return self._wrap(self._unwrap(old), nonce=old.nonce, label=old.label).encode()
        except UnprocessableError:
            return None

    def _wrap(self, data_key: bytes, *, nonce: bytes, label: bytes) -> _Header:
        draft = _Header(self._first, os.urandom(_NONCE), b"", nonce, label)
        wrapped = self._keys[self._first].encrypt(draft.wrap_nonce, data_key, draft.wrap_aad)
        return _Header(self._first, draft.wrap_nonce, wrapped, nonce, label)

    def _unwrap(self, header: _Header) -> bytes:
        key = self._keys.get(header.key_id)
        if key is None:
            raise snapshot_key_unknown(header.key_id.hex())
        try:
            return key.decrypt(header.wrap_nonce, header.wrapped, header.wrap_aad)
        except InvalidTag:
            raise snapshot_corrupt("its header was changed") from None

    def _unpack(self, packed: bytes) -> bytes:
        try:
            size = zstandard.frame_content_size(packed)
            if size > self._max_bytes:
                raise snapshot_too_large(size, self._max_bytes)
            if size < 0:
                raise snapshot_corrupt("its content doesn't tell its size")
            return zstandard.ZstdDecompressor().decompress(packed, max_output_size=self._max_bytes)
        except zstandard.ZstdError as error:
            raise snapshot_corrupt("its content doesn't unpack") from error


def key_id(key: bytes) -> bytes:
    """A key's public name: it tells nothing of the key."""
    return hashlib.sha256(b"pombo snapshot key id\0" + key).digest()[:_KEY_ID]


def _write_label(label: SnapshotLabel) -> bytes:
    fields = {
        "session": label.session_id,
        "account": str(label.account),
        "epoch": label.epoch,
        "version": label.version,
        "taken_at": label.taken_at.astimezone(UTC).isoformat(),
        "kind": label.kind,
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _read_label(text: bytes) -> SnapshotLabel:
    try:
        fields = json.loads(text)
        return SnapshotLabel(
            session_id=SessionId(parse_session_id(fields["session"])),
            account=Jid.parse(fields["account"]),
            epoch=int(fields["epoch"]),
            version=int(fields["version"]),
            taken_at=datetime.fromisoformat(fields["taken_at"]).astimezone(UTC),
            kind=str(fields["kind"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, InvalidArgumentError) as error:
        raise snapshot_corrupt("its label can't be read") from error
