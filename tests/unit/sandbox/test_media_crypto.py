import hashlib
import io

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from sandbox.media.crypto import INFO, CorruptMediaError, Encrypted, decrypt, encrypt

SIZES = (0, 1, 15, 16, 17, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1)


def encrypted(data: bytes, kind: str = "image") -> tuple[bytes, Encrypted]:
    target = io.BytesIO()
    return_value = encrypt(io.BytesIO(data), target, kind)
    return target.getvalue(), return_value


def decrypted(data: bytes, kind: str, expected: Encrypted) -> bytes:
    target = io.BytesIO()
    decrypt(io.BytesIO(data), target, kind, expected)
    return target.getvalue()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["image", "document"])
def test_what_is_encrypted_is_decrypted(size: int, kind: str) -> None:
    plain = bytes(index * 7 % 251 for index in range(size))
    ciphertext, told = encrypted(plain, kind)
    assert (told.size, told.sha256) == (size, hashlib.sha256(plain).digest())
    assert told.encrypted_sha256 == hashlib.sha256(ciphertext).digest()
    assert decrypted(ciphertext, kind, told) == plain


def test_it_is_the_documented_scheme() -> None:
    plain = b"written out once more, in one piece"
    ciphertext, told = encrypted(plain, "video")
    okm = HKDF(algorithm=SHA256(), length=112, salt=None, info=b"WhatsApp Video Keys").derive(told.media_key)
    mac = HMAC(okm[48:80], SHA256())
    mac.update(okm[:16] + ciphertext[:-10])
    assert ciphertext[-10:] == mac.finalize()[:10]
    padded = Cipher(algorithms.AES(okm[16:48]), modes.CBC(okm[:16])).decryptor().update(ciphertext[:-10])
    assert padded == plain + bytes([48 - len(plain)] * (48 - len(plain)))


@given(position=st.integers(min_value=0, max_value=16 * 3 + 9), kind=st.sampled_from(sorted(INFO)))
def test_a_changed_byte_is_found(position: int, kind: str) -> None:
    ciphertext, told = encrypted(b"x" * 40, kind)
    broken = bytearray(ciphertext)
    broken[position] ^= 1
    with pytest.raises(CorruptMediaError):
        decrypted(bytes(broken), kind, told)
    # Even where the digest was changed along with it: the MAC says so.
    forged = Encrypted(
        media_key=told.media_key, size=0, sha256=told.sha256, encrypted_sha256=hashlib.sha256(broken).digest()
    )
    with pytest.raises(CorruptMediaError, match="MAC"):
        decrypted(bytes(broken), kind, forged)


def test_another_kinds_keys_dont_open_it() -> None:
    ciphertext, told = encrypted(b"a picture", "image")
    with pytest.raises(CorruptMediaError, match="MAC"):
        decrypted(ciphertext, "document", told)


@pytest.mark.parametrize("cut", [0, 9, 25, 27])
def test_a_part_of_it_is_no_file(cut: int) -> None:
    ciphertext, told = encrypted(b"x" * 40)
    with pytest.raises(CorruptMediaError):
        decrypted(ciphertext[:cut], "image", told)
