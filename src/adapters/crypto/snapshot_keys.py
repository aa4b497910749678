"""Key-encryption keys of snapshots: from the settings, or from a file of our own."""

import base64
import binascii
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from adapters.crypto.aes_gcm_snapshot_cipher import KEY_BYTES
from domain.errors import InvalidArgumentError, UnavailableError

_REASON: Final = "INVALID_SNAPSHOT_KEY"
_ADVICE: Final = "`openssl rand -base64 32` makes one"
_LONGEST_FILE: Final = 1_024


def parse_keys(text: str) -> tuple[bytes, ...]:
    """Reads keys of 32 bytes in base64, separated by commas.

    Raises:
        InvalidArgumentError: ``INVALID_SNAPSHOT_KEY``; it doesn't tell the text.
    """
    keys = tuple(_decode(part.strip()) for part in text.split(","))
    if len(set(keys)) != len(keys):
        raise InvalidArgumentError(_REASON, "names a key twice")
    return keys


def read_key_file(path: Path) -> tuple[bytes, ...] | None:
    """The keys of a key file, in the settings' form; None where there is none.

    Raises:
        InvalidArgumentError: ``INVALID_SNAPSHOT_KEY``: others can read it, or it holds no key.
        UnavailableError: ``DATA_DIR_UNUSABLE``: it can't be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise InvalidArgumentError(_REASON, f"{path} isn't a file")
        if found.st_uid != os.geteuid():
            raise InvalidArgumentError(
                _REASON, f"{path} belongs to user id {found.st_uid}, and this program runs as {os.geteuid()}"
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise InvalidArgumentError(
                _REASON,
                f"{path} can be read by others (mode {stat.S_IMODE(found.st_mode):04o}); whoever has read it can read "
                "the snapshots. `chmod 600` it, and rotate the key where others may have",
            )
        text = os.read(descriptor, _LONGEST_FILE + 1)
    except OSError as error:
        raise _unusable(path, error) from error
    finally:
        os.close(descriptor)
    try:
        return parse_keys(text.decode("ascii").strip())
    except (InvalidArgumentError, UnicodeDecodeError):
        raise InvalidArgumentError(
            _REASON,
            f"{path} holds no key; put the old file back, or remove it for a new key (which can't read what "
            "was sealed before)",
        ) from None


def make_key_file(path: Path, text: bytes | None = None) -> tuple[bytes, ...]:
    """Writes a file with a new key, of mode 0600, whole and on disk when this returns; takes the one that is there.

    Args:
        path: where it is to be.
        text: a key file's content to write instead of a new key.

    Raises:
        InvalidArgumentError: ``INVALID_SNAPSHOT_KEY``: the one that is there can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``: it can't be written.
    """
    if (found := read_key_file(path)) is not None:
        return found
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n" if text is None else text)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)  # unlike a rename it replaces nothing
        finally:
            draft.unlink(missing_ok=True)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise _unusable(path, error) from error
    made = read_key_file(path)
    if made is None:
        raise UnavailableError("DATA_DIR_UNUSABLE", f"{path} was removed while it was made.")
    return made


def _decode(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidArgumentError(
            _REASON, f"must be {KEY_BYTES} bytes in base64, or several separated by commas; {_ADVICE}"
        )
    return key


def _unusable(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError("DATA_DIR_UNUSABLE", f"{path} can't be used: {error.strerror}.")
