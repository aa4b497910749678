"""The cipher keeps the contract of its port."""

import pytest

from adapters.crypto.aes_gcm_snapshot_cipher import AesGcmSnapshotCipher
from tests.contracts.snapshot_cipher import SnapshotCipherContract


@pytest.fixture
def cipher() -> AesGcmSnapshotCipher:
    return AesGcmSnapshotCipher((b"n" * 32, b"o" * 32))


@pytest.fixture
def stranger() -> AesGcmSnapshotCipher:
    return AesGcmSnapshotCipher((b"x" * 32,))


class TestAesGcmSnapshotCipher(SnapshotCipherContract):
    pass
